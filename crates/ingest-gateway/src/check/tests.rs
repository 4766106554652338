//! What is accepted and, far longer, what is not: each wrong kind is named, and nothing panics.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ingest_domain::order::MARKED_FIELDS;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canonical::{order, read};

fn now() -> DateTime<Utc> {
    "2026-11-24T13:00:00Z".parse().unwrap()
}

fn jwt(seconds_left: i64) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": "Flex/00", "exp": now().timestamp() + seconds_left, "jti": "1D1S6JABCDEF",
        "content": {"paymentInformation": {"card": {
            "number": {"maskedValue": "XXXXXXXXXXXX1111", "bin": "411111", "detectedCardTypes": ["001"]}}}},
    });
    format!("{}.{}.c2ln", part(json!({"alg": "RS256"})), part(claims))
}

fn good() -> Value {
    json!({
        "order_number": "1001", "currency": "EUR", "placed_at": "2026-11-24T12:59:00+01:00",
        "customer": {"email": "Ada@Example.org", "name": "Ada Lovelace"},
        "lines": [{"sku": "LAMP-01", "description": "Lamp", "quantity": "2", "unit_price": "25.00", "total": "50.00"}],
        "shipping": {"method": "parcel", "amount": "5.00"},
        "tax": "10.50", "total": "65.50",
        "bill_to": {"first_name": "Ada", "last_name": "Lovelace", "line1": "1 High St", "city": "Leeds",
                    "postal_code": "LS1 1AA", "country": "GB"},
        "payment": {"mode": "transient", "token": jwt(600)},
        "device": {"ip": "2001:db8::1", "user_agent": "Firefox"},
        "attributes": {"ean": "4006381333931"}
    })
}

fn rules(prices_include_tax: bool) -> Rules {
    Rules { shop: "lamp-shop".parse().unwrap(), order_prefix: "L-".to_owned(), prices_include_tax }
}

fn judged(value: &Value, rules: &Rules) -> Result<Checked, Vec<FieldError>> {
    let mut errors = Errors::default();
    let given = order(value, &mut errors);
    check(&given, rules, now(), errors)
}

/// The fields complained about after `pointer` was set to `value` (or taken away, when `value` is null).
fn complaints(pointer: &str, value: Value) -> Vec<String> {
    let mut changed = good();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = changed.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = value,
        Value::Object(map) => drop(map.insert(name.to_owned(), value)),
        _ => panic!("no such place"),
    }
    match judged(&changed, &rules(false)) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.field).collect(),
    }
}

#[test]
fn a_good_order_is_taken_exactly() {
    let checked = judged(&good(), &rules(false)).unwrap();
    assert_eq!(checked.order.customer_po, "L-1001");
    assert_eq!(checked.order.total.number(), "65.50");
    assert_eq!(checked.order.lines[0].unit_price, "25");
    assert_eq!(checked.person, "email:ada@example.org");
    assert_eq!(checked.order.payment.last_four, "1111");
    assert_eq!(checked.order.payment.token, "1D1S6JABCDEF");
    assert_eq!(checked.personal.email, "Ada@Example.org");
    assert_eq!(checked.order.placed_at_ms, 1_795_521_540_000);
    assert_eq!(checked.marked.len(), MARKED_FIELDS.len());
    assert!(checked.stale_token.is_none());
}

