//! `cargo xtask compat`.

use std::path::Path;

use anyhow::{Context, Result};

use super::print;
use crate::annotations;
use crate::diff::Matrix;
use crate::document::Document;
use crate::project::Project;
use crate::report;
use crate::slice::{Selection, slice};

/// Canonical slices of the releases that changed the operation.
pub const SLICES: &str = "tests/fixtures/slices";

/// Prints which clients can decode the responses of which servers, for all known releases.
pub fn run(root: &Path, slices: &Path) -> Result<bool> {
    let project = Project::open(root)?;
    let (ours, checked_in) = project.slice()?;
    let folder = slices;
    let mut slices = Vec::new();
    for entry in std::fs::read_dir(folder).with_context(|| format!("{}: cannot be read", folder.display()))? {
        let path = entry?.path();
        let name = path.display().to_string();
        let text = std::fs::read_to_string(&path).with_context(|| format!("{name}: cannot be read"))?;
        let mut release = slice(&Document::parse(&name, &text)?, &Selection::All, false)?;
        // A sync from the checked-in slice does the same.
        annotations::carry(&ours.root, &mut release);
        annotations::assume_defaults(&checked_in, &mut release);
        slices.push(release);
    }
    slices.sort_by_cached_key(|slice| numbers(slice["info"]["version"].as_str().unwrap_or_default()));
    print(&report::of_matrix(&Matrix::new(&slices)))?;
    Ok(true)
}

/// The numbers of a release, for sorting.
fn numbers(release: &str) -> Vec<u32> {
    release.split(['.', '-']).map_while(|part| part.parse().ok()).collect()
}
