//! Answers of every release since 2021 are read, and what differs is told.
//!
//! Random answers are made from the schema of a release: from schemas of our own that have each change upstream made, and from
//! the slices in `../shared` where they are there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use authentik_flow_bindings::testing::{FakeAuthentik, Fault, Release};
use authentik_flow_bindings::{Drift, DriftKind, Error, FlowSet, FlowStageBinding, PaginatedFlowStageBindingList};
use fastrand::Rng;
use futures_util::TryStreamExt;
use serde_json::{Map, Value, json};

const PAGE: &str = "PaginatedFlowStageBindingList";

// --- schemas of releases --------------------------------------------------------------------------------------------

fn read(path: &std::path::Path) -> Value {
    serde_yaml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn ours() -> Value {
    read("openapi/flows_bindings_list.yaml".as_ref())
}

/// The property of the checked-in slice that is read by each other name.
fn aliases() -> BTreeMap<String, String> {
    let ours = ours();
    let schemas = ours["components"]["schemas"].as_object().unwrap().values();
    let properties = schemas.flat_map(|schema| schema["properties"].as_object().into_iter().flatten());
    let texts = |property: &Value| property["x-aliases"].as_array().cloned().unwrap_or_default();
    properties
        .flat_map(|(name, property)| texts(property).into_iter().map(|alias| (alias.as_str().unwrap().to_owned(), name.clone())))
        .collect()
}

/// The picture of a flow, whatever the checked-in release calls it.
fn background(flow: &FlowSet) -> String {
    let flow = serde_json::to_value(flow).unwrap();
    ["background", "background_url"].iter().find_map(|name| flow[name].as_str()).unwrap().to_owned()
}

/// The slice of 2025.6, whatever release is checked in: the schemas of the others are made of it.
fn of_2025_6() -> Value {
    read("tests/fixtures/authentik-2025.6.yaml".as_ref())
}

/// A change that upstream made: the release before which it was otherwise, or since which it is, and how.
type Edit = fn(&mut Value);

fn properties<'a>(spec: &'a mut Value, component: &str) -> &'a mut Map<String, Value> {
    spec["components"]["schemas"][component]["properties"].as_object_mut().unwrap()
}

fn require(spec: &mut Value, component: &str, property: &str, required: bool) {
    let list = spec["components"]["schemas"][component]["required"].as_array_mut().unwrap();
    list.retain(|name| name != property);
    if required {
        list.push(property.into());
    }
}

fn without_meta_model_name(spec: &mut Value) {
    properties(spec, "Stage").remove("meta_model_name");
    require(spec, "Stage", "meta_model_name", false);
}

fn without_layout(spec: &mut Value) {
    properties(spec, "FlowSet").remove("layout");
}

fn without_denied_action(spec: &mut Value) {
    properties(spec, "FlowSet").remove("denied_action");
}

fn with_whole_flows(spec: &mut Value) {
    let list = json!({"type": "array", "items": {"type": "string", "format": "uuid"}});
    for (name, schema) in [("stages", list.clone()), ("policies", list), ("cache_count", json!({"type": "integer"}))] {
        properties(spec, "FlowSet").insert(name.into(), schema);
        require(spec, "FlowSet", name, true);
    }
}

fn with_autocomplete(spec: &mut Value) {
    properties(spec, PAGE).insert("autocomplete".into(), json!({"type": "object", "additionalProperties": {}}));
    require(spec, PAGE, "autocomplete", true);
}

fn with_background_url(spec: &mut Value) {
    let schema = properties(spec, "FlowSet").remove("background").unwrap();
    properties(spec, "FlowSet").insert("background_url".into(), schema);
    require(spec, "FlowSet", "background", false);
    require(spec, "FlowSet", "background_url", true);
    require(spec, "Stage", "flow_set", true);
    properties(spec, "FlowSet")["slug"].as_object_mut().unwrap().remove("maxLength");
}

