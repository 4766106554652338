//! The control, called as it is over HTTP but without sockets.

use bytes::Bytes;
use http::{Method, Request};
use sandbox::{Books, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::caller::{base, sandbox};

async fn call(world: &Sandbox, method: Method, path: &str, body: Value) -> (u16, Bytes) {
    let request = Request::builder().method(method).uri(path).body(Bytes::from(body.to_string())).unwrap();
    let answer = world.control_handler().handle(request).await.unwrap();
    (answer.status().as_u16(), answer.body().clone())
}

#[tokio::test]
async fn books_travel_as_json() {
    let world = sandbox(SandboxConfig::default());
    crate::caller::authorized(&world, "DEMO-1-A1", "10.00").await;
    let (status, body) = call(&world, Method::GET, "/_sim/books", Value::Null).await;
    assert_eq!(status, 200);
    assert_eq!(serde_json::from_slice::<Books>(&body).unwrap(), world.books());
}

#[tokio::test]
async fn faults_are_added_counted_and_forgotten() {
    let world = sandbox(SandboxConfig::default());
    let rules = json!([
        {"world": "gateway", "operation": "authorize", "kind": "hang"},
        {"world": "erp", "operation": "AddSalesOrder", "match": "WEB-1", "nth": 2, "times": 3, "kind": {"answer_late": 500}},
    ]);
    assert_eq!(call(&world, Method::POST, "/_sim/faults", rules).await.0, 200);
    assert_eq!(world.books().faults.len(), 2);
    let (status, body) =
        call(&world, Method::POST, "/_sim/faults", json!({"world": "gateway", "operation": "x", "kind": "explode"}))
            .await;
    assert_eq!(status, 400, "{body:?}");
    assert_eq!(call(&world, Method::DELETE, "/_sim/faults", Value::Null).await.0, 204);
    assert!(world.books().faults.is_empty());
}

#[tokio::test]
async fn the_clock_moves_tokens_are_minted_and_all_is_forgotten() {
    let world = sandbox(SandboxConfig::default());
    assert_eq!(call(&world, Method::POST, "/_sim/clock", json!({"advance_seconds": 90})).await.0, 200);
    assert_eq!((world.now() - base()).num_seconds(), 90);
    let (status, token) = call(&world, Method::POST, "/_sim/tokens", json!({"card": "visa"})).await;
    let token: Value = serde_json::from_slice(&token).unwrap();
    assert_eq!((status, token["jti"].as_str().map(str::len)), (200, Some(64)));
    assert_eq!(call(&world, Method::POST, "/_sim/tokens", json!({"card": "diners"})).await.0, 400);
    assert_eq!(call(&world, Method::POST, "/_sim/tokens", json!({"card": "visa", "kind": "stored"})).await.0, 200);
    crate::caller::authorized(&world, "DEMO-1-A1", "10.00").await;
    assert_eq!(call(&world, Method::POST, "/_sim/reset", Value::Null).await.0, 204);
    assert_eq!(world.now(), base());
    assert!(world.books().gateway.payments.is_empty());
}

#[tokio::test]
async fn the_erp_is_seeded_and_troubled() {
    let world = sandbox(SandboxConfig::default());
    let change = |stock_code: &str| json!({"erp": [{"stock_shift": {"stock_code": stock_code, "warehouse": "MAIN", "quantity": -3}}]});
    assert_eq!(call(&world, Method::POST, "/_sim/seed", change("RARE-09")).await.0, 200);
    let rare = world.books().erp.stock.into_iter().find(|row| row.stock_code == "RARE-09").unwrap();
    assert_eq!(rare.on_hand.parse::<rust_decimal::Decimal>().unwrap(), rust_decimal::Decimal::ZERO);
    assert_eq!(call(&world, Method::POST, "/_sim/seed", change("NOWHERE")).await.0, 400);
    let rules = json!([{"operation": "AddSalesOrder", "mischief": "expire_session"}]);
    assert_eq!(call(&world, Method::POST, "/_sim/mischief", rules).await.0, 200);
}

#[tokio::test]
async fn the_page_lists_cards_and_triggers() {
    let world = sandbox(SandboxConfig::default());
    let (_, page) = call(&world, Method::GET, "/", Value::Null).await;
    let page = String::from_utf8(page.to_vec()).unwrap();
    assert!(
        ["visa_declined", "x.51  INSUFFICIENT_FUND", "/_sim/books"].iter().all(|part| page.contains(part)),
        "{page}"
    );
}
