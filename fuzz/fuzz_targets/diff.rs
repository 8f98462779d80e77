#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let old = include_bytes!("../../tests/fixtures/slices/2025.6.4.yaml");
    xtask::fuzzing::diff(old, bytes);
});