fn with_frame_layouts(spec: &mut Value) {
    let values = spec["components"]["schemas"]["FlowLayoutEnum"]["enum"].as_array_mut().unwrap();
    values.extend([json!("sidebar_left_frame_background"), json!("sidebar_right_frame_background")]);
}

/// The schema of each span of releases, made of ours: its name, and what to change.
const SPANS: [(&str, &[Edit]); 8] = [
    ("2021.9 to 2021.10", &[without_meta_model_name, without_layout, without_denied_action, with_whole_flows]),
    ("2021.12 to 2022.4", &[without_layout, without_denied_action, with_whole_flows]),
    ("2022.5 to 2022.6", &[without_denied_action, with_whole_flows]),
    ("2022.7 to 2022.9", &[with_whole_flows]),
    ("2022.10 to 2025.6", &[]),
    ("2025.8 to 2025.10", &[with_autocomplete]),
    ("2025.12", &[with_autocomplete, with_background_url]),
    ("2026.2 to 2026.8", &[with_autocomplete, with_background_url, with_frame_layouts]),
];

fn span(edits: &[Edit]) -> Value {
    edits.iter().fold(of_2025_6(), |mut spec, edit| {
        edit(&mut spec);
        spec
    })
}

/// Every schema that there is, by name.
fn schemas() -> Vec<(String, Value)> {
    let mut schemas: Vec<_> = SPANS.iter().map(|(name, edits)| ((*name).to_owned(), span(edits))).collect();
    match std::fs::read_dir("../shared/corpus/slices") {
        Ok(slices) => schemas.extend(slices.flatten().map(|slice| (slice.file_name().to_string_lossy().into_owned(), read(&slice.path())))),
        Err(_) => eprintln!("skipped in part: ../shared/corpus/slices is not there"),
    }
    schemas
}

// --- random answers -------------------------------------------------------------------------------------------------

#[derive(Clone, Copy, PartialEq)]
enum Optional {
    All,
    None,
    Some,
}

struct Maker<'a> {
    spec: &'a Value,
    rng: Rng,
    optional: Optional,
    /// Whether objects have a field that no release has.
    extra: bool,
}

impl Maker<'_> {
    fn make(&mut self, schema: &Value) -> Value {
        if let Some(target) = schema["$ref"].as_str() {
            return self.make(&self.spec.pointer(target.trim_start_matches('#')).unwrap().clone());
        }
        if let Some(parts) = schema["allOf"].as_array() {
            return self.make(&parts[0].clone());
        }
        if let Some(values) = schema["enum"].as_array() {
            return values[self.rng.usize(..values.len())].clone();
        }
        match schema["type"].as_str() {
            Some("object") => self.object(schema),
            Some("array") => (0..self.rng.usize(..4)).map(|_| self.make(&schema["items"])).collect(),
            Some("boolean") => self.rng.bool().into(),
            Some("number") => match self.rng.u8(..3) {
                0 => json!(f64::from(self.rng.u32(..))),
                1 => json!(self.rng.u64(..1 << 53)),
                _ => json!(self.rng.u32(..50)),
            },
            Some("integer") => match self.rng.u8(..3) {
                0 => schema.get("minimum").cloned().unwrap_or(json!(0)),
                1 => schema.get("maximum").cloned().unwrap_or(json!(i64::MAX)),
                _ => json!(self.rng.i32(..)),
            },
            _ if schema["format"] == "uuid" => json!(uuid::Uuid::from_u128(self.rng.u128(..))),
            _ => (0..self.rng.usize(..12)).map(|_| self.rng.char(..)).collect::<String>().into(),
        }
    }

    fn object(&mut self, schema: &Value) -> Value {
        let required: Vec<_> = schema["required"].as_array().cloned().unwrap_or_default();
        let mut object = Map::new();
        for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
            let wanted = match self.optional {
                Optional::All => true,
                Optional::None => false,
                Optional::Some => self.rng.bool(),
            };
            if wanted || required.iter().any(|required| required == name) {
                object.insert(name.clone(), self.make(schema));
            }
        }
        if self.extra {
            object.insert("x_of_no_release".into(), json!({"a": [1, null, "b"]}));
        }
        object.into()
    }
}

