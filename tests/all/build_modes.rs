//! What a build of this crate compiles.

/// With or without the feature `generate`, `build.rs` writes the same bytes.
#[test]
fn a_build_compiles_the_reviewed_file() {
    assert!(include_str!("../../openapi/flows_bindings_list.rs") == include_str!(concat!(env!("OUT_DIR"), "/codegen.rs")));
}

/// The dependencies of the generator take most of the build time.
#[test]
fn a_build_without_the_generator_compiles_none_of_its_dependencies() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["tree", "--offline", "--prefix=none", "--edges=normal,build", "--no-default-features"];
    let tree = |features: &str| {
        let output = std::process::Command::new(&cargo).args(arguments).arg(format!("--features={features}")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let (with, without) = (tree("rustls,generate"), tree("rustls"));
    for package in ["progenitor v", "typify v", "syn v2.", "regress v", "openapiv3 v", "serde_yaml v", "prettyplease v"] {
        assert!(with.contains(&format!("\n{package}")), "{package}");
        assert!(!without.contains(&format!("\n{package}")), "{package}");
    }
}
