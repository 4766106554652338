//! The shop's side of a callback: `POST /callbacks/{shop}` with a signed body.
//!
//! The signature is `Quittance-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">` with the shop's secret;
//! the event is named by `Quittance-Event-Id`, and a repeat of it is taken once and counted.

mod signature;

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Method, Request, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::world::{Caller, Reply, World};

/// The header that carries the signature.
pub const SIGNATURE_HEADER: &str = "quittance-signature";
/// The header that names the event.
pub const EVENT_ID_HEADER: &str = "quittance-event-id";
/// The secret of every shop that has none of its own.
pub const DEFAULT_SECRET: &str = "sandbox-callback-secret";

/// How the shops are set up.
#[derive(Clone)]
pub struct ShopConfig {
    /// The secret of shops that are not listed.
    pub callback_secret: String,
    /// Secrets by shop.
    pub shops: BTreeMap<String, String>,
    /// A signature may be this old, or this far ahead.
    pub age_max: TimeDelta,
}

impl Default for ShopConfig {
    fn default() -> Self {
        Self { callback_secret: DEFAULT_SECRET.to_owned(), shops: BTreeMap::new(), age_max: TimeDelta::minutes(5) }
    }
}

impl std::fmt::Debug for ShopConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShopConfig")
            .field("shops", &self.shops.keys())
            .field("age_max", &self.age_max)
            .finish_non_exhaustive()
    }
}

/// One callback as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Callback {
    /// The shop it was sent to.
    pub shop: String,
    /// `Quittance-Event-Id`, empty when missing.
    pub event_id: String,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Whether the signature was right and fresh. Wrong ones are answered with 401.
    pub is_signature_ok: bool,
    /// Whether this event had come before with a right signature.
    pub is_repeat: bool,
    /// The body, or its text when it is no JSON.
    pub body: Value,
}

/// What the shops were told, in order of arrival.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopBooks {
    /// Every callback received.
    pub callbacks: Vec<Callback>,
}

impl ShopBooks {
    /// The callbacks a shop would act on: rightly signed, each event once.
    pub fn accepted(&self) -> impl Iterator<Item = &Callback> {
        self.callbacks.iter().filter(|callback| callback.is_signature_ok && !callback.is_repeat)
    }
}

/// All shops.
pub struct ShopWorld {
    config: ShopConfig,
    books: ShopBooks,
    /// Shop and event of every callback with a right signature.
    taken: BTreeSet<(String, String)>,
    clock_offset: TimeDelta,
}

impl ShopWorld {
    /// Shops that were told nothing yet.
    pub fn new(config: ShopConfig) -> Self {
        Self { config, books: ShopBooks::default(), taken: BTreeSet::new(), clock_offset: TimeDelta::zero() }
    }

    /// Every callback received.
    pub fn books(&self) -> ShopBooks {
        self.books.clone()
    }

    /// How far this world's time is ahead of its callers' clocks.
    pub fn set_clock_offset(&mut self, offset: TimeDelta) {
        self.clock_offset = offset;
    }

    fn receive(&mut self, shop: &str, request: &Request<Bytes>, now: DateTime<Utc>) -> StatusCode {
        let secret = self.config.shops.get(shop).unwrap_or(&self.config.callback_secret);
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let event_id = header(EVENT_ID_HEADER).to_owned();
        let callers_now = now - self.clock_offset;
        let is_signature_ok =
            signature::is_right(header(SIGNATURE_HEADER), secret, request.body(), callers_now, self.config.age_max);
        let event = (shop.to_owned(), event_id.clone());
        let is_repeat = !event_id.is_empty() && self.taken.contains(&event);
        if is_signature_ok && !event_id.is_empty() {
            self.taken.insert(event);
        }
        let body = serde_json::from_slice(request.body())
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(request.body()).into_owned()));
        self.books.callbacks.push(Callback {
            shop: shop.to_owned(),
            event_id,
            at: now,
            is_signature_ok,
            is_repeat,
            body,
        });
        if is_signature_ok { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED }
    }
}

/// What a callback is about: its event.
pub(crate) fn about(request: &Request<Bytes>) -> String {
    let event = request.headers().get(EVENT_ID_HEADER).and_then(|value| value.to_str().ok());
    event.unwrap_or_default().chars().take(120).collect()
}

impl World for ShopWorld {
    /// A callback's signature is looked at when it is taken, not before.
    fn admit(&mut self, _request: &Request<Bytes>, _now: DateTime<Utc>) -> Result<Caller, Reply> {
        Ok(Caller::default())
    }

    fn work(&mut self, request: &Request<Bytes>, _caller: &Caller, now: DateTime<Utc>) -> Reply {
        let shop =
            request.uri().path().strip_prefix("/callbacks/").filter(|shop| !shop.is_empty() && !shop.contains('/'));
        let status = match (shop, request.method()) {
            (Some(shop), &Method::POST) => self.receive(shop, request, now),
            (Some(_), _) => StatusCode::METHOD_NOT_ALLOWED,
            (None, _) => StatusCode::NOT_FOUND,
        };
        let mut response = Response::new(Bytes::new());
        *response.status_mut() = status;
        Reply::now(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_791_970_200 + seconds, 0).unwrap()
    }

    fn callback(event: &str, secret: &str) -> Request<Bytes> {
        let body = Bytes::from_static(br#"{"order":"1001"}"#);
        Request::post("http://shop/callbacks/lamp-shop")
            .header(SIGNATURE_HEADER, signature::header(secret, at(0), &body))
            .header(EVENT_ID_HEADER, event)
            .body(body)
            .unwrap()
    }

    #[test]
    fn a_right_signature_is_taken_once() {
        let mut shop = ShopWorld::new(ShopConfig::default());
        for _ in 0..2 {
            assert_eq!(shop.handle(&callback("e1", DEFAULT_SECRET), at(1)).response.status(), 204);
        }
        let books = shop.books();
        assert_eq!(books.callbacks.len(), 2);
        assert_eq!(books.accepted().count(), 1);
    }

    #[test]
    fn a_wrong_or_old_signature_is_refused_and_noted() {
        let mut shop = ShopWorld::new(ShopConfig::default());
        assert_eq!(shop.handle(&callback("e1", "another"), at(1)).response.status(), 401);
        assert_eq!(shop.handle(&callback("e1", DEFAULT_SECRET), at(301)).response.status(), 401);
        assert_eq!(shop.books().accepted().count(), 0);
        assert_eq!(shop.books().callbacks.len(), 2);
    }

    #[test]
    fn an_advanced_world_still_takes_fresh_callbacks() {
        let mut shop = ShopWorld::new(ShopConfig::default());
        shop.set_clock_offset(TimeDelta::hours(1));
        assert_eq!(shop.handle(&callback("e1", DEFAULT_SECRET), at(3601)).response.status(), 204);
    }
}
