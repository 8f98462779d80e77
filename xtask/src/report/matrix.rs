//! Prints the table of which clients can decode the responses of which servers.

use std::fmt::Write;

use crate::diff::{Compatibility, Matrix};

pub fn of_matrix(matrix: &Matrix) -> String {
    let mut out = String::from(
        "# Compatibility of releases\n\n\
         A row is a client that this generator creates from a release of authentik, and a column is a server of a release: ✓ reads everything, ◐\n\
         drops a value that it does not know, ✗ cannot decode some responses. Each cell is the worst outcome that the specification\n\
         allows, with the aliases and defaults of the checked-in slice. `cargo xtask compat` generates this table from `tests/fixtures/slices`.\n\n| client \\ server |",
    );
    for release in &matrix.releases {
        let _ = write!(out, " {release} |");
    }
    let _ = writeln!(out, "\n| --- |{}", " :-: |".repeat(matrix.releases.len()));
    for (release, row) in matrix.releases.iter().zip(&matrix.outcomes) {
        let cells = row.iter().map(|outcome| match outcome {
            Compatibility::Compatible => " ✓ |",
            Compatibility::Lossy => " ◐ |",
            Compatibility::Incompatible => " ✗ |",
        });
        let _ = writeln!(out, "| {release} |{}", cells.collect::<String>());
    }
    out
}
