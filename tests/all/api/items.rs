//! Collects the public items from the sources.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{Group, TokenStream, TokenTree};
use quote::ToTokens;
use syn::punctuated::Punctuated;
use syn::{Attribute, Fields, File, ImplItem, Item, ItemImpl, ItemTrait, Token, TraitItem, Type, UseTree, Visibility};

/// The public items of the generated code, and of the types that `src/` exports.
#[derive(Default)]
pub struct PublicItems {
    pub lines: BTreeSet<String>,
    /// Each type, and whether it can gain a field or variant without breaking its users.
    pub types: BTreeMap<String, bool>,
    /// Implementations of traits: the name of the trait, the name of the type, and the line.
    implementations: BTreeSet<(String, String, String)>,
    traits: BTreeSet<String>,
    /// The names that handwritten modules export; `None` for generated code, whose public items are all exported.
    exported: Option<BTreeSet<String>>,
}

impl PublicItems {
    pub fn of_the_crate() -> Self {
        let mut found = Self::default();
        found.collect("", &parse(Path::new("openapi/flows_bindings_list.rs")).items);
        let modules = public_modules();
        let files = rust_files(Path::new("src")).iter().map(|path| (modules.contains(path), parse(path))).collect::<Vec<_>>();
        // Handwritten code adds methods to generated types.
        let mut exported = found.types.keys().filter_map(|name| name.rsplit("::").next()).map(str::to_owned).collect::<BTreeSet<_>>();
        for (is_public, file) in &files {
            for item in &file.items {
                match item {
                    Item::Use(item) if is_public_item(&item.vis) && !is_only_for_dates(&item.attrs) => names(&item.tree, &mut exported),
                    item if *is_public => exported.extend(public_name(item)),
                    _ => {}
                }
            }
        }
        found.exported = Some(exported);
        for (_, file) in &files {
            found.collect("", &file.items);
        }
        found.lines.extend(parse(Path::new("src/lib.rs")).items.iter().filter_map(root_item));
        let names = found.types.keys().filter_map(|name| name.rsplit("::").next()).map(str::to_owned).collect::<BTreeSet<_>>();
        let implementations = std::mem::take(&mut found.implementations).into_iter();
        let public = implementations.filter(|(of, name, _)| names.contains(name) || found.traits.contains(of));
        found.lines.extend(public.map(|(_, _, line)| line));
        found
    }

    fn is_exported(&self, visibility: &Visibility, attributes: &[Attribute], name: &str) -> bool {
        let is_hidden = attributes.iter().any(|attribute| text(&attribute.meta) == "doc (hidden)");
        is_public_item(visibility) && !is_hidden && self.exported.as_ref().is_none_or(|exported| exported.contains(name))
    }

