//! Promises that the compiler checks: public types can be stored, shared between threads and sent to tasks.

use authentik_flow_bindings::{Client, builder};

const fn owned_and_thread_safe<T: Clone + Send + Sync + 'static>() {}

const _: () = {
    owned_and_thread_safe::<Client>();
    owned_and_thread_safe::<builder::FlowsBindingsList>();
};

/// A request borrows nothing, so a function can return it after the client is gone.
#[test]
fn requests_outlive_the_client_that_made_them() {
    fn request() -> builder::FlowsBindingsList {
        let client = Client::builder("https://auth.example.com").token("not-a-real-token").build().unwrap();
        client.flows_bindings_list().page_size(20)
    }
    assert!(format!("{:?}", request()).contains("https://auth.example.com/api/v3"));
}
