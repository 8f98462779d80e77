//! `cargo xtask check`: the gate that `.ci/run` runs too.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

/// A step: its name, the arguments for cargo, and the environment.
type Step = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const STEPS: [Step; 6] = [
    ("format", "fmt --all --check", &[]),
    ("lints", "clippy --workspace --all-targets --all-features --locked -- -D warnings", &[]),
    ("lints without features", "clippy --no-default-features --locked -- -D warnings", &[]),
    ("docs", "doc --workspace --all-features --no-deps --locked", &[("RUSTDOCFLAGS", "-D warnings")]),
    ("tests", "test --workspace --all-features --locked", &[]),
    ("main job", "run --example list_bindings --locked -- --format csv", &[]),
];

/// Runs every step, each after the other, up to the first that fails; then a line for each with its time.
pub fn run(root: &Path) -> Result<bool> {
    let mut lines = Vec::new();
    let mut passed = true;
    for (name, arguments, environment) in STEPS {
        println!("--- {name}: cargo {arguments}");
        let started = Instant::now();
        passed = step(root, arguments, environment).with_context(|| format!("the step `{name}` cannot be run"))?;
        let verdict = if passed { "passed" } else { "FAILED" };
        lines.push(format!("{verdict} {name:24} {:6.1} s", started.elapsed().as_secs_f64()));
        if !passed {
            lines.push(format!("to see it alone: cargo {arguments}"));
            break;
        }
    }
    println!("\n{}", lines.join("\n"));
    Ok(passed)
}

fn step(root: &Path, arguments: &str, environment: &[(&str, &str)]) -> Result<bool> {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments.split(' ')).envs(environment.iter().copied()).current_dir(root);
    // The gate lists the fake server, wherever it runs.
    command.env_remove("AUTHENTIK_URL").env_remove("AUTHENTIK_TOKEN").env_remove("AUTHENTIK_INSECURE");
    if arguments.starts_with("run ") {
        command.stdout(Stdio::null());
    }
    Ok(command.status()?.success())
}
