//! Notices: follow-ups that a maintainer should check once after a sync.

use semver::Version;
use serde_json::Value;

use super::context::{Context, Kind, follow_up, property};
use crate::annotations::listing::RemovedEntry;
use crate::annotations::{AssumedDefault, DroppedAlias, Renamed};
use crate::codegen::pointer::walk;
use crate::codegen::reviewed::{REVIEWED, SLICE};
use crate::diff::rust::ItemChange;
use crate::diff::{Change, Compatibility};
use crate::document::sole_reference;
use crate::report::{FollowUp, sides};

use super::tasks::{is_sent_always, listed, places_of};

pub const ALL: &[Kind] = &[
    release_order,
    listing_shortened,
    alias_dropped,
    default_assumed,
    description_to_check,
    incompatible_with_old_servers,
    descriptions_orphaned,
    without_key,
    name_taken,
    type_changed,
    rust_to_review,
];

/// Warns about older releases and pre-releases: a crate generated from an older release would look newer than it is.
fn release_order(context: &Context) -> Vec<FollowUp> {
    let new = context.new["info"]["version"].as_str().unwrap_or_default();
    let parsed = [context.base, new].map(|release| Version::parse(release).ok());
    let mut found = Vec::new();
    if let [Some(before), Some(after)] = &parsed
        && after < before
    {
        let text = format!("authentik {new} is older than {}, which this crate was generated from", context.base);
        found.push(follow_up("older-release", None, text, "check the source; if it is intended, explain it in the changelog"));
    }
    if parsed[1].as_ref().is_some_and(|after| !after.pre.is_empty()) {
        let text = format!("authentik {new} is a pre-release");
        let help = "sync again after the final release. If this version of the crate has been published by then, pass its tag as `--base`: \
                      registries ignore everything after the `+`, so the final release needs a different version number";
        found.push(follow_up("pre-release", None, text, help));
    }
    found
}

fn listing_shortened(context: &Context) -> Vec<FollowUp> {
    let each = |entry: &RemovedEntry| {
        let text = format!("`x-listing` no longer has {}, because upstream removed its parameter or property", entry.what);
        let help = "read in the docs of `pagination` what a listing guarantees without it, and look for a replacement";
        follow_up("listing-shortened", Some(entry.pointer.clone()), text, help)
    };
    context.removed_entries.iter().map(each).collect()
}

fn alias_dropped(context: &Context) -> Vec<FollowUp> {
    let each = |DroppedAlias { component, property: name, alias }: &DroppedAlias| {
        let text = format!(
            "`{alias}` is no longer an alias of `{component}.{name}`, because upstream has a property of that name with another type"
        );
        let help = format!("if servers of supported releases send only `{alias}`, give `{name}` an `x-default-when-absent` in {SLICE}");
        follow_up("alias-dropped", Some(property(component, name)), text, help)
    };
    context.dropped_aliases.iter().map(each).collect()
}

fn default_assumed(context: &Context) -> Vec<FollowUp> {
    let each = |AssumedDefault { component, property: name, default }: &AssumedDefault| {
        let text = format!("servers of {} need not send `{component}.{name}`; the client then assumes `{default}`", context.base);
        let help = format!("check that this is right; if not, change `x-default-when-absent` in {SLICE}");
        follow_up("default-assumed", Some(property(component, name)), text, help)
    };
    context.assumed_defaults.iter().map(each).collect()
}

/// Descriptions that may no longer be true: descriptions of renamed items, and descriptions that name a release next to a
/// change.
fn description_to_check(context: &Context) -> Vec<FollowUp> {
    let renamed =
        context.renamed.iter().map(|Renamed { component, new, old }| (property(component, new), format!("of the former `{old}`")));
    let mut found = renamed.collect::<Vec<_>>();
    for change in context.changes() {
        walk("#", context.new, &mut |pointer, node| {
            let text = node.get("description").and_then(Value::as_str);
            if text.is_some_and(names_a_release) && concerns(change, pointer, node) {
                found.push((pointer.to_owned(), "that names a release".to_owned()));
            }
        });
    }
    let each = |(pointer, of): (String, String)| {
        let help = format!("read the description in {SLICE}, and correct what is no longer true");
        follow_up("description-to-check", Some(pointer), format!("a description {of}, next to something that changed"), help)
    };
    found.into_iter().map(each).collect()
}

