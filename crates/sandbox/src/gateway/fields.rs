//! Reads the known members of a request and remembers every one that is missing or malformed. Unknown members are
//! nobody's business: the real gateway grows new ones without a version.

use money::{Amount, Currency};
use serde_json::Value;

use super::refusal::{Problem, Refusal};

/// Amounts from here on are refused: one of the triggers common to the vendor's simulators.
const AMOUNT_MAJOR_MAX: i64 = 100_000_000_000;

/// An amount with its currency as the caller wrote it, because the gateway echoes the case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Money {
    pub(super) amount: Amount,
    pub(super) currency_text: String,
}

/// A request body under reading.
pub(super) struct Fields<'a> {
    root: &'a Value,
    problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(root: &'a Value) -> Self {
        Self { root, problems: Vec::new() }
    }

    pub(super) fn missing(&mut self, field: &str) {
        self.problems.push(Problem { field: field.to_owned(), reason: "MISSING_FIELD" });
    }

    pub(super) fn invalid(&mut self, field: &str) {
        self.problems.push(Problem { field: field.to_owned(), reason: "INVALID_DATA" });
    }

    /// The member at this dotted path; `null` counts as absent.
    pub(super) fn member(&mut self, path: &str) -> Option<&'a Value> {
        let mut at = self.root;
        let mut walked = 0;
        for name in path.split('.') {
            if !at.is_object() {
                self.invalid(path[..walked].trim_end_matches('.'));
                return None;
            }
            at = at.get(name).filter(|value| !value.is_null())?;
            walked += name.len() + 1;
        }
        Some(at)
    }

    /// A text of at most this many characters; an empty one counts as absent.
    pub(super) fn text(&mut self, path: &str, chars_max: usize) -> Option<&'a str> {
        match self.member(path)? {
            Value::String(text) if text.is_empty() => None,
            Value::String(text) if text.chars().count() <= chars_max => Some(text),
            _ => {
                self.invalid(path);
                None
            }
        }
    }

    /// A yes or no; absent is no.
    pub(super) fn flag(&mut self, path: &str) -> bool {
        match self.member(path) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.invalid(path);
                false
            }
        }
    }

    /// A list of texts; absent is empty.
    pub(super) fn texts(&mut self, path: &str) -> Vec<&'a str> {
        let texts = match self.member(path) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list.iter().map(Value::as_str).collect::<Option<Vec<_>>>(),
            Some(_) => None,
        };
        texts.unwrap_or_else(|| {
            self.invalid(path);
            Vec::new()
        })
    }

    /// `<path>.totalAmount` and `<path>.currency`; the currency may be left out when the original knows it.
    pub(super) fn money(&mut self, path: &str, original: Option<&Money>) -> Option<Money> {
        let amount_path = format!("{path}.totalAmount");
        let currency_path = format!("{path}.currency");
        let number = self.text(&amount_path, 30);
        let currency_text = self.text(&currency_path, 5).map(str::to_owned);
        let Some(currency_text) = currency_text.or_else(|| original.map(|money| money.currency_text.clone())) else {
            if !self.has_problem(&currency_path) {
                self.missing(&currency_path);
            }
            if number.is_none() && !self.has_problem(&amount_path) {
                self.missing(&amount_path);
            }
            return None;
        };
        let Ok(currency) = currency_text.to_ascii_uppercase().parse::<Currency>() else {
            self.invalid(&currency_path);
            return None;
        };
        if original.is_some_and(|money| money.amount.currency() != currency) {
            self.invalid(&currency_path);
            return None;
        }
        let Some(number) = number else {
            if !self.has_problem(&amount_path) {
                self.missing(&amount_path);
            }
            return None;
        };
        let amount = Amount::parse(number, currency).ok().filter(|amount| {
            amount.minor() >= 0 && amount.to_decimal() < rust_decimal::Decimal::from(AMOUNT_MAJOR_MAX)
        });
        let Some(amount) = amount else {
            self.invalid(&amount_path);
            return None;
        };
        Some(Money { amount, currency_text })
    }

    fn has_problem(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }

    /// Refuses when anything was missing or malformed.
    pub(super) fn checked(self) -> Result<(), Refusal> {
        if self.problems.is_empty() { Ok(()) } else { Err(Refusal::of_fields(self.problems)) }
    }
}
