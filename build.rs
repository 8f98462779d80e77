//! Generates the client: `openapi/flows_bindings_list.yaml` in, `OUT_DIR/codegen.rs` out. The generator is `codegen/`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use codegen::{GenerateError, SLICE};

mod codegen;

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={SLICE}");
    match write_client() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            for line in error.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn write_client() -> Result<(), GenerateError> {
    let generated = codegen::generate(Path::new(SLICE))?;
    if let Some(fixup) = generated.stale_fixups.first() {
        return Err(GenerateError {
            file: "codegen/passes/fixups.rs".into(),
            place: format!("fixup `{fixup}`"),
            problem: format!("found nothing to do in {SLICE}"),
            remedy: "upstream no longer does what it works around: remove the fixup".into(),
        });
    }
    for place in &generated.undescribed {
        println!("cargo::warning={SLICE}: {place} has no description");
    }
    let out_dir = std::env::var_os("OUT_DIR").map(PathBuf::from).unwrap_or_default();
    let target = out_dir.join("codegen.rs");
    std::fs::write(&target, generated.code()).map_err(|error| GenerateError {
        file: target.display().to_string(),
        place: "the whole file".into(),
        problem: format!("cannot be written: {error}"),
        remedy: "run the generator through cargo, which sets OUT_DIR to a writable folder".into(),
    })
}
