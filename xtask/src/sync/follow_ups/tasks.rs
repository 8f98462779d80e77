//! Tasks: follow-ups that remain open until the files change.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use toml_edit::DocumentMut;

use super::context::{Context, Kind, follow_up, property};
use crate::annotations::Renamed;
use crate::codegen;
use crate::codegen::reviewed::{SLICE, UPSTREAM};
use crate::diff::rust::ItemChange;
use crate::diff::{Change, Compatibility, Diff};
use crate::document::{child, key_text};
use crate::report::{Fix, FollowUp, RenamedOperation, sides};
use crate::sync::operations::MissingOperation;

pub const ALL: &[Kind] = &[
    digest_not_pinned,
    operation_renamed,
    property_renamed,
    required_since,
    enum_value_added,
    undescribed,
    fixup_not_needed,
    crate_missing,
    removed_from_rust,
    model_added,
    extension_removed,
    version_outdated,
];

fn digest_not_pinned(context: &Context) -> Vec<FollowUp> {
    let is_pinned =
        context.upstream.parse::<DocumentMut>().is_ok_and(|upstream| upstream["sha256"].as_str().is_some_and(|sha256| !sha256.is_empty()));
    let text = format!("`sha256` in {UPSTREAM} is empty, so it is unknown which document the slice was made from");
    let help = "run `cargo xtask sync` once upstream has published the release; `cargo xtask release` needs it";
    (!is_pinned).then(|| follow_up("digest-not-pinned", None, text, help)).into_iter().collect()
}

/// The help for an operation that upstream no longer has.
pub fn operation_missing(MissingOperation { id, operation, has_no_id, nearest }: &MissingOperation) -> FollowUp {
    let pointer = child(&child("#/paths", &operation.path), &operation.method.to_lowercase());
    let (text, help) = if *has_no_id {
        let help = format!("report it upstream; meanwhile, add `operationId: {id}` to a copy of the document, and sync from that file");
        (format!("{operation} no longer has an `operationId`, from which its Rust names are derived"), help)
    } else {
        let replace = nearest.as_ref().map_or_else(String::new, |id| format!("replace it with `{id}` if that is its successor, or "));
        let help = format!("in `operations` of {UPSTREAM}, {replace}remove it; then sync again");
        (format!("upstream no longer has `{id}`, {operation}"), help)
    };
    follow_up("operation-missing", Some(pointer), text, help)
}

fn operation_renamed(context: &Context) -> Vec<FollowUp> {
    let each = |RenamedOperation { old, new }: &RenamedOperation| {
        let text = format!("the operation `{old}` is now `{new}`, in Rust too");
        Some(follow_up("operation-renamed", None, text, rename_in(&context.sources.of_item(old))?))
    };
    context.operations_renamed.iter().filter_map(each).collect()
}

fn property_renamed(context: &Context) -> Vec<FollowUp> {
    let each = |Renamed { component, old, new }: &Renamed| {
        let text = format!("`{component}.{old}` is now `{new}`, in Rust too; responses with either name are decoded");
        Some(follow_up("property-renamed", Some(property(component, new)), text, rename_in(&context.sources.of_field(component, old))?))
    };
    context.renamed.iter().filter_map(each).collect()
}

/// The places where a name must be replaced; `None` if it is not used.
fn rename_in(places: &[String]) -> Option<String> {
    (!places.is_empty()).then(|| format!("use the new name in {}", listed(places)))
}

/// The first few places, and how many more there are.
pub fn listed(places: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = places.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match places.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more places"),
    }
}

