//! Checks the links in Markdown documents that lead to files in the repository or to pages on docs.rs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The documentation of the newest release, which has the same pages as the output of `cargo doc`.
const DOCS: &str = "https://docs.rs/authentik-flow-bindings/latest/";
/// Documents outside `docs/`.
const DOCUMENTS: [&str; 6] = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md", "benches/README.md", "xtask/README.md"];

/// Prints the broken links. Returns whether there are none.
pub fn check(root: &Path) -> Result<bool> {
    let mut documents = DOCUMENTS.iter().map(|name| root.join(name)).collect::<Vec<_>>();
    for entry in fs::read_dir(root.join("docs")).context("docs: cannot be read")? {
        documents.push(entry?.path());
    }
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut broken = 0;
    for document in documents {
        let text = fs::read_to_string(&document).with_context(|| format!("{}: cannot be read", document.display()))?;
        for link in links(&text) {
            let Some(target) = target(root, &document, link) else { continue };
            if !target.exists() {
                println!("{}: the link {link} leads to {}, which does not exist", document.display(), target.display());
                broken += 1;
            }
        }
    }
    Ok(broken == 0)
}

/// The targets of `[text](target)`, `src="target"` and `[label]: target`.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let inline = text.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next());
    let images = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let definitions = text.lines().filter(|line| line.starts_with('[')).filter_map(|line| line.split_once("]: ")).map(|(_, link)| link);
    inline.chain(images).chain(definitions)
}

/// The file that a link refers to, unless it is on another website.
fn target(root: &Path, document: &Path, link: &str) -> Option<PathBuf> {
    let page = link.split('#').next().filter(|page| !page.is_empty())?;
    if let Some(path) = page.strip_prefix(DOCS) {
        let path = root.join("target/doc").join(path);
        return Some(if page.ends_with('/') { path.join("index.html") } else { path });
    }
    let is_file = !page.contains(':');
    is_file.then(|| document.parent().unwrap_or(root).join(page))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{links, target};

    #[test]
    fn links_lead_to_files_and_to_built_pages() {
        let text = "[a](b.md#c), ![d](e.svg) and <img src=\"f.svg\">\n[g]: https://docs.rs/authentik-flow-bindings/latest/h/index.html#i\n";
        let found = links(text).collect::<Vec<_>>();
        assert_eq!(found, ["b.md#c", "e.svg", "f.svg", "https://docs.rs/authentik-flow-bindings/latest/h/index.html#i"]);
        let target = |link| target(Path::new("/r"), Path::new("/r/docs/x.md"), link);
        assert_eq!(target("b.md#c").unwrap(), Path::new("/r/docs/b.md"));
        assert_eq!(target(found[3]).unwrap(), Path::new("/r/target/doc/h/index.html"));
        assert_eq!(target("https://docs.rs/authentik-flow-bindings/latest/h/").unwrap(), Path::new("/r/target/doc/h/index.html"));
        assert_eq!((target("https://example.com"), target("#here")), (None, None));
    }
}
