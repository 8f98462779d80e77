//! Prints Rust code in readable form.

use proc_macro2::TokenStream;
use quote::{ToTokens, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Item, Path, TypePath};

/// Shortens paths of the standard library and of `uuid` to the last segment.
struct ShortPaths;

impl ShortPaths {
    /// Removes all but the last of the first `count` segments.
    fn shorten(path: &mut Path, count: usize) -> bool {
        let is_known = path.segments.first().is_some_and(|first| first.ident == "std" || first.ident == "uuid");
        if count > 1 && is_known {
            path.leading_colon = None;
            path.segments = path.segments.iter().skip(count - 1).cloned().collect();
        }
        count > 1 && is_known
    }
}

impl VisitMut for ShortPaths {
    fn visit_path_mut(&mut self, path: &mut Path) {
        Self::shorten(path, path.segments.len());
        visit_mut::visit_path_mut(self, path);
    }

    /// In `<T as std::convert::TryInto<U>>::Error`, only the path of the trait is shortened.
    fn visit_type_path_mut(&mut self, type_path: &mut TypePath) {
        let Some(qself) = &mut type_path.qself else { return self.visit_path_mut(&mut type_path.path) };
        if Self::shorten(&mut type_path.path, qself.position) {
            qself.position = 1;
        }
        self.visit_type_mut(&mut qself.ty);
        visit_mut::visit_path_mut(self, &mut type_path.path);
    }
}

/// An item, formatted.
fn item(tokens: TokenStream) -> Option<String> {
    let mut item: Item = syn::parse2(tokens).ok()?;
    ShortPaths.visit_item_mut(&mut item);
    let file = syn::File { shebang: None, frontmatter: None, attrs: Vec::new(), items: vec![item] };
    Some(prettyplease::unparse(&file))
}

/// A type, or the path of a trait.
pub fn type_text(tokens: &impl ToTokens) -> String {
    let alias = item(quote!(type T = #tokens;));
    let text = alias.as_deref().and_then(|alias| alias.trim_end().strip_prefix("type T = ")?.strip_suffix(';'));
    text.map_or_else(|| tokens.to_token_stream().to_string(), str::to_owned)
}

/// The generics of a struct, an enum or an `impl`.
pub fn generics_text(generics: &syn::Generics) -> String {
    let item = item(quote!(struct T #generics;));
    let text = item.as_deref().and_then(|item| item.trim_end().strip_prefix("struct T")?.strip_suffix(';'));
    text.map_or_else(|| generics.to_token_stream().to_string(), str::to_owned)
}

/// The signature of a function.
pub fn signature_text(signature: &syn::Signature) -> String {
    // Only a method may have `self`, so the function is printed inside an `impl`.
    let item = item(quote!(impl T { #signature {} }));
    let text =
        item.as_deref().and_then(|item| item.trim_end().strip_prefix("impl T {\n")?.trim_end_matches(['}', '\n', ' ']).strip_suffix('{'));
    let Some(text) = text else { return signature.to_token_stream().to_string() };
    let lines = text.lines().map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n").trim_end().trim_end_matches(',').to_owned()
}
