//! `skip_undecodable` skips and reports rows that cannot be decoded, and nothing else.

use std::collections::BTreeSet;

use authentik_flow_bindings::testing::{FakeAuthentik, Release};
use authentik_flow_bindings::{DriftKind, Error};
use serde_json::json;

use super::recorder;

#[tokio::test]
async fn undecodable_rows_are_skipped_on_request_on_every_release() {
    for &release in Release::ALL {
        let server = FakeAuthentik::builder()
            .release(release)
            .generated(500, 60)
            .tamper(|_, page| {
                let rows = page.as_object_mut().unwrap()["results"].as_array_mut().unwrap();
                for row in rows.iter_mut().filter(|row| row["order"] == 20 && row["pk"].as_str().unwrap().starts_with(['0', '1', '2'])) {
                    row["stage_obj"]["name"] = json!({"url": "/x?token=eyJhb"});
                }
            })
            .start()
            .await
            .unwrap();
        let bad =
            server.with_rows(|rows| rows.iter().filter(|row| row.order == 20 && row.pk.to_string().starts_with(['0', '1', '2'])).count());
        assert!(bad > 3);
        let client = server.client();
        assert!(matches!(client.flows_bindings_list().paginate().collect().await, Err(Error::Decode(_))), "{release}");

        let (reported, recorder) = recorder();
        let rows = client.flows_bindings_list().paginate().skip_undecodable().on_drift(recorder).collect().await.unwrap();
        assert_eq!(rows.len(), 500 - bad, "{release}");
        let skipped: Vec<_> = reported.lock().unwrap().iter().filter(|drift| drift.kind == DriftKind::SkippedRow).cloned().collect();
        assert_eq!(skipped.len(), bad, "{release}");
        assert!(
            skipped.iter().all(|drift| drift.path.ends_with(".stage_obj.name") && drift.excerpt.contains("expected a string")),
            "{skipped:?}"
        );
        assert!(!format!("{skipped:?}").contains("eyJ"));
    }
}

/// Every row has its own `order`, and every second one is undecodable: undecodable rows must not hide that others have moved.
#[tokio::test]
async fn deletions_among_undecodable_rows_hide_no_row() {
    let mut rows = authentik_flow_bindings::testing::bindings(60, 10);
    for (place, row) in rows.iter_mut().enumerate() {
        row.order = i64::try_from(place).unwrap();
    }
    for ordering in ["order,pk", "stage__name", "pk"] {
        for concurrency in [1, 4] {
            for deleted in [2, 4] {
                let server = FakeAuthentik::builder()
                    .release(Release::V2025_12)
                    .bindings(rows.clone())
                    .before_request(2, move |rows| {
                        let first: Vec<_> = rows.iter().take(deleted).map(|row| row.pk).collect();
                        for pk in first {
                            rows.remove(pk);
                        }
                    })
                    .tamper(|_, page| {
                        for row in page["results"].as_array_mut().unwrap().iter_mut().filter(|row| row["order"].as_i64().unwrap() % 2 == 1)
                        {
                            row["stage_obj"]["name"] = json!(7);
                        }
                    })
                    .start()
                    .await
                    .unwrap();
                let client = server.client();
                let list =
                    client.flows_bindings_list().ordering(ordering).paginate().skip_undecodable().page_size(10).concurrency(concurrency);
                let received: BTreeSet<_> = match list.collect().await {
                    Ok(received) => received.iter().map(|row| row.pk).collect(),
                    Err(Error::Incomplete { .. }) => continue,
                    Err(error) => panic!("{error}"),
                };
                let missing = rows[deleted..].iter().filter(|row| row.order % 2 == 0 && !received.contains(&row.pk)).count();
                assert_eq!(missing, 0, "ordering by {ordering}, {concurrency} in flight, {deleted} deleted");
            }
        }
    }
}

#[tokio::test]
async fn rows_without_a_key_are_skipped_and_reported_one_by_one() {
    for release in [Release::V2025_6, Release::V2025_12] {
        let server = FakeAuthentik::builder().release(release).generated(300, 40).tamper(|_, page| {
            for row in
                page["results"].as_array_mut().unwrap().iter_mut().filter(|row| row["pk"].as_str().is_some_and(|pk| pk.starts_with('a')))
            {
                row["pk"] = json!(null);
                row["color"] = json!("/x?token=eyJhb");
            }
        });
        let server = server.start().await.unwrap();
        let bad = server.with_rows(|rows| rows.iter().filter(|row| row.pk.to_string().starts_with('a')).count());
        let (reported, recorder) = recorder();
        let client = server.client();
        let rows = client.flows_bindings_list().paginate().skip_undecodable().on_drift(recorder).collect().await.unwrap();
        let skipped = reported.lock().unwrap().iter().filter(|drift| drift.kind == DriftKind::SkippedRow).count();
        assert_eq!((rows.len(), skipped), (300 - bad, bad), "{release}");
    }
}

#[tokio::test]
async fn skipped_rows_do_not_count_towards_max_items() {
    let server = FakeAuthentik::builder().release(Release::V2025_12).generated(1_000, 100).tamper(|_, page| {
        let start = page["pagination"]["start_index"].as_u64().unwrap();
        for (place, row) in page["results"].as_array_mut().unwrap().iter_mut().enumerate() {
            if start + (place as u64) <= 60 {
                row["stage"] = json!(null);
            }
        }
    });
    let server = server.start().await.unwrap();
    let client = server.client();
    for wanted in [10, 50, 100] {
        let list = client.flows_bindings_list().paginate().skip_undecodable().max_items(wanted);
        assert_eq!(list.collect().await.unwrap().len() as u64, wanted);
    }
}
