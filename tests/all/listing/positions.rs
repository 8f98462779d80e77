//! Listings that stop and are resumed.

use authentik_flow_bindings::Client;
use authentik_flow_bindings::pagination::Position;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_listing_is_resumed_where_it_stopped_on_every_release() {
    for &release in Release::ALL {
        for ordering in ["order", "-order,pk", "stage__name", "pk"] {
            let server = fake(release, 70).start().await.unwrap();
            let list = || server.client().flows_bindings_list().ordering(ordering).paginate().page_size(15);
            let whole = list().await.unwrap();
            let (mut rows, mut stored) = (Vec::new(), None::<String>);
            while rows.len() < 70 {
                let mut paginator = list();
                if let Some(stored) = &stored {
                    paginator = paginator.resume(serde_json::from_str::<Position>(stored).unwrap());
                }
                let mut items = paginator.max_items(25).items();
                while let Some(row) = items.try_next().await.unwrap() {
                    rows.push(row);
                }
                let position = items.position().unwrap();
                assert_eq!(position.returned(), rows.len() as u64);
                stored = Some(serde_json::to_string(&position).unwrap());
            }
            assert_eq!(rows, whole, "{release}, {ordering}");
            assert!(stored.unwrap().len() < 250);
        }
    }
}

#[tokio::test]
async fn a_position_stays_valid_when_rows_around_it_change() {
    let server = fake(Release::V2025_12, 400).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().items();
    let mut read = Vec::new();
    for _ in 0..150 {
        read.push(items.try_next().await.unwrap().unwrap());
    }
    let position = items.position().unwrap();
    drop(items);
    // The row at which the listing stopped is deleted, along with many rows before it.
    server.with_rows(|rows| {
        for row in &read[100..] {
            rows.remove(row.pk);
        }
    });
    let rest = server.client().flows_bindings_list().paginate().resume(position).await.unwrap();
    assert_eq!(rest.len(), 250);
}

async fn position(client: &Client) -> Position {
    let mut items = client.flows_bindings_list().paginate().items();
    items.try_next().await.unwrap();
    items.position().unwrap()
}

#[tokio::test]
async fn a_position_belongs_to_its_filters_and_its_ordering() {
    let server = fake(Release::V2025_12, 200).start().await.unwrap();
    let client = server.client();
    let position = position(&client).await;
    let others = [
        client.flows_bindings_list().search("prompt"),
        client.flows_bindings_list().ordering("-order"),
        client.flows_bindings_list().target(Uuid::nil()),
    ];
    for other in others {
        let error = other.paginate().resume(position.clone()).await.unwrap_err();
        assert!(error.to_string().contains("the position belongs to another listing"), "{error}");
    }

    // The same listing with an equivalent `ordering`, and under another name of the server.
    let alias = Client::builder(server.address().replace("127.0.0.1", "localhost")).token(FakeAuthentik::TOKEN).build().unwrap();
    for client in [client, alias] {
        let same = client.flows_bindings_list().ordering("pk,order").page(3).paginate().page_size(17).resume(position.clone());
        assert_eq!(same.await.unwrap().len(), 199);
    }
}

/// Positions that were stored by this release of the crate can be read by later ones.
#[tokio::test]
async fn the_stored_form_is_stable() {
    let server = fake(Release::V2025_12, 200).start().await.unwrap();
    let key = server.with_rows(|rows| sorted_keys(rows)[99]);
    let stored = json!({"version": 1, "listing": "b84ca6f752b7b175", "returned": 100, "after": [{"uuid": key}]});
    let mut items = server.client().flows_bindings_list().paginate().items();
    for _ in 0..100 {
        items.try_next().await.unwrap();
    }
    assert_eq!(serde_json::to_value(items.position().unwrap()).unwrap(), stored);
    let rest = server.client().flows_bindings_list().paginate().resume(serde_json::from_value(stored).unwrap()).await.unwrap();
    assert_eq!(rest.len(), 100);
}

#[tokio::test]
async fn a_damaged_position_is_rejected() {
    let server = fake(Release::V2025_12, 200).start().await.unwrap();
    let client = server.client();
    let good = serde_json::to_value(position(&client).await).unwrap();
    let resume = async |name: &str, value: serde_json::Value| {
        let mut changed = good.clone();
        changed[name] = value;
        client.flows_bindings_list().paginate().resume(serde_json::from_value(changed).unwrap()).await
    };
    for (name, value) in [
        ("after", json!([])),
        ("after", json!(["null"])),
        ("after", json!([{"text": "x"}])),
        ("after", json!([{"integer": 5}])),
        ("version", json!(2)),
    ] {
        let error = resume(name, value.clone()).await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest { .. }), "{name} {value}: {error}");
    }
    // A stream fails with the same error: it has not returned any rows yet.
    let mut damaged = good.clone();
    damaged["after"] = json!(["null"]);
    let mut items = client.flows_bindings_list().paginate().resume(serde_json::from_value(damaged).unwrap()).items();
    let error = items.try_next().await.unwrap_err();
    assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
    // The number of rows is a hint: the list may have changed since.
    for returned in [0_u64, 50, 100_000, u64::MAX] {
        assert_eq!(resume("returned", json!(returned)).await.unwrap().len(), 199, "{returned} rows");
    }
}

/// The position of a resumed listing that returns nothing is its starting position.
#[tokio::test]
async fn a_resumed_listing_without_rows_keeps_its_position() {
    let server = fake(Release::V2025_12, 90).start().await.unwrap();
    let mut items = server.client().flows_bindings_list().paginate().items();
    while items.try_next().await.unwrap().is_some() {}
    let end = items.position().unwrap();
    let mut items = server.client().flows_bindings_list().paginate().resume(end.clone()).items();
    assert_eq!(items.position().as_ref(), Some(&end));
    assert!(items.try_next().await.unwrap().is_none());
    assert_eq!(items.position(), Some(end));
}
