//! The callback to a shop: body, signature, and where it may go.
//!
//! `Quittance-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256 of "<t>.<body>">` and `Quittance-Event-Id`, the same for every
//! repetition. The target stands in the configuration, never in an order: an order could otherwise make us call anything.

use std::net::IpAddr;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Uri, header::CONTENT_TYPE};
use ids::OrderId;
use ingest_domain::intake::ShopNews;
use serde_json::json;
use sha2::Sha256;

use crate::{
    config::Secret,
    http::view::{MoneyView, ReasonView},
};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "quittance-signature";
/// The header that names the event.
pub const EVENT_ID_HEADER: &str = "quittance-event-id";

/// Reads a callback's target.
///
/// Names are not resolved here: the node's transport connects by name, so the network policy around this process refuses
/// what a name may later resolve to.
///
/// # Errors
/// Why it is none.
pub fn target(url: &str, allow_private: bool) -> Result<Uri, String> {
    let uri: Uri = url.parse().map_err(|_| "is not a URL".to_owned())?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or("has no host")?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("must not hold a user or password".to_owned());
    }
    match uri.scheme_str() {
        Some("https") => {}
        Some("http") if allow_private => {}
        _ => return Err("must begin with https://".to_owned()),
    }
    if !allow_private && is_private(host) {
        return Err("leads to this machine or a private network".to_owned());
    }
    Ok(uri)
}

/// True for names and addresses that are not out on the internet.
fn is_private(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.').to_ascii_lowercase();
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => is_private_v4(ip),
        Ok(IpAddr::V6(ip)) => {
            let first = ip.segments()[0];
            ip.to_ipv4().is_some_and(is_private_v4)
                || ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                // Unique local, link-local, site-local, and the prefixes that carry an IPv4 address: NAT64, 6to4, Teredo.
                || (first & 0xfe00) == 0xfc00
                || (first & 0xff80) == 0xfe80
                || (first == 0x0064 && ip.segments()[1] == 0xff9b)
                || first == 0x2002
                || (first == 0x2001 && ip.segments()[1] == 0)
        }
        // A number in another notation is an address in disguise.
        Err(_) => {
            let is_numeric =
                host.split('.').all(|part| part.starts_with("0x") || part.bytes().all(|b| b.is_ascii_digit()));
            let is_local = ["localhost", "local", "internal", "lan", "home", "corp"];
            is_numeric || !host.contains('.') || host.rsplit('.').next().is_some_and(|top| is_local.contains(&top))
        }
    }
}

fn is_private_v4(ip: std::net::Ipv4Addr) -> bool {
    let [a, b, ..] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_broadcast()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0)
        || (a == 198 && (18..20).contains(&b))
}

/// The request that tells a shop.
///
/// # Errors
/// When a part cannot be a header; then it never can.
pub(crate) fn request(
    uri: &Uri,
    secret: &Secret,
    order: OrderId,
    news: &ShopNews,
    now: DateTime<Utc>,
) -> Result<node::Request, http::Error> {
    let event_id = format!("{order}/{}", news.n);
    let body = body(order, &event_id, news);
    http::Request::post(uri.clone())
        .header(CONTENT_TYPE, "application/json")
        .header(SIGNATURE_HEADER, signature(secret, now, &body))
        .header(EVENT_ID_HEADER, event_id)
        .body(body)
}

fn body(order: OrderId, event_id: &str, news: &ShopNews) -> Bytes {
    let body = json!({
        "event": format!("order.{}", news.outcome.as_str()),
        "event_id": event_id,
        "order_id": order.to_string(),
        "shop": news.shop.as_str(),
        "order_number": news.order_number,
        "state": news.outcome.as_str(),
        "total": MoneyView::from(news.total),
        "captured": news.captured.map(MoneyView::from),
        "reversed": news.reversed.map(MoneyView::from),
        "sales_order": news.sales_order,
        "reason": news.reason.as_ref().map(ReasonView::from),
    });
    body.to_string().into()
}

fn signature(secret: &Secret, now: DateTime<Utc>, body: &[u8]) -> String {
    let time = now.timestamp().to_string();
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    mac.update(time.as_bytes());
    mac.update(b".");
    mac.update(body);
    format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_open_internet_is_called() {
        for url in ["https://shop.example/hook", "https://93.184.216.34:8443/x", "https://[2606:4700::1]/"] {
            assert!(target(url, false).is_ok(), "{url}");
        }
        for url in [
            "http://shop.example/hook",
            "ftp://shop.example/",
            "/hook",
            "https://",
            "https://user:pass@shop.example/",
            "https://localhost/",
            "https://db/",
            "https://printer.local/",
            "https://127.0.0.1/",
            "https://10.1.2.3/",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://224.0.0.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://[::1]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://[64:ff9b::a00:1]/",
            "https://[2002:a00:1::]/",
        ] {
            assert!(target(url, false).is_err(), "{url}");
        }
        assert!(target("http://127.0.0.1:9300/callbacks/demo", true).is_ok());
    }

    #[test]
    fn the_signature_is_over_time_and_body() {
        let at = DateTime::from_timestamp(1_795_522_000, 0).unwrap();
        let signed = signature(&Secret::from("hush"), at, b"{}");
        // printf '1795522000.{}' | openssl dgst -sha256 -hmac hush
        assert_eq!(signed, "t=1795522000,v1=3af874f465eea3908ced9970deb11b33fe7161acf0bf80667a4b676109f77c0c");
    }
}
