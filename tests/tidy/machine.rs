//! Nothing in the tree may name the machine it was written on: not its folders, not the mirrors it
//! downloads from. A clone must build anywhere.

use crate::Finding;
use crate::tree::File;

// Written in two parts, so that this file does not break its own rule.
const FOLDERS: [&str; 5] =
    [concat!("/wor", "k/"), concat!("/hom", "e/"), concat!("/roo", "t/"), concat!("/User", "s/"), concat!("/tm", "p/")];
const NEIGHBOUR: &str = concat!("../sha", "red");
const MIRRORS: [&str; 9] = [
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("index-", "url"),
    concat!("static.crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("npmjs", ".org"),
    concat!("arti", "factory"),
    concat!("proxy.golang", ".org"),
    concat!("[regis", "tries"),
];
const PUBLIC_SOURCE: &str = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";

/// Every finding in one text file.
pub fn of_text(file: &File) -> Vec<Finding> {
    let finding = |rule: &'static str, words: &'static str| {
        move |line: usize| Finding { file: file.path.clone(), line, rule, words: words.to_owned() }
    };
    let lines = file.text.lines().zip(1..);
    let mut findings: Vec<Finding> = lines
        .clone()
        .filter(|(text, _)| names_a_folder(text))
        .map(|(_, line)| line)
        .map(finding("machine-path", "names a folder of one machine"))
        .collect();
    let mirrored = lines.clone().filter(|(text, _)| names_a_mirror(text)).map(|(_, line)| line);
    findings.extend(
        mirrored.map(finding("registry-host", "names a place to download from; the user's own set-up decides that")),
    );
    if file.path.ends_with("Cargo.lock") {
        let odd = lines.filter(|(text, _)| is_odd_source(text)).map(|(_, line)| line);
        findings.extend(odd.map(finding("lock-source", "a dependency from elsewhere than crates.io")));
    }
    findings
}

/// Whether a line holds an absolute path below a folder that only one machine has. The same
/// letters inside a longer path or a URL are innocent.
fn names_a_folder(line: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || "_-./}$>".contains(c);
    line.contains(NEIGHBOUR)
        || FOLDERS
            .iter()
            .any(|folder| line.match_indices(folder).any(|(at, _)| !line[..at].chars().next_back().is_some_and(inside)))
}

fn names_a_mirror(line: &str) -> bool {
    let line = line.to_lowercase();
    MIRRORS.iter().any(|mirror| line.contains(mirror))
}

fn is_odd_source(line: &str) -> bool {
    line.starts_with("source = ") && line != PUBLIC_SOURCE
}

#[test]
fn a_folder_of_one_machine_is_found() {
    for folder in FOLDERS {
        assert!(names_a_folder(&format!("see {folder}x")), "{folder}");
        assert!(!names_a_folder(&format!("https://shop.example{folder}x")), "{folder} in a URL");
        assert!(!names_a_folder(&format!("/var{folder}x")), "{folder} inside another");
    }
    assert!(names_a_folder(&format!("include!(\"{NEIGHBOUR}/x\")")));
}

#[test]
fn a_download_host_is_found() {
    for mirror in MIRRORS {
        assert!(names_a_mirror(&format!("https://{mirror}/simple").to_uppercase()), "{mirror}");
    }
    assert!(!names_a_mirror("documentation = \"https://docs.rs/x\""));
}

#[test]
fn a_lock_entry_from_elsewhere_is_found() {
    let text = format!("{PUBLIC_SOURCE}\nsource = \"git+https://example.com/x\"\n");
    let file = File { path: "Cargo.lock".to_owned(), text };
    assert_eq!(
        of_text(&file).iter().map(|finding| (finding.line, finding.rule)).collect::<Vec<_>>(),
        [(2, "lock-source")]
    );
}
