//! What a rule lets pass, and why. One place, so that every exception is seen beside the others;
//! an exception that no longer excuses anything is itself a finding.

use std::collections::BTreeSet;

use crate::Finding;

/// A rule, a file or folder, the words the finding begins with, and the reason.
struct Allowance {
    rule: &'static str,
    path: &'static str,
    words: &'static str,
    reason: &'static str,
}

const ALLOWANCES: &[Allowance] = &[
    Allowance {
        rule: "sleep-in-test",
        path: "crates/testkit/src/wait.rs",
        words: "",
        reason: "the one place that waits, between two looks at a condition, with a deadline",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "tests/simulation/",
        words: "",
        reason: "its clock is paused: to sleep is to let simulated time pass, and takes none",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "crates/runtime/tests/engine/",
        words: "",
        reason: "its clock is paused: to sleep is to let simulated time pass, and takes none",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "crates/erp-writer/tests/service/engine/",
        words: "",
        reason: "its clock is paused: to sleep is to let simulated time pass, and takes none",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "crates/sandbox/src/erp/tests/",
        words: "",
        reason: "its clock is paused: to sleep is to let simulated time pass, and takes none",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "crates/sandbox/tests/worlds/faults.rs",
        words: "",
        reason: "its clock is paused: to sleep is to let simulated time pass, and takes none",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "crates/sandbox/tests/worlds/http.rs",
        words: "",
        reason: "looks again and again, with a deadline, for what only a real socket brings about",
    },
    Allowance {
        rule: "sleep-in-test",
        path: "tests/crash/",
        words: "",
        reason: "drills look again and again whether the cluster is at rest, with a deadline, mostly under a paused clock",
    },
    Allowance {
        rule: "unseeded",
        path: "crates/testkit/src/servers.rs",
        words: "rand::random",
        reason: "names a database of a real server, where two runs must not meet; no history depends on it",
    },
    Allowance {
        rule: "unseeded",
        path: "crates/sandbox/src/shell.rs",
        words: "tokio::spawn",
        reason: "the sandbox's HTTP shell plays the outside: its late work outlives the caller and dies with no node",
    },
];

/// Takes the excused findings out and adds a finding for each exception that excuses none.
pub fn apply(findings: Vec<Finding>) -> Vec<Finding> {
    excused(findings, ALLOWANCES)
}

fn excused(findings: Vec<Finding>, allowances: &[Allowance]) -> Vec<Finding> {
    let mut used = BTreeSet::new();
    let mut left: Vec<Finding> = Vec::new();
    for finding in findings {
        match allowances.iter().position(|allowance| allowance.covers(&finding)) {
            Some(at) => {
                used.insert(at);
            }
            None => left.push(finding),
        }
    }
    left.extend(allowances.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, stale)| stale.finding()));
    left
}

impl Allowance {
    fn covers(&self, finding: &Finding) -> bool {
        let place = finding.file == self.path || (self.path.ends_with('/') && finding.file.starts_with(self.path));
        self.rule == finding.rule && place && finding.words.starts_with(self.words)
    }

    fn finding(&self) -> Finding {
        let Self { rule, path, words, reason } = self;
        let words = format!("excuses nothing any more: {rule} {words} in {path} ({reason})");
        Finding { file: "tests/tidy/allowances.rs".to_owned(), line: 1, rule: "stale-allowance", words }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &[Allowance] = &[Allowance { rule: "r", path: "a/", words: "w", reason: "because" }];

    fn finding(file: &str, rule: &'static str, words: &str) -> Finding {
        Finding { file: file.to_owned(), line: 1, rule, words: words.to_owned() }
    }

    #[test]
    fn only_its_rule_its_place_and_its_words_are_excused() {
        let kept = [finding("b/x.rs", "r", "w"), finding("a/x.rs", "s", "w"), finding("a/x.rs", "r", "v")];
        let all = [kept.to_vec(), vec![finding("a/x.rs", "r", "words")]].concat();
        assert_eq!(excused(all, ONE), kept);
    }

    #[test]
    fn an_exception_without_use_is_found() {
        let rules: Vec<&str> = excused(Vec::new(), ONE).iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["stale-allowance"]);
    }

    #[test]
    fn every_exception_says_why() {
        assert!(ALLOWANCES.iter().all(|allowance| allowance.reason.len() > 20));
    }
}
