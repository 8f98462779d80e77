//! The table of a survey.

use std::fmt::Write;

use super::{Outcome, Survey};

/// How a table is printed.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    Text,
    Markdown,
}

/// The introduction of the page of tables.
const HEAD: &str = "\
# List operations

`cargo xtask survey` takes every list operation of a release through the generator and the compiler, and lists 1,000 rows of the fake server
through `paginate()`, with pages of 20, 100 and 500 rows. This page has the results; `cargo xtask survey RELEASE --write` writes it. *No
key* means that nothing identifies a row: `send()` reads single pages, and there is no `paginate()`.
";

impl Survey {
    /// Whether every operation was listed, or has no key.
    pub fn is_good(&self) -> bool {
        !self.operations.values().any(|outcome| matches!(outcome, Outcome::Failed(_)))
    }

    pub fn text(&self, format: Format) -> String {
        let mut text = self.summary();
        let width = self.operations.keys().map(String::len).max().unwrap_or_default();
        text.push_str(if format == Format::Markdown { ".\n\n| operation | outcome |\n| --- | --- |\n" } else { "\n\n" });
        for (operation, outcome) in &self.operations {
            let _ = match format {
                Format::Markdown => writeln!(text, "| `{operation}` | {} |", describe(outcome).replace('|', "\\|").replace('<', "&lt;")),
                Format::Text => writeln!(text, "{operation:width$}  {}", describe(outcome)),
            };
        }
        text
    }

    fn summary(&self) -> String {
        let count = |is: fn(&Outcome) -> bool| self.operations.values().filter(|outcome| is(outcome)).count();
        format!(
            "authentik {}: {} list operations, {} complete, {} without a key, {} failed",
            self.release,
            self.operations.len(),
            count(|outcome| *outcome == Outcome::Complete),
            count(|outcome| *outcome == Outcome::NoKey),
            count(|outcome| matches!(outcome, Outcome::Failed(_)))
        )
    }

    /// The page of tables with this table added or replaced, newest release first.
    pub fn on_page(&self, page: &str) -> String {
        let heading = format!("## {}\n", self.release);
        let old = page.split_inclusive('\n').fold(Vec::<String>::new(), |mut sections, line| {
            if line.starts_with("## ") {
                sections.push(String::new());
            }
            if let Some(section) = sections.last_mut() {
                section.push_str(line);
            }
            sections
        });
        let mut sections = old.into_iter().filter(|section| !section.starts_with(&heading)).collect::<Vec<_>>();
        sections.push(format!("{heading}\n{}", self.text(Format::Markdown)));
        sections.sort_by(|a, b| b.cmp(a));
        let sections = sections.iter().map(|section| section.trim_end()).collect::<Vec<_>>().join("\n\n");
        format!("{HEAD}\n{sections}\n")
    }
}

fn describe(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Complete => "complete",
        Outcome::NoKey => "no key",
        Outcome::Failed(reason) => reason,
    }
}
