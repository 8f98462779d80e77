//! The fuzz targets of the slicer and of `diff` on stable Rust: mutations of a slice, the same ones in each run.

use fastrand::Rng;

const SLICE: &str = include_str!("../../../tests/fixtures/slices/2025.6.4.yaml");

/// The slice with a few lines removed, repeated or moved, or with a word or value replaced.
fn mutated(seed: u64) -> String {
    let mut rng = Rng::with_seed(seed);
    let mut lines = SLICE.lines().map(str::to_owned).collect::<Vec<_>>();
    let words = SLICE.split([' ', '\n', ':']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    for _ in 0..rng.usize(1..4) {
        let (line, other) = (rng.usize(..lines.len()), rng.usize(..lines.len()));
        match rng.u8(..5) {
            0 => drop(lines.remove(line)),
            1 => lines.insert(line, lines[other].clone()),
            2 => lines.swap(line, other),
            3 => {
                let (from, to) = (words[rng.usize(..words.len())], words[rng.usize(..words.len())]);
                lines[line] = lines[line].replacen(from, to, 1);
            }
            _ => match lines[line].split_once(": ") {
                Some((key, _)) => lines[line] = format!("{key}: {}", ["null", "[]", "{}", "-1", "'\u{7}'", "1e99"][rng.usize(..6)]),
                None => lines[line].push_str(" x"),
            },
        }
    }
    lines.join("\n")
}

#[test]
fn mutated_slices_are_sliced() {
    for seed in 0..800 {
        xtask::fuzzing::slicer(mutated(seed).as_bytes());
    }
}

#[test]
fn mutated_slices_are_compared() {
    for seed in 0..40 {
        xtask::fuzzing::diff(SLICE.as_bytes(), mutated(seed).as_bytes());
    }
}
