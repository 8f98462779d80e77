//! The collations of the fake server.

use std::cmp::Ordering;

/// The order of strings in the server's database.
///
/// A client cannot find out the collation, so it must not depend on a particular one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Collation {
    /// As in a dictionary: punctuation, digits, letters; `a` before `A` before `b`. PostgreSQL's official image sorts like this
    /// (`en_US.utf8`), and so do most installations. Language-specific orders are not imitated.
    #[default]
    Dictionary,
    /// By code point, the collation `C` of PostgreSQL: `B` before `a`.
    CodePoint,
}

impl Collation {
    pub(super) fn compare(self, a: &str, b: &str) -> Ordering {
        let by_code_point = a.cmp(b);
        match self {
            Self::CodePoint => by_code_point,
            Self::Dictionary => {
                let letters = a.chars().map(letter).cmp(b.chars().map(letter));
                let case = || a.chars().map(char::is_uppercase).cmp(b.chars().map(char::is_uppercase));
                letters.then_with(case).then(by_code_point)
            }
        }
    }
}

/// The sort key of a character, regardless of case: its class, then its code point.
fn letter(character: char) -> (u8, char) {
    let class = match character {
        _ if character.is_alphabetic() => 2,
        _ if character.is_numeric() => 1,
        _ => 0,
    };
    (class, character.to_lowercase().next().unwrap_or(character))
}
