//! The client: requests, limits, retries, errors and secrets.
#![cfg(operation = "flows_bindings_list")]

mod certificate_authority;
mod certificate_stores;
mod errors;
mod hostile;
mod limits;
mod limits_table;
mod requests;
mod retries;
mod secrets;
mod tls;

use std::process::Command;

use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use authentik_flow_bindings::{Client, ClientBuilder, Error};

async fn server() -> FakeAuthentik {
    FakeAuthentik::builder().release(Release::V2025_12).generated(30, 5).start().await.unwrap()
}

/// A server that responds to everything with this fault.
async fn faulty(fault: Fault) -> FakeAuthentik {
    FakeAuthentik::builder().generated(30, 5).always(fault).start().await.unwrap()
}

fn client(server: &FakeAuthentik) -> ClientBuilder {
    Client::builder(server.address()).token(FakeAuthentik::TOKEN)
}

async fn error_of(client: &Client) -> Error {
    client.flows_bindings_list().send().await.unwrap_err()
}

fn response(status: u16, headers: &[(&'static str, &str)], body: impl Into<Vec<u8>>) -> Fault {
    let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
    Fault::Response { status, headers, body: body.into() }
}

const JSON: (&str, &str) = ("content-type", "application/json");

/// Runs an ignored test in a separate process, because environment variables and memory usage apply to the whole process.
fn run_alone(test: &str, prepare: impl FnOnce(&mut Command)) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([&format!("client::{test}"), "--exact", "--ignored"]);
    prepare(&mut command);
    let output = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.contains("1 passed"), "{test}: {}\n{out}{err}", output.status);
}
