//! Reads what callers send and objects to every wrong shape at once: missing, too long, too precise, not a number.

use std::cell::RefCell;

use bytes::Bytes;
use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use super::envelope::{Code, Objection};
use crate::erp::values::Format;

/// Collects objections while a document is read.
#[derive(Default)]
pub(super) struct Reader {
    objections: RefCell<Vec<Objection>>,
}

impl Reader {
    /// Reads a body as one JSON object.
    pub(super) fn object(body: &Bytes) -> Result<Map<String, Value>, Objection> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(members)) => Ok(members),
            Ok(_) => Err(Objection::plain(Code::BadRequest, "the body is not a JSON object")),
            Err(error) => Err(Objection::plain(Code::BadRequest, format!("the body is not JSON: {error}"))),
        }
    }

    /// The members of an object; unknown ones are ignored, as the ERP ignores unknown elements.
    pub(super) fn fields<'a>(&'a self, members: &'a Map<String, Value>) -> Fields<'a> {
        Fields { members, line: None, reader: self }
    }

    /// Adds an objection of the caller's own.
    pub(super) fn object_to(&self, objection: Objection) {
        self.objections.borrow_mut().push(objection);
    }

    /// All objections, in the order they were found; none are left.
    pub(super) fn taken(&self) -> Vec<Objection> {
        self.objections.take()
    }

    /// True when nothing was objected to so far.
    pub(super) fn is_content(&self) -> bool {
        self.objections.borrow().is_empty()
    }
}

/// The members of one object.
#[derive(Clone, Copy)]
pub(super) struct Fields<'a> {
    members: &'a Map<String, Value>,
    line: Option<u32>,
    reader: &'a Reader,
}

impl<'a> Fields<'a> {
    fn object(&self, code: Code, name: &str, value: &str, message: String) {
        self.reader.object_to(Objection::to(code, name, value, self.line, message));
    }

    fn get(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The same members, objected to as line `line`.
    pub(super) fn on_line(mut self, line: u32) -> Self {
        self.line = Some(line);
        self
    }

    /// A trimmed text; blank counts as absent.
    pub(super) fn text(&self, name: &str, width: usize) -> Option<String> {
        let Value::String(text) = self.get(name)? else {
            self.object(Code::BadRequest, name, "", format!("{name} must be a text"));
            return None;
        };
        let text = text.trim();
        if text.chars().count() > width {
            self.object(Code::FieldTooLong, name, text, format!("{name} is longer than {width} characters"));
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A text that may not be absent; blank when it was, with an objection.
    pub(super) fn required_text(&self, name: &str, width: usize) -> String {
        self.missing_unless(name, self.text(name, width)).unwrap_or_default()
    }

    /// A decimal number, sent as text or as number.
    pub(super) fn decimal(&self, name: &str, format: Format) -> Option<Decimal> {
        self.decimal_of(name, self.get(name)?, format)
    }

    /// A decimal number that may not be absent.
    pub(super) fn required_decimal(&self, name: &str, format: Format) -> Decimal {
        self.missing_unless(name, self.decimal(name, format)).unwrap_or_default()
    }

    /// Up to `most` decimal numbers.
    pub(super) fn decimals(&self, name: &str, format: Format, most: usize) -> Vec<Decimal> {
        match self.get(name) {
            None => Vec::new(),
            Some(Value::Array(values)) if values.len() <= most => {
                values.iter().filter_map(|value| self.decimal_of(name, value, format)).collect()
            }
            Some(_) => {
                self.object(Code::BadRequest, name, "", format!("{name} must be a list of at most {most} numbers"));
                Vec::new()
            }
        }
    }

    /// A date as `2026-02-24`.
    pub(super) fn date(&self, name: &str) -> Option<NaiveDate> {
        let text = self.text(name, 10)?;
        let date = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
        if date.is_none() {
            self.object(Code::BadRequest, name, &text, format!("{name} must be a date such as 2026-02-24"));
        }
        date
    }

    /// A date that may not be absent.
    pub(super) fn required_date(&self, name: &str) -> Option<NaiveDate> {
        self.missing_unless(name, self.date(name))
    }

    /// True or false; absent is false.
    pub(super) fn flag(&self, name: &str) -> bool {
        match self.get(name) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.object(Code::BadRequest, name, "", format!("{name} must be true or false"));
                false
            }
        }
    }

    /// One of these words; the first when absent.
    pub(super) fn choice<T: Copy>(&self, name: &str, choices: &[(&str, T)]) -> T {
        let default = choices[0].1;
        let Some(word) = self.text(name, 20) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(known, _)| *known == word) {
            return *choice;
        }
        let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
        self.object(Code::BadRequest, name, &word, format!("{name} must be one of {}", known.join(", ")));
        default
    }

