//! The benchmarks.

use std::sync::LazyLock;
use std::time::Duration;

use authentik_flow_bindings::Client;
use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use divan::{Bencher, black_box};
use tokio::runtime::Runtime;

const ROWS: usize = 10_000;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime"));
static SERVER: LazyLock<FakeAuthentik> = LazyLock::new(|| {
    let server = FakeAuthentik::builder().release(Release::V2025_12).generated(ROWS, 1_700).latency(Duration::from_millis(50));
    RUNTIME.block_on(server.start()).expect("a free port")
});

pub fn main() {
    divan::main();
}

async fn plain_loop(client: &Client) -> usize {
    let (mut rows, mut page) = (0, 1);
    while page > 0 {
        let response = client.flows_bindings_list().page(page).page_size(100).send().await.expect("a page");
        rows += black_box(&response.results).len();
        page = response.pagination.next;
    }
    rows
}

#[divan::bench(sample_count = 5, sample_size = 1)]
fn plain_sequential_loop(bencher: Bencher) {
    let client = SERVER.client();
    bencher.bench_local(|| assert_eq!(RUNTIME.block_on(plain_loop(&client)), ROWS));
}

#[divan::bench(sample_count = 5, sample_size = 1, args = [1, 4, 8])]
fn paginate_with_concurrency(bencher: Bencher, concurrency: usize) {
    let client = SERVER.client();
    bencher.bench_local(|| {
        let rows = RUNTIME.block_on(client.flows_bindings_list().paginate().concurrency(concurrency).collect());
        assert_eq!(rows.expect("every row").len(), ROWS);
    });
}
