//! `cargo xtask check` runs the gate, as `.ci/run` does.

use std::borrow::Cow;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};
use toml_edit::DocumentMut;

use crate::programs::{cargo, has_toolchain, installed, run_command};
use crate::{links, msrv, packaged};

/// One step of the gate.
#[derive(Clone)]
pub struct Step {
    pub name: &'static str,
    pub task: Task,
}

/// What a step does.
#[derive(Clone)]
pub enum Task {
    /// A cargo command.
    Cargo(Cow<'static, str>),
    /// A cargo command with an environment variable.
    CargoWith(Cow<'static, str>, (&'static str, &'static str)),
    /// A cargo command run with another toolchain; skipped if that toolchain is not installed.
    Toolchain(String, Cow<'static, str>),
    /// A function, which prints what it runs and returns whether it passed.
    Check(fn(&Path) -> Result<bool>),
    /// Checks that every dependency supports this Rust version.
    OldestRust(String),
    /// A step that cannot run on this machine, and why.
    Skipped(String),
}

impl Step {
    pub const fn cargo(name: &'static str, arguments: &'static str) -> Self {
        Self { name, task: Task::Cargo(Cow::Borrowed(arguments)) }
    }
}

/// Tests of the client, its listings and its build modes, without the generator and the optional features.
const MINIMAL_TESTS: &str = "test --no-default-features --features rustls --locked --test all -- client:: listing:: build_modes::";
const BROWSER_TESTS: &str = "test --all-features --locked --test all -- --ignored browser";
/// Tests that compile crates that no other test needs.
const COMPILING_TESTS: &str = "test --package xtask --locked --test all -- --ignored survey:: diff::wire";

/// Every step, quick ones first.
fn steps(manifest: &DocumentMut) -> Vec<Step> {
    let mut steps = vec![
        Step::cargo("format", "fmt --all --check"),
        Step::cargo("lints", "clippy --workspace --all-targets --all-features --locked -- -D warnings"),
    ];
    steps.extend(feature_sets(manifest).into_iter().map(|features| {
        let arguments = format!("clippy --no-default-features --features={features} --locked -- -D warnings");
        Step { name: "lints of a feature set", task: Task::Cargo(arguments.into()) }
    }));
    let docs = "doc --workspace --all-features --no-deps --locked".into();
    let minimum = manifest["workspace"]["package"]["rust-version"].as_str().unwrap_or_default();
    let browser = if installed("chromium") {
        Task::Cargo(BROWSER_TESTS.into())
    } else {
        Task::Skipped("the program `chromium` is not installed".into())
    };
    let docs_rs = if has_toolchain("nightly") {
        Task::Check(packaged::document)
    } else {
        Task::Skipped("nightly Rust is not installed: `rustup toolchain install nightly`".into())
    };
    steps.extend([
        Step { name: "oldest Rust, declared", task: Task::OldestRust(minimum.into()) },
        Step { name: "docs", task: Task::CargoWith(docs, ("RUSTDOCFLAGS", "-D warnings")) },
        Step { name: "links in documents", task: Task::Check(links::check) },
        // Property tests try more cases here than in a manual run.
        Step { name: "tests", task: Task::CargoWith("test --workspace --all-features --locked".into(), ("PROPTEST_CASES", "400")) },
        Step::cargo("tests that compile crates", COMPILING_TESTS),
        Step::cargo("tests of a small build", MINIMAL_TESTS),
        Step::cargo("example", "run --example list_bindings --locked -- --format csv"),
        Step { name: "page in a browser", task: browser },
        Step { name: "oldest Rust, compiled", task: Task::Toolchain(minimum.into(), "check --workspace --all-features --locked".into()) },
        Step { name: "package", task: Task::Check(packaged::check) },
        Step { name: "docs as on docs.rs", task: docs_rs },
    ]);
    steps
}

/// Runs the whole gate. Returns whether it passed.
pub fn run(root: &Path) -> Result<bool> {
    let manifest = std::fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml: cannot be read")?;
    run_steps(root, &steps(&manifest.parse().context("Cargo.toml: invalid TOML")?))
}

/// Features that affect only generated code.
const GENERATED: [&str; 2] = ["generate", "schemars"];

/// Every combination of the features that handwritten code depends on, and each other feature alone.
fn feature_sets(manifest: &DocumentMut) -> Vec<String> {
    let features = manifest.get("features").and_then(|features| features.as_table()).into_iter().flat_map(|features| features.iter());
    let features = features.map(|(name, _)| name).filter(|name| *name != "default");
    let (alone, switches) = features.partition::<Vec<_>, _>(|feature| GENERATED.contains(feature));
    let subset = |set: usize| switches.iter().enumerate().filter(move |(bit, _)| set >> bit & 1 == 1).map(|(_, feature)| *feature);
    let subsets = (0..1 << switches.len()).map(|set| subset(set).collect::<Vec<_>>().join(","));
    subsets.chain(alone.iter().map(ToString::to_string)).collect()
}

/// Runs the steps up to the first one that fails, then prints a line with the time of each.
pub fn run_steps(root: &Path, steps: &[Step]) -> Result<bool> {
    let mut lines = Vec::new();
    for Step { name, task } in steps {
        let started = Instant::now();
        println!("--- {name}");
        let outcome = perform(root, task).with_context(|| format!("the step `{name}` cannot be run"))?;
        let seconds = started.elapsed().as_secs_f64();
        lines.push(match &outcome {
            Outcome::Passed => format!("passed  {name:24} {seconds:6.1} s"),
            Outcome::Skipped(why) => format!("SKIPPED {name:24} {why}"),
            Outcome::Failed => format!("FAILED  {name:24} {seconds:6.1} s"),
        });
        if matches!(outcome, Outcome::Failed) {
            println!("\n{}", lines.join("\n"));
            return Ok(false);
        }
    }
    println!("\n{}", lines.join("\n"));
    match lines.iter().filter(|line| line.starts_with("SKIPPED")).count() {
        0 => {}
        skipped => println!("\nSKIPPED: {skipped} of {} steps need tools that this machine does not have", steps.len()),
    }
    Ok(true)
}

enum Outcome {
    Passed,
    Failed,
    Skipped(String),
}

fn perform(root: &Path, task: &Task) -> Result<Outcome> {
    let passed = match task {
        Task::Cargo(arguments) => cargo(root, arguments, &[])?,
        Task::CargoWith(arguments, variable) => cargo(root, arguments, &[*variable])?,
        Task::Toolchain(toolchain, arguments) if has_toolchain(toolchain) => {
            run_command(root, "rustup", &format!("run {toolchain} cargo {arguments}"), &[])?
        }
        Task::Toolchain(toolchain, _) => {
            return Ok(Outcome::Skipped(format!("Rust {toolchain} is not installed: `rustup toolchain install {toolchain}`")));
        }
        Task::Check(check) => check(root)?,
        Task::OldestRust(minimum) => msrv::check(root, minimum)?,
        Task::Skipped(why) => return Ok(Outcome::Skipped(why.clone())),
    };
    Ok(if passed { Outcome::Passed } else { Outcome::Failed })
}

#[cfg(test)]
mod tests {
    use super::feature_sets;

    #[test]
    fn features_of_handwritten_code_are_checked_in_every_combination_and_others_alone() {
        let manifest = "[features]\ndefault = [\"a\"]\na = []\ngenerate = []\nb = []\nschemars = []\n";
        assert_eq!(feature_sets(&manifest.parse().unwrap()), ["", "a", "b", "a,b", "generate", "schemars"]);
    }

    #[test]
    fn this_crate_has_at_least_sixteen_feature_sets() {
        let manifest = std::fs::read_to_string("../Cargo.toml").unwrap();
        assert!(feature_sets(&manifest.parse().unwrap()).len() >= 16);
    }
}
