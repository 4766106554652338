//! Finds a payment card number in text, and nothing else that is long and made of digits.
//!
//! Pure, one pass, no allocation. A number is a card only if all of this holds:
//!
//! - a known brand prefix **at one of that brand's lengths** (a 13-digit Visa has not been issued for decades,
//!   while every EAN has 13 digits);
//! - the Luhn check digit;
//! - the run of digits is exactly that long: a card inside a 22-digit request id is chance, not a card;
//! - separators, if any, stand where cards have them (`4-4-4-4`, `4-6-5`, `4-6-4`, `6-13`);
//! - it is not part of something that has a shape of its own: a digest, a UUID, a span id, a fraction, an IBAN.
//!
//! What is not covered: digits of other scripts, digits split by anything but one space or dash, and numbers
//! that someone hides on purpose.

use std::{fmt, ops::Range};

/// Shortest and longest number of any brand we look for.
const DIGITS_MIN: usize = 14;
const DIGITS_MAX: usize = 19;
/// A card of 19 digits in fours has five groups.
const GROUPS_MAX: usize = 5;

/// The first card number in a text, masked.
pub fn find_card(text: &str) -> Option<Masked> {
    next(text.as_bytes(), 0).map(|found| found.masked)
}

/// The network whose numbers look like this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the brands")]
pub enum Brand {
    Amex,
    Diners,
    Discover,
    Jcb,
    Maestro,
    Mastercard,
    UnionPay,
    Visa,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A card number.
    Card(Brand),
    /// The three or four digits that are never stored (CVV, CVC, CVN, CSC), known by the field's name.
    SecurityCode,
    /// What is on the magnetic stripe, known by the field's name.
    Track,
    /// A PIN or a PIN block, known by the field's name.
    Pin,
}

/// A finding that can be shown: at most a card's last four digits are left of it.
///
/// The first six are not shown: with the last four and the check digit they leave too little to guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Masked {
    kind: Kind,
    length: usize,
    last_four: [u8; 4],
}

impl Masked {
    /// A secret of which nothing may be shown.
    pub(crate) fn secret(kind: Kind) -> Self {
        Self { kind, length: 0, last_four: *b"****" }
    }

    /// What was found.
    pub fn kind(&self) -> Kind {
        self.kind
    }
}

impl fmt::Display for Masked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for _ in 4..self.length {
            f.write_str("*")?;
        }
        for digit in self.last_four {
            write!(f, "{}", char::from(digit))?;
        }
        Ok(())
    }
}

/// A card number and where it stands; the range covers ASCII only, so it may cut a `str`.
pub(crate) struct Found {
    pub(crate) masked: Masked,
    pub(crate) range: Range<usize>,
}

