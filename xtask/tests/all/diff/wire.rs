//! Wire verdicts, checked by experiment: the Rust code generated from one document decodes random responses of the other.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::common::changes::pairs;
use crate::common::decoder::{Decoder, Document};
use crate::common::responses::response;
use crate::common::{diff, random, slices, xtask};
use fastrand::Rng;
use serde_json::{Value, json};

/// Random responses for each pair and direction.
const RESPONSES: usize = 200;

/// Two documents whose verdicts are checked.
struct Pair {
    name: String,
    paths: [PathBuf; 2],
    /// Further arguments of the commands.
    more: &'static [&'static str],
    /// Random responses need not contain the worst case, and a random document may be lossy even with its own client.
    is_random: bool,
}

#[test]
#[ignore = "part of the gate: compiles the code of a hundred documents"]
fn random_responses_are_decoded_as_the_verdicts_say() {
    let (_folder, cases) = pairs();
    let mut pairs = Vec::new();
    for pair in cases.iter().filter(|pair| pair.case.experiment && pair.case.is_about_responses()) {
        let paths = [pair.old.clone(), pair.new.clone()];
        pairs.push(Pair { name: pair.case.name.clone(), paths, more: &["--all-operations"], is_random: false });
    }
    assert!(pairs.len() >= 30, "only {} pairs of our own", pairs.len());
    for pair in slices().windows(2) {
        let name = format!("{} to {}", name(&pair[0]), name(&pair[1]));
        pairs.push(Pair { name, paths: [pair[0].clone(), pair[1].clone()], more: &[], is_random: false });
    }
    check_verdicts("wire", &pairs);
}

#[test]
#[ignore = "part of the gate: compiles the code of more than a hundred documents"]
fn verdicts_on_random_changes_of_random_documents_hold() {
    let folder = tempfile::TempDir::new().unwrap();
    let pairs = (0..60).map(|seed| random_pair(folder.path(), seed)).collect::<Vec<_>>();
    let checked = check_verdicts("wire-random", &pairs);
    assert!(checked > 20, "only {checked} pairs are supported");
}

/// Compares the verdicts of all supported pairs with the experiment, and returns the number of supported pairs.
fn check_verdicts(package: &str, pairs: &[Pair]) -> usize {
    let documents = Documents::new(pairs);
    let pairs = pairs.iter().filter(|pair| pair.paths.iter().all(|path| documents.get(path).is_some())).collect::<Vec<_>>();
    let decoder = Decoder::build(package, documents.by_slice.values());
    let wrong = in_parallel(&pairs, |pair| wrong_verdicts(&decoder, &documents, pair)).concat();
    assert!(wrong.is_empty(), "{wrong}");
    pairs.len()
}

fn random_pair(folder: &Path, seed: u64) -> Pair {
    let mut rng = Rng::with_seed(seed);
    let mut document = random::document(&mut rng);
    let paths = ["old", "new"].map(|side| folder.join(format!("random-{seed}-{side}.json")));
    std::fs::write(&paths[0], document.to_string()).unwrap();
    random::change(&mut document, &mut rng);
    std::fs::write(&paths[1], document.to_string()).unwrap();
    Pair { name: format!("random {seed}"), paths, more: &["--all-operations"], is_random: true }
}

/// The documents of pairs by path. Paths with the same slice share a [`Document`], since their Rust code is the same.
struct Documents<'a> {
    slices: BTreeMap<&'a Path, String>,
    by_slice: BTreeMap<String, Document>,
}

