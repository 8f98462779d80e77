//! The guarantees of streams.

use std::error::Error as _;
use std::time::Duration;

use authentik_flow_bindings::pagination::{Items, Pages, Paginator};
use authentik_flow_bindings::testing::Fault;
use authentik_flow_bindings::{Client, FlowStageBinding};
use futures_util::stream::{FusedStream, Stream, StreamExt};

use super::*;

/// Streams can be returned from a function, stored, and sent to another task.
#[tokio::test]
async fn streams_borrow_nothing() {
    struct Stored {
        items: Items<FlowStageBinding>,
        pages: Pages<FlowStageBinding>,
    }
    fn open(address: String) -> Stored {
        let client = Client::builder(address).token(FakeAuthentik::TOKEN).build().unwrap();
        let request = client.flows_bindings_list();
        Stored { items: request.clone().paginate().items(), pages: request.paginate().pages() }
    }
    fn body<S: Stream<Item = Result<FlowStageBinding, Error>> + FusedStream + Send + Sync + Unpin + 'static>(stream: S) -> S {
        stream
    }
    fn is_send<T: Send + Sync + 'static>(_: &T) {}

    let server = fake(Release::V2025_12, 250).start().await.unwrap();
    let mut stored = open(server.address());
    is_send(&stored);
    let paginator: Paginator<FlowStageBinding> = server.client().flows_bindings_list().paginate();
    is_send(&paginator);
    let pages = tokio::spawn(async move {
        let mut pages = 0;
        while let Some(page) = stored.pages.next().await {
            pages += page.unwrap().items.len();
        }
        pages
    });
    assert_eq!(body(stored.items).count().await, 250);
    assert_eq!(pages.await.unwrap(), 250);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_fetched_before_the_first_poll_or_beyond_the_pages_in_flight() {
    let server = fake(Release::V2025_12, 2_000).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().concurrency(3).items();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert_eq!(server.received().len(), 0);
    items.try_next().await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.received().len(), 1 + 3, "the first page, and three requests behind it");
    for _ in 1..100 {
        items.try_next().await.unwrap();
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(server.received().len(), 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn as_many_requests_are_in_flight_as_allowed_and_rows_keep_their_order() {
    for concurrency in [1, 4, 8] {
        let server = fake(Release::V2025_12, 2_000).latency(Duration::from_millis(80)).start().await.unwrap();
        let rows = server.client().flows_bindings_list().paginate().concurrency(concurrency).await.unwrap();
        assert!(rows.is_sorted_by_key(|row| row.pk));
        assert_eq!(server.most_in_flight(), concurrency);
    }
}

/// The consumer is busy for longer than the time limit of a request.
#[tokio::test(start_paused = true)]
async fn a_slow_consumer_does_no_harm() {
    let server = fake(Release::V2025_12, 400).latency(Duration::from_millis(20)).start().await.unwrap();
    let client =
        Client::builder(server.address()).token(FakeAuthentik::TOKEN).timeout(Duration::from_millis(300)).retries(0).build().unwrap();
    let mut items = client.flows_bindings_list().paginate().concurrency(2).items();
    let mut rows = Vec::new();
    while let Some(row) = items.try_next().await.unwrap() {
        rows.push(row);
        if rows.len() % 50 == 0 {
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    }
    assert_all(&server, &rows, "a slow consumer");
    assert_eq!(server.received().len(), 6, "no request is sent twice");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_stream_cancels_its_requests() {
    let server = fake(Release::V2025_12, 2_000).latency(Duration::from_millis(200)).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().concurrency(8).items();
    assert!(tokio::time::timeout(Duration::from_millis(50), items.next()).await.is_err());
    drop(items);
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(server.received().len(), 1);
    assert_eq!(server.completed(), 0);
}

#[tokio::test]
async fn a_failed_page_ends_the_stream_after_the_rows_before_it() {
    let server = fake(Release::V2025_12, 500).fault(4, Fault::html(500)).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().concurrency(1).items();
    let mut returned = 0;
    let error = loop {
        match items.next().await.unwrap() {
            Ok(_) => returned += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(error.status().unwrap(), 500);
    assert!(returned > 100, "{returned} rows before the error");
    assert!(items.is_terminated() && items.next().await.is_none());

    // Returned rows are not listed again.
    let rest = server.client().flows_bindings_list().paginate().resume(items.position().unwrap()).await.unwrap();
    assert_eq!(returned + rest.len(), 500);
}

#[tokio::test]
async fn pages_have_the_configured_size() {
    for &release in Release::ALL {
        let server = fake(release, 250).start().await.unwrap();
        let mut stream = server.client().flows_bindings_list().paginate().page_size(60).pages();
        let mut pages = Vec::new();
        while let Some(page) = stream.try_next().await.unwrap() {
            pages.push(page);
        }
        assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [60, 60, 60, 60, 10], "{release}");
        assert_eq!(pages.iter().map(|page| page.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
        assert!(pages.iter().all(|page| page.total == 250), "{release}");
        assert!(stream.is_terminated());
    }
}

#[test]
fn a_listing_outside_a_runtime_fails_with_an_explanation() {
    let client = Client::builder("http://127.0.0.1:9").token("x").build().unwrap();
    let error = futures_util::FutureExt::now_or_never(client.flows_bindings_list().paginate().collect()).unwrap().unwrap_err();
    assert!(error.to_string().contains("Tokio runtime"), "{error}");
}

/// The error of an interrupted listing says how many rows were returned, and gives access to its cause.
#[tokio::test]
async fn an_interrupted_listing_says_how_many_rows_it_returned() {
    let server = fake(Release::V2025_12, 500).faults(3.., Fault::html(502)).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().concurrency(1).items();
    let error = loop {
        if let Err(error) = items.try_next().await {
            break error;
        }
    };
    assert!(error.to_string().contains("The listing had returned 100 rows: resume after them at `Items::position()`"), "{error}");
    assert!(matches!(&error, Error::Interrupted { returned: 100, .. }), "{error}");
    assert!(error.status().is_some_and(|status| status == 502) && error.is_retryable(), "{error}");
    assert!(matches!(error.into_cause(), Error::Status(_)));

    let error = server.client().flows_bindings_list().paginate().await.unwrap_err();
    assert!(matches!(error, Error::Status(_)), "nothing was returned: {error}");
}

/// The message of the error contains that of its cause, so `source()` skips the cause and returns the source of the cause.
#[tokio::test]
async fn the_source_of_an_interrupted_listing_is_the_source_of_its_cause() {
    let server = fake(Release::V2025_12, 500).faults(3.., Fault::Reset).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().concurrency(1).items();
    let error = loop {
        if let Err(error) = items.try_next().await {
            break error;
        }
    };
    assert!(matches!(&error, Error::Interrupted { .. }), "{error}");
    assert!(error.source().is_some_and(<dyn std::error::Error>::is::<reqwest::Error>), "{error:?}");
    assert_eq!(format!("{error:?}").matches("Caused by:").count(), 1, "{error:?}");
    let Error::Connection(cause) = error.into_cause() else { panic!("not a connection error") };
    assert!(cause.to_string().contains(cause.explanation()) && !cause.explanation().is_empty(), "{cause}");
}

#[tokio::test]
async fn a_listing_ends_at_its_deadline() {
    let server = fake(Release::V2025_12, 2_000).latency(Duration::from_millis(100)).start().await.unwrap();
    for ordering in ["pk", "stage__name"] {
        let list = server.client().flows_bindings_list().ordering(ordering).paginate().deadline(Duration::from_millis(350));
        let error = list.await.unwrap_err();
        assert!(matches!(error, Error::DeadlineExceeded { .. }) && error.is_timeout(), "{error}");
    }
    let list = server.client().flows_bindings_list().paginate().concurrency(8).deadline(Duration::from_secs(60));
    assert_eq!(list.await.unwrap().len(), 2_000);
}

/// The rows before an error are returned, on a page that is not full.
#[tokio::test]
async fn pages_return_the_rows_before_an_error() {
    let server = fake(Release::V2025_12, 500).faults(3.., Fault::html(502)).start().await.unwrap();
    let mut pages = server.client().flows_bindings_list().paginate().page_size(60).concurrency(1).pages();
    let (mut rows, mut error) = (0, None);
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => rows += page.items.len(),
            Err(found) => error = Some(found),
        }
    }
    assert!(matches!(error, Some(Error::Interrupted { returned, .. }) if returned == rows as u64 && rows > 0), "{rows} rows, {error:?}");
    assert!(pages.is_terminated());
}

/// The total and the version range of the server are known after the first page, with any `ordering`.
#[tokio::test]
async fn the_total_is_the_size_of_the_list() {
    let server = fake(Release::V2025_12, 2_000).start().await.unwrap();
    for ordering in ["pk", "order"] {
        let mut items = server.client().flows_bindings_list().ordering(ordering).paginate().max_items(50).items();
        items.try_next().await.unwrap();
        assert_eq!(items.total(), Some(2_000), "{ordering}");
        assert!(!items.server().is_unknown(), "{ordering}");
    }
}
