#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| authentik_flow_bindings_fuzz::retry_after(bytes));
