//! Configuration: flags over `QUITTANCE_…` variables over one TOML file over built-in defaults.
//!
//! One file serves every service, a section each; each section is read into the typed struct of its owner. Unknown keys
//! are refused, and all mistakes are told at once: a person who mends a file wants to mend it once.

use std::{fmt, path::Path};

use serde::de::DeserializeOwned;
use toml::{Table, Value};

/// Variables that belong to us begin like this; `__` separates section and key: `QUITTANCE_PAYMENT_SVC__POSTGRES_URL`.
const PREFIX: &str = "QUITTANCE_";
/// Mistakes that are told at most.
const MISTAKES_MAX: usize = 50;

/// Everything that is wrong with a configuration.
#[derive(Debug)]
pub struct Mistakes(pub Vec<String>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "the configuration has {} mistake(s):", self.0.len())?;
        self.0.iter().try_for_each(|mistake| writeln!(f, "  - {mistake}"))
    }
}

impl std::error::Error for Mistakes {}

/// A configuration before it is read into its structs.
#[derive(Default)]
pub struct Source {
    table: Table,
    mistakes: Vec<String>,
    taken: Vec<String>,
}

impl Source {
    /// Gathers a file (when there is one), variables and `section.key=value` flags.
    pub fn gather(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
        flags: &[String],
    ) -> Self {
        let mut source = Self::default();
        if let Some(path) = file {
            source.read_file(path);
        }
        source.over(variables, flags)
    }

    /// Lays variables and `section.key=value` flags over what is there.
    #[must_use]
    pub fn over(mut self, variables: impl IntoIterator<Item = (String, String)>, flags: &[String]) -> Self {
        self.variables(variables);
        for flag in flags {
            match flag.split_once('=') {
                Some((path, value)) => {
                    let path: Vec<String> = path.split('.').map(str::to_owned).collect();
                    put(&mut self.table, &path, parse(value));
                }
                None => self.mistakes.push(format!("--set {flag}: write section.key=value")),
            }
        }
        self
    }

    /// A configuration from a text, for the built-in worlds and for tests.
    pub fn from_text(text: &str) -> Self {
        let mut source = Self::default();
        source.merge_text(text, "text");
        source
    }

    fn read_file(&mut self, path: &Path) {
        match std::fs::read_to_string(path) {
            Ok(text) => self.merge_text(&text, &path.display().to_string()),
            Err(error) => self.mistakes.push(format!("{}: {error}", path.display())),
        }
    }

    fn merge_text(&mut self, text: &str, name: &str) {
        match text.parse::<Table>() {
            Ok(table) => merge(&mut self.table, table),
            Err(error) => self.mistakes.push(format!("{name}: {}", error.to_string().trim())),
        }
    }

    fn variables(&mut self, variables: impl IntoIterator<Item = (String, String)>) {
        let mut ours: Vec<_> = variables
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix(PREFIX)?.to_owned(), value)))
            .collect();
        ours.sort();
        for (name, value) in ours {
            let Some((section, rest)) = name.split_once("__") else { continue };
            // Sections are spelt with dashes, keys with underscores; a variable can have neither apart.
            let mut path = vec![section.to_lowercase().replace('_', "-")];
            path.extend(rest.split("__").map(str::to_lowercase));
            put(&mut self.table, &path, parse(&value));
        }
    }

    /// Reads one section over its defaults. `None` when it has mistakes; [`Source::finish`] tells them.
    pub fn section<T: DeserializeOwned>(&mut self, name: &str, defaults: &str) -> Option<T> {
        self.taken.push(name.to_owned());
        let mut table = match defaults.parse::<Table>() {
            Ok(table) => table,
            Err(error) => {
                self.mistakes.push(format!("[{name}] built-in defaults: {error}"));
                return None;
            }
        };
        match self.table.get(name) {
            Some(Value::Table(given)) => merge(&mut table, given.clone()),
            Some(_) => self.mistakes.push(format!("[{name}] must be a section")),
            None => {}
        }
        let before = self.mistakes.len();
        let mut removed = Vec::new();
        loop {
            match serde_path_to_error::deserialize::<_, T>(Value::Table(table.clone())) {
                Ok(read) => return (self.mistakes.len() == before).then_some(read),
                Err(error) => {
                    let path = error.path().to_string();
                    let words = error.into_inner().to_string();
                    // What follows the first line repeats the path.
                    let words = words.trim().lines().next().unwrap_or_default().to_owned();
                    // What lacks only because we took it out was told already.
                    if missing_field(&words).is_some_and(|field| removed.contains(&join(&path, field))) {
                        return None;
                    }
                    self.mistakes.push(format!("[{name}] {path}: {words}"));
                    // Go on without the wrong key, to find the next mistake.
                    let key = unknown_field(&words).map_or_else(|| path.clone(), |field| join(&path, field));
                    if self.mistakes.len() >= MISTAKES_MAX || !remove(&mut table, &key) {
                        return None;
                    }
                    removed.push(key);
                }
            }
        }
    }

    /// Tells every mistake: sections nobody has asked for included.
    ///
    /// # Errors
    /// When there is any.
    pub fn finish(mut self) -> Result<(), Mistakes> {
        for name in self.table.keys() {
            if !self.taken.contains(name) {
                self.mistakes.push(format!("[{name}]: no such section; there are {}", self.taken.join(", ")));
            }
        }
        if self.mistakes.is_empty() { Ok(()) } else { Err(Mistakes(self.mistakes)) }
    }

    /// Notes what the owner of a section found wrong in it.
    pub fn complain(&mut self, name: &str, mistakes: impl IntoIterator<Item = String>) {
        self.mistakes.extend(mistakes.into_iter().map(|mistake| format!("[{name}] {mistake}")));
    }

    /// Whether anything was said about a section.
    pub fn has(&self, name: &str) -> bool {
        self.table.contains_key(name)
    }

    /// Leaves a section alone that another process reads from the same file.
    pub fn skip(&mut self, name: &str) {
        self.taken.push(name.to_owned());
    }
}

