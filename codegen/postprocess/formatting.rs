//! Makes the generated file readable: doc comments line by line, and short names for items of the prelude.

use std::collections::BTreeSet;

use quote::ToTokens;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, File, Item, Path, parse_quote};

use super::doc_text;

/// Items of the prelude, by module and name. typify writes full paths.
const PRELUDE: [(&str, &str); 8] = [
    ("option", "Option"),
    ("string", "String"),
    ("vec", "Vec"),
    ("result", "Result"),
    ("default", "Default"),
    ("convert", "From"),
    ("convert", "TryFrom"),
    ("convert", "TryInto"),
];

/// Rewrites a generated file without changing what it means.
pub fn make_readable(file: &mut File) {
    let mut defined = Defined::default();
    defined.visit_file_mut(file);
    let mut readable = Readable { shortened: PRELUDE.into_iter().filter(|(_, name)| !defined.0.contains(*name)).collect() };
    readable.visit_file_mut(file);
}

/// The types that the file defines itself. They would shadow types of the prelude.
#[derive(Default)]
struct Defined(BTreeSet<String>);

impl VisitMut for Defined {
    fn visit_item_mut(&mut self, item: &mut Item) {
        match item {
            Item::Struct(item) => drop(self.0.insert(item.ident.to_string())),
            Item::Enum(item) => drop(self.0.insert(item.ident.to_string())),
            Item::Type(item) => drop(self.0.insert(item.ident.to_string())),
            item => visit_mut::visit_item_mut(self, item),
        }
    }
}

struct Readable {
    shortened: BTreeSet<(&'static str, &'static str)>,
}

impl Readable {
    /// `Option<bool>` for `::std::option::Option<bool>`.
    fn shorten(&self, path: &mut Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>();
        let [first, module, name, ..] = names.as_slice() else { return };
        if path.leading_colon.is_some() && first == "std" && self.shortened.contains(&(module.as_str(), name.as_str())) {
            path.segments = path.segments.iter().skip(2).cloned().collect();
            path.leading_colon = None;
        }
    }

    fn attributes(&self, attributes: &mut Vec<Attribute>) {
        *attributes = std::mem::take(attributes).into_iter().flat_map(doc_lines).collect();
        for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("serde")) {
            if self.shortened.contains(&("option", "Option"))
                && attribute.to_token_stream().to_string().contains("\"::std::option::Option::is_none\"")
            {
                *attribute = parse_quote!(#[serde(skip_serializing_if = "Option::is_none")]);
            }
        }
        // Derives of the standard library come first, in one attribute.
        for attribute in attributes.iter_mut().filter(|attribute| attribute.path().is_ident("derive")) {
            type Paths = syn::punctuated::Punctuated<Path, syn::Token![,]>;
            let Ok(paths) = attribute.parse_args_with(Paths::parse_terminated) else { continue };
            let (serde, mut all): (Vec<Path>, Vec<Path>) = paths.into_iter().partition(|path| path.segments.len() > 1);
            all.extend(serde.into_iter().map(|path| Path { leading_colon: None, ..path }));
            *attribute = parse_quote!(#[derive(#(#all),*)]);
        }
    }
}

impl VisitMut for Readable {
    fn visit_item_mut(&mut self, item: &mut Item) {
        match item {
            Item::Struct(item) => self.attributes(&mut item.attrs),
            Item::Enum(item) => self.attributes(&mut item.attrs),
            Item::Impl(item) => self.attributes(&mut item.attrs),
            Item::Mod(item) => self.attributes(&mut item.attrs),
            Item::Fn(item) => self.attributes(&mut item.attrs),
            Item::Type(item) => self.attributes(&mut item.attrs),
            _ => {}
        }
        visit_mut::visit_item_mut(self, item);
    }

    fn visit_field_mut(&mut self, field: &mut syn::Field) {
        self.attributes(&mut field.attrs);
        visit_mut::visit_field_mut(self, field);
    }

    fn visit_variant_mut(&mut self, variant: &mut syn::Variant) {
        self.attributes(&mut variant.attrs);
        visit_mut::visit_variant_mut(self, variant);
    }

    fn visit_impl_item_fn_mut(&mut self, function: &mut syn::ImplItemFn) {
        self.attributes(&mut function.attrs);
        visit_mut::visit_impl_item_fn_mut(self, function);
    }

    fn visit_path_mut(&mut self, path: &mut Path) {
        visit_mut::visit_path_mut(self, path);
        self.shorten(path);
    }

    /// In `<V as ::std::convert::TryInto<bool>>::Error`, `position` is the number of segments of the trait's path.
    fn visit_type_path_mut(&mut self, ty: &mut syn::TypePath) {
        let before = ty.path.segments.len();
        visit_mut::visit_type_path_mut(self, ty);
        if let Some(qself) = &mut ty.qself {
            qself.position = qself.position.saturating_sub(before - ty.path.segments.len());
        }
    }
}

/// Splits a doc comment into one attribute per line, each with a space after `///`.
fn doc_lines(attribute: Attribute) -> Vec<Attribute> {
    let Some(text) = doc_text(&attribute) else { return vec![attribute] };
    let line = |line: &str| if line.is_empty() || line.starts_with(' ') { line.to_owned() } else { format!(" {line}") };
    text.lines().map(line).map(|line| parse_quote!(#[doc = #line])).collect()
}