#[test]
fn every_wrong_kind_is_named() {
    let long = "x".repeat(31);
    let cases: Vec<(&str, Value, &str)> = vec![
        // amounts
        ("/total", json!(65.5), "total"),
        ("/total", json!("65,50"), "total"),
        ("/total", json!("6.55e1"), "total"),
        ("/total", json!("65.505"), "total"),
        ("/total", json!("-65.50"), "total"),
        ("/total", json!("0.00"), "total"),
        ("/total", json!("٦٥.٥٠"), "total"),
        ("/total", json!("NaN"), "total"),
        ("/total", json!("99999999999999999999999999999999"), "total"),
        ("/total", json!("1234567890123.00"), "total"),
        ("/total", Value::Null, "total"),
        ("/total", json!({"amount": "65.50"}), "total"),
        ("/tax", json!("-1.00"), "tax"),
        ("/lines/0/discount", json!("-5.00"), "lines[0].discount"),
        ("/lines/0/unit_price", json!("25.000001"), "lines[0].unit_price"),
        ("/lines/0/unit_price", json!("12345678901.00"), "lines[0].unit_price"),
        // quantities
        ("/lines/0/quantity", json!(2), "lines[0].quantity"),
        ("/lines/0/quantity", json!("0"), "lines[0].quantity"),
        ("/lines/0/quantity", json!("-2"), "lines[0].quantity"),
        ("/lines/0/quantity", json!("0.0000001"), "lines[0].quantity"),
        ("/lines/0/quantity", json!("1e2"), "lines[0].quantity"),
        ("/lines/0/quantity", json!(".5"), "lines[0].quantity"),
        ("/lines/0/quantity", json!("9".repeat(13)), "lines[0].quantity"),
        // sums
        ("/total", json!("65.51"), "total"),
        ("/lines/0/total", json!("50.02"), "lines[0].total"),
        ("/lines/0/tax", json!("1.00"), "tax"),
        ("/shipping/amount", json!("4.99"), "total"),
        // currencies
        ("/currency", json!("eur"), "currency"),
        ("/currency", json!("XAU"), "currency"),
        ("/currency", json!("EURO"), "currency"),
        ("/currency", json!(978), "currency"),
        ("/currency", Value::Null, "currency"),
        // dates
        ("/placed_at", json!("2026-11-24"), "placed_at"),
        ("/placed_at", json!("2026-11-24T13:05:00"), "placed_at"),
        ("/placed_at", json!("2026-02-30T10:00:00Z"), "placed_at"),
        ("/placed_at", json!("2031-01-01T00:00:00Z"), "placed_at"),
        ("/placed_at", json!("1970-01-01T00:00:00Z"), "placed_at"),
        ("/placed_at", json!(1_795_000_000), "placed_at"),
        // Unicode
        ("/customer/name", json!("Ada\u{0}"), "customer.name"),
        ("/customer/name", json!("Ada\u{202e}ecalevoL"), "customer.name"),
        ("/bill_to/city", json!("Le\neds"), "bill_to.city"),
        ("/order_number", json!("10 01"), "order_number"),
        ("/order_number", json!("№1001"), "order_number"),
        ("/order_number", json!("   "), "order_number"),
        // widths
        ("/order_number", json!("x".repeat(29)), "order_number"),
        ("/lines/0/sku", json!(long), "lines[0].sku"),
        ("/customer/name", json!("x".repeat(51)), "customer.name"),
        ("/bill_to/postal_code", json!("x".repeat(11)), "bill_to.postal_code"),
        ("/attributes/note", json!("x".repeat(256)), "attributes.note"),
        ("/lines/0/description", json!("x".repeat(2000)), "lines[0].description"),
        // who and where
        ("/customer", json!({}), "customer"),
        ("/customer/email", json!("ada@localhost"), "customer.email"),
        ("/customer/email", json!("a b@example.org"), "customer.email"),
        ("/bill_to", Value::Null, "bill_to"),
        ("/bill_to/country", json!("UK"), "bill_to.country"),
        ("/bill_to/country", json!("gb"), "bill_to.country"),
        ("/bill_to/country", json!("US"), "bill_to.region"),
        ("/device/ip", json!("1.2.3"), "device.ip"),
        // payment
        ("/payment", Value::Null, "payment"),
        ("/payment/mode", json!("cash"), "payment.mode"),
        ("/payment/mode", json!("adopt"), "payment.mode"),
        ("/payment/mode", json!("taken"), "payment.mode"),
        ("/payment/token", json!("not a token"), "payment.token"),
        ("/payment/token", json!("e30.e30.c2ln"), "payment.token"),
        ("/payment/token", json!(7), "payment.token"),
        // shapes
        ("/lines", json!([]), "lines"),
        ("/lines", json!({}), "lines"),
        ("/lines/0", json!("LAMP-01"), "lines[0]"),
        ("/lines/0/quanity", json!("2"), "lines[0].quanity"),
        ("/attributes/deep", json!({"a": 1}), "attributes.deep"),
        ("/prices_include_tax", json!(true), "prices_include_tax"),
        ("/comment", json!("hi"), "comment"),
    ];
    for (pointer, value, field) in cases {
        let found = complaints(pointer, value.clone());
        assert!(found.iter().any(|f| f == field), "{pointer} = {value}: complained about {found:?}");
        assert!(found.len() <= 2, "{pointer} = {value}: too many complaints: {found:?}");
    }
}

