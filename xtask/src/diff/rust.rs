//! Public items of generated Rust, and what a change of them means for semver.

use std::collections::BTreeMap;
use std::fmt;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use serde::Serialize;
use syn::{Fields, ImplItem, Item, Visibility};

/// The part of a version that a change moves, <https://doc.rust-lang.org/cargo/reference/semver.html>. Ordered from small to large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// No public item changed.
    Patch,
    /// Public items came, and code that compiled still does.
    Minor,
    /// Code that compiled may no longer do.
    Major,
}

impl fmt::Display for Bump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        })
    }
}

/// A change of a public item.
#[derive(Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ItemChange {
    /// Path of the item in the crate, such as `types::FlowSet::background`.
    pub item: String,
    /// What the change is for semver.
    pub bump: Bump,
    /// The item as it was; none for a new one.
    pub old: Option<String>,
    /// The item as it is; none for one that is gone.
    pub new: Option<String>,
}

/// Public items by path.
pub type Items = BTreeMap<String, PublicItem>;

/// What of an item its users see.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicItem {
    signature: String,
    kind: Kind,
    /// The type that it is a part of: with a type come its parts, and with it they go.
    owner: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A field of a struct that users can put together: one more breaks them.
    Field,
    /// A variant of an enum that is not `#[non_exhaustive]`.
    Variant,
    Other,
}

/// The public items of a generated file.
pub fn public_items(file: &syn::File) -> Items {
    let mut collector = Collector::default();
    collector.collect(&file.items);
    collector.items
}

#[derive(Default)]
struct Collector {
    /// The module that is looked at, such as `types::builder`.
    module: String,
    items: Items,
}

impl Collector {
    fn path(&self, name: &impl fmt::Display) -> String {
        if self.module.is_empty() { name.to_string() } else { format!("{}::{name}", self.module) }
    }

    fn add(&mut self, owner: Option<&str>, path: String, signature: String, kind: Kind) {
        self.items.insert(path, PublicItem { signature, kind, owner: owner.map(str::to_owned) });
    }

