//! Tests of the fake server with a list operation for which this crate has no generated code.

use serde_json::{Value, json};

use super::Collation;
use super::list::{self, ErrorResponse, SortCache, Table};
use super::query::Query;
use super::records::Records;
use super::release::Release;
use crate::compat::schema::{Field, FieldKind, ListSchema, ObjectSchema};

static USER: ObjectSchema = ObjectSchema {
    fields: &[
        Field::required("pk", FieldKind::Integer { minimum: i64::MIN, maximum: i64::MAX }),
        Field::required("username", FieldKind::Text),
        Field::optional("is_active", FieldKind::Boolean),
        Field::optional("type", FieldKind::Enum(&["internal", "external"])),
        Field::optional("last_login", FieldKind::DateTime).nullable(),
        Field::optional("groups", FieldKind::List(&FieldKind::Uuid)),
    ],
    open: false,
};
static PAGE: ObjectSchema = ObjectSchema { fields: &[Field::required("results", FieldKind::List(&FieldKind::Object(&USER)))], open: false };
static USERS: ListSchema = ListSchema {
    id: "core_users_list",
    path: "/core/users/",
    page: &PAGE,
    key: &[("pk", "pk")],
    lookup: Some("id"),
    filters: &["username", "is_active", "type", "groups", "groups_by_name", "id"],
};

fn users() -> Records {
    let mut users = Records::new(&USERS);
    for (pk, username) in [(7, "bob"), (3, "Alice"), (12, "alice"), (5, "_root"), (9, "2nd")] {
        users.insert(json!({ "pk": pk, "username": username })).unwrap();
    }
    users
}

/// The keys of the rows, in the order of the response.
fn listed(users: &Records, query: &[(&str, &str)]) -> Result<Vec<i64>, ErrorResponse> {
    let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>();
    let release = Release::V2025_12;
    let counted = list::count(&Query(&query), users, &release.page_rules())?;
    let selected = list::select(&counted, &Query(&query), users, users.order_rules(release), &mut SortCache::default())?;
    Ok(selected.rows.into_iter().filter_map(|row| users.get(row, release)?["pk"].as_i64()).collect())
}

#[test]
fn rows_are_sorted_by_any_scalar_as_in_postgresql() {
    let mut users = users();
    assert_eq!(listed(&users, &[]).unwrap(), [3, 5, 7, 9, 12]);
    assert_eq!(listed(&users, &[("ordering", "-pk")]).unwrap(), [12, 9, 7, 5, 3]);
    assert_eq!(listed(&users, &[("ordering", "username")]).unwrap(), [5, 9, 12, 3, 7], "_root, 2nd, alice, Alice, bob");
    users.collation = Collation::CodePoint;
    assert_eq!(listed(&users, &[("ordering", "username")]).unwrap(), [9, 3, 5, 12, 7], "2nd, Alice, _root, alice, bob");
    assert_eq!(listed(&users, &[("ordering", "groups,nothing")]).unwrap(), [3, 5, 7, 9, 12], "unknown terms are dropped");

    let mut users = Records::new(&USERS);
    for (pk, last_login) in [(1, Value::Null), (2, json!("2025-01-02T00:00:00Z")), (3, json!("2024-01-02T00:00:00.5Z"))] {
        users.insert(json!({ "pk": pk, "last_login": last_login })).unwrap();
    }
    assert_eq!(listed(&users, &[("ordering", "last_login")]).unwrap(), [3, 2, 1], "null sorts last");
    assert_eq!(listed(&users, &[("ordering", "-last_login")]).unwrap(), [1, 2, 3]);
}

