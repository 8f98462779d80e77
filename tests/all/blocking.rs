//! The feature `blocking`: requests and listings without `async`.
#![cfg(all(feature = "blocking", operation = "flows_bindings_list"))]

use authentik_flow_bindings::blocking::Blocking;
use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use authentik_flow_bindings::{Client, Error};

fn serve(rows: usize) -> FakeAuthentik {
    FakeAuthentik::builder().release(Release::V2026_8).generated(rows, 12).start().blocking().unwrap()
}

#[test]
fn blocking_calls_return_the_same_as_async_calls() {
    let server = serve(250);
    let client = server.client();
    let page = client.flows_bindings_list().page_size(20).send().blocking().unwrap();
    assert_eq!(page.results.len(), 20);
    let all = client.flows_bindings_list().paginate().collect().blocking().unwrap();
    assert_eq!(all.len(), 250);
    assert_eq!(client.flows_bindings_list().paginate().blocking().unwrap(), all);
    assert_eq!(client.flows_bindings_list().paginate().count().blocking().unwrap(), 250);
    assert_eq!(client.flows_bindings_list().paginate().items().blocking().collect::<Result<Vec<_>, _>>().unwrap(), all);
    let pages = client.flows_bindings_list().paginate().page_size(100).pages().blocking().collect::<Result<Vec<_>, _>>().unwrap();
    assert_eq!(pages.iter().map(|page| page.items.len()).collect::<Vec<_>>(), [100, 100, 50]);
    assert!(pages.into_iter().flat_map(|page| page.items).eq(all));
}

#[test]
fn an_iterator_is_lazy_and_resumes_at_its_position() {
    let server = serve(500);
    let client = server.client();
    let mut items = client.flows_bindings_list().paginate().items().blocking();
    assert_eq!(server.received().len(), 0);
    let mut rows = items.by_ref().take(30).collect::<Result<Vec<_>, _>>().unwrap();
    assert!(server.received().len() < 6, "{} requests", server.received().len());
    let position = items.stream().position().unwrap();
    drop(items);
    rows.extend(client.flows_bindings_list().paginate().resume(position).blocking().unwrap());
    assert_eq!(rows, client.flows_bindings_list().paginate().blocking().unwrap());
}

#[test]
fn an_iterator_ends_after_its_first_error() {
    let server = FakeAuthentik::builder().generated(50, 5).fault(1, Fault::html(502)).start().blocking().unwrap();
    let mut items = server.client().flows_bindings_list().paginate().items().blocking();
    assert_eq!(items.next().unwrap().unwrap_err().status().unwrap(), 502);
    assert!(items.next().is_none());
}

#[test]
fn every_thread_can_block() {
    let server = serve(150);
    let client = server.client();
    let threads = (0..4).map(|_| {
        let client = client.clone();
        std::thread::spawn(move || client.flows_bindings_list().paginate().blocking().map(|rows| rows.len()))
    });
    let outcomes = threads.collect::<Vec<_>>().into_iter().map(|thread| thread.join().unwrap().unwrap()).collect::<Vec<_>>();
    assert_eq!(outcomes, [150; 4]);
}

#[tokio::test]
async fn blocking_inside_a_runtime_fails_with_an_explanation() {
    let client = Client::builder("http://127.0.0.1:1").token("not-a-real-token").retries(0).build().unwrap();
    let error = client.flows_bindings_list().send().blocking().unwrap_err();
    assert!(matches!(error, Error::Configuration { .. }) && error.to_string().contains("use `.await`"), "{error}");
    let mut items = client.flows_bindings_list().paginate().items().blocking();
    assert!(matches!(items.next(), Some(Err(Error::Configuration { .. }))));
    assert!(items.next().is_none());
    drop(items);
}