    fn collect(&mut self, module: &str, items: &[Item]) {
        for item in items {
            match item {
                Item::Mod(inner) if self.exported.is_none() && is_public_item(&inner.vis) => {
                    let items = inner.content.as_ref().map_or(&[][..], |(_, items)| items);
                    self.collect(&format!("{module}{}::", inner.ident), items);
                }
                Item::Struct(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => {
                    let name = format!("{module}{}", item.ident);
                    let is_closed = item.fields.iter().all(|field| is_public_item(&field.vis)) && !is_non_exhaustive(&item.attrs);
                    if item.attrs.iter().any(|attribute| attribute.path().is_ident("must_use")) {
                        self.lines.insert(format!("#[must_use] {name}"));
                    }
                    self.lines.extend(fields(&item.fields).map(|field| format!("{name}.{field}")));
                    self.lines.extend(derives(&item.attrs).map(|derived| format!("impl {derived} for {name}")));
                    self.lines.insert(name.clone());
                    self.types.insert(name, !is_closed);
                }
                Item::Enum(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => {
                    let name = format!("{module}{}", item.ident);
                    for variant in &item.variants {
                        let name = format!("{name}::{}", variant.ident);
                        self.lines.extend(all_fields(&variant.fields).map(|field| format!("{name}.{field}")));
                        self.lines.insert(name);
                    }
                    self.lines.extend(derives(&item.attrs).map(|derived| format!("impl {derived} for {name}")));
                    self.types.insert(name, is_non_exhaustive(&item.attrs));
                }
                Item::Fn(item) if self.is_exported(&item.vis, &item.attrs, &item.sig.ident.to_string()) => {
                    self.lines.insert(format!("{module}{}", text(&item.sig)));
                }
                Item::Trait(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => self.declaration(module, item),
                Item::Type(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => {
                    self.lines.insert(format!("type {module}{} {} = {}", item.ident, text(&item.generics), text(&item.ty)));
                }
                Item::Const(item) if self.is_exported(&item.vis, &item.attrs, &item.ident.to_string()) => {
                    self.lines.insert(format!("const {module}{}: {}", item.ident, text(&item.ty)));
                }
                Item::Impl(item) => self.implementation(module, item),
                Item::Macro(item) if item.mac.path.segments.last().is_some_and(|name| name.ident == "open_enum") => {
                    let name = item.mac.tokens.clone().into_iter().next().expect("the name of an enum");
                    self.collect(module, &open_enum(&name).items);
                }
                _ => {}
            }
        }
    }

    /// A trait with its methods and associated items.
    fn declaration(&mut self, module: &str, item: &ItemTrait) {
        let name = item.ident.to_string();
        self.lines.insert(format!("trait {module}{name}"));
        for item in &item.items {
            let declared = match item {
                TraitItem::Fn(function) => text(&function.sig),
                TraitItem::Type(associated) => format!("type {}", associated.ident),
                other => text(other),
            };
            self.lines.insert(format!("{module}{name}: {declared}"));
        }
        self.traits.insert(name);
    }

    fn implementation(&mut self, module: &str, item: &ItemImpl) {
        let Type::Path(path) = &*item.self_ty else { return };
        let (of, name) = (text(&item.self_ty), path.path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default());
        if let Some((implemented, _)) = &item.trait_ {
            let (parameters, _, bounds) = item.generics.split_for_impl();
            let line = format!("impl{} {} for {module}{of} {}", text(&parameters), text(implemented), text(&bounds));
            let of = implemented.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
            self.implementations.insert((of, name, line.trim_end().to_owned()));
            return;
        }
        for item in &item.items {
            let (visibility, attributes, declared) = match item {
                ImplItem::Fn(function) => (&function.vis, &function.attrs, text(&function.sig)),
                ImplItem::Const(constant) => (&constant.vis, &constant.attrs, format!("const {}: {}", constant.ident, text(&constant.ty))),
                _ => continue,
            };
            if self.is_exported(visibility, attributes, &name) {
                self.lines.insert(format!("{module}{of}: {declared}"));
            }
        }
    }
}

/// The items that `open_enum!` generates for an enum, without the parts that repeat for each value.
fn open_enum(name: &TokenTree) -> File {
    fn fill(tokens: TokenStream, name: &TokenTree) -> TokenStream {
        let mut filled = Vec::new();
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match &token {
                TokenTree::Punct(dollar) if dollar.as_char() == '$' => match tokens.next() {
                    // `$(…),*` or `$(…)*`
                    Some(TokenTree::Group(_)) => while tokens.next().is_some_and(|token| token.to_string() != "*") {},
                    Some(TokenTree::Ident(variable)) if variable == "name" => filled.push(name.clone()),
                    Some(other) => filled.push(other),
                    None => {}
                },
                TokenTree::Group(group) => {
                    filled.push(TokenTree::Group(Group::new(group.delimiter(), fill(group.stream(), name))));
                }
                _ => filled.push(token),
            }
        }
        filled.into_iter().collect()
    }
    let enums = parse(Path::new("src/enums.rs"));
    let definition = enums.items.iter().find_map(|item| match item {
        Item::Macro(item) if item.ident.as_ref().is_some_and(|name| name == "open_enum") => Some(item.mac.tokens.clone()),
        _ => None,
    });
    // `(pattern) => { body };`
    let body = definition.into_iter().flatten().filter_map(|token| match token {
        TokenTree::Group(group) => Some(group.stream()),
        _ => None,
    });
    syn::parse2(fill(body.last().expect("the body of `open_enum!`"), name)).expect("items")
}

/// The files of the modules that `src/lib.rs` declares as `pub`.
fn public_modules() -> BTreeSet<PathBuf> {
    let modules = parse(Path::new("src/lib.rs")).items.into_iter().filter_map(|item| match item {
        Item::Mod(item) if is_public_item(&item.vis) => Some(item.ident),
        _ => None,
    });
    modules.flat_map(|name| [format!("src/{name}.rs"), format!("src/{name}/mod.rs")]).map(PathBuf::from).collect()
}

/// The line of an item of `src/lib.rs` that is a public module, or a crate that is re-exported as a whole.
fn root_item(item: &Item) -> Option<String> {
    match item {
        Item::Mod(item) if is_public_item(&item.vis) => Some(format!("mod {}", item.ident)),
        Item::Use(item) if is_public_item(&item.vis) && matches!(item.tree, UseTree::Name(_)) => Some(format!("use {}", text(&item.tree))),
        _ => None,
    }
}

/// The name of a public item that a module declares itself.
fn public_name(item: &Item) -> Option<String> {
    let (visibility, name) = match item {
        Item::Struct(item) => (&item.vis, &item.ident),
        Item::Enum(item) => (&item.vis, &item.ident),
        Item::Trait(item) => (&item.vis, &item.ident),
        Item::Fn(item) => (&item.vis, &item.sig.ident),
        Item::Type(item) => (&item.vis, &item.ident),
        Item::Const(item) => (&item.vis, &item.ident),
        _ => return None,
    };
    is_public_item(visibility).then(|| name.to_string())
}

fn is_public_item(visibility: &Visibility) -> bool {
    matches!(visibility, Visibility::Public(_))
}

fn is_non_exhaustive(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| attribute.path().is_ident("non_exhaustive"))
}

fn derives(attributes: &[Attribute]) -> impl Iterator<Item = String> {
    let derives = attributes.iter().filter(|attribute| attribute.path().is_ident("derive"));
    let traits = derives.flat_map(|attribute| attribute.parse_args_with(Punctuated::<syn::Path, Token![,]>::parse_terminated).unwrap());
    traits.map(|name| text(&name))
}

fn fields(fields: &Fields) -> impl Iterator<Item = String> {
    fields.iter().zip(all_fields(fields)).filter(|(field, _)| is_public_item(&field.vis)).map(|(_, line)| line)
}

/// Each field with its type; the fields of variants are as public as the enum.
fn all_fields(fields: &Fields) -> impl Iterator<Item = String> {
    let named = fields.iter().enumerate();
    named.map(|(index, field)| format!("{}: {}", field.ident.as_ref().map_or(index.to_string(), ToString::to_string), text(&field.ty)))
}

fn text(tokens: &impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

/// The names that a `pub use` exports.
fn names(tree: &UseTree, found: &mut BTreeSet<String>) {
    match tree {
        UseTree::Path(path) => names(&path.tree, found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| names(tree, found)),
        UseTree::Name(name) => _ = found.insert(name.ident.to_string()),
        // The models, which are generated.
        UseTree::Glob(_) => {}
        UseTree::Rename(_) => panic!("export items under their own names"),
    }
}

fn parse(path: &Path) -> File {
    syn::parse_file(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// Whether an item is compiled only if the specification has dates. This crate's specification has none.
fn is_only_for_dates(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| text(&attribute.meta) == "cfg (model = \"DateTime\")")
}
