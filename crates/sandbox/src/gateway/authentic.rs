//! Who sent this request: verifies both signature schemes. Written from the published description alone, so that a client
//! which passes here is right and not merely of the same opinion.

mod http_signature;
mod jwt;

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, header};
use sha2::{Digest, Sha256};

use super::GatewayConfig;

/// How strictly signatures are judged.
#[derive(Debug, Clone)]
pub struct SignatureChecks {
    /// Whether `(request-target)` with parentheses is accepted, as the vendor did until 2024.
    pub accepts_parentheses: bool,
    /// A signed token lives at most this long.
    pub life_max: TimeDelta,
    /// A HTTP Signature is good for this long after its date.
    pub date_age_max: TimeDelta,
    /// How far a caller's clock may be ahead.
    pub skew_max: TimeDelta,
    /// Whether a token id is refused the second time.
    pub refuses_replay: bool,
}

impl Default for SignatureChecks {
    fn default() -> Self {
        Self {
            accepts_parentheses: false,
            life_max: TimeDelta::seconds(120),
            date_age_max: TimeDelta::minutes(5),
            skew_max: TimeDelta::minutes(5),
            refuses_replay: true,
        }
    }
}

impl SignatureChecks {
    /// Signatures of both kinds live this long, and clocks may differ by so much.
    pub fn living(life: TimeDelta, skew: TimeDelta) -> Self {
        Self { life_max: life, date_age_max: life, skew_max: skew, ..Self::default() }
    }
}

/// What a request's proof is worth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This merchant signed it.
    Good(String),
    /// It was signed rightly and is too late: its proof was good until then.
    Expired(DateTime<Utc>),
    /// Nobody signed it.
    Wrong,
}

/// Token ids that were used and are not yet expired.
#[derive(Default)]
pub(super) struct SeenTokenIds {
    expiry_by_id: BTreeMap<String, i64>,
    by_expiry: BTreeSet<(i64, String)>,
}

impl SeenTokenIds {
    /// Notes an id; false when it was there already.
    fn note(&mut self, id: &str, expires_at: i64, now: DateTime<Utc>) -> bool {
        while let Some((expiry, id)) = self.by_expiry.first().cloned() {
            if expiry >= now.timestamp() {
                break;
            }
            self.by_expiry.remove(&(expiry, id.clone()));
            self.expiry_by_id.remove(&id);
        }
        if self.expiry_by_id.contains_key(id) {
            return false;
        }
        self.expiry_by_id.insert(id.to_owned(), expires_at);
        self.by_expiry.insert((expires_at, id.to_owned()));
        true
    }
}

/// Who signed this request. The gateway has one answer for every cause but the books know better.
pub(super) fn verdict(
    config: &GatewayConfig,
    seen: &mut SeenTokenIds,
    request: &Request<Bytes>,
    now: DateTime<Utc>,
) -> Verdict {
    let verdict = match text(request, header::AUTHORIZATION.as_str()) {
        Some(authorization) => jwt::verdict(config, seen, request, authorization, now),
        None => http_signature::verdict(config, request, now),
    };
    verdict.unwrap_or(Verdict::Wrong)
}

fn text<'a>(request: &'a Request<Bytes>, name: &str) -> Option<&'a str> {
    request.headers().get(name)?.to_str().ok()
}

/// The host as the caller named it: the header, or the authority of an absolute URI.
fn host(request: &Request<Bytes>) -> Option<&str> {
    text(request, header::HOST.as_str()).or_else(|| request.uri().authority().map(http::uri::Authority::as_str))
}

/// Path and query exactly as sent.
fn target(request: &Request<Bytes>) -> &str {
    request.uri().path_and_query().map_or("/", http::uri::PathAndQuery::as_str)
}

fn digest(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

#[cfg(test)]
mod tests;
