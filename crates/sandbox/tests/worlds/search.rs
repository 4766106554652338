//! What an inquiry sees, and when.

use std::time::Duration;

use http::Method;
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::caller::{authorized, call, capture_of, post, sandbox};

async fn found(world: &Sandbox, reference: &str) -> Vec<Value> {
    let query =
        format!("clientReferenceInformation.code:{reference} AND submitTimeUtc:[NOW/DAY-7DAYS TO NOW/DAY+1DAY}}");
    let body = json!({"save": false, "name": "probe", "timezone": "UTC", "query": query, "offset": 0, "limit": 20, "sort": "submitTimeUtc:desc"});
    let (status, answer) = post(world, "/tss/v2/searches", body).await;
    assert_eq!(status, 201, "{answer}");
    assert_eq!(answer["count"], answer["totalCount"]);
    answer["_embedded"]["transactionSummaries"].as_array().unwrap().clone()
}

async fn detail(world: &Sandbox, id: &str) -> (u16, Value) {
    call(&world.gateway_handler(), Method::GET, &format!("/tss/v2/transactions/{id}"), Value::Null).await.unwrap()
}

#[tokio::test]
async fn a_payment_is_found_after_the_delay_and_not_before() {
    let world = sandbox(SandboxConfig::default());
    let id = authorized(&world, "DEMO-1-A1", "102.21").await;
    world.advance(Duration::from_millis(4999));
    assert!(found(&world, "DEMO-1-A1").await.is_empty());
    assert_eq!(detail(&world, &id).await.0, 404);
    world.advance(Duration::from_millis(1));
    let rows = found(&world, "DEMO-1-A1").await;
    assert_eq!((rows.len(), &rows[0]["id"]), (1, &json!(id)));
    assert_eq!(rows[0]["orderInformation"]["amountDetails"], json!({"totalAmount": "102.21", "currency": "USD"}));
    assert_eq!(rows[0]["applicationInformation"]["applications"][0]["name"], "ics_auth");
    assert_eq!(rows[0]["applicationInformation"]["rFlag"], "SOK");
    let (status, body) = detail(&world, &id).await;
    assert_eq!((status, &body["applicationInformation"]["status"]), (200, &json!("AUTHORIZED")));
}

#[tokio::test]
async fn a_capture_is_a_row_of_its_own() {
    let world = sandbox(SandboxConfig::default());
    let id = authorized(&world, "DEMO-1-A1", "102.21").await;
    let (_, capture) =
        post(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("DEMO-1-C1", "102.21")).await;
    world.advance(Duration::from_secs(5));
    let rows = found(&world, "DEMO-1-C1").await;
    assert_eq!((rows.len(), &rows[0]["id"]), (1, &capture["id"]));
    assert_eq!(rows[0]["applicationInformation"]["applications"][0]["name"], "ics_bill");
    let (_, body) = detail(&world, &id).await;
    let related = body["_links"]["relatedTransactions"][0]["href"].as_str().unwrap();
    assert!(related.ends_with(capture["id"].as_str().unwrap()));
}

#[tokio::test]
async fn a_query_that_is_not_understood_is_refused_rather_than_answered_empty() {
    let world = sandbox(SandboxConfig::default());
    let (status, answer) = post(&world, "/tss/v2/searches", json!({"query": "transactionId:1"})).await;
    assert_eq!((status, &answer["details"][0]["field"]), (400, &json!("query")));
}
