//! The map and the land: `docs/ARCHITECTURE.md` has one section per folder of `crates/`, and no
//! section without a folder.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Finding;
use crate::tree::File;

const MAP: &str = "docs/ARCHITECTURE.md";

/// Compares the headings with the folders, both ways.
pub fn of_tree(root: &Path, files: &[File]) -> Vec<Finding> {
    let finding = |line, words| Finding { file: MAP.to_owned(), line, rule: "map", words };
    let Some(map) = files.iter().find(|file| file.path == MAP) else {
        return vec![finding(1, "there is no map".to_owned())];
    };
    let folders: BTreeSet<String> = fs::read_dir(root.join("crates"))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().join("Cargo.toml").is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    differences(&map.text, &folders).into_iter().map(|(line, words)| finding(line, words)).collect()
}

/// Where the text and the folders disagree.
fn differences(text: &str, folders: &BTreeSet<String>) -> Vec<(usize, String)> {
    let heading = |line: &str| line.strip_prefix("### `")?.strip_suffix('`').map(str::to_owned);
    let headings: Vec<(usize, String)> =
        text.lines().zip(1..).filter_map(|(line, number)| Some((number, heading(line)?))).collect();
    let drawn: BTreeSet<&String> = headings.iter().map(|(_, name)| name).collect();
    let missing = folders
        .iter()
        .filter(|folder| !drawn.contains(folder))
        .map(|folder| (1, format!("crates/{folder} has no section ### `{folder}`")));
    let imagined = headings
        .iter()
        .filter(|(_, name)| !folders.contains(name))
        .map(|(line, name)| (*line, format!("a section for crates/{name}, which is not there")));
    missing.chain(imagined).collect()
}

#[test]
fn a_crate_without_a_section_and_a_section_without_a_crate_are_found() {
    let folders = BTreeSet::from(["bus".to_owned(), "money".to_owned()]);
    assert!(differences("# Map\n### `bus`\n### `money`\n", &folders).is_empty());
    let found: Vec<usize> =
        differences("### `money`\n\n### `cache`\n", &folders).into_iter().map(|(line, _)| line).collect();
    assert_eq!(found, [1, 3]);
}
