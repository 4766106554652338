//! A WooCommerce shop that sends its own format.

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{Request, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::world::{Answer, WOO_SECRET, World, token};

const SAMPLE: &[u8] = include_bytes!("../samples/woocommerce-order.json");
const SAMPLE_SIGNATURE: &str = "Q1C5N4+UA73ST8l1PhzxoT4LvuPCYRQIeRGcs1hg+LU=";

async fn deliver(world: &World, body: &[u8], signature: &str) -> Answer {
    let request = Request::post("/v1/shops/woo/orders")
        .header("content-type", "application/json")
        .header("x-wc-webhook-signature", signature)
        .header("x-wc-webhook-topic", "order.updated")
        .body(Body::from(body.to_vec()))
        .unwrap();
    world.send(request).await
}

async fn signed(world: &World, order: &Value) -> Answer {
    let body = order.to_string();
    let mut mac = Hmac::<Sha256>::new_from_slice(WOO_SECRET.as_bytes()).unwrap();
    mac.update(body.as_bytes());
    deliver(world, body.as_bytes(), &STANDARD.encode(mac.finalize().into_bytes())).await
}

/// The sample as a checkout of ours would leave it: on hold, a card token in its meta, nothing of a plugin.
fn with_token() -> Value {
    let mut order: Value = serde_json::from_slice(SAMPLE).unwrap();
    let meta = order["meta_data"].as_array_mut().unwrap();
    meta.retain(|entry| !entry["key"].as_str().unwrap().starts_with("_wc_visa"));
    meta.push(json!({"id": 1, "key": "_quittance_transient_token", "value": token("WOO1")}));
    order["transaction_id"] = json!("");
    order
}

#[tokio::test(start_paused = true)]
async fn the_sample_is_authentic_and_refused_in_words() {
    let world = World::start().await;
    let refused = deliver(&world, SAMPLE, SAMPLE_SIGNATURE).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body["errors"][0]["message"].as_str().unwrap().contains("already authorized"), "{}", refused.body);
    assert_eq!(world.stored(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_order_with_a_token_is_taken_once() {
    let world = World::start().await;
    let taken = signed(&world, &with_token()).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED, "{}", taken.body);
    assert_eq!(taken.body["total"]["amount"], "190.56");
    assert_eq!(taken.body["order_number"], "CZ-2026-10487");
    assert_eq!(signed(&world, &with_token()).await.order(), taken.order());
    // Somebody edits it in the shop afterwards: success and a note, or the shop would switch the webhook off.
    let mut edited = with_token();
    edited["billing"]["city"] = json!("Sopot");
    let noted = signed(&world, &edited).await;
    assert_eq!(noted.status, StatusCode::OK);
    assert!(noted.body["note"].as_str().unwrap().contains("bill_to.city"), "{}", noted.body);
    assert_eq!(world.stored(), ["accepted"]);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_signature_is_refused_before_anything_is_read() {
    let world = World::start().await;
    let longer = [SAMPLE, b"\n"].concat();
    for (body, signature) in [(&longer[..], SAMPLE_SIGNATURE), (SAMPLE, ""), (b"{", "x"), (SAMPLE, "AAAA")] {
        assert_eq!(deliver(&world, body, signature).await.status, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(world.stored(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_ping_is_answered_and_an_unknown_shop_is_not() {
    let world = World::start().await;
    let ping = |shop: &str| {
        let path = format!("/v1/shops/{shop}/orders");
        Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from("webhook_id=7"))
            .unwrap()
    };
    assert_eq!(world.send(ping("woo")).await.status, StatusCode::OK);
    for shop in ["lamp-shop", "nobody", "%00", "%FF"] {
        assert_eq!(world.send(ping(shop)).await.status, StatusCode::NOT_FOUND, "{shop}");
    }
}