#[test]
fn all_mistakes_are_told_at_once() {
    let mut bad = good();
    bad["currency"] = json!("euro");
    bad["lines"][0]["quantity"] = json!(2);
    bad["bill_to"]["country"] = json!("UK");
    bad["payment"]["mode"] = json!("taken");
    let fields: Vec<_> = judged(&bad, &rules(false)).unwrap_err().into_iter().map(|error| error.field).collect();
    assert_eq!(fields, ["lines[0].quantity", "currency", "bill_to.country", "payment.mode"]);
}

#[test]
fn text_is_normalised_and_trimmed() {
    let mut decomposed = good();
    decomposed["customer"]["name"] = json!("  Ma\u{0072}ke\u{0301}ta ");
    assert_eq!(judged(&decomposed, &rules(false)).unwrap().personal.name, "Markéta");
}

#[test]
fn currencies_without_decimals_have_none() {
    let mut yen = good();
    yen["currency"] = json!("JPY");
    yen["lines"][0]["unit_price"] = json!("25");
    yen["lines"][0]["total"] = json!("50");
    yen["shipping"]["amount"] = json!("5");
    yen["tax"] = json!("10");
    yen["total"] = json!("65");
    assert_eq!(judged(&yen, &rules(false)).unwrap().order.total.minor(), 65);
    yen["total"] = json!("65.5");
    assert_eq!(judged(&yen, &rules(false)).unwrap_err()[0].field, "total");
}

#[test]
fn the_gross_basis_contains_the_tax_and_wants_it_per_row() {
    let mut gross = good();
    gross["total"] = json!("55.00");
    gross["tax"] = json!("8.78");
    gross["lines"][0]["tax"] = json!("7.98");
    gross["shipping"]["tax"] = json!("0.80");
    assert!(judged(&gross, &rules(true)).is_ok());
    gross["shipping"]["tax"] = json!("0.79");
    assert_eq!(judged(&gross, &rules(true)).unwrap_err()[0].field, "tax");
}

#[test]
fn a_line_may_be_off_by_one_minor_unit() {
    let mut third = good();
    third["lines"][0] =
        json!({"sku": "X", "quantity": "3", "unit_price": "16.66667", "discount": "0.01", "total": "50.00"});
    assert!(judged(&third, &rules(false)).is_ok());
}

#[test]
fn a_token_that_ends_is_stale_but_readable() {
    for (left, is_stale) in [(-1, true), (59, true), (60, false), (900, false)] {
        let mut order = good();
        order["payment"]["token"] = json!(jwt(left));
        assert_eq!(judged(&order, &rules(false)).unwrap().stale_token.is_some(), is_stale, "{left} s left");
    }
}

#[test]
fn a_stored_token_is_an_id_and_an_ean_is_one_too() {
    for id in ["7036349999987400085", "3C0D1A77B5E94F2AE0630A18FC0A5B19", "4006381333931"] {
        assert!(complaints("/payment", json!({"mode": "stored", "token": id})).is_empty(), "{id}");
    }
    assert_eq!(complaints("/payment", json!({"mode": "stored", "token": "a b"})), ["payment.token"]);
}

#[test]
fn a_body_of_another_kind_is_refused() {
    for body in ["[]", "null", "\"order\"", "42"] {
        assert!(judged(&read(body.as_bytes()).unwrap(), &rules(false)).is_err(), "{body}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[0-9]{0,30}\\.?[0-9]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z_]{1,8}", inner, 0..4).prop_map(|map| map.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = read(&body);
    }

    #[test]
    fn any_value_anywhere_is_judged_without_panic(
        pointer in prop::sample::select(vec![
            "/order_number", "/currency", "/placed_at", "/customer", "/lines", "/lines/0/quantity", "/lines/0/unit_price",
            "/lines/0/total", "/lines/0/discount", "/shipping", "/fees", "/tax", "/total", "/bill_to", "/payment",
            "/payment/token", "/device", "/attributes",
        ]),
        value in any_json(),
        gross: bool,
    ) {
        let mut order = good();
        *order.pointer_mut(pointer).unwrap_or(&mut Value::Null) = value;
        let _ = judged(&order, &rules(gross));
    }
}
