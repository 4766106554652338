//! Looks through a whole JSON document for card data: keys and values, JSON in strings, base64, field names.

use base64::{
    Engine as _,
    alphabet::{STANDARD, URL_SAFE},
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use crate::{
    card::{self, Brand, Kind, Masked},
    redact::redact,
};

/// How many wrappings (JSON in a string, base64) are opened, one inside the other.
const WRAPPINGS_MAX: usize = 4;
/// The shortest decoded text worth a look, and how long base64 of it is at least.
const DECODED_MIN: usize = 13;
const ENCODED_MIN: usize = 18;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const PLAIN: GeneralPurpose = GeneralPurpose::new(&STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, LENIENT);

/// Card data in a document: where, and what may be shown of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// The field, as `lines[0].sku`; a key that is itself a card number is masked. Empty for the document itself.
    pub path: String,
    /// What was found there.
    pub masked: Masked,
}

/// The first card number, security code, track or PIN in a document.
///
/// A **number** under `id` or `…_id` is let through: shops count their rows, and rows are not cards. The same
/// digits as a string are looked at, since that is how a card number would be sent.
pub fn find_card_in_json(value: &Value) -> Option<Hit> {
    in_value(value, None, 0)
}

/// One step of the way to a value, kept on the stack until something is found.
#[derive(Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

#[derive(Clone, Copy)]
struct Place<'a> {
    step: Step<'a>,
    above: Option<&'a Place<'a>>,
}

type Path<'a> = Option<&'a Place<'a>>;

fn in_value(value: &Value, path: Path<'_>, wrappings: usize) -> Option<Hit> {
    match value {
        Value::Null | Value::Bool(_) => None,
        Value::Number(_) if last_key(path).is_some_and(is_id) => None,
        Value::Number(number) => in_bytes(number.to_string().as_bytes(), path),
        Value::String(text) => in_string(text, path, wrappings),
        Value::Array(items) => items.iter().enumerate().find_map(|(index, item)| {
            in_value(item, Some(&Place { step: Step::Index(index), above: path }), wrappings)
        }),
        Value::Object(fields) => in_object(fields, path, wrappings),
    }
}

fn in_object(fields: &Map<String, Value>, path: Path<'_>, wrappings: usize) -> Option<Hit> {
    if let Some(hit) = in_named_pair(fields, path) {
        return Some(hit);
    }
    fields.iter().find_map(|(key, value)| {
        let place = Place { step: Step::Key(key), above: path };
        let path = Some(&place);
        if let Some(kind) = find_sensitive_field(key)
            && is_filled(value)
        {
            return Some(hit(path, Masked::secret(kind)));
        }
        in_string(key, path, wrappings).or_else(|| in_value(value, path, wrappings))
    })
}

/// Shops send free fields as `{"key": "cvv", "value": "123"}`; the name is then a value.
fn in_named_pair(fields: &Map<String, Value>, path: Path<'_>) -> Option<Hit> {
    let name = ["key", "name"].iter().find_map(|name| fields.get(*name)?.as_str())?;
    let kind = find_sensitive_field(name)?;
    let filled = fields.get("value").is_some_and(is_filled);
    filled.then(|| hit(Some(&Place { step: Step::Key("value"), above: path }), Masked::secret(kind)))
}

fn in_string(text: &str, path: Path<'_>, wrappings: usize) -> Option<Hit> {
    let inside = if wrappings < WRAPPINGS_MAX { unwrapped(text, path, wrappings + 1) } else { None };
    // As it stands too, even where it was JSON: of a key that is there twice the parser keeps only one.
    inside.or_else(|| in_bytes(text.as_bytes(), path))
}

fn unwrapped(text: &str, path: Path<'_>, wrappings: usize) -> Option<Hit> {
    if text.trim_start().starts_with(['{', '[', '"'])
        && let Ok(inner) = serde_json::from_str::<Value>(text)
        && let Some(hit) = in_value(&inner, path, wrappings)
    {
        return Some(hit);
    }
    // A token within the text, so that `data:` addresses and the parts of a JWT are opened too.
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_' | '=')))
        .filter(|token| token.len() >= ENCODED_MIN)
        .filter_map(|token| PLAIN.decode(token).or_else(|_| URL.decode(token)).ok())
        .filter(|decoded| decoded.len() >= DECODED_MIN)
        .find_map(|decoded| match std::str::from_utf8(&decoded) {
            Ok(text) => in_string(text, path, wrappings),
            Err(_) => in_bytes(&decoded, path),
        })
}

