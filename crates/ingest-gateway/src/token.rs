//! What intake reads from a transient token: its name, its end, and what may be shown of the card.
//!
//! The token is signed by a key that belongs to the checkout's capture context, which the shop made and we never saw. So
//! the signature cannot be checked here; the gateway checks it when the token is used. Nothing in it is believed beyond
//! display: amount and currency come from the order. Whoever holds the token can pay with it for minutes, so everything
//! but the parts below is dropped at once.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::DateTime;
use ingest_domain::order::{PaymentMode, PaymentToken};
use serde_json::Value;

/// The longest id of a token.
const JTI_MAX: usize = 128;

/// Reads a transient token.
///
/// # Errors
/// In the caller's words, without anything of the token.
pub fn read(jwt: &str) -> Result<PaymentToken, &'static str> {
    const SHAPE: &str =
        "is not a transient token: the whole token of the checkout page is wanted, three parts with dots between";
    let parts: Vec<&str> = jwt.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err(SHAPE) };
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part.trim_end_matches('=')).ok();
    let object = |part: &str| {
        decode(part).and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()).filter(Value::is_object)
    };
    object(header).ok_or(SHAPE)?;
    decode(signature).filter(|bytes| !bytes.is_empty()).ok_or(SHAPE)?;
    let claims = object(claims).ok_or(SHAPE)?;
    let jti = claims.get("jti").and_then(Value::as_str).filter(|jti| is_id(jti)).ok_or("has no usable `jti`")?;
    let expires_at_ms = claims
        .get("exp")
        .and_then(Value::as_i64)
        .filter(|seconds| DateTime::from_timestamp(*seconds, 0).is_some())
        .and_then(|seconds| seconds.checked_mul(1000))
        .ok_or("has no usable `exp`")?;
    let number = claims.pointer("/content/paymentInformation/card/number");
    let shown = |name: &str| number.and_then(|number| number.get(name)).and_then(Value::as_str).unwrap_or_default();
    let bin = Some(shown("bin")).filter(|bin| (4..=8).contains(&bin.len()) && is_digits(bin)).unwrap_or_default();
    let masked = shown("maskedValue");
    let last_four = masked.len().checked_sub(4).and_then(|at| masked.get(at..)).filter(|four| is_digits(four));
    let brand = number
        .and_then(|number| number.pointer("/detectedCardTypes/0"))
        .and_then(Value::as_str)
        .filter(|brand| brand.len() == 3 && is_digits(brand));
    Ok(PaymentToken {
        mode: PaymentMode::Transient,
        token: jti.to_owned(),
        brand: brand.unwrap_or_default().to_owned(),
        bin: bin.to_owned(),
        last_four: last_four.unwrap_or_default().to_owned(),
        expires_at_ms,
    })
}

/// The id of a stored token: the vault's ids are letters and digits.
pub fn stored(id: &str) -> Option<PaymentToken> {
    is_id(id).then(|| PaymentToken {
        mode: PaymentMode::Stored,
        token: id.to_owned(),
        brand: String::new(),
        bin: String::new(),
        last_four: String::new(),
        expires_at_ms: 0,
    })
}

fn is_id(text: &str) -> bool {
    (1..=JTI_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
