//! What a sync leaves for a maintainer: one function for each kind of follow-up.

use semver::Version;
use serde_json::Value;
use toml_edit::DocumentMut;

use crate::annotations::listing::Unlisted;
use crate::annotations::{Bridged, Renamed};
use crate::codegen::{Generated, SLICE};
use crate::diff::rust::ItemChange;
use crate::diff::{Change, Compatibility, Diff};
use crate::document::step;
use crate::project::UPSTREAM;
use crate::report::{Fix, FollowUp, sides};

/// What follow-ups are computed from.
pub struct Context<'a> {
    /// The release before.
    pub base: &'a str,
    pub diff: Option<&'a Diff>,
    pub generated: &'a Generated,
    pub renamed: &'a [Renamed],
    pub bridged: &'a [Bridged],
    pub unlisted: &'a [Unlisted],
    /// Descriptions of ours whose place is gone.
    pub orphaned: &'a [String],
    /// The text of `openapi/upstream.toml` after the sync.
    pub upstream: &'a str,
    /// The slice after the sync.
    pub new: &'a Value,
}

type Kind = fn(&Context) -> Vec<FollowUp>;

/// Every kind, in the order in which a maintainer should see to them.
const KINDS: &[Kind] = &[
    release_order,
    digest_not_pinned,
    listing_shortened,
    property_renamed,
    default_assumed,
    incompatible_with_old_servers,
    enum_value_added,
    descriptions_orphaned,
    fixup_not_needed,
    crate_missing,
    undescribed,
    gone_from_rust,
    model_added,
    rust_to_review,
];

/// Everything that is left to do, each once.
pub fn follow_ups(context: &Context) -> Vec<FollowUp> {
    let mut all = Vec::new();
    for follow_up in KINDS.iter().flat_map(|kind| kind(context)) {
        if !all.contains(&follow_up) {
            all.push(follow_up);
        }
    }
    all
}

fn follow_up(id: &'static str, pointer: Option<String>, text: String, remedy: impl Into<String>) -> FollowUp {
    FollowUp { id, pointer, text, remedy: remedy.into(), fix: None }
}

/// Releases of authentik are dates, and a crate with an older one looks newer than it is.
fn release_order(context: &Context) -> Vec<FollowUp> {
    let new = context.new["info"]["version"].as_str().unwrap_or_default();
    let parsed = [context.base, new].map(|release| Version::parse(release).ok());
    let mut found = Vec::new();
    if let [Some(before), Some(after)] = &parsed
        && after < before
    {
        let text = format!("authentik {new} is older than {}, which this crate was generated from", context.base);
        found.push(follow_up("older-release", None, text, "check the source; if it is meant, say in the changelog why"));
    }
    if parsed[1].as_ref().is_some_and(|after| !after.pre.is_empty()) {
        let text = format!("authentik {new} is a pre-release");
        let remedy = "sync again when the final release is out. If a crate of this version is published by then, the sync must count from it: \
                      registries ignore what follows the `+`, so the final release needs another version number";
        found.push(follow_up("pre-release", None, text, remedy));
    }
    found
}

fn digest_not_pinned(context: &Context) -> Vec<FollowUp> {
    let is_pinned =
        context.upstream.parse::<DocumentMut>().is_ok_and(|upstream| upstream["sha256"].as_str().is_some_and(|sha256| !sha256.is_empty()));
    let text = format!("`sha256` in {UPSTREAM} is empty, so nothing says which document the slice was made from");
    let remedy = "run `cargo xtask sync` once upstream has published the release; `cargo xtask release` needs it";
    (!is_pinned).then(|| follow_up("digest-not-pinned", None, text, remedy)).into_iter().collect()
}

fn listing_shortened(context: &Context) -> Vec<FollowUp> {
    let each = |unlisted: &Unlisted| {
        let text = format!("`x-listing` no longer has {}, because what it names is gone", unlisted.what);
        let remedy = "read in the docs of `pagination` what a listing then promises, and look for what has taken its place";
        follow_up("listing-shortened", Some(unlisted.pointer.clone()), text, remedy)
    };
    context.unlisted.iter().map(each).collect()
}

