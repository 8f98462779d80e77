//! Random faults from seeds. Under any faults of the server or the network, a listing returns every row once and in order, or ends in an
//! error; it never hangs, and no error shows the token.

use std::time::Duration;

use authentik_flow_bindings::testing::{FakeAuthentik, FakeAuthentikBuilder, Fault, Release, bindings};
use authentik_flow_bindings::{Client, Error, FlowStageBinding, RetryPolicy};
use fastrand::Rng;
use futures_util::{StreamExt, stream};
use serde_json::json;
use uuid::Uuid;

const SCHEDULES: u64 = 400;

/// How many schedules run concurrently. They spend most of their time waiting.
const CONCURRENT: usize = 160;

/// Much more time than a schedule needs; it only detects hangs.
const WATCHDOG: Duration = Duration::from_secs(300);

/// A time limit that is longer than the watchdog's, so it never ends a request.
const NEVER: Duration = Duration::from_secs(3_600);

/// How many times a failed listing is resumed from its position.
const RESUMPTIONS: usize = 3;

/// The outcome of one schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Complete,
    Resumed,
    Failed,
}

struct Schedule {
    seed: u64,
    rows: Vec<FlowStageBinding>,
    release: Release,
    page_size: u64,
    concurrency: usize,
    attempts: usize,
    ordering: Option<&'static str>,
    faults: Vec<(std::ops::Range<usize>, Fault)>,
}

impl Schedule {
    fn new(seed: u64, pool: &[FlowStageBinding]) -> Self {
        let mut rng = Rng::with_seed(seed);
        let count = [0, 1, 5, 21, 40, 60][rng.usize(..6)];
        let faults = (0..rng.usize(..6)).map(|_| {
            let first = rng.usize(1..10);
            let requests = match rng.u8(..10) {
                0 => first..usize::MAX,
                1 | 2 => first..first + rng.usize(2..6),
                _ => first..first + 1,
            };
            (requests, fault(&mut rng))
        });
        let faults = faults.collect();
        Self {
            seed,
            rows: pool[..count].to_vec(),
            release: Release::ALL[rng.usize(..Release::ALL.len())],
            page_size: [5, 10, 20, 50, 100][rng.usize(..5)],
            concurrency: rng.usize(1..9),
            attempts: rng.usize(1..4),
            ordering: [None, None, Some("order"), Some("-order"), Some("pk"), Some("stage__name")][rng.usize(..6)],
            faults,
        }
    }

    fn server(&self) -> FakeAuthentikBuilder {
        let server = FakeAuthentik::builder().release(self.release).bindings(self.rows.iter().cloned());
        self.faults.iter().fold(server, |server, (requests, fault)| server.faults(requests.clone(), fault.clone()))
    }

    /// Some faults only end at a time limit. Other schedules have none, so that no request fails just because the machine is slow.
    fn needs_time_limit(&self) -> bool {
        self.faults.iter().any(|(_, fault)| matches!(fault, Fault::Stall | Fault::Delay(_) | Fault::Drip(_)))
    }

    /// Lists all rows, resuming after each failure, and checks what was returned.
    async fn run(&self) -> Outcome {
        let server = self.server().start().await.unwrap();
        let retry = RetryPolicy::default().max_attempts(self.attempts).pauses(Duration::from_millis(20), Duration::from_millis(200));
        let timeout = if self.needs_time_limit() { Duration::from_millis(700) } else { NEVER };
        let client = Client::builder(server.address()).token(FakeAuthentik::TOKEN).timeout(timeout).idle_timeout(timeout);
        let client = client.connect_timeout(NEVER).retry(retry.max_elapsed(NEVER)).max_response_bytes(500_000).build().unwrap();
        let (mut rows, mut position) = (Vec::new(), None);
        for attempt in 0..=RESUMPTIONS {
            let request = client.flows_bindings_list();
            let request = if let Some(ordering) = self.ordering { request.ordering(ordering) } else { request };
            let list = request.paginate().page_size(self.page_size).concurrency(self.concurrency);
            let list = if let Some(position) = position.clone() { list.resume(position) } else { list };
            let mut items = list.items();
            let error = loop {
                match items.try_next().await {
                    Ok(Some(row)) => rows.push(row),
                    Ok(None) => {
                        self.check(&rows);
                        return if attempt == 0 { Outcome::Complete } else { Outcome::Resumed };
                    }
                    Err(error) => break error,
                }
            };
            self.check_error(&error);
            position = items.position().or(position);
        }
        Outcome::Failed
    }

