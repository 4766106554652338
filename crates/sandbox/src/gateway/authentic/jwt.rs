//! A signed token with the shared secret: the vendor's present default.

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use serde::{Deserialize, de::DeserializeOwned};
use sha2::{Sha256, Sha384, Sha512};

use super::{GatewayConfig, SeenTokenIds, Verdict, digest, host, target};

#[derive(Deserialize)]
struct Header {
    kid: String,
    alg: String,
}

#[derive(Deserialize)]
struct Claims {
    digest: Option<String>,
    #[serde(rename = "digestAlgorithm")]
    digest_algorithm: Option<String>,
    iat: i64,
    exp: i64,
    iss: String,
    jti: String,
    #[serde(rename = "request-host")]
    host: String,
    #[serde(rename = "request-method")]
    method: String,
    #[serde(rename = "request-resource-path")]
    path: String,
    #[serde(rename = "v-c-jwt-version")]
    version: String,
    #[serde(rename = "v-c-merchant-id")]
    merchant_id: String,
}

pub(super) fn verdict(
    config: &GatewayConfig,
    seen: &mut SeenTokenIds,
    request: &Request<Bytes>,
    authorization: &str,
    now: DateTime<Utc>,
) -> Option<Verdict> {
    let (signed, signature) = authorization.strip_prefix("Bearer ")?.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let (header, claims): (Header, Claims) = (part(header)?, part(claims)?);
    let key = config.merchants.iter().find(|key| key.key_id == header.kid)?;
    let secret = STANDARD.decode(&key.secret).ok()?;
    let is_signed = verifies(&header.alg, &secret, signed, &URL_SAFE_NO_PAD.decode(signature).ok()?);
    let belongs = claims.iss == key.merchant_id && claims.merchant_id == key.merchant_id && claims.version == "2";
    if !(is_signed && belongs && fits_request(&claims, request) && is_made_rightly(config, &claims, now)) {
        return None;
    }
    if claims.exp <= now.timestamp() {
        return Some(Verdict::Expired(DateTime::from_timestamp(claims.exp, 0)?));
    }
    let is_new = seen.note(&format!("{}/{}", key.merchant_id, claims.jti), claims.exp, now);
    (is_new || !config.signatures.refuses_replay).then_some(Verdict::Good(claims.merchant_id))
}

fn part<T: DeserializeOwned>(encoded: &str) -> Option<T> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

fn verifies(algorithm: &str, secret: &[u8], signed: &str, signature: &[u8]) -> bool {
    fn by<M: Mac + KeyInit>(secret: &[u8], signed: &str, signature: &[u8]) -> bool {
        let Ok(mut mac) = <M as KeyInit>::new_from_slice(secret) else { return false };
        mac.update(signed.as_bytes());
        mac.verify_slice(signature).is_ok()
    }
    match algorithm {
        "HS256" => by::<Hmac<Sha256>>(secret, signed, signature),
        "HS384" => by::<Hmac<Sha384>>(secret, signed, signature),
        "HS512" => by::<Hmac<Sha512>>(secret, signed, signature),
        _ => false,
    }
}

fn fits_request(claims: &Claims, request: &Request<Bytes>) -> bool {
    let is_digest_right = if request.body().is_empty() {
        claims.digest.as_deref().is_none_or(|given| given == digest(b""))
    } else {
        claims.digest_algorithm.as_deref() == Some("SHA-256")
            && claims.digest.as_deref() == Some(&digest(request.body()))
    };
    // The pages name the path, the vendor's own library signs the query too.
    let is_path_right = claims.path == target(request) || claims.path == request.uri().path();
    let is_host_right = host(request).is_some_and(|host| {
        let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
        claims.host.eq_ignore_ascii_case(host) || claims.host.eq_ignore_ascii_case(name)
    });
    let is_method_right = claims.method.eq_ignore_ascii_case(request.method().as_str());
    is_digest_right && is_path_right && is_host_right && is_method_right
}

/// No longer than is allowed, and not from the future. Its end is another matter.
fn is_made_rightly(config: &GatewayConfig, claims: &Claims, now: DateTime<Utc>) -> bool {
    let checks = &config.signatures;
    claims.exp <= claims.iat.saturating_add(checks.life_max.num_seconds())
        && claims.iat <= now.timestamp().saturating_add(checks.skew_max.num_seconds())
}
