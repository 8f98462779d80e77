//! The measurement, and the server that it starts.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use authentik_flow_bindings::Client;
use authentik_flow_bindings::testing::{FakeAuthentik, Release};

const ROWS: usize = 200_000;
const CONCURRENCY: usize = 8;
const SERVE: &str = "MEMORY_BENCH_SERVES";

#[tokio::main]
pub async fn main() {
    if std::env::var_os(SERVE).is_some() {
        serve().await;
    } else {
        measure().await;
    }
}

/// Serves until standard input ends.
async fn serve() {
    let server = FakeAuthentik::builder().release(Release::V2025_12).generated(ROWS, 20_000).start().await.expect("a free port");
    println!("{}", server.address());
    std::io::stdout().flush().expect("a reader");
    let wait = || std::io::stdin().read_to_end(&mut Vec::new());
    tokio::task::spawn_blocking(wait).await.expect("a thread").expect("standard input");
}

async fn measure() {
    let program = std::env::current_exe().expect("this program");
    let mut server = Command::new(program).env(SERVE, "1").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a server");
    let mut address = String::new();
    BufReader::new(server.stdout.take().expect("its output")).read_line(&mut address).expect("its address");
    let client = Client::builder(address).token(FakeAuthentik::TOKEN).build().expect("a client");

    // Idle means after a first request, when connections are open and certificates are loaded.
    client.flows_bindings_list().paginate().count().await.expect("a response");
    let idle = kib("VmRSS");
    let mut rows = 0;
    let mut items = client.flows_bindings_list().paginate().concurrency(CONCURRENCY).items();
    while items.try_next().await.expect("a row").is_some() {
        rows += 1;
    }
    assert_eq!(rows, ROWS);
    let peak = kib("VmHWM");
    println!("streamed {rows} rows with {CONCURRENCY} pages in flight");
    println!("idle {:.1} MiB, peak {:.1} MiB, difference {:.1} MiB", mib(idle), mib(peak), mib(peak.saturating_sub(idle)));
    drop(server.stdin.take());
    server.wait().expect("the server's exit status");
}

fn kib(line: &str) -> u32 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':')?.split_whitespace().next());
    value.and_then(|value| value.parse().ok()).expect("a number")
}

fn mib(kib: u32) -> f64 {
    f64::from(kib) / 1024.0
}