    fn check(&self, rows: &[FlowStageBinding]) {
        let sorted = |rows: &[FlowStageBinding]| {
            let mut keys = rows.iter().map(|row| row.pk).collect::<Vec<_>>();
            keys.sort_unstable();
            keys
        };
        assert_eq!(sorted(rows), sorted(&self.rows), "seed {}: not every row was returned exactly once", self.seed);
        let in_order = match self.ordering {
            Some("order") => rows.is_sorted_by_key(|row| (row.order, row.pk)),
            Some("-order") => rows.is_sorted_by_key(|row| std::cmp::Reverse(row.order)),
            Some("stage__name") => rows.is_sorted_by_key(|row| row.stage_obj.name.clone()),
            _ => rows.is_sorted_by_key(|row| row.pk),
        };
        assert!(in_order, "seed {}: out of order by {:?}", self.seed, self.ordering);
    }

    fn check_error(&self, error: &Error) {
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text = format!("{text} {cause} {cause:?}");
            source = cause.source();
        }
        assert!(!text.contains(FakeAuthentik::TOKEN), "seed {}: the token is in {text}", self.seed);
    }
}

fn fault(rng: &mut Rng) -> Fault {
    let text = |status, headers: &[(&'static str, &str)], body: &str| {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        Fault::Response { status, headers, body: body.into() }
    };
    let json = ("content-type", "application/json");
    match rng.u8(..26) {
        0 => Fault::Close,
        1 => Fault::Reset,
        2 | 3 => Fault::Cut,
        4 => Fault::Stall,
        5 => Fault::Drip(Duration::from_micros(rng.u64(..300))),
        6 => Fault::Http10,
        7 | 8 => Fault::CloseAfter,
        9 => Fault::Gzip,
        10 => Fault::ContentEncoding(["gzip", "br", "identity", "x"][rng.usize(..4)]),
        11 => Fault::Delay(Duration::from_millis(rng.u64(..1_500))),
        12 => Fault::json(503, &json!({"error": "authentik starting"})),
        13 => text(429, &[json, ("retry-after", "1")], r#"{"detail":"Request was throttled."}"#),
        14 => Fault::json(403, &json!({"detail": "Token invalid/expired"})),
        15 => Fault::json(404, &json!({"detail": "Invalid page."})),
        16 => Fault::html([200, 404, 500, 502, 504][rng.usize(..5)]),
        17 => text(307, &[("location", "http://127.0.0.1:1/login")], ""),
        18 => text(204, &[], ""),
        19 => text(200, &[json], "{}"),
        20 => text(200, &[json], r#"{"pagination":{"next":0,"previous":0,"count":1e300},"results":[]}"#),
        21 => text(200, &[json], r#"{"results":[null]"#),
        22 => text(400, &[json], &json!({"order": [Uuid::from_u128(rng.u128(..))], "x": {"y": 1}}).to_string()),
        23 => Fault::InfiniteBody,
        24 => {
            let token = FakeAuthentik::TOKEN;
            text(403, &[json, ("x-authentik-id", token)], &json!({"detail": format!("Token {token} invalid"), token: [token]}).to_string())
        }
        _ => text(200, &[json], "\u{feff}[1,2"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn listings_survive_a_storm_of_faults_or_end_in_an_error() {
    let pool = bindings(60, 10);
    let schedules = stream::iter(0..SCHEDULES).map(|seed| {
        let schedule = Schedule::new(seed, &pool);
        let run = async move {
            let outcome = tokio::time::timeout(WATCHDOG, schedule.run()).await.unwrap_or_else(|_| panic!("seed {seed} hangs"));
            assert!(!schedule.faults.is_empty() || outcome == Outcome::Complete, "seed {seed}: a listing without faults failed");
            (!schedule.needs_time_limit()).then_some(outcome)
        };
        async { tokio::spawn(run).await.unwrap() }
    });
    // The outcomes of schedules with a time limit depend on the load of the machine, so they are not counted.
    let outcomes = schedules.buffer_unordered(CONCURRENT).filter_map(std::future::ready).collect::<Vec<_>>().await;

    let number = |outcome| outcomes.iter().filter(|found| **found == outcome).count();
    let (complete, resumed, failed) = (number(Outcome::Complete), number(Outcome::Resumed), number(Outcome::Failed));
    println!("without a time limit: {complete} complete at once, {resumed} after resuming, {failed} failed");
    // Checks that the faults are neither too few nor too many: each outcome occurs.
    assert!(complete >= 100 && resumed >= 20 && failed >= 8, "{complete} complete, {resumed} resumed, {failed} failed");
}
