//! Responses recorded from real servers: each is decoded, or results in the right error.
//!
//! `tests/fixtures/recordings/<release>/<case>.http` holds status, headers and body as they were sent. Signatures in links, titles of
//! flows and the markup of HTML pages were removed.
#![cfg(operation = "flows_bindings_list")]

use std::path::Path;

use authentik_flow_bindings::testing::{FakeAuthentik, Fault};
use authentik_flow_bindings::{Error, PaginatedFlowStageBindingList};
use serde_json::Value;

/// The number of recordings, so that a missing one is noticed.
const RECORDINGS: usize = 42;

struct Recording {
    /// Such as `2025.6.4/auth_none`.
    name: String,
    status: u16,
    content_type: String,
    body: String,
}

impl Recording {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let (head, body) = text.split_once("\n\n").unwrap();
        let release = path.parent().and_then(Path::file_name).unwrap().to_string_lossy();
        Self {
            name: format!("{release}/{}", path.file_stem().unwrap().to_string_lossy()),
            status: head.split_whitespace().nth(1).unwrap().parse().unwrap(),
            content_type: head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap().to_owned(),
            body: body.to_owned(),
        }
    }

    async fn replay(&self) -> Result<PaginatedFlowStageBindingList, Error> {
        let headers = vec![("content-type", self.content_type.clone()), ("x-authentik-id", "recorded".to_owned())];
        let response = Fault::Response { status: self.status, headers, body: self.body.clone().into() };
        let server = FakeAuthentik::builder().fault(1, response).start().await.unwrap();
        server.client().flows_bindings_list().send().await.map(authentik_flow_bindings::ResponseValue::into_inner)
    }
}

fn recordings() -> Vec<Recording> {
    let releases = std::fs::read_dir("tests/fixtures/recordings").unwrap().flatten();
    let files = releases.flat_map(|release| std::fs::read_dir(release.path()).unwrap().flatten());
    let recordings = files.map(|file| Recording::read(&file.path())).collect::<Vec<_>>();
    assert_eq!(recordings.len(), RECORDINGS);
    recordings
}

#[tokio::test]
async fn recorded_pages_decode_without_loss() {
    for recording in recordings().iter().filter(|recording| recording.status == 200) {
        let name = &recording.name;
        let page = recording.replay().await.unwrap_or_else(|error| panic!("{name}: {error}"));
        let sent: Value = serde_json::from_str(&recording.body).unwrap();
        let rows = sent["results"].as_array().unwrap();
        assert_eq!(page.results.len(), rows.len(), "{name}");
        assert_eq!(page.pagination.count, sent["pagination"]["count"].as_u64().unwrap(), "{name}");
        for (row, sent) in page.results.iter().zip(rows) {
            assert!(row.policy_engine_mode.as_ref().unwrap().is_known(), "{name}");
            assert_eq!(with_background(serde_json::to_value(row).unwrap()), with_background(sent.clone()), "{name}");
        }
    }
}

#[tokio::test]
async fn recorded_errors_are_typed() {
    for recording in recordings().iter().filter(|recording| recording.status != 200) {
        let name = &recording.name;
        let error = recording.replay().await.unwrap_err();
        assert_eq!(error.status().unwrap(), recording.status, "{name}");
        assert_eq!(error.request_id(), Some("recorded"), "{name}");
        let field = |field: &str| error.field_errors().is_some_and(|errors| errors.contains_key(field));
        let as_expected = match name.split_once('/').unwrap().1 {
            "auth_none" | "auth_bad_token" => error.is_forbidden(),
            "out_of_range_total_plus_1" => error.is_not_found() && error.detail() == Some("Invalid page."),
            "no_trailing_slash" => error.is_not_found() && error.to_string().contains("check the address"),
            "filter_two_errors" => error.field_errors().unwrap().len() == 3,
            "filter_ira_bogus" => field("invalid_response_action"),
            "filter_target_unknown" => field("target"),
            "search_nul" => error.detail() == Some("Null characters are not allowed."),
            "error_500_html" => error.to_string().contains("an HTML page"),
            "accept_html" | "method_delete" => error.detail().is_some(),
            _ => panic!("no expectation for {name}: {error}"),
        };
        assert!(as_expected, "{name}: {error}");
    }
}

/// The row with the background of its flows under one name, independent of the server and the checked-in release.
fn with_background(mut row: Value) -> Value {
    for flow in row["stage_obj"]["flow_set"].as_array_mut().unwrap() {
        if let Some(url) = flow.as_object_mut().unwrap().remove("background_url") {
            flow["background"] = url;
        }
    }
    row
}
