//! The published sample, byte for byte, and what the adapter makes of it.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::*;
use crate::{
    canonical::{FieldError, read},
    check::{Checked, Rules, check},
};

const SAMPLE: &[u8] = include_bytes!("../../../tests/samples/woocommerce-order.json");
const SECRET: &str = "q7!Zn$Woo-Geheim-2026";

fn settings() -> Settings {
    Settings {
        token_meta_key: "_quittance_transient_token".to_owned(),
        tax_number_meta_key: Some("_billing_vat_number".to_owned()),
    }
}

fn jwt() -> String {
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({"exp": now().timestamp() + 600, "jti": "WOO1"});
    format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(claims))
}

fn now() -> DateTime<Utc> {
    "2026-11-03T19:42:00Z".parse().unwrap()
}

/// The sample with a card token in its meta instead of what the plugin left there.
fn with_token() -> Value {
    let mut order = read(SAMPLE).unwrap();
    let meta = order["meta_data"].as_array_mut().unwrap();
    meta.retain(|entry| !entry["key"].as_str().unwrap().starts_with("_wc_visa"));
    meta.push(json!({"id": 1, "key": "_quittance_transient_token", "value": jwt()}));
    order
}

fn judged(order: &Value) -> Result<Checked, Vec<FieldError>> {
    let Adapted::Order { order, errors, .. } = adapt(order, &settings()) else { panic!("an order") };
    let rules = Rules { shop: "woo".parse().unwrap(), order_prefix: "W-".to_owned(), prices_include_tax: false };
    check(&order, &rules, now(), errors)
}

#[test]
fn the_published_signatures_are_right() {
    let sample = b"Q1C5N4+UA73ST8l1PhzxoT4LvuPCYRQIeRGcs1hg+LU=";
    assert_eq!(SAMPLE.len(), 5605);
    assert!(is_signed(SECRET, sample, SAMPLE));
    assert!(is_signed("Tom & 'Jerry' <3", b"TulrI9W4R5FQvxkg0hVuXjo0/wKZFqqnak2ZESPUy1Y=", SAMPLE));
    let longer = [SAMPLE, b"\n"].concat();
    assert!(!is_signed(SECRET, sample, &longer));
    assert!(is_signed(SECRET, b"cWyQTpzCwDbspE2DG53ZPSfXSCA0nT+dQMd9e77LHJk=", &longer));
    for bad in [&b""[..], b"????", b"Q1C5N4+UA73ST8l1PhzxoT4LvuPCYRQIeRGcs1hg", b"\xff"] {
        assert!(!is_signed(SECRET, bad, SAMPLE));
    }
}

#[test]
fn what_the_plugin_authorized_is_refused_in_words() {
    let Adapted::Refused { field, why } = adapt(&read(SAMPLE).unwrap(), &settings()) else { panic!("refused") };
    assert_eq!(field, "meta_data._wc_visa_acceptance_solutions_unified_checkout_transaction_id");
    assert!(why.contains("Visa Acceptance Solutions has already authorized the card"), "{why}");
}

#[test]
fn what_the_plugin_captured_is_refused_in_words() {
    let order = json!({"id": 1, "status": "processing", "meta_data": [
        {"key": "_wc_cybersource_credit_card_trans_id", "value": "7919402205336214804951"},
        {"key": "_wc_cybersource_credit_card_charge_captured", "value": "yes"},
    ]});
    let Adapted::Refused { why, .. } = adapt(&order, &settings()) else { panic!("refused") };
    assert!(why.contains("SkyVerge CyberSource has already captured the money"), "{why}");
}

