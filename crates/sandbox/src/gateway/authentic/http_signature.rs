//! HTTP Signature: an HMAC over the lines named in `headers=`, rebuilt in that order.

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request};
use sha2::Sha256;

use super::{GatewayConfig, Verdict, digest, host, target, text};

pub(super) fn verdict(config: &GatewayConfig, request: &Request<Bytes>, now: DateTime<Utc>) -> Option<Verdict> {
    let given = Given::parse(text(request, "signature")?)?;
    let merchant_id = text(request, "v-c-merchant-id")?;
    let key = config.merchants.iter().find(|key| key.key_id == given.key_id && key.merchant_id == merchant_id)?;
    if given.algorithm != "HmacSHA256" || !covers_enough(config, &given.names, request) {
        return None;
    }
    let lines = given.names.iter().map(|name| line(name, request)).collect::<Option<Vec<_>>>()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(&key.secret).ok()?).ok()?;
    mac.update(lines.join("\n").as_bytes());
    mac.verify_slice(&STANDARD.decode(given.signature).ok()?).ok()?;
    let is_digest_right = request.body().is_empty()
        || text(request, "digest").and_then(|value| value.strip_prefix("SHA-256="))
            == Some(digest(request.body()).as_str());
    let date_name = if given.names.contains(&"v-c-date") { "v-c-date" } else { "date" };
    let sent_at = DateTime::parse_from_rfc2822(text(request, date_name)?).ok()?.with_timezone(&Utc);
    if !is_digest_right || sent_at - now > config.signatures.skew_max {
        return None;
    }
    let expires_at = sent_at + config.signatures.date_age_max;
    Some(if now > expires_at { Verdict::Expired(expires_at) } else { Verdict::Good(merchant_id.to_owned()) })
}

struct Given<'a> {
    key_id: &'a str,
    algorithm: &'a str,
    names: Vec<&'a str>,
    signature: &'a str,
}

impl<'a> Given<'a> {
    fn parse(header: &'a str) -> Option<Self> {
        let part = |wanted: &str| {
            header.split(',').find_map(|part| {
                let (name, value) = part.trim().split_once('=')?;
                (name == wanted).then(|| value.strip_prefix('"')?.strip_suffix('"'))?
            })
        };
        Some(Self {
            key_id: part("keyid")?,
            algorithm: part("algorithm")?,
            names: part("headers")?.split(' ').collect(),
            signature: part("signature")?,
        })
    }
}

fn covers_enough(config: &GatewayConfig, names: &[&str], request: &Request<Bytes>) -> bool {
    let covers = |name: &str| names.contains(&name);
    let covers_target =
        covers("request-target") || (config.signatures.accepts_parentheses && covers("(request-target)"));
    let has_body =
        !request.body().is_empty() || matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH);
    let uses_parentheses_wrongly = covers("(request-target)") && !config.signatures.accepts_parentheses;
    covers("host")
        && (covers("date") || covers("v-c-date"))
        && covers_target
        && covers("v-c-merchant-id")
        && (!has_body || covers("digest"))
        && !uses_parentheses_wrongly
}

fn line(name: &str, request: &Request<Bytes>) -> Option<String> {
    let value = match name {
        "host" => host(request)?.to_owned(),
        "request-target" | "(request-target)" => {
            format!("{} {}", request.method().as_str().to_ascii_lowercase(), target(request))
        }
        _ => text(request, name)?.to_owned(),
    };
    Some(format!("{name}: {value}"))
}
