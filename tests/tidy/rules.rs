//! What Rust code may not say, line by line.

use std::collections::BTreeSet;

use crate::Finding;
use crate::source::{Source, is_of_tests, line_of, lines_with, places, test_modules};
use crate::tree::File;

/// What would give another history from the same seed, and where it comes from instead.
const UNSEEDED: [(&str, &str); 12] = [
    ("SystemTime::now", "the time is Node::now"),
    ("Utc::now", "the time is Node::now"),
    ("Local::now", "the time is Node::now, in the pair's zone"),
    ("tokio::spawn", "tasks are Node::spawn, so that a death ends them"),
    ("task::spawn", "tasks are Node::spawn, so that a death ends them"),
    ("spawn_blocking", "nothing on the message path may block"),
    ("Uuid::now_v7", "ids are Node::new_id"),
    ("Uuid::new_v4", "ids are Node::new_id"),
    ("rand::random", "randomness is the node's"),
    ("rand::rng", "randomness is the node's"),
    ("thread_rng", "randomness is the node's"),
    ("OsRng", "randomness is the node's"),
];

/// Every finding in the Rust files.
pub fn of_tree(files: &[File]) -> Vec<Finding> {
    let sources = || files.iter().filter(|file| file.path.ends_with(".rs"));
    let declared: BTreeSet<String> = sources().flat_map(|file| test_modules(&file.path, &file.text)).collect();
    sources().flat_map(|file| of_rust(file, is_of_tests(&file.path) || declared.contains(&file.path))).collect()
}

fn of_rust(file: &File, is_of_tests: bool) -> Vec<Finding> {
    let source = Source::read(&file.text, is_of_tests);
    let both = format!("{}\u{0}{}", source.shipped, source.tests);
    let both = merged(&both);
    let mut findings = Vec::new();
    let mut add = |rule: &'static str, words: &str, lines: Vec<usize>| {
        let finding = |line| Finding { file: file.path.clone(), line, rule, words: words.to_owned() };
        findings.extend(lines.into_iter().map(finding));
    };
    add("module-doc", "a file opens with `//!` and says what it is for", no_module_doc(&file.text));
    add("mod-rs", "a module is named by its own file, not by mod.rs", mod_rs(&file.path));
    add("unfinished", "what is not built is not there", unfinished(&both));
    add("ignored-test", "a test runs or is deleted", ignored_test(&both));
    add(
        "unwrap",
        "a failure is a value: `?`, `let … else`, or assert! the invariant in words",
        unwrapped(&source.shipped),
    );
    add("sleep-in-test", "a test waits for a condition: testkit::wait::until", sleeping(&source.tests));
    add("unbiased-select", "select! begins with `biased;`, or the order is a coin toss", unbiased(&both));
    add("unordered", "the order of a std hash map differs from run to run: BTreeMap, BTreeSet", unordered(&both));
    for (word, instead) in UNSEEDED {
        add("unseeded", &format!("{word}: {instead}"), unseeded(&file.path, &both, word));
    }
    findings
}

/// Lays the two halves over each other: each is blank where the other is not.
fn merged(both: &str) -> String {
    let Some((shipped, tests)) = both.split_once('\u{0}') else { return both.to_owned() };
    shipped.chars().zip(tests.chars()).map(|(left, right)| if left == ' ' { right } else { left }).collect()
}

fn no_module_doc(text: &str) -> Vec<usize> {
    if text.starts_with("//!") { Vec::new() } else { vec![1] }
}

fn mod_rs(path: &str) -> Vec<usize> {
    if path.rsplit('/').next() == Some("mod.rs") { vec![1] } else { Vec::new() }
}

fn unfinished(code: &str) -> Vec<usize> {
    [lines_with(code, "todo!"), lines_with(code, "unimplemented!")].concat()
}

fn ignored_test(code: &str) -> Vec<usize> {
    [lines_with(code, "#[ignore]"), lines_with(code, "#[ignore =")].concat()
}

/// A method of one's own that happens to be called `expect` is none, and a `const` that cannot be
/// computed does not compile.
fn unwrapped(shipped: &str) -> Vec<usize> {
    let own = |at: usize| shipped[..at].ends_with("self");
    let constant = |line: usize| {
        let text = shipped.lines().nth(line - 1).unwrap_or_default().trim_start().trim_start_matches("pub ");
        text.starts_with("const ") && !text.contains(" fn ")
    };
    let expects = places(shipped, ".expect(").into_iter().filter(|&at| !own(at)).map(|at| line_of(shipped, at));
    let lines = lines_with(shipped, ".unwrap()").into_iter().chain(expects);
    lines.filter(|&line| !constant(line)).collect()
}

fn sleeping(tests: &str) -> Vec<usize> {
    lines_with(tests, "sleep(")
}

fn unbiased(code: &str) -> Vec<usize> {
    places(code, "select!")
        .into_iter()
        .filter(|at| {
            let arms = code[at + "select!".len()..].trim_start().trim_start_matches(['{', '(']).trim_start();
            !arms.starts_with("biased")
        })
        .map(|at| line_of(code, at))
        .collect()
}