/// What the answer becomes after it was read: other names of fields, defaults, and nothing that no field has.
fn as_read(sent: &Value, read: &Value, path: &str, aliases: &BTreeMap<String, String>) -> Result<(), String> {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => {
            for (name, value) in sent {
                match read.get(name).or_else(|| read.get(aliases.get(name)?)) {
                    Some(read) => as_read(value, read, &format!("{path}.{name}"), aliases)?,
                    None if ["autocomplete", "stages", "policies", "cache_count", "x_of_no_release"].contains(&name.as_str()) => {}
                    // An empty list is left out, and read again as one.
                    None if *value == json!([]) => {}
                    None => return Err(format!("{path}.{name} is lost")),
                }
            }
            Ok(())
        }
        (Value::Array(sent), Value::Array(read)) if sent.len() == read.len() => sent
            .iter()
            .zip(read)
            .enumerate()
            .try_for_each(|(index, (sent, read))| as_read(sent, read, &format!("{path}[{index}]"), aliases)),
        (Value::Number(sent), Value::Number(read)) if sent.as_f64() == read.as_f64() => Ok(()),
        (sent, read) if sent == read => Ok(()),
        (sent, read) => Err(format!("{path} was {sent} and is {read}")),
    }
}

#[test]
fn random_answers_of_every_release_are_read_without_loss() {
    let aliases = aliases();
    for (name, spec) in schemas() {
        for seed in 0..150_u64 {
            let optional = match seed % 3 {
                0 => Optional::All,
                1 => Optional::None,
                _ => Optional::Some,
            };
            let mut maker = Maker { spec: &spec, rng: Rng::with_seed(seed), optional, extra: seed % 2 == 0 };
            let sent = maker.make(&spec["components"]["schemas"][PAGE]);
            let read: PaginatedFlowStageBindingList =
                serde_json::from_value(sent.clone()).unwrap_or_else(|error| panic!("{name}, seed {seed}: {error}: {sent}"));
            let written = serde_json::to_value(&read).unwrap();
            as_read(&sent, &written, "", &aliases).unwrap_or_else(|problem| panic!("{name}, seed {seed}: {problem}"));
            assert_eq!(serde_json::from_value::<PaginatedFlowStageBindingList>(written).unwrap(), read, "{name}, seed {seed}");
        }
    }
}

/// An answer of which some bytes are others, or missing: the inputs of `fuzz/fuzz_targets/decode_page.rs`.
fn damaged(spec: &Value, seed: u64) -> Vec<u8> {
    let mut maker = Maker { spec, rng: Rng::with_seed(seed), optional: Optional::Some, extra: false };
    let mut bytes = serde_json::to_vec(&maker.make(&spec["components"]["schemas"][PAGE])).unwrap();
    let mut rng = Rng::with_seed(seed);
    for _ in 0..rng.usize(..4) {
        let place = rng.usize(..bytes.len());
        match rng.u8(..3) {
            0 => bytes[place] = rng.u8(..),
            1 => bytes.truncate(place.max(1)),
            _ => bytes.insert(place, rng.u8(..)),
        }
    }
    bytes
}

#[test]
fn damaged_answers_are_read_or_refused_and_never_panic() {
    let spec = ours();
    for seed in 0..3_000 {
        if let Ok(read) = serde_json::from_slice::<PaginatedFlowStageBindingList>(&damaged(&spec, seed)) {
            let written = serde_json::to_vec(&read).unwrap();
            assert_eq!(serde_json::from_slice::<PaginatedFlowStageBindingList>(&written).unwrap(), read);
        }
    }
}

