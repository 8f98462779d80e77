//! No two handwritten modules depend on each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use quote::ToTokens;
use syn::visit::Visit;

/// A module as its path below the root of the crate: `["pagination", "walk"]`.
type Module = Vec<String>;

/// The modules that each module depends on.
type Dependencies = BTreeMap<Module, BTreeSet<Module>>;

#[test]
fn no_two_modules_depend_on_each_other() {
    for (folder, root) in [("../src", &[][..]), ("../codegen", &["codegen"]), ("src", &[])] {
        let root = root.iter().map(ToString::to_string).collect::<Module>();
        let dependencies = dependencies(Path::new(folder), &root);
        assert!(dependencies.len() > 10, "{folder}");
        let cycles = cycles(between_siblings(&dependencies));
        assert!(cycles.is_empty(), "in {folder}, these modules depend on each other:\n{}", cycles.join("\n"));
    }
}

#[test]
fn a_cycle_is_found() {
    let module = |name: &str| vec![name.to_owned()];
    let depends = |on: &[&str]| on.iter().map(|name| module(name)).collect::<BTreeSet<_>>();
    let dependencies =
        Dependencies::from([(module("a"), depends(&["b", "d"])), (module("b"), depends(&["c"])), (module("c"), depends(&["b"]))]);
    assert_eq!(cycles(dependencies), ["b -> c", "c -> b"]);
    // A cycle through a folder: `a` uses `b`, whose submodule uses `a`.
    let dependencies = Dependencies::from([
        (module("a"), depends(&["b"])),
        (module("b"), BTreeSet::new()),
        (vec!["b".to_owned(), "inner".to_owned()], depends(&["a"])),
    ]);
    assert_eq!(cycles(between_siblings(&dependencies)), ["a -> b", "b -> a"]);
}

/// Attributes each dependency to the ancestors at which the two paths first differ. A module and its own submodules may use each other.
fn between_siblings(dependencies: &Dependencies) -> Dependencies {
    let mut siblings = Dependencies::new();
    for (module, on) in dependencies {
        for other in on {
            let common = module.iter().zip(other).take_while(|(a, b)| a == b).count();
            if let (Some(from), Some(to)) = (module.get(..=common), other.get(..=common)) {
                siblings.entry(from.to_vec()).or_default().insert(to.to_vec());
            }
        }
    }
    siblings
}

fn dependencies(folder: &Path, root: &Module) -> Dependencies {
    let mut files = BTreeMap::new();
    read(folder, root, &mut files);
    let dependencies = files.iter().map(|(module, text)| {
        let mut paths = Paths { module, found: Vec::new() };
        paths.visit_file(&syn::parse_file(text).unwrap());
        let targets =
            paths.found.iter().filter_map(|path| (0..=path.len()).rev().map(|end| &path[..end]).find(|path| files.contains_key(*path)));
        let others = targets.filter(|target| !target.is_empty()).map(<[_]>::to_vec);
        (module.clone(), others.collect())
    });
    dependencies.collect()
}

/// The text of each module below a folder.
fn read(folder: &Path, module: &Module, files: &mut BTreeMap<Module, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let nested = [module.clone(), vec![name.clone()]].concat();
        if path.is_dir() {
            read(&path, &nested, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let module = if ["lib", "main", "mod"].contains(&name.as_str()) { module.clone() } else { nested };
            files.insert(module, std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Collects the paths in a module that begin with `crate`, `self` or `super`.
struct Paths<'a> {
    module: &'a Module,
    found: Vec<Module>,
}

impl Paths<'_> {
    fn add(&mut self, path: &[String]) {
        let mut base = match path[0].as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.module.clone(),
            _ => return,
        };
        let ups = path.iter().take_while(|part| *part == "super").count();
        base.truncate(self.module.len().saturating_sub(ups));
        base.extend_from_slice(&path[ups.max(1)..]);
        self.found.push(base);
    }

    fn add_tree(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.add_tree(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.add(&with(&name.ident)),
            syn::UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            syn::UseTree::Glob(_) => self.add(prefix),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.add_tree(tree, prefix)),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.add(&path.segments.iter().map(|segment| segment.ident.to_string()).collect::<Vec<_>>());
        syn::visit::visit_path(self, path);
    }

    /// Unit tests within a file may depend on anything, and their `super` is the file itself.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_test = item.attrs.iter().any(|attribute| attribute.to_token_stream().to_string().contains("cfg (test)"));
        if !is_test {
            syn::visit::visit_item_mod(self, item);
        }
    }
}

/// The dependencies that remain when modules that nothing depends on, or that depend on nothing, are removed repeatedly.
fn cycles(mut dependencies: Dependencies) -> Vec<String> {
    loop {
        let used = dependencies.values().flatten().cloned().collect::<BTreeSet<_>>();
        let before = dependencies.len();
        dependencies.retain(|module, on| used.contains(module) && !on.is_empty());
        let left = dependencies.keys().cloned().collect::<BTreeSet<_>>();
        for on in dependencies.values_mut() {
            on.retain(|module| left.contains(module));
        }
        if dependencies.len() == before {
            break;
        }
    }
    let lines =
        dependencies.iter().flat_map(|(module, on)| on.iter().map(move |other| format!("{} -> {}", module.join("::"), other.join("::"))));
    lines.collect()
}