/// Properties that new servers always send but old servers may omit.
fn required_since(context: &Context) -> Vec<FollowUp> {
    let Some(diff) = context.diff else { return Vec::new() };
    let (old, new) = sides(diff);
    let each = |change: &Change| {
        let lost = lost_beside(diff, change);
        let alias =
            lost.map_or_else(String::new, |name| format!("if this is `{name}` under another name, add it to `x-aliases`; otherwise, "));
        let help = format!(
            "{alias}if there is a sensible value for absent properties, write it in {SLICE} as `x-default-when-absent`. Then run `cargo xtask sync` \
             with `--base` and the revision of the last release, which corrects the changelog"
        );
        let text = format!("clients of {new} fail on servers of {old}: {}", change.text);
        let fix =
            lost.map(|name| Fix { file: SLICE.into(), pointer: change.pointer.clone(), keyword: "x-aliases".into(), value: json!([name]) });
        FollowUp { fix, ..follow_up("required-since", Some(change.pointer.clone()), text, help) }
    };
    let changes = context.changes().filter(|change| change.wire.new_client_on_old_server == Compatibility::Incompatible);
    changes.filter(|change| is_sent_always(change)).map(each).collect()
}

pub fn is_sent_always(change: &Change) -> bool {
    ["response-required-property-added", "response-property-became-required"].contains(&change.id.as_str())
}

/// Enum values that lack a label or a description.
fn enum_value_added(context: &Context) -> Vec<FollowUp> {
    let owners = context.changes().filter(|change| change.id == "response-property-enum-value-added");
    let owners = owners.filter_map(|change| change.pointer.strip_suffix("/enum")).collect::<BTreeSet<_>>();
    let mut found = Vec::new();
    for owner in owners {
        let Some(schema) = context.new.pointer(&owner[1..]) else { continue };
        for value in schema.get("enum").and_then(Value::as_array).into_iter().flatten().map(key_text) {
            let has = |texts: &str| schema.get(texts).is_some_and(|texts| texts.get(&value).is_some());
            if has("x-enum-labels") && has("x-enum-descriptions") {
                continue;
            }
            let help = format!(
                "give it a label and a description in {SLICE}, in `x-enum-labels` and `x-enum-descriptions`, and see whether src/flows.rs \
                 should handle it"
            );
            found.push(follow_up("enum-value-added", Some(owner.to_owned()), format!("the value {value:?} is new"), help));
        }
    }
    found
}

fn fixup_not_needed(context: &Context) -> Vec<FollowUp> {
    let each = |fixup: &&str| {
        let text = format!("the fixup `{fixup}` is no longer needed, and stops the build");
        let help = match *fixup {
            // src/pagination relies on this type.
            "page_counters_are_unsigned" => {
                "do not remove it: src/pagination needs `u64` page numbers and counts. Make it convert upstream's new type"
            }
            _ => "remove it from codegen/passes/fixups.rs",
        };
        follow_up("fixup-not-needed", None, text, help)
    };
    context.generated.stale_fixups.iter().map(each).collect()
}

fn crate_missing(context: &Context) -> Vec<FollowUp> {
    let code = context.generated.code();
    let needed = [("chrono", "dates"), ("regress", "patterns of parameters")];
    let each = |(name, what): (&str, &str)| {
        let text = format!("the generated Rust needs the crate `{name}` for {what}");
        follow_up("crate-missing", None, text, "add it to Cargo.toml, or write a fixup that avoids it")
    };
    let is_missing = |name: &str| code.contains(&format!("::{name}::")) && !context.manifest.contains(&format!("\n{name}"));
    needed.into_iter().filter(|(name, _)| is_missing(name)).map(each).collect()
}

/// One follow-up for each model and operation, the largest first.
fn undescribed(context: &Context) -> Vec<FollowUp> {
    // The label and description of a new enum value are part of its own follow-up.
    let values = enum_value_added(context);
    let is_asked_for = |pointer: &str| {
        let owner = pointer.split_once("/x-enum-").map(|(owner, _)| owner);
        owner.is_some() && values.iter().any(|value| value.pointer.as_deref() == owner)
    };
    let mut parts = BTreeMap::<String, Vec<&str>>::new();
    for pointer in context.generated.undescribed.iter().filter(|pointer| !is_asked_for(pointer)) {
        parts.entry(codegen::described_part(pointer)).or_default().push(pointer);
    }
    let mut parts = parts.into_iter().collect::<Vec<_>>();
    parts.sort_by_key(|(_, pointers)| Reverse(pointers.len()));
    let each = |(part, pointers): (String, Vec<&str>)| {
        let (pointer, text) = match pointers.as_slice() {
            [pointer] => ((*pointer).to_owned(), "has no description".to_owned()),
            pointers => {
                let parts = pointers.iter().filter_map(|pointer| pointer.strip_prefix(&part)).map(|path| path.trim_start_matches('/'));
                let parts = parts.map(|path| if path.is_empty() { "itself" } else { path }).collect::<Vec<_>>();
                let text = format!("{} descriptions are missing: {}", parts.len(), parts.join(", "));
                (part, text)
            }
        };
        follow_up("undescribed", Some(pointer), text, format!("describe it in {SLICE}, in your own words"))
    };
    parts.into_iter().map(each).collect()
}