#[test]
fn rows_are_filtered_by_equality_and_search() {
    let mut users = users();
    let group = "1c4bd2a5-0f31-4f0f-8b0c-6c0a3f2b9e11";
    users.insert(json!({ "pk": 20, "username": "carol", "is_active": false, "type": "external", "groups": [group] })).unwrap();
    for (filter, value) in [("username", "carol"), ("is_active", "False"), ("type", "external"), ("groups", group), ("id", "20")] {
        assert_eq!(listed(&users, &[(filter, value)]).unwrap(), [20], "{filter}");
    }
    assert_eq!(listed(&users, &[("search", "ALICE")]).unwrap(), [3, 12]);
    assert_eq!(listed(&users, &[("pk", "20")]).unwrap().len(), 6, "a parameter that the operation does not have is ignored");
    assert_eq!(listed(&users, &[("type", "robot")]).unwrap_err().0, 400);
    assert_eq!(listed(&users, &[("groups", "x")]).unwrap_err(), (400, json!({ "groups": ["Enter a valid UUID."] })));
    let (status, body) = listed(&users, &[("groups_by_name", "admins")]).unwrap_err();
    assert!(status == 501 && body.to_string().contains("`groups_by_name` of core_users_list"), "{body}");
}

#[test]
fn a_filter_can_be_defined() {
    let mut users = users();
    let starts_with = |row: &Value, prefix: &str| row["username"].as_str().is_some_and(|name| name.starts_with(prefix));
    users.define_filter("groups_by_name", Box::new(starts_with)).unwrap();
    assert_eq!(listed(&users, &[("groups_by_name", "a")]).unwrap(), [12]);
    assert_eq!(listed(&users, &[("groups_by_name", "a"), ("username", "bob")]).unwrap(), [0_i64; 0], "all filters apply");
    let error = users.define_filter("name", Box::new(starts_with)).unwrap_err();
    assert!(error.contains("`name` is not a filter of `core_users_list`; it has username, is_active"), "{error}");
}

#[test]
fn request_bodies_are_validated_as_in_django_rest_framework() {
    let mut users = users();
    let create = |users: &mut Records, body: Value| users.create(serde_json::from_value(body).unwrap());
    let row = create(&mut users, json!({ "username": "carol", "password": "write-only" })).unwrap();
    assert!(users.len() == 6 && users.get(row, Release::V2025_12).unwrap()["pk"].is_i64());
    let wrong = json!({ "username": [], "is_active": "perhaps", "type": "robot", "pk": "x" });
    let errors = json!({
        "username": ["Not a valid string."],
        "is_active": ["Must be a valid boolean."],
        "type": ["\"robot\" is not a valid choice."],
        "pk": ["A valid integer is required."],
    });
    assert_eq!(create(&mut users, wrong.clone()).unwrap_err(), (400, errors.clone()));
    assert_eq!(users.change(row, serde_json::from_value(wrong).unwrap()).unwrap_err(), (400, errors));
    assert_eq!(
        create(&mut users, json!({ "is_active": null })).unwrap_err(),
        (400, json!({ "is_active": ["This field may not be null."] }))
    );
    assert_eq!(users.len(), 6, "a rejected request changes nothing");
}

#[test]
fn rows_are_read_changed_and_removed_by_key() {
    let mut users = users();
    let alice = users.find("12").and_then(|row| users.get(row, Release::V2025_12));
    assert_eq!(alice.unwrap()["username"], "alice");
    let changes = json!({ "username": "alicia" });
    assert_eq!(users.update("12", changes.as_object().unwrap()).unwrap()["username"], "alicia");
    assert_eq!(users.remove("12").unwrap()["username"], "alicia");
    assert!(users.find("12").is_none() && users.remove("12").is_none() && users.len() == 4);
}

#[test]
fn generated_rows_have_all_properties_and_unique_keys() {
    let mut users = Records::new(&USERS);
    users.generate(500);
    let keys = users.iter().map(|row| row["pk"].as_i64().unwrap()).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(keys.len(), 500);
    assert!(users.iter().all(|row| USER.fields.iter().all(|field| row.get(field.name).is_some())));
    assert!(users.iter().any(|row| row["last_login"].is_null()) && users.iter().any(|row| row["last_login"].is_string()));
    let mut same = Records::new(&USERS);
    same.generate(500);
    assert!(users.iter().eq(same.iter()), "the same calls give the same rows");
}