/// Whether a change affects the subject of a description: the node, a part of it, or the component that it refers to.
fn concerns(change: &Change, pointer: &str, node: &Value) -> bool {
    let is_in = |outer: &str| change.pointer.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let is_schema = pointer.contains("/schemas/") || pointer.contains("/parameters/");
    is_schema && (is_in(pointer) || sole_reference(node).is_some_and(is_in))
}

/// Whether a text contains a release such as 2025.12.
fn names_a_release(text: &str) -> bool {
    text.match_indices('.').any(|(dot, _)| {
        let year = text[..dot].len().checked_sub(4).and_then(|start| text.get(start..dot));
        year.is_some_and(|year| year.starts_with("20") && year.bytes().all(|byte| byte.is_ascii_digit()))
            && text[dot + 1..].starts_with(|c: char| c.is_ascii_digit())
    })
}

fn incompatible_with_old_servers(context: &Context) -> Vec<FollowUp> {
    let Some(diff) = context.diff else { return Vec::new() };
    let (old, new) = sides(diff);
    let each = |change: &Change| {
        let text = format!("clients of {new} fail on servers of {old}: {}", change.text);
        let help = "no extension in the slice can solve this: tell users in the changelog entry, or support both in src/";
        follow_up("incompatible-with-old-servers", Some(change.pointer.clone()), text, help)
    };
    let changes = context.changes().filter(|change| change.wire.new_client_on_old_server == Compatibility::Incompatible);
    changes.filter(|change| !is_sent_always(change)).map(each).collect()
}

fn descriptions_orphaned(context: &Context) -> Vec<FollowUp> {
    let each = |pointer: &String| {
        let help = "check whether it belongs elsewhere; the old text is in the git history";
        follow_up("description-orphaned", None, format!("the subject of a description no longer exists: {pointer}"), help)
    };
    context.orphaned.iter().map(each).collect()
}

/// A list operation without a key has no `paginate()`.
fn without_key(context: &Context) -> Vec<FollowUp> {
    let each = |pointer: &String| {
        let text = "nothing identifies a row, so the operation has no `paginate()`".to_owned();
        let help = "if one or more properties identify a row, declare them in `x-listing: key:`; otherwise, read pages with `send()`";
        follow_up("without-key", Some(pointer.clone()), text, help)
    };
    context.generated.without_key.iter().map(each).collect()
}

fn name_taken(context: &Context) -> Vec<FollowUp> {
    let each = |(pointer, name): &(String, String)| {
        let text = format!("the enum is called `{name}`, because another type has its usual name");
        follow_up("name-taken", Some(pointer.clone()), text, "use this name; it stays the same as long as that type exists")
    };
    context.generated.renamed.iter().map(each).collect()
}

/// Fields whose type changed, and that handwritten Rust uses.
fn type_changed(context: &Context) -> Vec<FollowUp> {
    let is_field = |item: &&ItemChange| {
        let field = item.item.strip_prefix("types::").filter(|path| !path.starts_with("builder::")).and_then(|path| path.split_once("::"));
        field.is_some_and(|(_, name)| name.starts_with(|c: char| c.is_ascii_lowercase()))
    };
    let each = |item: &ItemChange| {
        let (old, new) = (item.old.as_deref()?, item.new.as_deref()?);
        let places = places_of(context, item);
        let text = format!("`{}` is now `{new}`; it was `{old}`", item.item);
        (!places.is_empty()).then(|| follow_up("type-changed", None, text, format!("check its use in {}", listed(&places))))
    };
    context.items().filter(is_field).filter_map(each).collect()
}

fn rust_to_review(context: &Context) -> Vec<FollowUp> {
    let help = format!(
        "run `UPDATE_DOCS=1 cargo test --all-features --test all compatibility::`, read `git diff`, {REVIEWED} above all, then run `cargo xtask check`"
    );
    let text = "the generated Rust and the compatibility table changed".to_owned();
    context.diff.map(|_| follow_up("rust-to-review", None, text, help)).into_iter().collect()
}
