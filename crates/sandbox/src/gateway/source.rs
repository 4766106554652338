//! What a payment is taken from: exactly one of a card, a stored token or a transient token. Of a card number only its
//! first six and last four digits leave this file.

use chrono::{DateTime, Datelike, Utc};

use super::{
    cards::CardManner,
    fields::Fields,
    refusal::Refusal,
    tokens::{Found, Tokens},
    triggers::{EXPIRED, Effect, by_cents},
};

const NUMBER: &str = "paymentInformation.card.number";
const MONTH: &str = "paymentInformation.card.expirationMonth";
const YEAR: &str = "paymentInformation.card.expirationYear";
const JWT: &str = "tokenInformation.transientTokenJwt";
const JTI: &str = "tokenInformation.jti";
const STORED: [&str; 3] = [
    "paymentInformation.customer.id",
    "paymentInformation.paymentInstrument.id",
    "paymentInformation.instrumentIdentifier.id",
];
/// Transient tokens are a couple of thousand characters long.
const JWT_CHARS_MAX: usize = 8000;

/// What is kept of the card, and what it will do whatever the amount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Source {
    pub(super) card_type: &'static str,
    pub(super) prefix: String,
    pub(super) suffix: String,
    pub(super) effect: Option<Effect>,
}

/// Reads the payment source. Problems of single members are left in `fields`.
pub(super) fn read(fields: &mut Fields<'_>, tokens: &Tokens, now: DateTime<Utc>) -> Result<Option<Source>, Refusal> {
    let number = fields.text(NUMBER, 40);
    let stored = STORED.into_iter().find_map(|path| fields.text(path, 40).map(|id| (path, id)));
    let (jwt, jti) = (fields.text(JWT, JWT_CHARS_MAX), fields.text(JTI, 100));
    match (number, stored, jwt, jti) {
        (Some(number), None, None, None) => Ok(card(fields, number, now)),
        (None, Some((path, id)), None, None) => token(tokens.stored(id), path).map(Some),
        (None, None, Some(jwt), _) => token(tokens.by_jwt(jwt, now), JWT).map(Some),
        (None, None, None, Some(jti)) => token(tokens.by_jti(jti, now), JTI).map(Some),
        (None, None, None, None) => {
            fields.missing(NUMBER);
            Ok(None)
        }
        // Two sources in one request: nobody can say which was meant.
        (Some(_), ..) => Err(Refusal::invalid(NUMBER)),
        (None, Some((path, _)), ..) => Err(Refusal::invalid(path)),
    }
}

fn token(found: Found, field: &str) -> Result<Source, Refusal> {
    match found {
        Found::Card(card) => Ok(Source {
            card_type: card.kind,
            prefix: card.prefix.to_owned(),
            suffix: card.suffix.to_owned(),
            effect: match card.manner {
                CardManner::Approves => None,
                CardManner::Trigger(cents) => by_cents(cents),
            },
        }),
        Found::Expired | Found::Unknown => Err(Refusal::invalid(field)),
    }
}

fn card(fields: &mut Fields<'_>, number: &str, now: DateTime<Utc>) -> Option<Source> {
    let expiry = expiry(fields);
    let is_number = number.bytes().all(|b| b.is_ascii_digit()) && (12..=19).contains(&number.len()) && luhn(number);
    if !is_number {
        fields.invalid(NUMBER);
        return None;
    }
    let (year, month) = expiry?;
    let is_expired = (year, month) < (now.year(), now.month());
    Some(Source {
        card_type: brand(number),
        prefix: number[..6].to_owned(),
        suffix: number[number.len() - 4..].to_owned(),
        effect: is_expired.then_some(EXPIRED),
    })
}

fn expiry(fields: &mut Fields<'_>) -> Option<(i32, u32)> {
    let mut part = |path: &str, range: std::ops::RangeInclusive<u32>| {
        let is_known = fields.member(path).is_some();
        let text = fields.text(path, 4);
        match text {
            None if !is_known => {
                fields.missing(path);
                None
            }
            None => None,
            Some(text) => {
                let value = text.parse().ok().filter(|value| range.contains(value));
                if value.is_none() {
                    fields.invalid(path);
                }
                value
            }
        }
    };
    let (month, year) = (part(MONTH, 1..=12), part(YEAR, 1900..=2099));
    Some((i32::try_from(year?).ok()?, month?))
}

fn luhn(number: &str) -> bool {
    let sum: u32 = number
        .bytes()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit - b'0')) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn brand(number: &str) -> &'static str {
    let lead = |digits: usize| number[..digits].parse::<u32>().unwrap_or(0);
    match (lead(2), lead(4)) {
        (40..=49, _) => "001",
        (51..=55, _) | (_, 2221..=2720) => "002",
        (34 | 37, _) => "003",
        (65, _) | (_, 6011 | 6440..=6499) => "004",
        (36 | 38 | 39, _) | (_, 3000..=3059) => "005",
        (35, _) => "007",
        (50 | 56..=69, _) => "042",
        _ => "000",
    }
}