    fn collect(&mut self, list: &[Item]) {
        for item in list {
            match item {
                Item::Mod(inner) if is_public(&inner.vis) => {
                    let path = self.path(&inner.ident);
                    let outer = std::mem::replace(&mut self.module, path);
                    self.collect(inner.content.as_ref().map_or(&[], |(_, list)| list));
                    self.module = outer;
                }
                item => self.item(item),
            }
        }
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Struct(item) if is_public(&item.vis) => {
                let name = self.path(&item.ident);
                self.add(None, name.clone(), format!("struct {}{}", item.ident, text(&item.generics)), Kind::Other);
                // With a private field only the crate can put it together.
                let open = item.fields.iter().all(|field| is_public(&field.vis)) && !has(&item.attrs, "non_exhaustive");
                for (index, field) in item.fields.iter().enumerate().filter(|(_, field)| is_public(&field.vis)) {
                    let field_name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
                    let kind = if open { Kind::Field } else { Kind::Other };
                    self.add(Some(&name), format!("{name}::{field_name}"), text(&field.ty), kind);
                }
                for derived in derives(&item.attrs) {
                    self.add(Some(&name), format!("impl {derived} for {name}"), String::new(), Kind::Other);
                }
            }
            Item::Enum(item) if is_public(&item.vis) => {
                let name = self.path(&item.ident);
                self.add(None, name.clone(), format!("enum {}{}", item.ident, text(&item.generics)), Kind::Other);
                let kind = if has(&item.attrs, "non_exhaustive") { Kind::Other } else { Kind::Variant };
                for variant in &item.variants {
                    let fields = match &variant.fields {
                        Fields::Unit => String::new(),
                        fields => text(fields),
                    };
                    self.add(Some(&name), format!("{name}::{}", variant.ident), fields, kind);
                }
                for derived in derives(&item.attrs) {
                    self.add(Some(&name), format!("impl {derived} for {name}"), String::new(), Kind::Other);
                }
            }
            Item::Type(item) if is_public(&item.vis) => {
                self.add(None, self.path(&item.ident), format!("type {} = {}", item.ident, text(&item.ty)), Kind::Other);
            }
            Item::Fn(item) if is_public(&item.vis) => self.add(None, self.path(&item.sig.ident), text(&item.sig), Kind::Other),
            Item::Impl(item) => {
                let of_another_crate = matches!(&*item.self_ty, syn::Type::Path(path) if path.path.leading_colon.is_some());
                let owner = text(&item.self_ty);
                let owner = if of_another_crate { owner } else { without_super(&self.path(&owner)) };
                let name = owner.split('<').next().unwrap_or_default();
                if let Some((of, _)) = &item.trait_ {
                    let of = text(of);
                    // What only the crate sees of itself is nobody's business.
                    if !of.starts_with("crate::") {
                        self.add(Some(name), format!("impl {of} for {owner}"), text(&item.generics), Kind::Other);
                    }
                    return;
                }
                for function in &item.items {
                    if let ImplItem::Fn(function) = function
                        && is_public(&function.vis)
                    {
                        self.add(Some(name), format!("{name}::{}", function.sig.ident), text(&function.sig), Kind::Other);
                    }
                }
            }
            Item::Macro(item) if item.mac.path.segments.last().is_some_and(|segment| segment.ident == "open_enum") => {
                self.open_enum(item.mac.tokens.clone());
            }
            _ => {}
        }
    }

    /// The variants in a call of `open_enum!`, which declares a `#[non_exhaustive]` enum.
    fn open_enum(&mut self, tokens: TokenStream) {
        let mut name = String::new();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => name = self.path(&ident),
                TokenTree::Group(group) if group.delimiter() == proc_macro2::Delimiter::Brace => {
                    self.add(None, name.clone(), "open enum".into(), Kind::Other);
                    let mut last = None;
                    for token in group.stream() {
                        match (token, &last) {
                            (TokenTree::Ident(ident), _) => last = Some(ident),
                            (TokenTree::Literal(value), Some(variant)) => {
                                self.add(Some(&name), format!("{name}::{variant}"), value.to_string(), Kind::Other);
                                last = None;
                            }
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }
}

/// `types::builder::super::Stage` as `types::Stage`.
fn without_super(path: &str) -> String {
    let mut steps: Vec<&str> = Vec::new();
    for step in path.split("::") {
        if step == "super" {
            steps.pop();
        } else {
            steps.push(step);
        }
    }
    steps.join("::")
}

/// Compares the public items of two generated files. A type that came or went stands for all its parts.
pub fn compare(old: &Items, new: &Items) -> Vec<ItemChange> {
    let mut changes = Vec::new();
    let alone = |item: &PublicItem, others: &Items| {
        let owner = item.owner.as_ref().filter(|owner| old.contains_key(*owner) || new.contains_key(*owner));
        owner.is_none_or(|owner| others.contains_key(owner))
    };
    for (item, before) in old {
        match new.get(item) {
            Some(after) if after == before => {}
            None if !alone(before, new) => {}
            after => changes.push(change(item, Bump::Major, Some(before), after)),
        }
    }
    for (item, after) in new.iter().filter(|(item, after)| !old.contains_key(*item) && alone(after, old)) {
        let breaks = matches!(after.kind, Kind::Field | Kind::Variant);
        changes.push(change(item, if breaks { Bump::Major } else { Bump::Minor }, None, Some(after)));
    }
    changes.sort_by(|a, b| (b.bump, &a.item).cmp(&(a.bump, &b.item)));
    changes
}

fn change(item: &str, bump: Bump, old: Option<&PublicItem>, new: Option<&PublicItem>) -> ItemChange {
    let signature = |item: &PublicItem| item.signature.clone();
    ItemChange { item: item.to_owned(), bump, old: old.map(signature), new: new.map(signature) }
}

/// The largest change among the items that belong to something.
pub fn bump_of(items: &[ItemChange], touches: &[String]) -> Bump {
    items.iter().filter(|change| belongs(change, touches)).map(|change| change.bump).max().unwrap_or(Bump::Patch)
}

/// Whether an item is one of those whose paths begin like this.
pub fn belongs(change: &ItemChange, touches: &[String]) -> bool {
    // A name that Rust has for itself is written `r#type` or `type_`; and a part `B` of `A` is `AB` or `Ab`.
    let item = change.item.replace("r#", "").to_lowercase();
    let item = item.trim_end_matches('_');
    let begins =
        |touched: &String| item.strip_prefix(&touched.to_lowercase()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    touches.iter().any(begins)
}

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn has(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}

fn derives(attributes: &[syn::Attribute]) -> Vec<String> {
    let mut names = Vec::new();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
        let _ = attribute.parse_nested_meta(|meta| {
            names.extend(meta.path.segments.last().map(|segment| segment.ident.to_string()));
            Ok(())
        });
    }
    names
}

/// Rust as a person writes it, more or less, with the names of the standard library shortened.
fn text(tokens: &impl ToTokens) -> String {
    let mut text = tokens.to_token_stream().to_string().replace(" :: ", "::").replace(":: ", "::");
    for path in ["::std::convert::", "::std::fmt::", "::std::ops::", "::std::option::", "::std::string::", "::std::vec::", "::uuid::"] {
        text = text.replace(path, "");
    }
    for (spaced, tight) in [
        (" <", "<"),
        ("< ", "<"),
        (" >", ">"),
        (" ,", ","),
        ("& ", "&"),
        (" (", "("),
        ("( ", "("),
        (" )", ")"),
        (" :", ": "),
        (":  ", ": "),
    ] {
        text = text.replace(spaced, tight);
    }
    text.trim().trim_end_matches(',').to_owned()
}