/// Numbers, booleans and lists are read as such; everything else is text.
fn parse(text: &str) -> Value {
    format!("value = {text}")
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(text.to_owned()))
}

fn put(table: &mut Table, path: &[String], value: Value) {
    match path {
        [] => {}
        [last] => {
            table.insert(last.clone(), value);
        }
        [first, rest @ ..] => {
            let inner = table.entry(first.clone()).or_insert_with(|| Value::Table(Table::new()));
            if !inner.is_table() {
                *inner = Value::Table(Table::new());
            }
            if let Value::Table(inner) = inner {
                put(inner, rest, value);
            }
        }
    }
}

fn merge(into: &mut Table, from: Table) {
    for (key, value) in from {
        match (into.get_mut(&key), value) {
            (Some(Value::Table(old)), Value::Table(new)) => merge(old, new),
            (_, value) => {
                into.insert(key, value);
            }
        }
    }
}

fn unknown_field(words: &str) -> Option<&str> {
    words.strip_prefix("unknown field `")?.split('`').next()
}

fn missing_field(words: &str) -> Option<&str> {
    words.strip_prefix("missing field `")?.split('`').next()
}

fn join(path: &str, field: &str) -> String {
    // The path of an unknown field may or may not end with it, by the kind of container.
    if path == "." || path.is_empty() {
        field.to_owned()
    } else if path == field || path.ends_with(&format!(".{field}")) {
        path.to_owned()
    } else {
        format!("{path}.{field}")
    }
}

fn remove(table: &mut Table, path: &str) -> bool {
    match path.split_once('.') {
        None => table.remove(path).is_some(),
        Some((first, rest)) => match table.get_mut(first) {
            Some(Value::Table(inner)) => remove(inner, rest),
            _ => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Section {
        url: String,
        width: u32,
    }

    const DEFAULTS: &str = "url = 'there'\nwidth = 4";

    #[test]
    fn flags_beat_variables_beat_the_file_beats_defaults() {
        let mut source = Source::from_text("[a-b]\nwidth = 5\nurl = 'file'");
        source.variables([("QUITTANCE_A_B__WIDTH".to_owned(), "6".to_owned()), ("PATH".to_owned(), "x".to_owned())]);
        put(&mut source.table, &["a-b".to_owned(), "url".to_owned()], parse("flag"));
        assert_eq!(source.section("a-b", DEFAULTS), Some(Section { url: "flag".to_owned(), width: 6 }));
        assert!(source.finish().is_ok());
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mut source = Source::from_text("[a]\nwidht = 5\nwidth = 'many'\nulr = 1\n[nobody]\nx = 1");
        assert_eq!(source.section::<Section>("a", DEFAULTS), None);
        let Err(Mistakes(mistakes)) = source.finish() else { panic!("mistakes expected") };
        let told = mistakes.join("\n");
        for part in ["widht", "ulr", "width", "nobody"] {
            assert!(told.contains(part), "{part} missing in {told}");
        }
        assert!(!told.contains("missing field"), "what was wrong is not missing too: {told}");
    }
}