/// The same through the client: rows that are gone past, notes, excerpts and the span of releases.
#[tokio::test]
async fn listings_of_damaged_answers_end_and_never_panic() {
    let spec = ours();
    let transport = reqwest::Client::new();
    for seed in 0..400 {
        let body = String::from_utf8_lossy(&damaged(&spec, seed)).into_owned();
        let answer =
            || Fault::Response { status: 200, headers: vec![("content-type", "application/json".into())], body: body.clone().into() };
        let server = (1..60).fold(FakeAuthentik::builder(), |server, number| server.fault(number, answer())).start().await.unwrap();
        let client = authentik_flow_bindings::Client::builder(server.address()).token(FakeAuthentik::TOKEN).retries(0);
        let client = client.http_client(transport.clone()).build().unwrap();
        let list = client.flows_bindings_list().paginate().skip_undecodable().on_drift(|note| assert!(note.excerpt.chars().count() < 700));
        if let Err(error) = list.collect().await {
            assert!(error.to_string().chars().count() < 1_200, "seed {seed}: {error}");
        }
        assert!(server.received().len() < 60, "seed {seed}");
    }
}

#[test]
fn values_of_the_wrong_kind_are_errors() {
    let good = serde_json::to_value(&authentik_flow_bindings::testing::bindings(1, 1)[0]).unwrap();
    for (place, wrong) in [
        ("/pk", json!(null)),
        ("/pk", json!("x")),
        ("/order", json!("1")),
        ("/order", json!(1.5)),
        ("/stage_obj", json!(null)),
        ("/stage_obj/name", json!(3)),
        ("/stage_obj/flow_set/0/layout", json!(7)),
        ("/re_evaluate_policies", json!("true")),
    ] {
        let mut row = good.clone();
        *row.pointer_mut(place).unwrap() = wrong.clone();
        assert!(serde_json::from_value::<FlowStageBinding>(row).is_err(), "{place} = {wrong}");
    }
    let pagination = json!({"next": 0, "previous": 0, "count": 0, "current": 1, "total_pages": 1, "start_index": 0, "end_index": 0});
    for (wrong, fine) in
        [(json!("20"), false), (json!(null), false), (json!(-1), false), (json!(1.5), false), (json!(20.0), true), (json!(20), true)]
    {
        let mut pagination = pagination.clone();
        pagination["count"] = wrong.clone();
        let read = serde_json::from_value::<authentik_flow_bindings::Pagination>(pagination);
        assert_eq!(read.map(|pagination| pagination.count).ok(), fine.then_some(20), "{wrong}");
    }
}

// --- drift ----------------------------------------------------------------------------------------------------------

/// Lists a server that gives this answer, and returns what is told.
async fn notes_of(answer: &Value) -> Vec<Drift> {
    let headers = vec![("content-type", "application/json".to_owned())];
    let server =
        FakeAuthentik::builder().fault(1, Fault::Response { status: 200, headers, body: answer.to_string().into() }).start().await.unwrap();
    let notes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&notes);
    let client = server.client();
    let _rows: Vec<_> =
        client.flows_bindings_list().paginate().on_drift(move |note| told.lock().unwrap().push(note.clone())).collect().await.unwrap();

    notes.lock().unwrap().clone()
}

/// One page with every field and every value of the schema.
fn full_page(spec: &Value, seed: u64) -> Value {
    let mut maker = Maker { spec, rng: Rng::with_seed(seed), optional: Optional::All, extra: false };
    let mut rows: Vec<Value> = (0..40).map(|_| maker.make(&spec["components"]["schemas"]["FlowStageBinding"])).collect();
    rows.sort_by_key(|row| (row["order"].as_i64(), row["pk"].as_str().map(str::to_owned)));
    let pagination = json!({"next": 0, "previous": 0, "count": 40, "current": 1, "total_pages": 1, "start_index": 1, "end_index": 40});
    let mut page = json!({"pagination": pagination, "results": rows});
    if spec["components"]["schemas"][PAGE]["properties"].get("autocomplete").is_some() {
        page["autocomplete"] = json!({"stage": ["a"]});
    }
    page
}