fn property_renamed(context: &Context) -> Vec<FollowUp> {
    let each = |Renamed { component, old, new }: &Renamed| {
        let text = format!("`{component}.{old}` is now `{new}`, in Rust too; responses with either name are read");
        let remedy = format!("check that its description still holds, and rename it where src/, examples/ and tests/ use `{old}`");
        follow_up("property-renamed", Some(property(component, new)), text, remedy)
    };
    context.renamed.iter().map(each).collect()
}

fn default_assumed(context: &Context) -> Vec<FollowUp> {
    let each = |Bridged { component, property: name, default }: &Bridged| {
        let text = format!("servers of {} need not send `{component}.{name}`; the client then assumes `{default}`", context.base);
        let remedy = format!("check that this is right; if not, change `x-default-when-absent` in {SLICE}");
        follow_up("default-assumed", Some(property(component, name)), text, remedy)
    };
    context.bridged.iter().map(each).collect()
}

fn incompatible_with_old_servers(context: &Context) -> Vec<FollowUp> {
    let Some(diff) = context.diff else { return Vec::new() };
    let (old, new) = sides(diff);
    let each = |change: &Change| {
        let text = format!("clients of {new} fail on servers of {old}: {}", change.text);
        let is_sent_always = ["response-required-property-added", "response-property-became-required"].contains(&change.id.as_str());
        if !is_sent_always {
            let remedy = "nothing in the slice can bridge this: tell users in the changelog entry, or support both in src/";
            return follow_up("incompatible-with-old-servers", Some(change.pointer.clone()), text, remedy);
        }
        let lost = lost_beside(diff, change);
        let alias =
            lost.map_or_else(String::new, |name| format!("if this is `{name}` under another name, add it to `x-aliases`; otherwise, "));
        let remedy = format!(
            "{alias}if a value can stand for what is not sent, write it in {SLICE} as `x-default-when-absent`. Then run `cargo xtask sync` \
             with `--base` and the revision of the last release, which corrects the changelog"
        );
        FollowUp {
            fix: lost.map(|name| fix(&change.pointer, "x-aliases", serde_json::json!([name]))),
            ..follow_up("incompatible-with-old-servers", Some(change.pointer.clone()), text, remedy)
        }
    };
    diff.changes.iter().filter(|change| change.wire.new_client_on_old_server == Compatibility::Incompatible).map(each).collect()
}

fn enum_value_added(context: &Context) -> Vec<FollowUp> {
    let each = |change: &Change| {
        let remedy = format!(
            "give it a label and a description in {SLICE}, in `x-enum-labels` and `x-enum-descriptions`, and see whether src/flows.rs \
             should handle it"
        );
        follow_up("enum-value-added", Some(change.pointer.clone()), change.text.clone(), remedy)
    };
    let changes = context.diff.into_iter().flat_map(|diff| &diff.changes);
    changes.filter(|change| change.id == "response-property-enum-value-added").map(each).collect()
}

fn descriptions_orphaned(context: &Context) -> Vec<FollowUp> {
    let each = |place: &String| {
        let remedy = "see whether it belongs elsewhere; the old text is in git";
        follow_up("description-orphaned", None, format!("what a description described is gone: {place}"), remedy)
    };
    context.orphaned.iter().map(each).collect()
}

fn fixup_not_needed(context: &Context) -> Vec<FollowUp> {
    let each = |fixup: &&str| {
        let text = format!("the fixup `{fixup}` is no longer needed, and stops the build");
        follow_up("fixup-not-needed", None, text, "remove it from codegen/passes/fixups.rs, and see what in src/ relied on it")
    };
    context.generated.stale_fixups.iter().map(each).collect()
}