fn removed_from_rust(context: &Context) -> Vec<FollowUp> {
    let of_builder = |item: &ItemChange| item.item.starts_with("types::builder::") || item.item.starts_with("impl ");
    let is_renamed =
        |item: &ItemChange| context.renamed.iter().any(|Renamed { component, old, .. }| item.item == format!("types::{component}::{old}"));
    let removed = context.items().filter(|item| item.new.is_none() && !of_builder(item) && !is_renamed(item));
    let each = |item: &ItemChange| {
        let places = places_of(context, item);
        let help = format!("stop using it in {}", listed(&places));
        (!places.is_empty())
            .then(|| follow_up("removed-from-rust", None, format!("`{}` was removed from the generated Rust", item.item), help))
    };
    removed.filter_map(each).collect()
}

/// Where a public item of the generated Rust is used.
pub fn places_of(context: &Context, item: &ItemChange) -> Vec<String> {
    let (owner, name) = item.item.rsplit_once("::").unwrap_or_default();
    let is_field = name.starts_with(|c: char| c.is_ascii_lowercase());
    let model = owner.rsplit("::").next().unwrap_or_default();
    if is_field { context.sources.of_field(model, name) } else { context.sources.of_item(name) }
}

fn model_added(context: &Context) -> Vec<FollowUp> {
    let is_model = |item: &&ItemChange| item.old.is_none() && item.new.as_ref().is_some_and(|new| new.starts_with("struct "));
    let models = context.items().filter(is_model).filter_map(|item| item.item.strip_prefix("types::")).filter(|name| !name.contains(':'));
    let is_compared = |model: &&str| context.sources.text("tests/all/json_schema.rs").contains(model.trim());
    let each = |model: &str| {
        let help = "compare it with its schema in tests/all/json_schema.rs, and see whether src/lib.rs should export it";
        follow_up("model-added", None, format!("`types::{model}` is a new model"), help)
    };
    models.filter(|model| !is_compared(model)).map(each).collect()
}

/// Without an alias or a default, responses of some releases are no longer decoded.
fn extension_removed(context: &Context) -> Vec<FollowUp> {
    let each = |pointer: &String| {
        let text = "this extension was removed, so responses that need it are no longer decoded".to_owned();
        let help = format!("write it in {SLICE} again, or release the next version as a breaking change");
        follow_up("extension-removed", Some(pointer.clone()), text, help)
    };
    context.removed_extensions.iter().map(each).collect()
}

/// The slice was edited after the sync that wrote the version and the changelog entry.
fn version_outdated(context: &Context) -> Vec<FollowUp> {
    let each = |(file, base): (&str, &str)| {
        let help = format!("run `cargo xtask sync --base {base}`, with the same `--from` as before");
        follow_up("version-outdated", None, format!("{file} does not match the changes since {base}"), help)
    };
    context.outdated.map(each).into_iter().collect()
}

/// A removed property of the same object, which may have been renamed to this one.
fn lost_beside<'a>(diff: &'a Diff, added: &Change) -> Option<&'a str> {
    let (object, _) = added.pointer.rsplit_once('/')?;
    let mut lost = diff.changes.iter().filter(|change| change.id.starts_with("response-") && change.id.ends_with("-property-removed"));
    lost.find_map(|change| change.pointer.strip_prefix(object)?.strip_prefix('/'))
}
