//! `cargo xtask check`: the gate, which `.ci/run` runs too.

use std::borrow::Cow;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};
use toml_edit::DocumentMut;

/// A call of cargo.
#[derive(Clone)]
pub struct Step {
    pub name: &'static str,
    pub arguments: Cow<'static, str>,
    pub environment: &'static [(&'static str, &'static str)],
}

impl Step {
    pub const fn new(name: &'static str, arguments: &'static str) -> Self {
        Self { name, arguments: Cow::Borrowed(arguments), environment: &[] }
    }
}

const STEPS: [Step; 5] = [
    Step::new("format", "fmt --all --check"),
    Step::new("lints", "clippy --workspace --all-targets --all-features --locked -- -D warnings"),
    Step {
        name: "docs",
        arguments: Cow::Borrowed("doc --workspace --all-features --no-deps --locked"),
        environment: &[("RUSTDOCFLAGS", "-D warnings")],
    },
    Step::new("tests", "test --workspace --all-features --locked"),
    Step::new("example", "run --example list_bindings --locked -- --format csv"),
];

/// What `Client::from_env` reads.
const CLIENT_VARIABLES: [&str; 6] =
    ["AUTHENTIK_URL", "AUTHENTIK_TOKEN", "AUTHENTIK_TOKEN_FILE", "AUTHENTIK_CA_FILE", "AUTHENTIK_INSECURE", "AUTHENTIK_ALLOW_PLAINTEXT"];

/// Runs the whole gate. Returns whether it passed.
pub fn run(root: &Path) -> Result<bool> {
    let combinations = feature_combinations(&std::fs::read_to_string(root.join("Cargo.toml")).context("Cargo.toml: cannot be read")?)?;
    let lints = combinations.iter().map(|features| {
        let arguments = format!("clippy --no-default-features --features={features} --locked -- -D warnings");
        Step { name: "lints of a feature set", arguments: arguments.into(), environment: &[] }
    });
    run_steps(root, &STEPS.into_iter().chain(lints).collect::<Vec<_>>())
}

/// No feature, each alone, each left out, and all: what one feature misses, or needs of another, shows up in one of them.
fn feature_combinations(manifest: &str) -> Result<Vec<String>> {
    let manifest: DocumentMut = manifest.parse().context("Cargo.toml: invalid TOML")?;
    let features = manifest.get("features").and_then(|features| features.as_table()).into_iter().flat_map(|features| features.iter());
    let features = features.map(|(name, _)| name).filter(|name| *name != "default").collect::<Vec<_>>();
    let mut combinations = vec![String::new()];
    for alone in &features {
        combinations.push((*alone).to_owned());
        combinations.push(features.iter().filter(|other| *other != alone).copied().collect::<Vec<_>>().join(","));
    }
    Ok(combinations)
}

/// Runs every step up to the first that fails, then prints a line for each with its time.
pub fn run_steps(root: &Path, steps: &[Step]) -> Result<bool> {
    let mut lines = Vec::new();
    let mut passed = true;
    for Step { name, arguments, environment } in steps {
        println!("--- {name}: cargo {arguments}");
        let started = Instant::now();
        passed = step(root, arguments, environment).with_context(|| format!("the step `{name}` cannot be run"))?;
        let verdict = if passed { "passed" } else { "FAILED" };
        lines.push(format!("{verdict} {name:24} {:6.1} s", started.elapsed().as_secs_f64()));
        if !passed {
            lines.push(format!("to run it alone: cargo {arguments}"));
            break;
        }
    }
    println!("\n{}", lines.join("\n"));
    Ok(passed)
}

/// Runs cargo. Returns whether it succeeded.
pub fn step(root: &Path, arguments: &str, environment: &[(&str, &str)]) -> Result<bool> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).envs(environment.iter().copied()).current_dir(root);
    // The example lists the fake server, even where a real one is configured.
    for variable in CLIENT_VARIABLES {
        command.env_remove(variable);
    }
    if arguments.starts_with("run ") {
        command.stdout(Stdio::null());
    }
    Ok(command.status()?.success())
}

#[cfg(test)]
mod tests {
    use super::feature_combinations;

    #[test]
    fn every_feature_is_tried_alone_and_left_out() {
        let manifest = "[features]\ndefault = [\"a\"]\na = []\nb = []\nc = []\n";
        assert_eq!(feature_combinations(manifest).unwrap(), ["", "a", "b,c", "b", "a,c", "c", "a,b"]);
    }
}
