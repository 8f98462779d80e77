//! The version requirements in `Cargo.toml` are accurate.

use toml_edit::{DocumentMut, Item};

/// The tests run with the versions in `Cargo.lock`. If these are the lowest that `Cargo.toml` allows, the crate works with the lowest.
#[test]
fn the_lock_file_has_the_lowest_versions_that_the_manifest_allows() {
    let read = |file: &str| std::fs::read_to_string(file).unwrap().parse::<DocumentMut>().unwrap();
    let (manifest, lock) = (read("../Cargo.toml"), read("../Cargo.lock"));
    let locked = lock["package"].as_array_of_tables().unwrap();
    let dependencies = manifest["workspace"]["dependencies"].as_table().unwrap();
    assert!(dependencies.len() > 40);
    for (name, dependency) in dependencies {
        let lowest = dependency.as_str().or_else(|| dependency.get("version").and_then(Item::as_str)).unwrap();
        let versions = locked.iter().filter(|package| package["name"].as_str() == Some(name));
        // Build metadata is not part of a requirement.
        let versions = versions.map(|package| package["version"].as_str().unwrap().split('+').next().unwrap()).collect::<Vec<_>>();
        assert!(versions.contains(&lowest), "{name}: Cargo.toml allows {lowest}, but Cargo.lock has {versions:?}: require the latter");
    }
}
