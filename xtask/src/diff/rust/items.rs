//! The public items of generated Rust.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::{Expr, Fields, ImplItem, Item, ItemEnum, ItemImpl, ItemStruct, Stmt, Visibility};

use super::print::{generics_text, signature_text, type_text};

/// Public items by path.
pub type Items = BTreeMap<String, PublicItem>;

/// The part of an item that users see.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicItem {
    pub signature: String,
    pub kind: Kind,
    /// The type that it is a part of.
    pub owner: Option<String>,
    /// Whether it is the setter of a required field of a builder.
    pub must_be_called: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A field of a struct that users can construct, so that adding a field breaks their code.
    Field,
    /// A variant of an enum that is not `#[non_exhaustive]`.
    Variant,
    Other,
}

impl fmt::Display for PublicItem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.signature)?;
        f.write_str(if self.must_be_called { " (must be called)" } else { "" })
    }
}

/// The public items of a generated file.
pub fn public_items(file: &syn::File) -> Items {
    let mut collector = Collector::default();
    collector.collect(&file.items);
    for setter in collector.required {
        if let Some(setter) = collector.items.get_mut(&setter) {
            setter.must_be_called = true;
        }
    }
    // Users cannot name private types, so they cannot use `impl TryFrom<Private> for Public` either.
    let names_private = |path: &str| collector.private.iter().any(|private| path.contains(&format!("<{private}> for ")));
    collector.items.retain(|path, _| !names_private(path));
    collector.items
}

#[derive(Default)]
struct Collector {
    /// The current module, such as `types::builder`.
    module: String,
    items: Items,
    /// Required fields of builders, which are initialized with an error.
    required: BTreeSet<String>,
    /// Names of types that are not public.
    private: BTreeSet<String>,
}

impl Collector {
    fn path(&self, name: &impl fmt::Display) -> String {
        if self.module.is_empty() { name.to_string() } else { format!("{}::{name}", self.module) }
    }

    fn add(&mut self, owner: Option<&str>, path: String, signature: String, kind: Kind) {
        self.items.insert(path, PublicItem { signature, kind, owner: owner.map(str::to_owned), must_be_called: false });
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
                Item::Struct(item) if is_public(&item.vis) => self.structure(item),
                Item::Struct(item) => _ = self.private.insert(item.ident.to_string()),
                Item::Enum(item) if is_public(&item.vis) => self.enumeration(item),
                Item::Type(item) if is_public(&item.vis) => {
                    self.add(None, self.path(&item.ident), format!("type {} = {}", item.ident, type_text(&item.ty)), Kind::Other);
                }
                Item::Fn(item) if is_public(&item.vis) => {
                    self.add(None, self.path(&item.sig.ident), signature_text(&item.sig), Kind::Other);
                }
                Item::Impl(item) => self.implementation(item),
                Item::Macro(item) if item.mac.path.segments.last().is_some_and(|segment| segment.ident == "open_enum") => {
                    self.open_enum(item.mac.tokens.clone());
                }
                _ => {}
            }
        }
    }

    fn structure(&mut self, item: &ItemStruct) {
        let name = self.path(&item.ident);
        self.add(None, name.clone(), format!("struct {}{}", item.ident, generics_text(&item.generics)), Kind::Other);
        // Only this crate can construct a struct that is `#[non_exhaustive]` or has a private field.
        let is_open = item.fields.iter().all(|field| is_public(&field.vis)) && !has(&item.attrs, "non_exhaustive");
        for (index, field) in item.fields.iter().enumerate().filter(|(_, field)| is_public(&field.vis)) {
            let field_name = field.ident.as_ref().map_or_else(|| index.to_string(), ToString::to_string);
            let kind = if is_open { Kind::Field } else { Kind::Other };
            self.add(Some(&name), format!("{name}::{field_name}"), type_text(&field.ty), kind);
        }
        self.derives(&name, &item.attrs);
    }

    fn enumeration(&mut self, item: &ItemEnum) {
        let name = self.path(&item.ident);
        self.add(None, name.clone(), format!("enum {}{}", item.ident, generics_text(&item.generics)), Kind::Other);
        let kind = if has(&item.attrs, "non_exhaustive") { Kind::Other } else { Kind::Variant };
        for variant in &item.variants {
            let fields = match &variant.fields {
                Fields::Unit => String::new(),
                Fields::Unnamed(fields) => fields.unnamed.iter().map(|field| type_text(&field.ty)).collect::<Vec<_>>().join(", "),
                Fields::Named(fields) => {
                    let named =
                        fields.named.iter().filter_map(|field| Some(format!("{}: {}", field.ident.as_ref()?, type_text(&field.ty))));
                    format!("{{ {} }}", named.collect::<Vec<_>>().join(", "))
                }
            };
            self.add(Some(&name), format!("{name}::{}", variant.ident), fields, kind);
        }
        self.derives(&name, &item.attrs);
    }

    fn derives(&mut self, name: &str, attributes: &[syn::Attribute]) {
        for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("derive")) {
            let _ = attribute.parse_nested_meta(|meta| {
                if let Some(derived) = meta.path.segments.last() {
                    self.add(Some(name), format!("impl {} for {name}", derived.ident), String::new(), Kind::Other);
                }
                Ok(())
            });
        }
    }

    fn implementation(&mut self, item: &ItemImpl) {
        let is_foreign = matches!(&*item.self_ty, syn::Type::Path(path) if path.path.leading_colon.is_some());
        let owner = type_text(&item.self_ty);
        let owner = if is_foreign { owner } else { without_super(&self.path(&owner)) };
        let name = owner.split('<').next().unwrap_or_default();
        for function in item.items.iter().filter_map(|item| if let ImplItem::Fn(function) = item { Some(function) } else { None }) {
            self.initial_values(name, &function.block.stmts);
            if item.trait_.is_none() && is_public(&function.vis) {
                self.add(Some(name), format!("{name}::{}", function.sig.ident), signature_text(&function.sig), Kind::Other);
            }
        }
        if let Some((of, _)) = &item.trait_ {
            let of = type_text(of);
            // The crate's own traits are not part of its public interface.
            if !of.starts_with("crate::") {
                self.add(Some(name), format!("impl {of} for {owner}"), generics_text(&item.generics), Kind::Other);
            }
        }
    }

    /// Finds the fields that a constructor such as `Self { search: Ok(None), kind: Err("…") }` initializes with an error.
    fn initial_values(&mut self, owner: &str, statements: &[Stmt]) {
        let [Stmt::Expr(Expr::Struct(literal), None)] = statements else { return };
        for field in &literal.fields {
            let is_error = matches!(&field.expr, Expr::Call(call) if matches!(&*call.func, Expr::Path(path) if path.path.is_ident("Err")));
            if let (true, syn::Member::Named(name)) = (is_error, &field.member) {
                self.required.insert(format!("{owner}::{name}"));
            }
        }
    }

    /// Collects the variants in an invocation of `open_enum!`, which declares a `#[non_exhaustive]` enum.
    fn open_enum(&mut self, tokens: TokenStream) {
        let mut name = String::new();
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => name = self.path(&ident),
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
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

/// `types::Stage` for `types::builder::super::Stage`.
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

fn is_public(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn has(attributes: &[syn::Attribute], name: &str) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident(name))
}
