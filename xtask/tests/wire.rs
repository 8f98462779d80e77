//! Wire verdicts, checked by experiment: the Rust generated from one document decodes random responses of the other.
//!
//! The Rust of every document is compiled here as a module of one program, which reads responses from standard input.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use common::changes::pairs;
use common::{diff, output, random, slices};
use fastrand::Rng;
use heck::ToPascalCase;
use serde_json::{Map, Value, json};

/// Random responses for each pair and direction.
const ANSWERS: usize = 200;

#[test]
fn random_responses_are_decoded_as_the_verdicts_say() {
    let (_folder, cases) = pairs();
    let mut pairs = Vec::new();
    for pair in cases.iter().filter(|pair| pair.case.experiment && pair.case.is_about_answers()) {
        pairs.push((pair.case.name.clone(), [pair.old.clone(), pair.new.clone()], &["--all-operations"][..]));
    }
    let own = pairs.len();
    for pair in slices().windows(2) {
        pairs.push((format!("{} to {}", name(&pair[0]), name(&pair[1])), [pair[0].clone(), pair[1].clone()], &[][..]));
    }
    assert!(own >= 30, "only {own} pairs of our own");
    let chosen = pairs.len();
    let folder = tempfile::TempDir::new().unwrap();
    pairs.extend(random_pairs(folder.path()));
    assert!(pairs.len() - chosen > 20, "only {} random pairs", pairs.len() - chosen);

    let mut documents = BTreeMap::new();
    for (_, paths, more) in &pairs {
        for path in paths {
            documents.entry(path.clone()).or_insert_with(|| Document::new(path, more));
        }
    }
    let program = build(&documents);

    let mut wrong = String::new();
    for (index, (name, [old, new], more)) in pairs.iter().enumerate() {
        let verdicts = &diff(old, new, more)["wire"];
        for (client, server, verdict) in [(old, new, "old_client_on_new_server"), (new, old, "new_client_on_old_server")] {
            let seen = experiment(&program, &documents[client], &documents[server]);
            // Random responses need not contain the worst that can happen, and random documents may be lossy with their own client.
            let agrees = if index < chosen {
                verdicts[verdict] == seen.outcome
            } else {
                let own = experiment(&program, &documents[client], &documents[client]).outcome;
                rank(seen.outcome) <= rank(verdicts[verdict].as_str().unwrap()).max(rank(own))
            };
            if !agrees {
                let _ = writeln!(
                    wrong,
                    "{name}: {verdict} is {}, and the experiment says {}: {}",
                    verdicts[verdict], seen.outcome, seen.example
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn rank(outcome: &str) -> Option<usize> {
    ["compatible", "lossy", "incompatible"].iter().position(|known| *known == outcome)
}

/// Pairs of random documents that the generator supports.
fn random_pairs(folder: &Path) -> Vec<(String, [PathBuf; 2], &'static [&'static str])> {
    let mut pairs = Vec::new();
    for seed in 0..60 {
        let mut rng = Rng::with_seed(seed);
        let mut document = random::document(&mut rng);
        let [old, new] = ["old", "new"].map(|side| folder.join(format!("random-{seed}-{side}.json")));
        std::fs::write(&old, document.to_string()).unwrap();
        random::change(&mut document, &mut rng);
        std::fs::write(&new, document.to_string()).unwrap();
        let more = &["--all-operations"][..];
        if diff(&old, &new, more)["rust"]["not_compared"].is_null() {
            pairs.push((format!("random {seed}"), [old, new], more));
        }
    }
    pairs
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

/// A document: its slice, and the Rust of its models.
struct Document {
    slice: Value,
    /// The schema of the response.
    answer: Value,
    /// Its type.
    root: String,
    module: String,
    types: String,
}

impl Document {
    fn new(path: &Path, more: &[&str]) -> Self {
        let source = path.to_str().unwrap();
        let slice: Value = serde_yaml::from_str(&output(&[&["slice", source], more].concat())).unwrap();
        let code = output(&[&["expand", source], more].concat());
        let types = code.split_once("\npub mod types {").unwrap().1.split_once("\n}\n").unwrap().0.to_owned();
        let operation = slice["paths"].as_object().unwrap().values().next().unwrap()["get"].clone();
        let responses = operation["responses"].as_object().unwrap();
        let success = responses.iter().find(|(status, _)| status.starts_with('2')).unwrap().1;
        let answer = success["content"]["application/json"]["schema"].clone();
        let module = format!("document_{}", name(path).replace(|letter: char| !letter.is_alphanumeric(), "_"));
        let own = format!("{}Response", operation["operationId"].as_str().unwrap().to_pascal_case());
        let root = rust_type(&answer, &own, &module);
        Self { slice, answer, root, module, types }
    }
}

/// The Rust type of a response. progenitor names a schema inside an operation.
fn rust_type(schema: &Value, own: &str, module: &str) -> String {
    match (schema["$ref"].as_str(), schema.get("items")) {
        (Some(reference), _) => format!("{module}::types::{}", reference.rsplit('/').next().unwrap()),
        (None, Some(items)) => format!("Vec<{}>", rust_type(items, &format!("{own}Item"), module)),
        (None, None) => format!("{module}::types::{own}"),
    }
}

/// Compiles one program that decodes responses with the models of every document.
fn build(documents: &BTreeMap<PathBuf, Document>) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("wire");
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let source = std::fs::canonicalize("../src").unwrap();
    let mut main = String::from("#![allow(warnings)]\n");
    let _ = writeln!(main, "#[path = \"{}/enums.rs\"]\nmod enums;", source.display());
    let _ = writeln!(main, "#[path = \"{}/signed_link.rs\"]\nmod signed_link;\nuse signed_link::SignedLink;", source.display());
    let _ = writeln!(
        main,
        "mod compat {{ #[path = \"{}/compat/lenient_integer.rs\"] mod lenient_integer; pub(crate) use lenient_integer::lenient_integer; }}",
        source.display()
    );
    let mut arms = String::new();
    for Document { module, types, root, .. } in documents.values() {
        let types = types.replace("crate::types::", &format!("crate::{module}::types::"));
        let _ = writeln!(main, "mod {module} {{ pub mod types {{{types}\n}} }}");
        let _ = writeln!(arms, "        {module:?} => again::<{root}>(answer),");
    }
    let _ = write!(
        main,
        "fn again<T: serde::de::DeserializeOwned + serde::Serialize>(answer: &str) -> String {{
    match serde_json::from_str::<T>(answer) {{
        Ok(value) => format!(\"read {{}}\", serde_json::to_string(&value).unwrap()),
        Err(error) => format!(\"error {{error}}\"),
    }}
}}
fn main() {{
    for line in std::io::stdin().lines() {{
        let line = line.unwrap();
        let (module, answer) = line.split_once(' ').unwrap();
        println!(\"{{}}\", match module {{\n{arms}        _ => panic!(),\n        }});
    }}
}}\n"
    );
    let manifest = "[package]\nname = \"wire\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n[dependencies]\nserde = { version = \"1\", \
                    features = [\"derive\"] }\nserde_json = \"1\"\nthiserror = \"2\"\nuuid = { version = \"1\", features = [\"serde\"] }\n\
                    [profile.dev]\ndebug = false\n";
    // Only what changed is written, so that nothing is compiled twice.
    for (file, text) in [("src/main.rs", main.as_str()), ("Cargo.toml", manifest)] {
        let path = folder.join(file);
        if std::fs::read_to_string(&path).is_ok_and(|before| before == text) {
            continue;
        }
        std::fs::write(path, text).unwrap();
    }
    if !folder.join("Cargo.lock").exists() {
        std::fs::copy("../Cargo.lock", folder.join("Cargo.lock")).unwrap();
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    // The library's crates were downloaded to build this test.
    command.args(["build", "--quiet", "--offline"]).current_dir(&folder).env("CARGO_TARGET_DIR", folder.join("target"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    folder.join("target/debug/wire")
}

struct Seen {
    outcome: &'static str,
    example: String,
}

/// Decodes random responses of one document with the models of another.
fn experiment(program: &Path, client: &Document, server: &Document) -> Seen {
    let mut rng = Rng::with_seed(7);
    let answers: Vec<Value> = (0..ANSWERS).filter_map(|_| random(&server.answer, &server.slice, 0, &mut rng)).collect();
    let requests = answers.iter().fold(String::new(), |requests, answer| requests + &client.module + " " + &answer.to_string() + "\n");
    let mut process = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(requests.as_bytes()).unwrap());
    let read = String::from_utf8(process.wait_with_output().unwrap().stdout).unwrap();
    writer.join().unwrap();
    assert_eq!(read.lines().count(), answers.len());

    let mut seen = Seen { outcome: "compatible", example: String::new() };
    for (sent, line) in answers.iter().zip(read.lines()) {
        match line.split_once(' ').unwrap() {
            ("read", again) => {
                let again = serde_json::from_str(again).unwrap();
                if seen.outcome == "compatible" && !keeps(&again, sent, &client.slice) {
                    seen = Seen { outcome: "lossy", example: format!("{sent} became {again}") };
                }
            }
            (_, error) => return Seen { outcome: "incompatible", example: format!("{error} in {sent}") },
        }
    }
    seen
}

/// Whether every value that was sent is kept, under its name or under one that has it as an alias.
fn keeps(again: &Value, sent: &Value, client: &Value) -> bool {
    match (again, sent) {
        (Value::Object(again), Value::Object(sent)) => sent.iter().all(|(key, value)| {
            let found = again
                .get(key)
                .or_else(|| again.iter().find(|(other, _)| aliases(client, other).contains(&json!(key))).map(|(_, value)| value));
            let nothing = value.is_null() || value == &json!([]) || value == &json!({});
            found.map_or(nothing, |found| keeps(found, value, client))
        }),
        (Value::Array(again), Value::Array(sent)) => {
            again.len() == sent.len() && again.iter().zip(sent).all(|(again, sent)| keeps(again, sent, client))
        }
        (Value::Number(again), Value::Number(sent)) => again.as_f64() == sent.as_f64(),
        (again, sent) => again == sent,
    }
}

/// The other names of any property with this name.
fn aliases(slice: &Value, property: &str) -> Vec<Value> {
    let schemas = slice["components"]["schemas"].as_object().unwrap().values();
    schemas.flat_map(|schema| schema["properties"][property]["x-aliases"].as_array().cloned().unwrap_or_default()).collect()
}

/// How many references a random response follows. A schema without smaller values has none here.
const DEEPEST: usize = 7;

/// A random value that a schema allows.
fn random(schema: &Value, slice: &Value, depth: usize, rng: &mut Rng) -> Option<Value> {
    if depth > DEEPEST {
        return None;
    }
    if let Some(reference) = schema["$ref"].as_str() {
        return random(slice.pointer(&reference[1..]).unwrap(), slice, depth + 1, rng);
    }
    let inside = |schema: &Value, rng: &mut Rng| random(schema, slice, depth, rng);
    if schema["nullable"] == true && rng.u8(..4) == 0 {
        return Some(Value::Null);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let mut all = parts.iter().map(|part| inside(part, rng)).collect::<Option<Vec<_>>>()?;
        if all.len() == 1 {
            return all.pop();
        }
        let objects = all.into_iter().map(|part| part.as_object().cloned()).collect::<Option<Vec<_>>>()?;
        return Some(objects.into_iter().flatten().collect());
    }
    for union in ["oneOf", "anyOf"] {
        if let Some(parts) = schema[union].as_array() {
            return inside(&parts[rng.usize(..parts.len())], rng);
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        return Some(values[rng.usize(..values.len())].clone());
    }
    Some(match schema["type"].as_str() {
        Some("string") => match schema["format"].as_str() {
            Some("uuid") => json!(uuid(rng)),
            _ => json!((0..rng.usize(1..5)).map(|_| rng.lowercase()).collect::<String>()),
        },
        Some("integer") => {
            // Up to 2^53 a float keeps a whole number; serde_json reads the longest of them one off.
            const EXACT: i64 = 1 << 48;
            let widest = if schema["format"] == "int32" { (i32::MIN.into(), i32::MAX.into()) } else { (-EXACT, EXACT) };
            let (low, high) = (schema["minimum"].as_i64().unwrap_or(widest.0), schema["maximum"].as_i64().unwrap_or(widest.1));
            json!(rng.i64(low..=high))
        }
        // Eighths are exact in decimal too, and more digits than these are not read back as they were written by every parser.
        Some("number") if schema["format"] == "float" => json!(f64::from(rng.u16(..)) / 8.0),
        Some("number") => json!(f64::from(rng.u32(..)) / 8.0),
        Some("boolean") => json!(rng.bool()),
        Some("array") => (0..rng.usize(..3)).map_while(|_| inside(&schema["items"], rng)).collect(),
        _ => return object(schema, slice, depth, rng),
    })
}

fn object(schema: &Value, slice: &Value, depth: usize, rng: &mut Rng) -> Option<Value> {
    let mut object = Map::new();
    // What servers really send, whatever the schema says: page counters are whole numbers.
    let counts = schema["properties"].get("total_pages").is_some();
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let required = schema["required"].as_array().is_some_and(|names| names.contains(&json!(name)));
        if required || rng.bool() {
            let counter = counts && ["number", "integer"].contains(&property["type"].as_str().unwrap_or_default());
            let value = if counter { Some(json!(rng.u16(..))) } else { random(property, slice, depth, rng) };
            match value {
                Some(value) => _ = object.insert(name.clone(), value),
                None if required => return None,
                None => {}
            }
        }
    }
    if schema["additionalProperties"].is_object() {
        let any = schema["additionalProperties"].as_object().unwrap().is_empty();
        for index in 0..rng.usize(..3) {
            let value = if any { Some(json!([1, "a"])) } else { random(&schema["additionalProperties"], slice, depth, rng) };
            object.extend(value.map(|value| (format!("other{index}"), value)));
        }
    }
    Some(object.into())
}

fn uuid(rng: &mut Rng) -> String {
    let hex = format!("{:032x}", rng.u128(..));
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
