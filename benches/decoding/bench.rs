//! The benchmarks.

use std::sync::LazyLock;

use authentik_flow_bindings::PaginatedFlowStageBindingList;
use authentik_flow_bindings::testing::bindings;
use divan::{Bencher, counter::BytesCount};
use serde_json::json;

static PAGE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let pagination = json!({"next": 2, "previous": 0, "count": 1_240, "current": 1, "total_pages": 13, "start_index": 1, "end_index": 100});
    let page = json!({"pagination": pagination, "results": &bindings(1_240, 212)[..100], "autocomplete": {}});
    serde_json::to_vec(&page).expect("JSON")
});

pub fn main() {
    divan::main();
}

#[divan::bench(sample_count = 1_000)]
fn generated_models(bencher: Bencher) {
    bencher.counter(BytesCount::new(PAGE.len())).bench(|| serde_json::from_slice::<PaginatedFlowStageBindingList>(&PAGE).expect("a page"));
}

#[divan::bench(sample_count = 1_000)]
fn structs_by_hand(bencher: Bencher) {
    bencher.counter(BytesCount::new(PAGE.len())).bench(|| serde_json::from_slice::<by_hand::Page>(&PAGE).expect("a page"));
}

#[allow(dead_code, reason = "the benchmark compares the decoding of fields")]
mod by_hand {
    use serde::Deserialize;
    use uuid::Uuid;

    #[derive(Deserialize)]
    pub struct Page {
        pagination: Pagination,
        results: Vec<Binding>,
    }

    #[derive(Deserialize)]
    struct Pagination {
        next: u64,
        previous: u64,
        count: u64,
        current: u64,
        total_pages: u64,
        start_index: u64,
        end_index: u64,
    }

    #[derive(Deserialize)]
    struct Binding {
        pk: Uuid,
        policybindingmodel_ptr_id: Uuid,
        target: Uuid,
        stage: Uuid,
        stage_obj: Stage,
        evaluate_on_plan: Option<bool>,
        re_evaluate_policies: Option<bool>,
        order: i32,
        policy_engine_mode: Option<Mode>,
        invalid_response_action: Option<Action>,
    }

    #[derive(Deserialize)]
    struct Stage {
        pk: Uuid,
        name: String,
        component: String,
        verbose_name: String,
        verbose_name_plural: String,
        meta_model_name: String,
        flow_set: Vec<Flow>,
    }

    #[derive(Deserialize)]
    struct Flow {
        pk: Uuid,
        policybindingmodel_ptr_id: Uuid,
        name: String,
        slug: String,
        title: String,
        designation: Designation,
        background: String,
        policy_engine_mode: Option<Mode>,
        compatibility_mode: Option<bool>,
        export_url: String,
        layout: Option<Layout>,
        denied_action: Option<Denied>,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Mode {
        All,
        Any,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Action {
        Retry,
        Restart,
        RestartWithContext,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Designation {
        Authentication,
        Authorization,
        Invalidation,
        Enrollment,
        Unenrollment,
        Recovery,
        StageConfiguration,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Layout {
        Stacked,
        ContentLeft,
        ContentRight,
        SidebarLeft,
        SidebarRight,
    }

    #[derive(Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Denied {
        MessageContinue,
        Message,
        Continue,
    }
}
