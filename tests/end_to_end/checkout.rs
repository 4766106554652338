//! Orders that are paid, and one that a person must look at first.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sandbox::shop::Callback;
use serde_json::{Value, json};
use sha2::Sha256;
use system_tests::{
    Cluster,
    cluster::{WOO_SECRET, WOO_SHOP},
    orders::{self, Story},
};
use testkit::within;

use crate::{LIMIT, cluster, judged, payments, shown, told};

const WOO_SAMPLE: &str = include_str!("../../crates/ingest-gateway/tests/samples/woocommerce-order.json");

/// What the shop was told about an order, rightly signed.
async fn callback(cluster: &Cluster, id: &str) -> Callback {
    within(LIMIT, "the shop is told", async || {
        let books = cluster.sandbox.books();
        books.shop.accepted().find(|callback| callback.body["order_id"] == id).cloned()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_goes_straight_through() {
    let cluster = cluster().await;
    let order = told(&cluster, "1001", Story::Good).await;
    assert_eq!((&order["state"], &order["is_final"]), (&json!("completed"), &json!(true)));
    assert_eq!(order["captured"], json!({"amount": "124.83", "currency": "EUR"}));
    let id = order["order_id"].as_str().unwrap();
    let payments = payments(&cluster, id);
    assert_eq!(payments.len(), 1);
    assert_eq!((payments[0].captured_minor(), payments[0].held_minor()), (12_483, 0));
    let books = cluster.sandbox.books();
    let sales_order = books.erp.orders.iter().find(|order| order.customer_po == "T-1001").unwrap();
    assert_eq!(sales_order.status, "1");
    assert_eq!(
        order["sales_order"].as_str().unwrap().trim_start_matches('0'),
        sales_order.number.trim_start_matches('0')
    );
    let told = callback(&cluster, id).await;
    assert_eq!((told.shop.as_str(), &told.body["state"]), ("test-shop", &json!("completed")));
    assert_eq!(told.body["captured"]["amount"], "124.83");
    assert!(cluster.sandbox.books().shop.callbacks.iter().all(|callback| callback.is_signature_ok));
    let by_number = cluster.send("GET", "/v1/orders?number=1001", &[], "").await.unwrap();
    assert_eq!(by_number.body["order_id"], id);
}

/// The order of a real shop, paid through a checkout of ours instead of the plugin that the sample was taken from.
fn woo_order(jwt: &str) -> String {
    let mut order: Value = serde_json::from_str(WOO_SAMPLE).expect("the sample");
    let meta = order["meta_data"].as_array_mut().expect("meta data");
    meta.retain(|entry| !entry["key"].as_str().expect("a key").starts_with("_wc_visa"));
    meta.push(json!({"id": 811_034, "key": "_quittance_transient_token", "value": jwt}));
    order["transaction_id"] = json!("");
    order.to_string()
}

fn woo_signature(body: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(WOO_SECRET.as_bytes()).expect("any key");
    mac.update(body.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_woocommerce_order_is_taken_as_its_shop_sends_it() {
    let cluster = cluster().await;
    let body = woo_order(&cluster.sandbox.mint_token("mastercard").unwrap().jwt);
    let path = format!("/v1/shops/{WOO_SHOP}/orders");
    let deliver = async |signature: &str| {
        let headers = [
            ("content-type", "application/json"),
            ("x-wc-webhook-topic", "order.updated"),
            ("x-wc-webhook-signature", signature),
        ];
        cluster.send("POST", &path, &headers, body.clone()).await.unwrap()
    };
    assert_eq!(deliver("AAAA").await.status, 401);
    let answer = deliver(&woo_signature(&body)).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let id = answer.id();
    let told = callback(&cluster, &id).await;
    assert_eq!((told.shop.as_str(), &told.body["state"]), (WOO_SHOP, &json!("completed")), "{}", told.body);
    let payments = payments(&cluster, &id);
    assert_eq!((payments.len(), payments[0].captured_minor()), (1, 19_056));
    let books = cluster.sandbox.books();
    let sales_order = books.erp.orders.iter().find(|order| order.customer_po == "W-CZ-2026-10487").unwrap();
    assert_eq!(sales_order.status, "1");
    // The shop's webhook repeats: the same order, no second payment.
    assert_eq!(deliver(&woo_signature(&body)).await.id(), id);
    assert_eq!(cluster.sandbox.books().gateway.payments.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_who_waits_gets_the_outcome() {
    let cluster = cluster().await;
    for (number, story, state) in [("2001", Story::Good, "completed"), ("2002", Story::Declined, "declined")] {
        let order = orders::order(&cluster.sandbox, number, story);
        let headers = [("content-type", "application/json"), ("prefer", "respond-async, wait=25")];
        let answer = cluster.send("POST", "/v1/orders", &headers, order.to_string()).await.unwrap();
        assert!([200, 201, 202].contains(&answer.status), "{}", answer.body);
        assert_eq!((&answer.body["state"], &answer.body["is_final"]), (&json!(state), &json!(true)), "{}", answer.body);
        judged(&cluster, number, story, &answer.id()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_under_review_stands_visibly_with_its_hold_and_its_deadline() {
    let cluster = cluster().await;
    let token = cluster.sandbox.mint_token("visa_review").unwrap().jwt;
    let answer = cluster.post(&orders::with("3001", "GRILL-01", "2", "100.00", &token)).await.unwrap();
    let id = answer.id();
    let summary = within(LIMIT, "the order is placed while it waits for the review", async || {
        Some(cluster.summary(&id).await).filter(|summary| {
            summary.state == "under_review" && !summary.sales_order.is_empty() && !summary.held.is_empty()
        })
    })
    .await;
    assert_eq!(summary.held, "124.83 EUR");
    assert!(!summary.reason.is_empty(), "why");
    assert!(summary.waits_for.contains("review"), "{}", summary.waits_for);
    let days = (summary.due_at_ms - cluster.sandbox.now().timestamp_millis()) / 86_400_000;
    assert!((5..=6).contains(&days), "the deadline is a day before the hold of a week ends, not in {days} days");
    let shown = within(LIMIT, "the intake has heard of the sales order too", async || {
        Some(shown(&cluster, &id).await.body).filter(|order| order["sales_order"].is_string())
    })
    .await;
    assert_eq!(shown["state"], "under_review");
    assert!(shown["reason"]["text"].is_string() && shown["waiting"]["until"].is_string(), "{shown}");
    assert_eq!(shown["held"]["amount"], "124.83");
    let payments = payments(&cluster, &id);
    assert_eq!((payments.len(), payments[0].captured_minor(), payments[0].held_minor()), (1, 0, 12_483));
    let books = cluster.sandbox.books();
    let statuses: Vec<_> = books.erp.orders.iter().map(|order| order.status.as_str()).collect();
    assert_eq!(statuses, ["S"], "goods stay while somebody looks");
}
