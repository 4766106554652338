//! Rust source, blanked to what a rule may read: no comments, no words inside literals, and test
//! code apart from the rest. Every view keeps the line breaks, so line numbers stay true.

/// The two halves of a file.
pub struct Source {
    /// Code that ships.
    pub shipped: String,
    /// Code that only tests run.
    pub tests: String,
}

impl Source {
    /// Reads a file. A file of tests ships nothing; elsewhere an item under `#[cfg(test)]` is a test.
    pub fn read(text: &str, is_of_tests: bool) -> Self {
        let code = blanked(text);
        if is_of_tests {
            return Self { shipped: lines_only(&code), tests: code };
        }
        let (shipped, tests) = apart(&code);
        Self { shipped, tests }
    }
}

/// Whether nothing in this file ships.
pub fn is_of_tests(path: &str) -> bool {
    path.starts_with("tests/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.contains("/snapshots/")
        || path.starts_with("crates/testkit/")
}

/// The files of modules that a file declares under `#[cfg(test)]`, whatever their names.
pub fn test_modules(path: &str, text: &str) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let inside = match name {
        "lib.rs" | "main.rs" => folder.to_owned(),
        _ => format!("{folder}/{}", name.trim_end_matches(".rs")),
    };
    let tests = Source::read(text, false).tests;
    let declared = tests.split(';').filter_map(|item| item.rsplit_once("mod ")).map(|(_, module)| module.trim());
    let plain = |module: &&str| module.chars().all(|c| c.is_alphanumeric() || c == '_');
    declared.filter(plain).map(|module| format!("{inside}/{module}.rs")).collect()
}

/// The lines on which `word` stands by itself: `sleep(` is not in `no_sleep(`.
pub fn lines_with(code: &str, word: &str) -> Vec<usize> {
    places(code, word).into_iter().map(|at| line_of(code, at)).collect()
}

/// Where `word` stands by itself, in bytes.
pub fn places(code: &str, word: &str) -> Vec<usize> {
    let name = |c: char| c.is_alphanumeric() || c == '_';
    let bounded = |inner: Option<char>, outer: Option<char>| !(inner.is_some_and(name) && outer.is_some_and(name));
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| {
            let (before, after) = (&code[..at], &code[at + word.len()..]);
            bounded(word.chars().next(), before.chars().next_back())
                && bounded(word.chars().next_back(), after.chars().next())
        })
        .collect()
}

/// The line, from 1, of a byte.
pub fn line_of(code: &str, at: usize) -> usize {
    code[..at].matches('\n').count() + 1
}

/// Comments and the insides of literals become spaces.
pub fn blanked(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let hidden = comment(rest).or_else(|| literal(rest, &code)).unwrap_or(0);
        if hidden == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            code.push_str(&lines_only(&rest[..hidden]));
            rest = &rest[hidden..];
        }
    }
    code
}

fn lines_only(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

/// The length of the comment that begins here.
fn comment(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if !rest.starts_with("/*") {
        return None;
    }
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        match here {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    Some(rest.len())
}

/// The length of the text or character literal that begins here, `before` being what precedes it.
fn literal(rest: &str, before: &str) -> Option<usize> {
    if before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return None;
    }
    let unprefixed = rest.trim_start_matches(['b', 'c']);
    let prefix = rest.len() - unprefixed.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = unprefixed.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        let body = raw[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end).map_or(body.len(), |at| at + end.len());
        return Some(prefix + 1 + hashes + 1 + length);
    }
    if let Some(body) = unprefixed.strip_prefix('"') {
        return Some(prefix + 1 + closed(body, '"').unwrap_or(body.len()));
    }
    let body = unprefixed.strip_prefix('\'')?;
    // `'a'` is a character and `'a` a lifetime: only the closing quote tells them apart.
    let second = body.chars().nth(1);
    (body.starts_with('\\') || second == Some('\'')).then(|| prefix + 1 + closed(body, '\'').unwrap_or(body.len()))
}

fn closed(body: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in body.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(at + 1),
            _ => {}
        }
    }
    None
}

/// Splits code into what ships and the items under `#[cfg(test)]`.
fn apart(code: &str) -> (String, String) {
    let (mut shipped, mut tests) = (String::new(), String::new());
    let mut rest = code;
    while let Some(at) = rest.find("#[cfg(test)]") {
        let (before, item) = rest.split_at(at);
        let (item, after) = item.split_at(item_length(item));
        shipped.push_str(before);
        shipped.push_str(&lines_only(item));
        tests.push_str(&lines_only(before));
        tests.push_str(item);
        rest = after;
    }
    shipped.push_str(rest);
    tests.push_str(&lines_only(rest));
    (shipped, tests)
}

/// Up to the `;` or the closing brace that ends the item with its attributes.
fn item_length(item: &str) -> usize {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, c) in item.char_indices() {
        match c {
            '[' | '(' => brackets += 1,
            ']' | ')' => brackets = brackets.saturating_sub(1),
            '{' => braces += 1,
            '}' => {
                braces = braces.saturating_sub(1);
                if braces == 0 {
                    return at + 1;
                }
            }
            ';' if braces == 0 && brackets == 0 => return at + 1,
            _ => {}
        }
    }
    item.len()
}

#[test]
fn comments_and_literals_are_blank_and_lines_stay() {
    let text = "let a = \"todo \\\" x\"; // todo\n/* todo /* todo */\n todo */ let b = r#\"todo\n\"#; let c = b\"todo\";\nlet d = '\"'; let e: &'static str = todo;";
    let code = blanked(text);
    assert_eq!(lines_with(&code, "todo"), [5]);
    assert_eq!(code.lines().count(), text.lines().count());
}

#[test]
fn a_test_module_is_no_shipped_code() {
    let text = "fn a() { one(); }\n#[cfg(test)]\nmod tests {\n    fn b() { two(); }\n}\nfn c() { three(); }\n#[cfg(test)]\nmod four;\nfn d() { five(); }\n";
    let source = Source::read(text, false);
    let (shipped, tests) = (&source.shipped, &source.tests);
    assert_eq!(["one", "three", "five"].map(|word| lines_with(shipped, word)), [[1], [6], [9]]);
    assert_eq!(["two", "four"].map(|word| lines_with(tests, word)), [[4], [8]]);
    assert!(lines_with(shipped, "two").is_empty());
    assert!(lines_with(tests, "three").is_empty());
}

#[test]
fn a_module_declared_for_tests_is_one_whatever_its_name() {
    let text = "mod a;\n#[cfg(test)]\nmod samples;\n#[cfg(test)]\nmod inline { fn b() { c(); } }\n";
    assert_eq!(test_modules("crates/x/src/lib.rs", text), ["crates/x/src/samples.rs"]);
    assert_eq!(test_modules("crates/x/src/pay.rs", text), ["crates/x/src/pay/samples.rs"]);
}

#[test]
fn files_of_tests_are_known_by_their_place() {
    for path in
        ["tests/tidy/main.rs", "crates/bus/tests/a.rs", "crates/x/src/payment/tests.rs", "crates/testkit/src/lib.rs"]
    {
        assert!(is_of_tests(path), "{path}");
    }
    assert!(!is_of_tests("crates/x/src/attests.rs"));
}
