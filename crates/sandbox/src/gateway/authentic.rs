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
    /// How far a caller's clock may be off.
    pub skew_max: TimeDelta,
    /// Whether a token id is refused the second time.
    pub refuses_replay: bool,
}

impl Default for SignatureChecks {
    fn default() -> Self {
        Self { accepts_parentheses: false, skew_max: TimeDelta::minutes(5), refuses_replay: true }
    }
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

/// The merchant that signed this request, or nobody: the gateway has one answer for every cause.
pub(super) fn merchant(
    config: &GatewayConfig,
    seen: &mut SeenTokenIds,
    request: &Request<Bytes>,
    now: DateTime<Utc>,
) -> Option<String> {
    match text(request, header::AUTHORIZATION.as_str()) {
        Some(authorization) => jwt::merchant(config, seen, request, authorization, now),
        None => http_signature::merchant(config, request, now),
    }
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
