//! The table of limits in the docs of `ClientBuilder`.

/// The beginning of the first column, the default, and the file and line of the source that set it.
const CODE: &[(&str, &str, &str, &str)] = &[
    ("time to connect", "10 s", "client/mod.rs", "connect_timeout: Duration::from_secs(10),"),
    ("time of one attempt", "30 s", "transport/limits.rs", "timeout: Duration::from_secs(30),"),
    (
        "additional time for each row",
        "50 ms, at most 120 s in all",
        "transport/limits.rs",
        "TIME_PER_ROW: Duration = Duration::from_millis(50);",
    ),
    (
        "additional time for each row",
        "50 ms, at most 120 s in all",
        "transport/limits.rs",
        "MAX_EXTRA_TIME: Duration = Duration::from_secs(120);",
    ),
    ("additional time for each row requested above 100", "50 ms", "transport/limits.rs", "ROWS_WITHOUT_EXTRA_TIME: u64 = 100;"),
    ("time in which the next 4 KiB", "10 s", "transport/limits.rs", "idle_timeout: Duration::from_secs(10),"),
    ("time in which the next 4 KiB", "10 s", "transport/limits.rs", "IDLE_PROGRESS: usize = 4 * 1024;"),
    ("time of a request with its retries", "none", "transport/limits.rs", "deadline: None,"),
    ("attempts of a GET or HEAD request", "12 within 120 s", "transport/retry.rs", "max_attempts: 12,"),
    ("attempts of a GET or HEAD request", "12 within 120 s", "transport/retry.rs", "max_elapsed: Duration::from_secs(120),"),
    ("attempts of any other request", "1", "transport/mod.rs", "{ settings.retry } else { RetryPolicy::never() };"),
    ("attempts that end with status 500", "5", "transport/retry.rs", "MAX_SERVER_ERRORS: usize = 5;"),
    ("longest `Retry-After`", "60 s", "transport/retry.rs", "MAX_RETRY_AFTER: Duration = Duration::from_secs(60);"),
    ("retries of a client", "20, then one every two seconds", "transport/throttle.rs", "BUDGET: f64 = 20.0;"),
    ("retries of a client", "20, then one every two seconds", "transport/throttle.rs", "PER_SECOND: f64 = 0.5;"),
    ("requests of a client in flight", "32", "transport/limits.rs", "max_in_flight: 32,"),
    ("size of a response", "64 MiB", "transport/limits.rs", "max_response_bytes: 64 * 1024 * 1024,"),
    ("size of an error response", "64 KiB", "transport/mod.rs", "MAX_ERROR_BODY: usize = 64 * 1024;"),
    // A limit of hyper, which tests/all/client/hostile.rs tests.
    ("headers of a response", "100, about 400 KB in all", "client/http.rs", "reqwest::Client::builder()"),
    ("redirects", "5", "client/http.rs", "MAX_REDIRECTS: usize = 5;"),
    // The sum of several limits, which `messages_are_bounded` tests.
    ("length of an error message", "about 2 KB", "error/status.rs", "FIELDS_SHOWN: usize = 1200;"),
    ("time of a whole listing", "none", "pagination/paginator.rs", "deadline: None }"),
    ("requests of a listing in flight", "2", "pagination/paginator.rs", "concurrency: 2,"),
    (
        "pages of a listing that prove nothing new",
        "16, plus one for each page of the list (at most 1,000 more)",
        "pagination/walk.rs",
        "STALE_PAGE_BUDGET: u64 = 16;",
    ),
    (
        "pages of a listing that prove nothing new",
        "16, plus one for each page of the list (at most 1,000 more)",
        "pagination/walk.rs",
        "MAX_STALE_PAGE_BUDGET: u64 = 1_000;",
    ),
    ("growth of a list", "to four times its first count plus 10,000 rows", "pagination/walk/receive.rs", "count * 4 + 10_000;"),
    ("rows of a listing", "40 million", "pagination/walk.rs", "MAX_ROWS: u64 = 10_000_000;"), // The list may grow to four times this.
    ("reports of", "200", "compat/drift.rs", "MAX_REPORTS: usize = 200;"),
    ("rows skipped in one response", "1,000", "pagination/page.rs", "MAX_SKIPPED_ROWS: usize = 1_000;"),
];

/// The table and the code have the same limits.
#[test]
fn the_table_of_limits_matches_the_code() {
    let source = |file: &str| std::fs::read_to_string(format!("src/{file}")).unwrap();
    let docs = source("client/mod.rs");
    let rows = docs.lines().filter_map(|line| line.strip_prefix("/// | ")).skip(2).collect::<Vec<_>>();
    for (limit, default, file, code) in CODE {
        let row = rows.iter().find(|row| row.starts_with(limit)).unwrap_or_else(|| panic!("`{limit}` is not in the table"));
        assert!(row.split(" | ").nth(1).unwrap().starts_with(default), "the default is {default}: {row}");
        assert!(source(file).contains(code), "src/{file} has no `{code}`: correct the table and this test");
    }
    for row in rows {
        assert!(CODE.iter().any(|(limit, ..)| row.starts_with(limit)), "`CODE` has no entry for this limit: {row}");
    }
}