/// The first card number at or after `from`, which must not stand inside a run of digits.
pub(crate) fn next(text: &[u8], from: usize) -> Option<Found> {
    let mut at = from;
    while at < text.len() {
        if !text[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let end = run_end(text, at);
        let found = match end - at {
            4 | 6 => grouped(text, at, end),
            DIGITS_MIN..=DIGITS_MAX => judge(text, at..end),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
        at = end;
    }
    None
}

fn run_end(text: &[u8], start: usize) -> usize {
    text[start..].iter().position(|byte| !byte.is_ascii_digit()).map_or(text.len(), |length| start + length)
}

/// Tries a number that is written in groups and starts here.
///
/// Whole groups only, but the groups need not be all there are: an expiry date or a security code after the
/// number (`4111 1111 1111 1111 12 29`) is how people type cards, and it must not hide one.
fn grouped(text: &[u8], start: usize, first_end: usize) -> Option<Found> {
    let mut lengths = [first_end - start, 0, 0, 0, 0];
    let mut ends = [first_end; GROUPS_MAX];
    let mut count = 1;
    while count < GROUPS_MAX {
        let end = ends[count - 1];
        let is_joined = matches!(text.get(end), Some(b' ' | b'-')) && text.get(end + 1).is_some_and(u8::is_ascii_digit);
        if !is_joined {
            break;
        }
        ends[count] = run_end(text, end + 1);
        lengths[count] = ends[count] - end - 1;
        count += 1;
    }
    (2..=count)
        .rev()
        .filter(|&groups| is_card_grouping(&lengths[..groups]))
        .find_map(|groups| judge(text, start..ends[groups - 1]))
}

fn is_card_grouping(lengths: &[usize]) -> bool {
    matches!(lengths, [4, 6, 4 | 5] | [6, 13] | [4, 4, 4, 3 | 4] | [4, 4, 4, 4, 1..=3])
}

/// Looks at one candidate: brand, check digit, then the shapes that are something else.
fn judge(text: &[u8], range: Range<usize>) -> Option<Found> {
    let mut digits = [0_u8; DIGITS_MAX];
    let mut length = 0;
    for byte in text[range.clone()].iter().filter(|byte| byte.is_ascii_digit()) {
        *digits.get_mut(length)? = byte - b'0';
        length += 1;
    }
    let digits = &digits[..length];
    let brand = brand(digits)?;
    if !luhn(digits) || is_something_else(text, &range) {
        return None;
    }
    let mut last_four = [b'*'; 4];
    for (shown, digit) in last_four.iter_mut().zip(&digits[length - 4..]) {
        *shown = digit + b'0';
    }
    Some(Found { masked: Masked { kind: Kind::Card(brand), length, last_four }, range })
}

/// The brand of a prefix, if it issues numbers of this length.
fn brand(digits: &[u8]) -> Option<Brand> {
    let prefix = digits.iter().take(4).fold(0_u16, |prefix, digit| prefix * 10 + u16::from(*digit));
    let length = digits.len();
    match (prefix, length) {
        (4000..=4999, 16 | 18 | 19) => Some(Brand::Visa),
        (5100..=5599 | 2221..=2720, 16) => Some(Brand::Mastercard),
        (3400..=3499 | 3700..=3799, 15) => Some(Brand::Amex),
        (6011 | 6440..=6599, 16..=19) => Some(Brand::Discover),
        (3528..=3589, 16) => Some(Brand::Jcb),
        (3000..=3059 | 3600..=3699 | 3800..=3999, 14) => Some(Brand::Diners),
        // Maestro starts at 12 digits on paper. Phone numbers and EANs live there, and no Maestro that a shop
        // meets today is that short.
        (5018 | 5020 | 5038 | 5893 | 6304 | 6759 | 6761..=6763, 16..=19) => Some(Brand::Maestro),
        (6200..=6299, 16..=19) => Some(Brand::UnionPay),
        _ => None,
    }
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => digit * 2 - 9,
            (_, digit) => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

// One number in ten passes Luhn, so everything machine-made that holds many digits would be refused now and
// then. These shapes are certain enough to be let through. They are looked at only for a number that has
// already passed everything else.
fn is_something_else(text: &[u8], range: &Range<usize>) -> bool {
    is_fraction(text, range)
        || is_in_digest(text, range)
        || is_in_uuid(text, range)
        || is_span_id(text, range)
        || is_in_iban(text, range)
}

/// `0.4539578763621486`: the digits after a decimal point.
fn is_fraction(text: &[u8], range: &Range<usize>) -> bool {
    matches!(text[..range.start], [.., before, b'.'] if before.is_ascii_digit())
}

/// Inside a hexadecimal digest or trace id of a usual length.
fn is_in_digest(text: &[u8], range: &Range<usize>) -> bool {
    let hex = around(text, range, |byte| byte.is_ascii_hexdigit());
    matches!(hex.len(), 32 | 40 | 48 | 56 | 64 | 96 | 128)
}

/// Inside `8-4-4-4-12` hexadecimal digits.
fn is_in_uuid(text: &[u8], range: &Range<usize>) -> bool {
    let token = &text[around(text, range, |byte| byte.is_ascii_hexdigit() || byte == b'-')];
    token.len() == 36 && [8, 13, 18, 23].iter().all(|&place| token[place] == b'-')
}

/// The 16 digits after a trace id in a `traceparent`.
fn is_span_id(text: &[u8], range: &Range<usize>) -> bool {
    let Some((b'-', before)) = text[..range.start].split_last() else { return false };
    before.len() >= 32 && before[before.len() - 32..].iter().all(u8::is_ascii_hexdigit)
}

/// Inside a bank account number whose own check digits are right.
fn is_in_iban(text: &[u8], range: &Range<usize>) -> bool {
    // 34 characters at most, printed in fours.
    let earliest = range.start.saturating_sub(34 + 8);
    (earliest..range.start).any(|start| {
        let is_start = start == 0 || !text[start - 1].is_ascii_alphanumeric();
        is_start && text[start].is_ascii_alphabetic() && is_iban(&text[start..], range.end - start)
    })
}

/// Whether a valid IBAN starts here that is at least `length_min` bytes long as written.
fn is_iban(text: &[u8], length_min: usize) -> bool {
    let mut compact = [0_u8; 34];
    let mut count = 0;
    for (place, byte) in text.iter().enumerate() {
        if byte.is_ascii_alphanumeric() {
            let Some(slot) = compact.get_mut(count) else { return false };
            *slot = *byte;
            count += 1;
            let is_token_end = !text.get(place + 1).is_some_and(u8::is_ascii_alphanumeric);
            if is_token_end && place + 1 >= length_min && is_iban_checked(&compact[..count]) {
                return true;
            }
        } else if *byte != b' ' {
            return false;
        }
    }
    false
}

fn is_iban_checked(compact: &[u8]) -> bool {
    let [c1, c2, k1, k2, account @ ..] = compact else { return false };
    let has_head = c1.is_ascii_alphabetic() && c2.is_ascii_alphabetic() && k1.is_ascii_digit() && k2.is_ascii_digit();
    let rest = account.iter().chain([c1, c2, k1, k2]).fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    has_head && compact.len() >= 15 && rest == 1
}

/// Widens a range over all neighbours of a kind.
fn around(text: &[u8], range: &Range<usize>, belongs: impl Fn(u8) -> bool) -> Range<usize> {
    let before = text[..range.start].iter().rev().take_while(|byte| belongs(**byte)).count();
    let after = text[range.end..].iter().take_while(|byte| belongs(**byte)).count();
    range.start - before..range.end + after
}
