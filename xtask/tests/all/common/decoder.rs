//! A program that decodes responses with the models generated from documents, each document in a module of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use heck::ToPascalCase;
use quote::ToTokens;
use serde_json::Value;

/// A document: its slice, and the Rust code of its models.
pub struct Document {
    pub slice: Value,
    /// The schema of the success response.
    pub response: Value,
    rust: Rust,
}

/// The code that is compiled for a document. Documents with the same models have equal code.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Rust {
    /// The type of the response.
    root: String,
    types: String,
}

impl Document {
    /// Creates a document from a slice and the code generated from it.
    pub fn new(slice: &str, code: &str) -> Self {
        let slice: Value = serde_yaml::from_str(slice).unwrap();
        let operation = slice["paths"].as_object().unwrap().values().next().unwrap()["get"].clone();
        let responses = operation["responses"].as_object().unwrap();
        let success = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1;
        let response = success["content"]["application/json"]["schema"].clone();
        let own = format!("{}Response", operation["operationId"].as_str().unwrap().to_pascal_case());
        let root = rust_type(&response, &own);
        Self { slice, response, rust: Rust { root, types: models(code) } }
    }
}

/// The Rust type of a response. progenitor names an inline schema of a response after its operation.
fn rust_type(schema: &Value, own: &str) -> String {
    match (schema["$ref"].as_str(), schema.get("items")) {
        (Some(reference), _) => format!("types::{}", reference.rsplit('/').next().unwrap()),
        (None, Some(items)) => format!("Vec<{}>", rust_type(items, &format!("{own}Item"))),
        (None, None) => format!("types::{own}"),
    }
}

/// The models of generated code without their builders, which decode nothing and take most of the compile time.
fn models(code: &str) -> String {
    let is_of_builder = |item: &syn::Item| match item {
        syn::Item::Mod(module) => module.ident == "builder",
        syn::Item::Impl(item) => item.to_token_stream().to_string().contains("builder ::"),
        _ => false,
    };
    let types = syn::parse_file(code).unwrap().items.into_iter().find_map(|item| match item {
        syn::Item::Mod(module) if module.ident == "types" => module.content,
        _ => None,
    });
    let items = types.unwrap().1.into_iter().filter(|item| !is_of_builder(item));
    items.map(|item| item.to_token_stream().to_string() + "\n").collect()
}

/// The compiled program.
pub struct Decoder<'a> {
    program: PathBuf,
    /// The module of each document.
    modules: BTreeMap<&'a Rust, String>,
}

impl<'a> Decoder<'a> {
    /// Compiles a package with this name.
    pub fn build(package: &str, documents: impl Iterator<Item = &'a Document>) -> Self {
        let unique = documents.map(|document| &document.rust).collect::<BTreeSet<_>>();
        let modules = (0..).zip(unique).map(|(index, rust)| (rust, format!("document_{index}"))).collect::<BTreeMap<_, _>>();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(package);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        // Only files that changed are written, so that cargo does not compile the same code again.
        for (file, text) in [("src/main.rs", program(&modules).as_str()), ("Cargo.toml", MANIFEST)] {
            let path = folder.join(file);
            if std::fs::read_to_string(&path).is_ok_and(|before| before == text) {
                continue;
            }
            std::fs::write(path, text).unwrap();
        }
        if !folder.join("Cargo.lock").exists() {
            std::fs::copy("../Cargo.lock", folder.join("Cargo.lock")).unwrap();
        }
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        // The dependencies of the library were already downloaded to build this test, so cargo can work offline.
        command.args(["build", "--quiet", "--offline"]).current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Self { program: folder.join("target/debug/wire"), modules }
    }

    /// Decodes responses with the models of a document, and encodes them again.
    pub fn decode(&self, client: &Document, responses: &[Value]) -> Vec<Result<Value, String>> {
        let module = &self.modules[&client.rust];
        let requests = responses.iter().fold(String::new(), |requests, response| requests + module + " " + &response.to_string() + "\n");
        let mut process = Command::new(&self.program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = process.stdin.take().unwrap();
        let writer = std::thread::spawn(move || stdin.write_all(requests.as_bytes()).unwrap());
        let read = String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap();
        writer.join().unwrap();
        let decoded = read.lines().map(|line| match line.split_once(' ').unwrap() {
            ("read", encoded) => Ok(serde_json::from_str(encoded).unwrap()),
            (_, error) => Err(error.to_owned()),
        });
        let decoded = decoded.collect::<Vec<_>>();
        assert_eq!(decoded.len(), responses.len());
        decoded
    }
}

const MANIFEST: &str = "[package]
name = \"wire\"
version = \"0.0.0\"
edition = \"2024\"

[workspace]

[dependencies]
serde = { version = \"1\", features = [\"derive\"] }
serde_json = \"1\"
uuid = { version = \"1\", features = [\"serde\"] }

[profile.dev]
debug = false
incremental = false
";

fn program(documents: &BTreeMap<&Rust, String>) -> String {
    let source = std::fs::canonicalize("../src").unwrap();
    let source = source.display();
    let mut modules = String::new();
    let mut arms = String::new();
    for (Rust { root, types }, module) in documents {
        let types = types.replace("crate :: types ::", &format!("crate :: {module} :: types ::"));
        let _ = writeln!(modules, "mod {module} {{ pub mod types {{\n{types}}}\npub type Root = {root}; }}");
        let _ = writeln!(arms, "            {module:?} => reencode::<{module}::Root>(response),");
    }
    format!(
        "#![allow(warnings)]
#[path = \"{source}/enums.rs\"]
mod enums;
#[path = \"{source}/date_time.rs\"]
mod date_time;
pub use date_time::DateTime;
#[path = \"{source}/signed_link.rs\"]
mod signed_link;
pub use signed_link::SignedLink;
mod compat {{
    #[path = \"{source}/compat/lenient_integer.rs\"]
    mod lenient_integer;
    pub(crate) use lenient_integer::lenient_integer;
}}
{modules}
fn reencode<T: serde::de::DeserializeOwned + serde::Serialize>(response: &str) -> String {{
    match serde_json::from_str::<T>(response) {{
        Ok(value) => format!(\"read {{}}\", serde_json::to_string(&value).unwrap()),
        Err(error) => format!(\"error {{error}}\"),
    }}
}}
fn main() {{
    for line in std::io::stdin().lines() {{
        let line = line.unwrap();
        let (module, response) = line.split_once(' ').unwrap();
        println!(\"{{}}\", match module {{
{arms}            _ => panic!(),
        }});
    }}
}}
"
    )
}
