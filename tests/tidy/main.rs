//! The rules of this house that a machine can check.
//!
//! A rule is a plain function from text to line numbers, with a test beside it that plants an
//! example and sees it found: a rule that cannot fire protects nothing. One test applies every
//! rule to the whole tree and reports all findings together, so that one run is one round of
//! mending. What a rule must let pass is listed, with its reason, in `allowances.rs` alone.

mod allowances;
mod imports;
mod machine;
mod map;
mod pages;
mod rules;
mod source;
mod tree;

use std::fmt;

/// One place where the tree breaks a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    file: String,
    line: usize,
    rule: &'static str,
    words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}:{}: {}: {}", self.file, self.line, self.rule, self.words)
    }
}

#[test]
fn the_house_is_in_order() {
    let root = tree::root();
    let files = tree::text_files(&root);
    assert!(files.iter().any(|file| file.path == "Cargo.toml"), "no Cargo.toml among the files of {}", root.display());

    let mut findings: Vec<Finding> = rules::of_tree(&files);
    findings.extend(files.iter().flat_map(machine::of_text));
    findings.extend(map::of_tree(&root, &files));
    findings.extend(pages::of_tree(&files));
    findings.extend(imports::of_workspace(&root));

    let mut findings = allowances::apply(findings);
    findings.sort();
    let report: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(report.is_empty(), "{} findings:\n{}", report.len(), report.join("\n"));
}