impl<'a> Documents<'a> {
    /// Slices every document, and generates its Rust code. Random documents that the generator does not support are left out.
    fn new(pairs: &'a [Pair]) -> Self {
        let sources = pairs.iter().flat_map(|pair| pair.paths.iter().map(move |path| (path.as_path(), pair))).collect::<BTreeMap<_, _>>();
        let sources = sources.into_iter().collect::<Vec<_>>();
        let run = |command: &str, path: &Path, pair: &Pair| xtask(&[&[command, path.to_str().unwrap()], pair.more].concat());
        let slices = in_parallel(&sources, |(path, pair)| run("slice", path, pair).out);
        let unique = slices.iter().zip(&sources).collect::<BTreeMap<_, _>>().into_iter().collect::<Vec<_>>();
        let by_slice = in_parallel(&unique, |(slice, (path, pair))| {
            let expanded = run("expand", path, pair);
            assert!(expanded.code == 0 || pair.is_random, "{}: {}", pair.name, expanded.err);
            (expanded.code == 0).then(|| ((*slice).clone(), Document::new(slice, &expanded.out)))
        });
        Self { by_slice: by_slice.into_iter().flatten().collect(), slices: sources.into_iter().map(|(path, _)| path).zip(slices).collect() }
    }

    fn get(&self, path: &Path) -> Option<&Document> {
        self.by_slice.get(&self.slices[path])
    }
}

/// Runs a function on every item, on as many threads as there are processors. Most of the time is spent waiting for other processes.
fn in_parallel<T: Sync, R: Send>(items: &[T], run: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, Into::into);
    std::thread::scope(|scope| {
        let run = &run;
        let chunks = items.chunks(items.len().div_ceil(threads).max(1));
        let running = chunks.map(|chunk| scope.spawn(move || chunk.iter().map(run).collect::<Vec<_>>())).collect::<Vec<_>>();
        running.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    })
}

/// The verdicts of a pair that the experiment contradicts.
fn wrong_verdicts(decoder: &Decoder, documents: &Documents, Pair { name, paths, more, is_random }: &Pair) -> String {
    let [old, new] = paths;
    let verdicts = &diff(old, new, more)["wire"];
    let mut wrong = String::new();
    for (client, server, verdict) in [(old, new, "old_client_on_new_server"), (new, old, "new_client_on_old_server")] {
        let [client, server] = [client, server].map(|path| documents.get(path).expect("pairs with an unsupported document are left out"));
        let seen = experiment(decoder, client, server);
        let agrees = if *is_random {
            let own = experiment(decoder, client, client).outcome;
            rank(seen.outcome) <= rank(verdicts[verdict].as_str().unwrap()).max(rank(own))
        } else {
            verdicts[verdict] == seen.outcome
        };
        if !agrees {
            let (expected, Seen { outcome, example }) = (&verdicts[verdict], seen);
            let _ = writeln!(wrong, "{name}: {verdict} is {expected}, and the experiment says {outcome}: {example}");
        }
    }
    wrong
}

fn rank(outcome: &str) -> Option<usize> {
    ["compatible", "lossy", "incompatible"].iter().position(|known| *known == outcome)
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

struct Seen {
    outcome: &'static str,
    example: String,
}

/// Decodes random responses of one document with the models of another.
fn experiment(decoder: &Decoder, client: &Document, server: &Document) -> Seen {
    let mut rng = Rng::with_seed(7);
    let responses = (0..RESPONSES).filter_map(|_| response(&server.response, &server.slice, 0, &mut rng)).collect::<Vec<_>>();
    let mut seen = Seen { outcome: "compatible", example: String::new() };
    for (sent, decoded) in responses.iter().zip(decoder.decode(client, &responses)) {
        match decoded {
            Ok(again) if seen.outcome == "compatible" && !keeps(&again, sent, &client.slice) => {
                seen = Seen { outcome: "lossy", example: format!("{sent} became {again}") };
            }
            Ok(_) => {}
            Err(error) => return Seen { outcome: "incompatible", example: format!("{error} in {sent}") },
        }
    }
    seen
}

/// Whether every value that was sent is kept, under its own name or under a name of which it is an alias.
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

/// The aliases of all properties with this name.
fn aliases(slice: &Value, property: &str) -> Vec<Value> {
    let schemas = slice["components"]["schemas"].as_object().unwrap().values();
    schemas.flat_map(|schema| schema["properties"][property]["x-aliases"].as_array().cloned().unwrap_or_default()).collect()
}
