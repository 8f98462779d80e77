use super::*;

const FILES: [&str; 3] = ["a", "b", "c"];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::TempDir::new().unwrap();
    for name in FILES {
        fs::write(folder.path().join(name), "old").unwrap();
    }
    folder
}

fn texts(root: &Path) -> Vec<String> {
    assert_eq!(fs::read_dir(root).unwrap().count(), FILES.len(), "there are files left over");
    FILES.iter().map(|name| fs::read_to_string(root.join(name)).unwrap()).collect()
}

/// A transaction that stops after it renamed some of its files.
fn interrupt(root: &Path, renamed: usize) {
    let transaction = Transaction { root, folder: root.join(FOLDER) };
    let entries = transaction.prepare(&FILES.map(|name| (name, "new".to_owned()))).unwrap();
    transaction.record(&entries).unwrap();
    transaction.rename(&entries[..renamed]).unwrap();
}

#[test]
fn an_interrupted_change_is_finished_or_discarded() {
    for renamed in 0..=FILES.len() {
        let folder = folder();
        interrupt(folder.path(), renamed);
        recover(folder.path()).unwrap();
        assert_eq!(texts(folder.path()), [if renamed == 0 { "old" } else { "new" }; 3], "{renamed} renamed");
    }
}

#[test]
fn an_unrecorded_change_is_discarded() {
    let folder = folder();
    let transaction = Transaction { root: folder.path(), folder: folder.path().join(FOLDER) };
    transaction.prepare(&[("a", "new".into())]).unwrap();
    recover(folder.path()).unwrap();
    assert_eq!(texts(folder.path()), ["old"; 3]);
}

#[test]
fn a_file_that_was_edited_after_the_interruption_is_kept() {
    let folder = folder();
    interrupt(folder.path(), 1);
    fs::write(folder.path().join("b"), "edited").unwrap();
    let error = recover(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("b: a sync was interrupted") && error.contains("git checkout -- a b c"), "{error}");
    assert_eq!(fs::read_to_string(folder.path().join("b")).unwrap(), "edited");
    // `git checkout`
    for name in FILES {
        fs::write(folder.path().join(name), "old").unwrap();
    }
    recover(folder.path()).unwrap();
    assert_eq!(texts(folder.path()), ["old"; 3]);
}

#[test]
fn a_file_that_cannot_be_replaced_restores_the_others() {
    let folder = folder();
    let root = folder.path();
    let transaction = Transaction { root, folder: root.join(FOLDER) };
    let entries = transaction.prepare(&FILES.map(|name| (name, "new".to_owned()))).unwrap();
    transaction.record(&entries).unwrap();
    fs::remove_file(transaction.folder.join(staged(1))).unwrap();
    assert!(format!("{:#}", transaction.rename(&entries).unwrap_err()).starts_with("b: cannot be written"));
    transaction.restore(&entries).unwrap();
    transaction.clear().unwrap();
    assert_eq!(texts(root), ["old"; 3]);
}

#[test]
#[cfg(unix)]
fn symbolic_links_are_followed_and_line_endings_are_kept() {
    let (folder, elsewhere) = (folder(), tempfile::TempDir::new().unwrap());
    let target = elsewhere.path().join("target");
    fs::write(&target, "old\r\n").unwrap();
    fs::remove_file(folder.path().join("a")).unwrap();
    std::os::unix::fs::symlink(&target, folder.path().join("a")).unwrap();
    replace(folder.path(), &[("a", "new\n".into()), ("b", "new\n".into())]).unwrap();
    assert!(folder.path().join("a").is_symlink());
    assert_eq!(texts(folder.path()), ["new\r\n", "new\n", "old"]);
    assert_eq!(fs::read_to_string(target).unwrap(), "new\r\n");
}

#[test]
#[cfg(unix)]
fn a_second_writer_is_rejected_until_the_first_has_finished() {
    let folder = folder();
    let first = Lock::acquire(folder.path(), false).unwrap();
    let error = Lock::acquire(folder.path(), true).map(drop).unwrap_err().to_string();
    assert!(error.contains("another `cargo xtask sync` is running in this repository"), "{error}");
    drop(first);
    let _readers = [Lock::acquire(folder.path(), true).unwrap(), Lock::acquire(folder.path(), true).unwrap()];
}