fn unordered(code: &str) -> Vec<usize> {
    [lines_with(code, "HashMap"), lines_with(code, "HashSet")].concat()
}

/// The crate `node` is where the real clock, ids, dice and tasks live.
fn unseeded(path: &str, code: &str, word: &str) -> Vec<usize> {
    if path.starts_with("crates/node/") { Vec::new() } else { lines_with(code, word) }
}

#[cfg(test)]
mod each_rule_fires {
    use super::*;

    fn rules_broken_by(path: &str, text: &str) -> Vec<&'static str> {
        let file = File { path: path.to_owned(), text: format!("//! A planted file.\n{text}") };
        of_tree(&[file]).into_iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn a_file_without_its_purpose() {
        assert_eq!(no_module_doc("use std::fmt;\n"), [1]);
        assert!(no_module_doc("//! Why.\n").is_empty());
    }

    #[test]
    fn a_module_named_by_its_folder() {
        assert_eq!(rules_broken_by("crates/x/src/pay/mod.rs", ""), ["mod-rs"]);
    }

    #[test]
    fn unfinished_code_also_in_tests() {
        assert_eq!(rules_broken_by("crates/x/src/a.rs", "fn a() { todo!() }"), ["unfinished"]);
        assert_eq!(rules_broken_by("crates/x/tests/a.rs", "fn a() { unimplemented!() }"), ["unfinished"]);
        assert!(rules_broken_by("crates/x/src/a.rs", "// todo!\nfn a() -> &str { \"todo!\" }").is_empty());
    }

    #[test]
    fn a_test_that_never_runs() {
        assert_eq!(rules_broken_by("crates/x/src/tests.rs", "#[test]\n#[ignore]\nfn a() {}"), ["ignored-test"]);
        assert_eq!(rules_broken_by("crates/x/src/tests.rs", "#[ignore = \"slow\"]\nfn a() {}"), ["ignored-test"]);
    }

    #[test]
    fn a_panic_in_shipped_code_only() {
        assert_eq!(rules_broken_by("crates/x/src/a.rs", "fn a() { b().unwrap(); }"), ["unwrap"]);
        assert_eq!(rules_broken_by("crates/x/src/a.rs", "fn a() { b()\n.expect(\"it\"); }"), ["unwrap"]);
        assert!(rules_broken_by("crates/x/src/a.rs", "fn a() { b().unwrap_or(1); }").is_empty());
        assert!(rules_broken_by("crates/x/src/a.rs", "fn a(&mut self) { self.expect(1); }").is_empty());
        assert!(rules_broken_by("crates/x/src/a.rs", "pub const A: u8 = b().unwrap();").is_empty());
        assert_eq!(rules_broken_by("crates/x/src/a.rs", "const fn a() -> u8 { b().unwrap() }"), ["unwrap"]);
        assert!(
            rules_broken_by("crates/x/src/a.rs", "#[cfg(test)]\nmod tests { fn a() { b().unwrap(); } }").is_empty()
        );
        assert!(rules_broken_by("crates/x/tests/a.rs", "fn a() { b().unwrap(); }").is_empty());
    }

    #[test]
    fn a_test_that_sleeps() {
        assert_eq!(rules_broken_by("tests/a.rs", "fn a() { tokio::time::sleep(d); }"), ["sleep-in-test"]);
        assert_eq!(
            rules_broken_by("crates/x/src/a.rs", "#[cfg(test)]\nmod t { fn a() { sleep(d) } }"),
            ["sleep-in-test"]
        );
        assert!(rules_broken_by("crates/x/src/a.rs", "fn a() { tokio::time::sleep(d); }").is_empty());
    }

    #[test]
    fn a_select_that_tosses_a_coin() {
        assert_eq!(
            rules_broken_by("crates/x/src/a.rs", "fn a() { tokio::select! {\n x = y => {} } }"),
            ["unbiased-select"]
        );
        assert!(
            rules_broken_by("crates/x/src/a.rs", "fn a() { tokio::select! {\n biased;\n x = y => {} } }").is_empty()
        );
    }

    #[test]
    fn a_map_without_an_order() {
        assert_eq!(rules_broken_by("crates/x/src/a.rs", "use std::collections::HashMap;"), ["unordered"]);
        assert_eq!(rules_broken_by("crates/x/tests/a.rs", "use std::collections::{BTreeMap, HashSet};"), ["unordered"]);
    }

    #[test]
    fn every_source_of_another_history() {
        for (word, _) in UNSEEDED {
            let text = format!("fn a() {{ {word}(); }}");
            assert!(rules_broken_by("crates/x/src/a.rs", &text).contains(&"unseeded"), "{word}");
            assert!(rules_broken_by("crates/node/src/a.rs", &text).is_empty(), "{word} in node");
        }
        assert!(rules_broken_by("crates/x/src/a.rs", "fn a() { node.spawn(b()); }").is_empty());
    }
}