/// What differs between the schema of a release and ours: kind and name of the field.
fn differences(theirs: &Value) -> BTreeSet<(DriftKind, String)> {
    let (ours, aliases) = (ours(), aliases());
    let mut found = BTreeSet::new();
    let schemas = |spec: &Value, name: &str| {
        let all = &spec["components"]["schemas"];
        // The items of `flow_set` were whole flows up to 2022.9.
        if name == "FlowSet" && all.get(name).is_none() { all["Flow"].clone() } else { all[name].clone() }
    };
    let names = |schema: &Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    for component in [PAGE, "FlowStageBinding", "Stage", "FlowSet"] {
        let (old, new) = (schemas(&ours, component), schemas(theirs, component));
        for name in names(&new).difference(&names(&old)).filter(|name| !aliases.contains_key(*name)) {
            found.insert((DriftKind::UnknownField, name.clone()));
        }
        for name in names(&old).difference(&names(&new)) {
            let by_another_name = aliases.iter().any(|(alias, known)| known == name && names(&new).contains(alias));
            if by_another_name {
                continue;
            }
            if old["required"].as_array().unwrap().contains(&json!(name)) {
                found.insert((DriftKind::MissingField, name.clone()));
            }
        }
        for (name, schema) in new["properties"].as_object().unwrap() {
            let target = schema["$ref"].as_str().or(schema["allOf"][0]["$ref"].as_str()).map(|path| path.trim_start_matches('#'));
            let Some(values) = target.and_then(|path| theirs.pointer(path)).and_then(|target| target["enum"].as_array()) else { continue };
            let known = all_enum_values(&ours);
            if values.iter().any(|value| !known.contains(value.as_str().unwrap())) {
                found.insert((DriftKind::UnknownValue, name.clone()));
            }
        }
    }
    found
}