fn crate_missing(context: &Context) -> Vec<FollowUp> {
    let code = context.generated.code();
    let needed = [("chrono", "dates"), ("regress", "patterns of parameters")];
    let each = |(name, what): (&str, &str)| {
        let text = format!("the generated Rust needs the crate `{name}` for {what}");
        follow_up("crate-missing", None, text, "add it to Cargo.toml, or write a fixup that does without")
    };
    needed.into_iter().filter(|(name, _)| code.contains(&format!("::{name}::"))).map(each).collect()
}

fn undescribed(context: &Context) -> Vec<FollowUp> {
    let each = |pointer: &String| {
        let text = "has no description".to_owned();
        follow_up("undescribed", Some(pointer.clone()), text, format!("describe it in {SLICE}, in your own words"))
    };
    // The texts of a new enum value are asked for once, with the value.
    let is_asked_for = |pointer: &&String| {
        let owner = pointer.split("/x-enum-").next().unwrap_or_default();
        enum_value_added(context).iter().any(|value| value.pointer.as_deref().is_some_and(|at| at.starts_with(owner)))
            && pointer.contains("/x-enum-")
    };
    context.generated.undescribed.iter().filter(|pointer| !is_asked_for(pointer)).map(each).collect()
}

fn gone_from_rust(context: &Context) -> Vec<FollowUp> {
    let of_builder = |item: &ItemChange| item.item.starts_with("types::builder::") || item.item.starts_with("impl ");
    let is_renamed =
        |item: &ItemChange| context.renamed.iter().any(|Renamed { component, old, .. }| item.item == format!("types::{component}::{old}"));
    let items = context.diff.into_iter().flat_map(|diff| &diff.rust.items);
    let gone = items.filter(|item| item.new.is_none() && !of_builder(item) && !is_renamed(item));
    let each = |item: &ItemChange| {
        let text = format!("`{}` is gone from Rust", item.item);
        follow_up("gone-from-rust", None, text, "see where src/, examples/ and tests/ use it")
    };
    gone.map(each).collect()
}

fn model_added(context: &Context) -> Vec<FollowUp> {
    let is_model = |item: &&ItemChange| item.old.is_none() && item.new.as_ref().is_some_and(|new| new.starts_with("struct "));
    let items = context.diff.into_iter().flat_map(|diff| &diff.rust.items);
    let models = items.filter(is_model).filter_map(|item| item.item.strip_prefix("types::")).filter(|name| !name.contains(':'));
    let each = |model: &str| {
        let remedy = "compare it with its schema in tests/schema.rs, and see whether src/lib.rs should export it";
        follow_up("model-added", None, format!("`types::{model}` is a new model"), remedy)
    };
    models.map(each).collect()
}

fn rust_to_review(context: &Context) -> Vec<FollowUp> {
    let remedy = "run `INSTA_UPDATE=always UPDATE_DOCS=1 cargo test --all-features --test generator --test compatibility`, read `git diff`, \
                  then run `cargo xtask check`";
    let text = "the generated Rust and the table of releases are to be reviewed".to_owned();
    context.diff.map(|_| follow_up("rust-to-review", None, text, remedy)).into_iter().collect()
}

/// A property that is no longer sent, in the object in which another is sent now.
fn lost_beside<'a>(diff: &'a Diff, added: &Change) -> Option<&'a str> {
    let (object, _) = added.pointer.rsplit_once('/')?;
    let mut lost = diff.changes.iter().filter(|change| change.id.starts_with("response-") && change.id.ends_with("-property-removed"));
    lost.find_map(|change| change.pointer.strip_prefix(object)?.strip_prefix('/'))
}

fn fix(pointer: &str, keyword: &str, value: Value) -> Fix {
    Fix { file: SLICE.into(), pointer: pointer.into(), keyword: keyword.into(), value }
}

fn property(component: &str, name: &str) -> String {
    step(&step(&step("#/components/schemas", component), "properties"), name)
}
