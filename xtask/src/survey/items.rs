//! The items of the generated Rust that belong to one operation.

use std::collections::BTreeSet;

use serde_json::Value;
use syn::{File, ImplItem, Item, Type};

/// The items of an operation.
pub struct Items {
    /// The required parameters, each with a value.
    pub required: Vec<(String, Value)>,
    /// The names of its models and builders.
    pub names: BTreeSet<String>,
    /// The builders that have `paginate()`.
    paginated: BTreeSet<String>,
}

impl Items {
    pub fn of(file: &File, required: Vec<(String, Value)>) -> Self {
        let mut items = Self { required, names: BTreeSet::new(), paginated: BTreeSet::new() };
        for item in file.items.iter().filter_map(|item| if let Item::Mod(module) = item { module.content.as_ref() } else { None }) {
            item.1.iter().for_each(|item| items.add(item));
        }
        items
    }

    /// Whether the operation can be listed completely.
    pub fn paginates(&self, operation: &str) -> bool {
        let wanted = operation.replace('_', "");
        self.paginated.iter().any(|name| name.eq_ignore_ascii_case(&wanted))
    }

    fn add(&mut self, item: &Item) {
        match item {
            Item::Struct(item) => drop(self.names.insert(item.ident.to_string())),
            Item::Enum(item) => drop(self.names.insert(item.ident.to_string())),
            Item::Static(item) => drop(self.names.insert(item.ident.to_string())),
            Item::Impl(item) => {
                let paginates = |item: &ImplItem| matches!(item, ImplItem::Fn(function) if function.sig.ident == "paginate");
                if let (Type::Path(path), true) = (&*item.self_ty, item.items.iter().any(paginates)) {
                    self.paginated.extend(path.path.segments.last().map(|segment| segment.ident.to_string()));
                }
            }
            _ => {}
        }
    }
}
