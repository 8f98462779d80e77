//! The errors of the generator, which it returns instead of panicking.

use std::fmt;

/// A problem in a document: where it is, what it is, and how to fix it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The path, URL or release that the document came from.
    pub file: String,
    /// A JSON pointer into the document, or a line and column where there is no tree to point into.
    pub pointer: String,
    pub problem: String,
    pub help: String,
}

impl Diagnostic {
    /// A diagnostic whose file the caller fills in, with [`in_file`](Self::in_file).
    pub fn new(pointer: impl Into<String>, problem: impl Into<String>, help: impl Into<String>) -> Self {
        Self { file: String::new(), pointer: pointer.into(), problem: problem.into(), help: help.into() }
    }

    pub fn in_file(self, file: &str) -> Self {
        Self { file: file.to_owned(), ..self }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, pointer, problem, help } = self;
        write!(f, "{file}: {pointer}: {problem}\n  help: {help}")
    }
}

impl std::error::Error for Diagnostic {}