fn in_bytes(text: &[u8], path: Path<'_>) -> Option<Hit> {
    let mut from = 0;
    while let Some(found) = card::next(text, from) {
        if !is_trade_item(&text[found.range.clone()], found.masked, path) {
            return Some(hit(path, found.masked));
        }
        from = found.range.end;
    }
    None
}

// A GTIN-14 of a case of goods starts with 1 to 8, and those with 30, 36, 38 and 39 are Diners numbers by prefix
// and length; one in ten of them passes Luhn. Refusing an order because of what it orders is not acceptable, so a
// field that names goods may hold such a number if the GTIN check digit is right and it is written in one piece.
// Everywhere else it is a card: being wrong there costs a question, while a stored number costs far more.
fn is_trade_item(written: &[u8], masked: Masked, path: Path<'_>) -> bool {
    masked.kind() == Kind::Card(Brand::Diners)
        && written.len() == 14
        && last_key(path).is_some_and(names_goods)
        && has_gtin_check(written)
}

fn has_gtin_check(digits: &[u8]) -> bool {
    let weighted = digits.iter().rev().enumerate().map(|(place, digit)| {
        let weight = if place % 2 == 0 { 1 } else { 3 };
        u32::from(digit - b'0') * weight
    });
    weighted.sum::<u32>().is_multiple_of(10)
}

fn names_goods(key: &str) -> bool {
    let is = |name: &str| key.eq_ignore_ascii_case(name);
    ["sku", "ean", "gtin", "upc", "barcode", "stock_code", "global_unique_id"].into_iter().any(is)
}

fn is_id(key: &str) -> bool {
    key == "id" || key.ends_with("_id")
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(_) => true,
        _ => false,
    }
}

/// What a field of this name would hold, if it must never reach us. Spelling and case do not matter.
fn find_sensitive_field(key: &str) -> Option<Kind> {
    // The longest name below is shorter; a longer key is something else.
    let mut name = [0_u8; 24];
    let mut length = 0;
    for byte in key.bytes().filter(|byte| !matches!(byte, b'_' | b'-' | b' ' | b'.')) {
        *name.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    match &name[..length] {
        b"cvv"
        | b"cvv2"
        | b"cvc"
        | b"cvc2"
        | b"cvn"
        | b"csc"
        | b"cardcvv"
        | b"cardcvc"
        | b"cardcvn"
        | b"cardcsc"
        | b"cvvcode"
        | b"cvccode"
        | b"securitycode"
        | b"cardsecuritycode"
        | b"cardverificationvalue" => Some(Kind::SecurityCode),
        b"track1" | b"track2" | b"track3" | b"track1data" | b"track2data" | b"trackdata" | b"magstripe" => {
            Some(Kind::Track)
        }
        b"pin" | b"pinblock" | b"cardpin" => Some(Kind::Pin),
        _ => None,
    }
}

/// The name of the field that holds a value, through any arrays.
fn last_key<'a>(mut path: Path<'a>) -> Option<&'a str> {
    loop {
        match path?.step {
            Step::Key(key) => return Some(key),
            Step::Index(_) => path = path?.above,
        }
    }
}

fn hit(path: Path<'_>, masked: Masked) -> Hit {
    Hit { path: written(path), masked }
}

fn written(path: Path<'_>) -> String {
    let Some(place) = path else { return String::new() };
    let above = written(place.above);
    match place.step {
        Step::Index(index) => format!("{above}[{index}]"),
        Step::Key(key) => {
            let dot = if above.is_empty() { "" } else { "." };
            format!("{above}{dot}{}", shown(key))
        }
    }
}

/// A key as it may be repeated to the caller. One that hides a card number in a wrapping is not repeated at all.
fn shown(key: &str) -> String {
    match unwrapped(key, None, 1) {
        Some(_) => "(a key)".to_owned(),
        None => redact(key).into_owned(),
    }
}