    /// A whole number from 1 to 9999.
    pub(super) fn line_number(&self, name: &str) -> Option<u32> {
        let value = self.get(name)?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok()).filter(|n| (1..=9999).contains(n));
        if number.is_none() {
            self.object(Code::BadRequest, name, &value.to_string(), format!("{name} must be from 1 to 9999"));
        }
        number
    }

    /// An object inside this one.
    pub(super) fn inner(&self, name: &str) -> Option<Fields<'a>> {
        match self.get(name)? {
            Value::Object(members) => Some(Fields { members, line: self.line, reader: self.reader }),
            _ => {
                self.object(Code::BadRequest, name, "", format!("{name} must be an object"));
                None
            }
        }
    }

    /// A list of objects inside this one.
    pub(super) fn list(&self, name: &str) -> Vec<Fields<'a>> {
        let Some(value) = self.get(name) else { return Vec::new() };
        let Value::Array(entries) = value else {
            self.object(Code::BadRequest, name, "", format!("{name} must be a list"));
            return Vec::new();
        };
        let inner = |entry: &'a Value| match entry {
            Value::Object(members) => Some(Fields { members, line: None, reader: self.reader }),
            _ => {
                self.object(Code::BadRequest, name, "", format!("{name} must hold objects"));
                None
            }
        };
        entries.iter().filter_map(inner).collect()
    }

    /// True when a member is there and not null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    fn missing_unless<T>(&self, name: &str, value: Option<T>) -> Option<T> {
        // A value that is there and wrong has been objected to already.
        let is_blank = self.get(name).is_none_or(|value| value.as_str().is_some_and(|text| text.trim().is_empty()));
        if value.is_none() && is_blank {
            self.object(Code::MissingField, name, "", format!("{name} must be supplied"));
        }
        value
    }

    fn decimal_of(&self, name: &str, value: &Value, format: Format) -> Option<Decimal> {
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        if text.is_empty() && value.is_string() {
            return None;
        }
        match decimal(&text, format) {
            Ok(number) => Some(number),
            Err(code) => {
                let message = match code {
                    Code::BadScale => format!("{name} has more than {} decimals", format.scale),
                    Code::FieldTooLong => format!("{name} has more than {} digits before the dot", format.whole),
                    _ => format!("XML element '{name}' must be numeric"),
                };
                self.object(code, name, &text, message);
                None
            }
        }
    }
}

/// Plain digits with at most one dot; the minus may stand before or behind. No exponent, no thousands mark.
fn decimal(text: &str, format: Format) -> Result<Decimal, Code> {
    let (is_negative, digits) = match (text.strip_prefix('-'), text.strip_suffix('-')) {
        (Some(digits), _) | (None, Some(digits)) => (true, digits),
        (None, None) => (false, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_plain(whole) || !is_plain(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(Code::NotNumeric);
    }
    if whole.trim_start_matches('0').len() > format.whole {
        return Err(Code::FieldTooLong);
    }
    if fraction.len() > format.scale as usize {
        return Err(Code::BadScale);
    }
    let whole = if whole.is_empty() { "0" } else { whole };
    let number: Decimal = format!("{whole}.{fraction}0").parse().map_err(|_| Code::NotNumeric)?;
    Ok(if is_negative { -number.normalize() } else { number.normalize() })
}

/// The parameters of a GET.
#[derive(Debug, Default)]
pub(super) struct Query {
    parameters: Map<String, Value>,
}

impl Query {
    /// Reads `Name=value&Other=a%20b`; of a repeated name the first counts.
    pub(super) fn read(query: &str) -> Self {
        let mut parameters = Map::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            parameters.entry(decoded(name)).or_insert_with(|| Value::String(decoded(value)));
        }
        Self { parameters }
    }

    /// As fields: every value is a text.
    pub(super) fn members(&self) -> &Map<String, Value> {
        &self.parameters
    }
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let mut ahead = rest.clone();
                let digit = |byte: Option<u8>| byte.and_then(|byte| char::from(byte).to_digit(16));
                match (digit(ahead.next()), digit(ahead.next())) {
                    (Some(high), Some(low)) => {
                        bytes.push(u8::try_from(high * 16 + low).unwrap_or(b'?'));
                        rest = ahead;
                    }
                    _ => bytes.push(b'%'),
                }
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