fn all_enum_values(spec: &Value) -> BTreeSet<String> {
    let schemas = spec["components"]["schemas"].as_object().unwrap().values();
    schemas.filter_map(|schema| schema["enum"].as_array()).flatten().map(|value| value.as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_differs_is_told_once_and_nothing_else_is() {
    for (name, spec) in schemas() {
        let notes = notes_of(&full_page(&spec, 7)).await;
        let told: Vec<_> = notes.iter().map(|note| (note.kind, note.path.rsplit('.').next().unwrap().to_owned())).collect();
        assert_eq!(told.iter().cloned().collect::<BTreeSet<_>>(), differences(&spec), "{name}: {notes:?}");
        let different: BTreeSet<_> = notes.iter().map(|note| (note.kind, note.path.rsplit('.').next(), &note.excerpt)).collect();
        assert_eq!(notes.len(), different.len(), "{name}: a note came twice: {notes:?}");
    }
}

#[tokio::test]
async fn notes_name_page_place_and_what_is_there() {
    let spec = ours();
    let mut page = full_page(&spec, 3);
    page["results"][0]["order"] = (-3_000_000_000_i64).into();
    page["results"][4]["invalid_response_action"] = "explode".into();
    page["results"][5]["invalid_response_action"] = "implode".into();
    page["results"][6]["color"] = "https://cdn.example.com/x?token=eyJhb".into();
    let notes: Vec<String> = notes_of(&page).await.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "page 1: `results[0].order` is out of range: -3000000000",
            "page 1: `results[4].invalid_response_action` has an unknown value: \"explode\"",
            "page 1: `results[5].invalid_response_action` has an unknown value: \"implode\"",
            "page 1: `results[6].color` is an unknown field: \"https://cdn.example.com/x?…\"",
        ]
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_gone_past_on_request_on_every_release() {
    for release in Release::ALL {
        let server = FakeAuthentik::builder()
            .release(release)
            .generated(500, 60)
            .tamper(|_, answer| {
                let rows = answer.as_object_mut().unwrap()["results"].as_array_mut().unwrap();
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

        let notes = Arc::new(Mutex::new(Vec::new()));
        let told = Arc::clone(&notes);
        let list = client.flows_bindings_list().paginate().skip_undecodable().on_drift(move |note| told.lock().unwrap().push(note.clone()));
        let rows = list.collect().await.unwrap();
        assert_eq!(rows.len(), 500 - bad, "{release}");
        assert!(rows.is_sorted_by_key(|row| (row.order, row.pk)), "{release}");
        let skipped: Vec<_> = notes.lock().unwrap().iter().filter(|note| note.kind == DriftKind::SkippedRow).cloned().collect();
        assert_eq!(skipped.len(), bad, "{release}");
        assert!(
            skipped.iter().all(|note| note.path.ends_with(".stage_obj.name") && note.excerpt.contains("expected a string")),
            "{skipped:?}"
        );
        assert!(!format!("{skipped:?}").contains("eyJ"));
    }
}

/// Rows without ties, every second one unreadable: rows that cannot be read must not stand in for others that move.
#[tokio::test]
async fn deletions_among_rows_that_cannot_be_read_hide_no_row() {
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
                    .tamper(|_, answer| {
                        for row in
                            answer["results"].as_array_mut().unwrap().iter_mut().filter(|row| row["order"].as_i64().unwrap() % 2 == 1)
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
async fn rows_without_a_key_are_skipped_and_counted_each() {
    for release in [Release::V2025_6, Release::V2025_12] {
        let server = FakeAuthentik::builder().release(release).generated(300, 40).tamper(|_, answer| {
            for row in
                answer["results"].as_array_mut().unwrap().iter_mut().filter(|row| row["pk"].as_str().is_some_and(|pk| pk.starts_with('a')))
            {
                row["pk"] = json!(null);
                row["color"] = json!("/x?token=eyJhb");
            }
        });
        let server = server.start().await.unwrap();
        let bad = server.with_rows(|rows| rows.iter().filter(|row| row.pk.to_string().starts_with('a')).count());
        let notes = Arc::new(Mutex::new(0));
        let told = Arc::clone(&notes);
        let client = server.client();
        let list = client.flows_bindings_list().paginate().skip_undecodable();
        let rows =
            list.on_drift(move |note| *told.lock().unwrap() += usize::from(note.kind == DriftKind::SkippedRow)).collect().await.unwrap();
        assert_eq!((rows.len(), *notes.lock().unwrap()), (300 - bad, bad), "{release}");
    }
}

#[tokio::test]
async fn skipped_rows_do_not_count_as_rows_that_were_wanted() {
    let server = FakeAuthentik::builder().release(Release::V2025_12).generated(1_000, 100).tamper(|_, answer| {
        let start = answer["pagination"]["start_index"].as_u64().unwrap();
        for (place, row) in answer["results"].as_array_mut().unwrap().iter_mut().enumerate() {
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

/// Several pages, a second listing, and the passes of a snapshot.
#[tokio::test]
async fn a_note_is_told_once_in_a_listing_and_again_in_the_next() {
    let server = FakeAuthentik::builder().generated(350, 40).tamper(|_, answer| answer["unheard_of"] = json!(1)).start().await.unwrap();
    let notes = Arc::new(Mutex::new(0));
    let told = Arc::clone(&notes);
    let client = server.client();
    let list = client.flows_bindings_list().paginate().on_drift(move |note| *told.lock().unwrap() += u8::from(note.path == "unheard_of"));
    list.clone().collect().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), 1, "`unheard_of` is on each page");
    list.clone().collect().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), 2);
    list.snapshot().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), 3);
}

#[tokio::test]
async fn a_server_without_pages_is_compared_too() {
    let server = FakeAuthentik::builder().generated(5, 1).page_sizes(20, Some(0)).tamper(|_, answer| answer[3]["color"] = json!("red"));
    let server = server.start().await.unwrap();
    let notes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&notes);
    let client = server.client();
    client.flows_bindings_list().paginate().on_drift(move |note| told.lock().unwrap().push(note.to_string())).collect().await.unwrap();
    assert_eq!(*notes.lock().unwrap(), ["page 1: `[3].color` is an unknown field: \"red\""]);
}

// --- which server is this -------------------------------------------------------------------------------------------

#[tokio::test]
async fn errors_and_streams_tell_which_release_the_server_looks_like() {
    for (release, looks_like) in [(Release::V2024_2, "2022.7 or later, and older than 2025.12"), (Release::V2025_12, "2025.12 or later")] {
        let server = FakeAuthentik::builder().release(release).generated(10, 2).start().await.unwrap();
        let client = server.client();
        let mut items = client.flows_bindings_list().paginate().items();
        items.try_next().await.unwrap();
        assert_eq!(items.server().to_string(), looks_like);

        let bad = FakeAuthentik::builder().release(release).generated(10, 2).tamper(|_, answer| answer["results"][2]["pk"] = json!(null));
        let error = bad.start().await.unwrap().client().flows_bindings_list().paginate().collect().await.unwrap_err();
        assert!(error.to_string().contains(&format!("(the server looks like {looks_like})")), "{error}");

        let bad = FakeAuthentik::builder().release(release).generated(10, 2).tamper(|_, answer| answer["results"][2]["pk"] = json!(null));
        let error = bad.start().await.unwrap().client().flows_bindings_list().send().await.unwrap_err();
        let Error::Decode(error) = error else { panic!("{error}") };
        assert_eq!(error.server().to_string(), looks_like);

        let mut items = client.flows_bindings_list().ordering("stage__name").paginate().items();
        items.try_next().await.unwrap();
        assert_eq!(items.server().to_string(), looks_like);

        let short = FakeAuthentik::builder()
            .release(release)
            .generated(10, 2)
            .tamper(|_, answer| answer["results"] = answer["results"].as_array().unwrap()[..8].into());
        let error = short.start().await.unwrap().client().flows_bindings_list().paginate().collect().await.unwrap_err();
        assert!(error.to_string().contains(&format!("(the server looks like {looks_like})")), "{error}");
    }
}

#[tokio::test]
async fn each_span_of_releases_is_recognised() {
    let expected = [
        "older than 2021.12",
        "2021.12 or later, and older than 2022.10",
        "2022.5 or later, and older than 2022.10",
        "2022.7 or later, and older than 2022.10",
        "2022.7 or later, and older than 2025.12",
        "2025.8 or later, and older than 2025.12",
        "2025.12 or later",
        "2025.12 or later",
    ];
    for ((name, edits), expected) in SPANS.iter().zip(expected) {
        let headers = vec![("content-type", "application/json".to_owned())];
        let body = full_page(&span(edits), 5).to_string();
        let server = FakeAuthentik::builder().fault(1, Fault::Response { status: 200, headers, body: body.into() }).start().await.unwrap();
        let client = server.client();
        let mut items = client.flows_bindings_list().paginate().items();
        items.try_next().await.unwrap();
        assert_eq!(items.server().to_string(), expected, "{name}");
    }
}

#[tokio::test]
async fn one_client_type_reads_an_old_and_a_new_server_in_one_process() {
    let old = FakeAuthentik::builder().release(Release::V2024_2).generated(150, 20).start().await.unwrap();
    let new = FakeAuthentik::builder()
        .release(Release::V2026_8)
        .generated(150, 20)
        .tamper(|_, answer| answer["results"][0]["stage_obj"]["flow_set"][0]["layout"] = json!("of_a_later_release"))
        .start()
        .await
        .unwrap();
    let (old, new) = (old.client(), new.client());
    let (old, new) = tokio::join!(old.flows_bindings_list().paginate().collect(), new.flows_bindings_list().paginate().collect());
    let (old, new) = (old.unwrap(), new.unwrap());
    assert_eq!((old.len(), new.len()), (150, 150));
    let layouts: BTreeMap<_, usize> = new.iter().flat_map(|row| &row.stage_obj.flow_set).filter_map(|flow| flow.layout.clone()).fold(
        BTreeMap::new(),
        |mut map, layout| {
            *map.entry(layout).or_default() += 1;
            map
        },
    );
    assert!(layouts.keys().any(|layout| !layout.is_known()));
    assert!(old.iter().chain(&new).flat_map(|row| &row.stage_obj.flow_set).all(|flow| background(flow).ends_with("flow_background.jpg")));
}

// --- the table in the docs ------------------------------------------------------------------------------------------

/// What the table says of fields that are not sent is what a decoded answer has.
#[test]
fn fields_that_are_not_sent_are_read_as_the_table_says() {
    let page: PaginatedFlowStageBindingList = serde_json::from_value(full_page(&span(SPANS[0].1), 11)).unwrap();
    let stages = page.results.iter().map(|row| &row.stage_obj).collect::<Vec<_>>();
    assert!(stages.iter().all(|stage| stage.meta_model_name.is_empty()));
    let flows = stages.iter().flat_map(|stage| &stage.flow_set).collect::<Vec<_>>();
    assert!(!flows.is_empty() && flows.iter().all(|flow| flow.layout.is_none() && flow.denied_action.is_none()));
    let mut without = full_page(&ours(), 11);
    without["results"][0]["stage_obj"].as_object_mut().unwrap().remove("flow_set");
    let page: PaginatedFlowStageBindingList = serde_json::from_value(without).unwrap();
    assert!(page.results[0].stage_obj.flow_set.is_empty());
}

/// What stands for a property that was not sent, in words.
fn default_of(property: &str) -> &'static str {
    let ours = ours();
    let schemas = ours["components"]["schemas"].as_object().unwrap().values();
    let defaults = schemas.filter_map(|schema| schema["properties"][property].get("x-default-when-absent").cloned());
    match defaults.collect::<Vec<_>>().as_slice() {
        [Value::String(text)] if text.is_empty() => "an empty text",
        [Value::Array(_)] => "an empty list",
        [Value::Object(_)] => "an empty object",
        others => panic!("how shall the table call what `{property}` is read as: {others:?}?"),
    }
}

/// Writes the table anew where `UPDATE_DOCS` is set.
#[test]
fn the_table_of_releases_in_the_docs_is_fresh() {
    let mut table = String::from(
        "| releases | read by another name | not sent, and read as | sent, and not read | values kept as `Unknown` |\n| --- | --- | --- | --- | --- |\n",
    );
    for (name, edits) in &SPANS {
        let spec = span(edits);
        let cell = |kind: DriftKind| {
            let names: Vec<_> =
                differences(&spec).into_iter().filter(|(found, _)| *found == kind).map(|(_, name)| format!("`{name}`")).collect();
            names.join(", ")
        };
        let flow = &spec["components"]["schemas"]["FlowSet"]["properties"];
        let renamed = aliases().into_iter().filter(|(alias, name)| flow.get(alias).is_some() && flow.get(name).is_none());
        let renamed = renamed.map(|(alias, name)| format!("`{alias}` as `{name}`")).collect::<Vec<_>>().join(", ");
        let missing = differences(&spec).into_iter().filter(|(kind, _)| *kind == DriftKind::MissingField);
        let mut absent: Vec<_> = missing.map(|(_, name)| format!("`{name}` as {}", default_of(&name))).collect();
        let optional = ["layout", "denied_action"].into_iter().filter(|name| flow.get(name).is_none());
        absent.extend(optional.map(|name| format!("`{name}` as `None`")));
        let new_values: Vec<_> = all_enum_values(&spec).difference(&all_enum_values(&ours())).map(|value| format!("`{value}`")).collect();
        table.extend([format!(
            "| {name} | {renamed} | {} | {} | {} |\n",
            absent.join(", "),
            cell(DriftKind::UnknownField),
            new_values.join(", ")
        )]);
    }
    let path = "src/releases.md";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, &table).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), table, "run the test again with UPDATE_DOCS=1, and review {path}");
}
