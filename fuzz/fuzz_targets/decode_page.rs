//! Any bytes: a page that decodes is written and read again as the same page, and nothing panics.
#![no_main]

use authentik_flow_bindings::PaginatedFlowStageBindingList;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(read) = serde_json::from_slice::<PaginatedFlowStageBindingList>(bytes) {
        let written = serde_json::to_vec(&read).expect("a page can be written");
        let again: PaginatedFlowStageBindingList = serde_json::from_slice(&written).expect("what was written can be read");
        assert_eq!(again, read);
    }
});
