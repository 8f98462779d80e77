//! Checks the minimum supported Rust version without that toolchain, by the `rust-version` of each dependency. For the standard
//! library, clippy does the same (`incompatible_msrv`). Neither checks language features, so the gate also compiles with that toolchain if
//! it is installed.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde::Deserialize;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    rust_version: Option<String>,
}

/// Prints the dependencies that need a newer Rust than `minimum`. Returns whether there are none.
pub fn check(root: &Path, minimum: &str) -> Result<bool> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    println!("    cargo metadata: the `rust-version` of each dependency");
    let output = Command::new(cargo).args(["metadata", "--format-version=1", "--all-features", "--locked"]).current_dir(root).output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout).context("cargo metadata")?;
    let newer = metadata.newer(minimum);
    for package in &newer {
        let rust = package.rust_version.as_deref().unwrap_or_default();
        println!("{} {} needs Rust {rust}, but this crate promises {minimum}", package.name, package.version);
    }
    if !newer.is_empty() {
        println!("  help: use an older version of it, or increase `rust-version` in Cargo.toml, which requires a minor release");
    }
    Ok(newer.is_empty())
}

impl Metadata {
    fn newer(&self, minimum: &str) -> Vec<&Package> {
        let is_newer = |package: &&Package| package.rust_version.as_ref().is_some_and(|rust| numbers(rust) > numbers(minimum));
        self.packages.iter().filter(is_newer).collect()
    }
}

/// `1.89` and `1.89.0` are the same Rust.
fn numbers(version: &str) -> Vec<u64> {
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or_default()).collect::<Vec<_>>();
    numbers.resize(3, 0);
    numbers
}

#[cfg(test)]
mod tests {
    use super::Metadata;

    #[test]
    fn a_dependency_that_needs_a_newer_rust_is_found() {
        let package = |name, rust| serde_json::json!({ "name": name, "version": "1.0.0", "rust_version": rust });
        let packages = [package("old", Some("1.9")), package("same", Some("1.89.0")), package("any", None), package("new", Some("1.89.1"))];
        let metadata: Metadata = serde_json::from_value(serde_json::json!({ "packages": packages })).unwrap();
        assert_eq!(metadata.newer("1.89").iter().map(|package| package.name.as_str()).collect::<Vec<_>>(), ["new"]);
    }
}
