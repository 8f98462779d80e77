//! Finds uses of a changed name in handwritten Rust.

use std::path::Path;

/// The handwritten Rust that is compiled against the generated Rust.
const FOLDERS: [&str; 4] = ["src", "examples", "tests", "benches"];

/// The Rust files of a repository.
pub struct Sources(Vec<(String, String)>);

impl Sources {
    pub fn read(root: &Path) -> Self {
        let mut files = Vec::new();
        for folder in FOLDERS {
            read_folder(root, folder, &mut files);
        }
        files.sort();
        Self(files)
    }

    /// The text of a file; empty if there is none.
    pub fn text(&self, path: &str) -> &str {
        self.0.iter().find(|(file, _)| file == path).map_or("", |(_, text)| text)
    }

    /// The places where a type or function is used, as `path:line`.
    pub fn of_item(&self, name: &str) -> Vec<String> {
        self.places(|text| contains_word(text, name, |_, _| true), |_| true)
    }

    /// The places where a field of a model is used. Many fields have common words as names, so the characters around the name decide, and
    /// files that name the model come first.
    pub fn of_field(&self, model: &str, name: &str) -> Vec<String> {
        let is_use = |line: &str| {
            contains_word(line, name, |before, after| {
                before.ends_with(['.', '"', '`']) || after.starts_with([':', '"', '`']) && !after.starts_with("::")
            })
        };
        let names_model = |text: &str| contains_word(text, model, |_, _| true);
        [self.places(is_use, names_model), self.places(is_use, |text| !names_model(text))].concat()
    }

    fn places(&self, is_use: impl Fn(&str) -> bool, is_relevant: impl Fn(&str) -> bool) -> Vec<String> {
        let mut places = Vec::new();
        for (path, text) in self.0.iter().filter(|(_, text)| is_relevant(text)) {
            places.extend((1..).zip(text.lines()).filter(|(_, line)| is_use(line)).map(|(number, _)| format!("{path}:{number}")));
        }
        places
    }
}

fn contains_word(text: &str, word: &str, is_use: impl Fn(&str, &str) -> bool) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(start, _)| {
        let (before, after) = (&text[..start], &text[start + word.len()..]);
        !before.ends_with(is_part) && !after.starts_with(is_part) && is_use(before, after)
    })
}

fn read_folder(root: &Path, folder: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(root.join(folder)).into_iter().flatten().flatten() {
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            read_folder(root, &path, files);
        } else if entry.path().extension().is_some_and(|extension| extension == "rs") {
            files.extend(std::fs::read_to_string(entry.path()).map(|text| (path, text)));
        }
    }
}