#[test]
fn the_sample_with_a_token_maps_on_the_net_basis() {
    let checked = judged(&with_token()).unwrap();
    let order = &checked.order;
    assert_eq!(order.order_number, "CZ-2026-10487");
    assert_eq!(order.customer_po, "W-CZ-2026-10487");
    assert_eq!((order.total.number(), order.tax.number()), ("190.56".to_owned(), "32.01".to_owned()));
    assert!(!order.prices_include_tax);
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|l| {
            (
                l.sku.as_str(),
                l.quantity.as_str(),
                l.unit_price.as_str(),
                l.discount.minor(),
                l.tax.minor(),
                l.total.minor(),
            )
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("KAV-SAR-12", "2", "64.9", 1298, 2453, 11682),
            ("HRN-KUN-300-MO", "3", "7.6", 228, 431, 2052),
            ("CAJ-RAK-100", "1", "15.9", 159, 172, 1431),
        ]
    );
    let shipping = order.shipping.as_ref().unwrap();
    assert_eq!(
        (shipping.name.as_str(), shipping.amount.minor(), shipping.tax.minor()),
        ("Zásilkovna – na adresu", 690, 145)
    );
    assert_eq!(order.payment.token, "WOO1");
    assert_eq!(order.attributes["discount_codes"], "podzim10");
    assert_eq!(checked.personal.name, "Łukasz Wiśniewski-Żak");
    assert_eq!(checked.personal.ship_to.as_ref().unwrap().city, "Plzeň");
    assert_eq!(checked.personal.bill_to.as_ref().unwrap().country, "PL");
    assert_eq!(order.placed_at_ms, 1_793_734_867_000);
}

#[test]
fn tax_rounded_at_the_subtotal_goes_to_the_largest_line() {
    let mut order = with_token();
    // The shop's own rounding: one cent less tax than its rows show.
    order["total_tax"] = json!("32.00");
    order["total"] = json!("190.55");
    let checked = judged(&order).unwrap();
    assert_eq!(checked.order.lines[0].tax.minor(), 2452);
    order["total_tax"] = json!("31.00");
    order["total"] = json!("189.55");
    let fields: Vec<_> = judged(&order).unwrap_err().into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["tax"]);
}

#[test]
fn decimals_and_empty_addresses_are_read_as_the_shop_means_them() {
    let mut order = with_token();
    order["shipping"] = json!({"first_name": "", "last_name": "", "address_1": "", "city": "", "country": ""});
    order["line_items"][0]["quantity"] = json!(2.5);
    order["line_items"][0]["subtotal"] = json!("129.80");
    let checked = judged(&order).unwrap();
    assert_eq!(checked.order.lines[0].quantity, "2.5");
    assert_eq!(checked.order.lines[0].unit_price, "51.92");
    assert!(checked.personal.ship_to.is_none());
}

#[test]
fn a_missing_sku_is_named() {
    let mut order = with_token();
    order["line_items"][1]["sku"] = Value::Null;
    assert_eq!(judged(&order).unwrap_err()[0].field, "lines[1].sku");
}

#[test]
fn everything_else_is_answered_with_success() {
    for status in
        ["checkout-draft", "auto-draft", "trash", "failed", "pending", "processing", "cancelled", "refunded", "custom"]
    {
        let mut order = with_token();
        order["status"] = json!(status);
        assert!(matches!(adapt(&order, &settings()), Adapted::Nothing { .. }), "{status}");
    }
    assert!(matches!(adapt(&json!({"id": 48213}), &settings()), Adapted::Nothing { .. }));
    let mut without = with_token();
    without["meta_data"] = json!([]);
    assert!(matches!(adapt(&without, &settings()), Adapted::Nothing { .. }));
    assert!(is_ping(b"webhook_id=12"));
    assert!(!is_ping(b"webhook_id=12&order=1") && !is_ping(b"webhook_id=") && !is_ping(SAMPLE));
}

#[test]
fn an_error_instead_of_an_order_is_refused() {
    let error = json!({"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}});
    assert!(matches!(adapt(&error, &settings()), Adapted::Refused { .. }));
}

#[test]
fn an_order_held_for_review_by_the_plugin_is_refused() {
    let mut order = read(SAMPLE).unwrap();
    order["status"] = json!("pending");
    assert!(matches!(adapt(&order, &settings()), Adapted::Nothing { .. }));
    let key = "_wc_visa_acceptance_solutions_unified_checkout__payment_status";
    order["meta_data"].as_array_mut().unwrap().push(json!({"key": key, "value": "AUTHORIZED_PENDING_REVIEW"}));
    assert!(matches!(adapt(&order, &settings()), Adapted::Refused { .. }));
}
