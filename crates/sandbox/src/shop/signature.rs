//! The callback signature, written from its description and not from the sender's code.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// True when one of the header's `v1` values is the HMAC of `"<t>.<body>"` and `t` is fresh.
pub(super) fn is_right(header: &str, secret: &str, body: &[u8], now: DateTime<Utc>, age_max: TimeDelta) -> bool {
    let Some(time) = parts(header, "t=").next() else { return false };
    let Some(sent_at) = time.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)) else {
        return false;
    };
    let is_fresh = (now - sent_at).abs() <= age_max;
    let is_signed = parts(header, "v1=").any(|value| {
        hex::decode(value)
            .is_ok_and(|given| keyed(secret, time, body).is_some_and(|mac| mac.verify_slice(&given).is_ok()))
    });
    is_fresh && is_signed
}

fn parts<'a>(header: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    header.split(',').filter_map(move |part| part.trim().strip_prefix(name))
}

fn keyed(secret: &str, time: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

/// The header that a sender would make.
#[cfg(test)]
pub(super) fn header(secret: &str, at: DateTime<Utc>, body: &[u8]) -> String {
    let time = at.timestamp().to_string();
    let mac = keyed(secret, &time, body).unwrap();
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}
