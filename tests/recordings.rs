//! Answers of real servers, where they are there: each decodes, or becomes the right error.

use std::path::Path;

use authentik_flow_bindings::testing::{FakeAuthentik, Fault};
use authentik_flow_bindings::{Error, PaginatedFlowStageBindingList};

/// Status, content type and body of a recorded answer.
fn parse(path: &Path) -> (u16, String, String) {
    let text = std::fs::read_to_string(path).unwrap().replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap();
    let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
    let kind = head.lines().find_map(|line| line.strip_prefix("content-type: ")).unwrap();
    (status, kind.to_owned(), body.to_owned())
}

async fn replay(path: &Path) -> Result<PaginatedFlowStageBindingList, Error> {
    let (status, kind, body) = parse(path);
    let headers = vec![("content-type", kind), ("x-authentik-id", "recorded".to_owned())];
    let server = FakeAuthentik::builder().fault(1, Fault::Response { status, headers, body: body.into() }).start().await.unwrap();
    server.client().flows_bindings_list().send().await.map(authentik_flow_bindings::ResponseValue::into_inner)
}

#[tokio::test]
async fn recorded_answers_are_understood() {
    let Ok(releases) = std::fs::read_dir("../shared/recordings") else {
        eprintln!("skipped: ../shared/recordings is not there");
        return;
    };
    let mut seen = 0;
    for file in releases.flatten().flat_map(|release| std::fs::read_dir(release.path()).unwrap()).flatten() {
        seen += 1;
        let (path, case) = (file.path(), file.path().file_stem().unwrap().to_string_lossy().into_owned());
        let (status, _, body) = parse(&path);
        match replay(&path).await {
            Ok(page) => {
                assert_eq!(status, 200, "{path:?}");
                let sent: serde_json::Value = serde_json::from_str(&body).unwrap();
                assert_eq!(page.results.len(), sent["results"].as_array().unwrap().len(), "{path:?}");
                assert_eq!(page.pagination.count, sent["pagination"]["count"].as_u64().unwrap(), "{path:?}");
                for (row, sent) in page.results.iter().zip(sent["results"].as_array().unwrap()) {
                    assert!(row.policy_engine_mode.as_ref().unwrap().is_known(), "{path:?}");
                    let read = serde_json::to_value(row).unwrap();
                    assert_eq!(by_one_name(read), by_one_name(sent.clone()), "{path:?}: nothing is lost");
                }
            }
            Err(error) => {
                assert_eq!(error.status().unwrap(), status, "{path:?}");
                assert_eq!(error.request_id(), Some("recorded"), "{path:?}");
                match case.as_str() {
                    "auth_none" | "auth_bad_token" => assert!(error.is_forbidden(), "{path:?}"),
                    "out_of_range_total_plus_1" => assert!(error.is_not_found() && error.detail() == Some("Invalid page."), "{path:?}"),
                    "no_trailing_slash" => assert!(error.is_not_found() && error.to_string().contains("check the address"), "{path:?}"),
                    "filter_two_errors" => assert_eq!(error.field_errors().unwrap().len(), 3, "{path:?}"),
                    "filter_ira_bogus" => assert!(error.field_errors().unwrap().contains_key("invalid_response_action"), "{path:?}"),
                    "filter_target_unknown" => assert!(error.field_errors().unwrap().contains_key("target"), "{path:?}"),
                    "search_nul" => assert_eq!(error.detail(), Some("Null characters are not allowed.")),
                    "error_500_html" => assert!(error.to_string().contains("with an HTML page"), "{error}"),
                    "accept_html" | "method_delete" => assert!(error.detail().is_some(), "{path:?}"),
                    other => panic!("no expectation for {other}: {error}"),
                }
            }
        }
    }
    assert!(seen > 30, "only {seen} recordings");
}

/// A row in which the picture of a flow has the same name, whatever the server or the checked-in release calls it.
fn by_one_name(mut row: serde_json::Value) -> serde_json::Value {
    for flow in row["stage_obj"]["flow_set"].as_array_mut().unwrap() {
        if let Some(url) = flow.as_object_mut().unwrap().remove("background_url") {
            flow["background"] = url;
        }
    }
    row
}
