//! What a caller or an operator may be shown has a page: problems of the shop API and codes such as `OTC-PAY-002`.

use crate::Finding;
use crate::source::{is_of_tests, line_of};
use crate::tree::File;

const PAGES: &str = "docs/errors/";
const CODE: &str = "\"OTC-";
const PROBLEM: &str = "Problem::new(StatusCode::";
/// Followed by three digits, or it is no code of ours.
const AREAS: [&str; 4] = ["INT", "PAY", "ERP", "RUN"];

/// Every name without a page.
pub fn of_tree(files: &[File]) -> Vec<Finding> {
    let pages: String =
        files.iter().filter(|file| file.path.starts_with(PAGES)).map(|file| file.text.as_str()).collect();
    let sources = files.iter().filter(|file| file.path.starts_with("crates/") && file.path.ends_with(".rs"));
    let mut findings = Vec::new();
    for file in sources.filter(|file| !is_of_tests(&file.path)) {
        for (line, name) in shown(&file.text) {
            if !pages.contains(&format!("`{name}`")) {
                let words = format!("`{name}` has no words in {PAGES}");
                findings.push(Finding { file: file.path.clone(), line, rule: "error-page", words });
            }
        }
    }
    findings
}

/// The names that a file shows to people, with their lines.
fn shown(text: &str) -> Vec<(usize, String)> {
    let quoted = |rest: &str| rest.split('"').nth(1).map(str::to_owned);
    let codes = text.match_indices(CODE).filter_map(|(at, _)| Some((at, quoted(&text[at..])?))).filter(|(_, name)| {
        let mut parts = name.split('-').skip(1);
        let area = parts.next().is_some_and(|area| AREAS.contains(&area));
        area && parts.next().is_some_and(|number| number.len() == 3 && number.bytes().all(|b| b.is_ascii_digit()))
    });
    let problems = text.match_indices(PROBLEM).filter_map(|(at, _)| Some((at, quoted(&text[at..])?)));
    codes.chain(problems).map(|(at, name)| (line_of(text, at), name)).collect()
}

#[test]
fn a_name_without_a_page_is_found() {
    let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
    let code = file("crates/x/src/a.rs", "const A: &str = \"OTC-PAY-900\";\nconst B: &str = \"OTC-1001-A1\";");
    let problem = file("crates/x/src/b.rs", "\nProblem::new(StatusCode::NOT_FOUND, \"no-such-thing\", \"…\")");
    let page = file("docs/errors/a.md", "| `OTC-PAY-900` |");
    let names =
        |files: &[File]| of_tree(files).into_iter().map(|finding| (finding.line, finding.file)).collect::<Vec<_>>();
    assert_eq!(names(&[problem, page]), [(2, "crates/x/src/b.rs".to_owned())]);
    assert_eq!(names(&[code]), [(1, "crates/x/src/a.rs".to_owned())]);
}
