//! The fake behaves as real servers were measured to.
use std::collections::BTreeSet;

use authentik_flow_bindings::testing::{FakeAuthentik, Release};

/// The loop that every tutorial has: page 1, 2, 3 … until `next` is 0.
async fn plain_loop(server: &FakeAuthentik, ordering: Option<&str>, page_size: Option<u64>) -> (usize, usize) {
    let client = server.client();
    let (mut received, mut keys, mut page) = (0, BTreeSet::new(), 1);
    while page > 0 {
        let mut request = client.flows_bindings_list().page(page);
        if let Some(ordering) = ordering {
            request = request.ordering(ordering);
        }
        if let Some(size) = page_size {
            request = request.page_size(size);
        }
        let answer = request.send().await.unwrap();
        received += answer.results.len();
        keys.extend(answer.results.iter().map(|row| row.pk));
        page = answer.pagination.next;
    }
    (received, keys.len())
}

#[tokio::test]
async fn release_2025_6_loses_rows() {
    for release in Release::ALL {
        let server = FakeAuthentik::builder().release(release).generated(1_240, 212).start().await.unwrap();
        for (o, size) in [
            (None, None),
            (None, Some(20)),
            (None, Some(50)),
            (None, Some(100)),
            (Some("order"), Some(20)),
            (Some("pk"), None),
            (Some("stage__name"), None),
            (Some("-stage__name"), Some(20)),
        ] {
            let (received, distinct) = plain_loop(&server, o, size).await;
            println!("{release} {o:?} {size:?} {received} lost {}", 1240 - distinct);
        }
    }
}
