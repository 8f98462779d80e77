//! Runs the fuzz targets on stable Rust with reproducible mutations of known inputs.
#![cfg(operation = "flows_bindings_list")]

use authentik_flow_bindings::testing::bindings;
use fastrand::Rng;
use serde_json::json;

#[path = "../../fuzz/src/lib.rs"]
mod targets;

/// Calls a target with each known input, and with `cases` mutations of them.
fn mutate(target: fn(&[u8]), inputs: &[&[u8]], cases: u64) {
    for input in inputs {
        target(input);
    }
    for seed in 0..cases {
        let mut rng = Rng::with_seed(seed);
        let mut bytes = inputs[rng.usize(..inputs.len())].to_vec();
        for _ in 0..rng.usize(1..5) {
            mutate_once(&mut bytes, inputs, &mut rng);
        }
        target(&bytes);
    }
}

fn mutate_once(bytes: &mut Vec<u8>, inputs: &[&[u8]], rng: &mut Rng) {
    let place = rng.usize(..=bytes.len());
    match rng.u8(..5) {
        0 => bytes.truncate(place),
        1 => bytes.insert(place, rng.u8(..)),
        2 if place < bytes.len() => bytes[place] = rng.u8(..),
        3 => {
            let other = inputs[rng.usize(..inputs.len())];
            bytes.truncate(place);
            bytes.extend(&other[rng.usize(..=other.len())..]);
        }
        _ => {
            let copy = bytes[place..].iter().take(rng.usize(..40)).copied().collect::<Vec<_>>();
            bytes.splice(place..place, copy);
        }
    }
}

#[test]
fn pages() {
    let pagination = json!({"next": 0, "previous": 0, "count": 2, "current": 1, "total_pages": 1, "start_index": 1, "end_index": 2});
    let page = json!({"pagination": pagination, "results": bindings(2, 1)}).to_string();
    mutate(targets::page, &[page.as_bytes(), b"{}", b"[]", b"{\"pagination\":{\"count\":1e300},\"results\":[null]}"], 4_000);
}

#[test]
fn error_bodies() {
    let inputs: [&[u8]; 6] = [
        b"\x65\x00{\"detail\":\"Token invalid/expired\"}",
        b"\x64\x00{\"order\":[\"Enter a number.\"],\"target\":[\"\xe2\x80\x9cx\xe2\x80\x9d is not a valid UUID.\"]}",
        b"\x96\x01<html><title>authentik</title></html>",
        b"\x64\x00[\"Null characters are not allowed.\"]",
        b"\x00\x00[[[[[[[[[[[[{\"a\":\"?token=x\"}",
        b"\x97\x03{\"error\":\"authentik starting\"}",
    ];
    mutate(targets::error_body, &inputs, 1_000);
}

#[test]
fn retry_after_values() {
    let inputs: [&[u8]; 7] =
        [b"60", b"0", b"-1", b"1e9", b"99999999999999999999999", b"Wed, 21 Oct 2026 07:28:00 GMT", b"Fri, 31 Dec 9999 23:59:59 GMT"];
    mutate(targets::retry_after, &inputs, 600);
}

#[test]
fn positions() {
    let stored = stored_position();
    mutate(targets::position, &[stored.as_bytes(), b"{}", b"null", b"\"\""], 1_500);
}

/// The position of a listing after two rows.
fn stored_position() -> String {
    use authentik_flow_bindings::testing::FakeAuthentik;

    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = FakeAuthentik::builder().generated(5, 2).start().await.unwrap();
        let client = server.client();
        let mut items = client.flows_bindings_list().paginate().items();
        items.try_next().await.unwrap();
        items.try_next().await.unwrap();
        serde_json::to_string(&items.position().unwrap()).unwrap()
    })
}

#[test]
fn addresses() {
    let inputs: [&[u8]; 9] = [
        b"https://auth.example.com",
        b"https://auth.example.com/api/v3/",
        b"http://[::1]:9000/auth",
        b"https://user:password@example.com",
        b"auth.example.com",
        b"https://example.com/?token=x#y",
        b"file:///etc/passwd",
        b"https://xn--a.example/\xff",
        b"",
    ];
    mutate(targets::address, &inputs, 1_000);
}
