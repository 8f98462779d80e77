//! Runs cargo and other programs for the gate.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

/// The variables that `Client::from_env` reads.
const CLIENT_VARIABLES: [&str; 6] =
    ["AUTHENTIK_URL", "AUTHENTIK_TOKEN", "AUTHENTIK_TOKEN_FILE", "AUTHENTIK_CA_FILE", "AUTHENTIK_INSECURE", "AUTHENTIK_ALLOW_PLAINTEXT"];

/// Whether rustup has this toolchain. Never installs one.
pub fn has_toolchain(name: &str) -> bool {
    let list = Command::new("rustup").args(["toolchain", "list"]).output();
    list.is_ok_and(|list| String::from_utf8_lossy(&list.stdout).lines().any(|line| line.starts_with(name)))
}

/// Whether a program can be started.
pub fn installed(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

/// Runs cargo. Returns whether it succeeded.
pub fn cargo(folder: &Path, arguments: &str, environment: &[(&str, &str)]) -> Result<bool> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    run_command(folder, &cargo, arguments, environment)
}

/// Runs a program. Returns whether it succeeded.
pub fn run_command(folder: &Path, program: &str, arguments: &str, environment: &[(&str, &str)]) -> Result<bool> {
    let name = Path::new(program).file_name().unwrap_or_default().display();
    println!("    {name} {arguments}");
    let mut command = Command::new(program);
    command.args(arguments.split(' ')).envs(environment.iter().copied()).current_dir(folder);
    // The example must read from the fake server, even if a real one is configured.
    for variable in CLIENT_VARIABLES {
        command.env_remove(variable);
    }
    if arguments.starts_with("run --example") {
        command.stdout(Stdio::null());
    }
    Ok(command.status().with_context(|| format!("`{name}` cannot be started"))?.success())
}
