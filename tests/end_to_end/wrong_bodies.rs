//! Amounts, currencies, sums, dates, Unicode, depths and sizes of all the wrong kinds: a precise problem, nothing stored.

use serde_json::{Value, json};
use system_tests::{
    Cluster, database,
    orders::{self, Story},
};

use crate::{cluster, told};

/// A place in a good order, what stands there instead, and the field that must be named.
fn wrong_fields() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/total", json!(124.83), "total"),
        ("/total", json!("124,83"), "total"),
        ("/total", json!("1.2483e2"), "total"),
        ("/total", json!("124.830001"), "total"),
        ("/total", json!("-124.83"), "total"),
        ("/total", json!("0.00"), "total"),
        ("/total", json!("NaN"), "total"),
        ("/total", json!("١٢٤٫٨٣"), "total"),
        ("/total", json!("99999999999999999999999999999999999999"), "total"),
        ("/total", json!("124.84"), "total"),
        ("/total", Value::Null, "total"),
        ("/tax", json!("19.92"), "tax"),
        ("/shipping/amount", json!("-4.90"), "shipping.amount"),
        ("/lines/0/total", json!("100.02"), "lines[0].total"),
        ("/lines/0/quantity", json!(2), "lines[0].quantity"),
        ("/lines/0/quantity", json!("0"), "lines[0].quantity"),
        ("/lines/0/quantity", json!("1e9"), "lines[0].quantity"),
        ("/lines/0/unit_price", json!("50.0000001"), "lines[0].unit_price"),
        ("/lines/0/sku", json!("X".repeat(31)), "lines[0].sku"),
        ("/lines", json!([]), "lines"),
        ("/lines/0", json!(["GRILL-01"]), "lines[0]"),
        ("/currency", json!("eur"), "currency"),
        ("/currency", json!("EURO"), "currency"),
        ("/currency", json!("XAU"), "currency"),
        ("/currency", json!(978), "currency"),
        ("/placed_at", json!("yesterday"), "placed_at"),
        ("/placed_at", json!("2026-02-30T10:00:00Z"), "placed_at"),
        ("/placed_at", json!("2999-01-01T00:00:00Z"), "placed_at"),
        ("/placed_at", json!("1969-07-20T20:17:00Z"), "placed_at"),
        ("/placed_at", json!(1_795_000_000), "placed_at"),
        ("/customer/name", json!("Ada\u{0}Sample"), "customer.name"),
        ("/customer/name", json!("Ada \u{202e}elpmaS"), "customer.name"),
        ("/customer/name", json!("\u{1f600}".repeat(51)), "customer.name"),
        ("/customer/email", json!("ada at example"), "customer.email"),
        ("/order_number", json!("№ 1"), "order_number"),
        ("/order_number", json!("9".repeat(60)), "order_number"),
        ("/bill_to/country", json!("Germany"), "bill_to.country"),
        ("/bill_to/city", json!("Ber\nlin"), "bill_to.city"),
        ("/payment/mode", json!("cash"), "payment.mode"),
        ("/payment/mode", json!("taken"), "payment.mode"),
        ("/payment/mode", json!("adopt"), "payment.mode"),
        ("/payment/token", json!("e30.e30.e30"), "payment.token"),
        ("/device/ip", json!("999.1.1.1"), "device.ip"),
        ("/prices_include_tax", json!(true), "prices_include_tax"),
        ("/totl", json!("124.83"), "totl"),
    ]
}

fn changed(good: &Value, pointer: &str, value: Value) -> String {
    let mut order = good.clone();
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match order.pointer_mut(parent).expect("a place") {
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
        Value::Object(map) => drop(map.insert(name.to_owned(), value)),
        _ => panic!("no such place: {pointer}"),
    }
    order.to_string()
}

async fn post(cluster: &Cluster, body: impl Into<bytes::Bytes>) -> system_tests::cluster::Answer {
    cluster.send("POST", "/v1/orders", &[("content-type", "application/json")], body).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_wrong_is_named_and_nothing_is_stored() {
    let cluster = cluster().await;
    // The tables are as full as they are with one order, and stay so.
    told(&cluster, "good", Story::Good).await;
    testkit::eventually("all is quiet", async || cluster.is_quiet().await.then_some(())).await;
    let before = database::row_counts(&cluster).await;
    assert!(before.iter().any(|(_, rows)| *rows > 0));

    let good = orders::order(&cluster.sandbox, "wrong", Story::Good);
    for (pointer, value, field) in wrong_fields() {
        let answer = post(&cluster, changed(&good, pointer, value.clone())).await;
        assert_eq!(answer.status, 422, "{pointer} = {value}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json");
        let named: Vec<&str> =
            answer.body["errors"].as_array().into_iter().flatten().filter_map(|e| e["field"].as_str()).collect();
        assert!(named.contains(&field), "{pointer} = {value}: named {named:?}");
        assert!(named.len() <= 2, "{pointer} = {value}: named {named:?}");
    }
    let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let twice = good.to_string().replacen('{', r#"{"total":"1.00","#, 1);
    let texts: Vec<(&str, Vec<u8>, u16)> = vec![
        ("nothing", Vec::new(), 400),
        ("half an order", good.to_string().as_bytes()[..200].to_vec(), 400),
        ("two orders", format!("{good}{good}").into_bytes(), 400),
        ("a key twice", twice.into_bytes(), 400),
        ("no UTF-8", b"{\"order_number\": \"\xc3\x28\"}".to_vec(), 400),
        ("half a surrogate pair", br#"{"order_number": "\ud800"}"#.to_vec(), 400),
        ("too deep", deep(33).into_bytes(), 400),
        ("much too deep", deep(200_000).into_bytes(), 400),
        ("an array", b"[]".to_vec(), 422),
        ("a number", b"1e400".to_vec(), 400),
        ("too large", vec![b' '; (1 << 20) + 1], 413),
    ];
    for (name, body, status) in texts {
        let answer = post(&cluster, body).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.body);
        assert_eq!(answer.body["status"], json!(status), "{name}");
        assert!(answer.body["title"].is_string() && answer.body["type"].is_string(), "{name}");
    }
    assert_eq!(database::row_counts(&cluster).await, before);
    assert_eq!(cluster.sandbox.books().gateway.payments.len(), 1);
}
