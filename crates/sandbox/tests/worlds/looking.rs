//! What look-ups show of it all: windows of time, details, planted transactions, an index that is behind.

use std::time::Duration;

use http::Method;
use sandbox::{
    Sandbox, SandboxConfig,
    gateway::{Origin, Plant, PlantKind},
};
use serde_json::{Value, json};

use crate::caller::{authorization, authorized, base, call, capture_of, post, reversal_of, sandbox};

async fn detail(world: &Sandbox, id: &str) -> Value {
    let target = format!("/tss/v2/transactions/{id}");
    let (status, answer) = call(&world.gateway_handler(), Method::GET, &target, Value::Null).await.unwrap();
    assert_eq!(status, 200, "{answer}");
    answer
}

async fn found(world: &Sandbox, query: &str, offset: usize, limit: usize) -> (Vec<String>, u64) {
    let body = json!({"query": query, "offset": offset, "limit": limit, "sort": "submitTimeUtc:asc"});
    let (status, answer) = post(world, "/tss/v2/searches", body).await;
    assert_eq!(status, 201, "{answer}");
    let rows = answer["_embedded"]["transactionSummaries"].as_array().unwrap();
    let code = |row: &Value| row["clientReferenceInformation"]["code"].as_str().unwrap().to_owned();
    (rows.iter().map(code).collect(), answer["totalCount"].as_u64().unwrap())
}

#[tokio::test]
async fn a_window_shows_a_prefix_page_by_page_with_foreign_ones_left_out() {
    let world = sandbox(SandboxConfig::default());
    for number in 0..5 {
        authorized(&world, &format!("DEMO-{number}-A1"), "10.00").await;
        world.advance(Duration::from_secs(60));
    }
    world.plant(&Plant::authorization("OTHER-77", "9.00", "USD")).unwrap();
    world.advance(Duration::from_secs(60));
    let from = base().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let to = (base() + chrono::TimeDelta::minutes(4)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let window = format!("clientReferenceInformation.code:DEMO-* AND submitTimeUtc:[{from} TO {to}}}");
    assert_eq!(
        found(&world, &window, 0, 3).await,
        (vec!["DEMO-0-A1".into(), "DEMO-1-A1".into(), "DEMO-2-A1".into()], 4)
    );
    assert_eq!(found(&world, &window, 3, 3).await, (vec!["DEMO-3-A1".into()], 4));
    let all = format!("submitTimeUtc:[{from} TO *]");
    assert_eq!(found(&world, &all, 0, 100).await.1, 6, "the foreign one is in the whole list");
    assert_eq!(world.books().gateway.by_reference("OTHER-77").next().unwrap().origin, Origin::Planted);
}

#[tokio::test]
async fn a_shops_plugin_may_have_held_or_taken_the_money() {
    let world = sandbox(SandboxConfig::default());
    let plant = |reference, kind| Plant::authorization(reference, "12.50", "EUR").of_kind(kind);
    let held = world.plant(&plant("WC-1", PlantKind::Authorization)).unwrap();
    let taken = world.plant(&plant("WC-2", PlantKind::Captured)).unwrap();
    world.plant(&plant("WC-3", PlantKind::Sale)).unwrap();
    let held_now: Vec<i64> = world.books().gateway.payments.iter().map(|payment| payment.held_minor()).collect();
    assert_eq!(held_now, [1250, 0, 0]);
    world.advance(Duration::from_secs(10));
    assert_eq!(found(&world, "clientReferenceInformation.code:WC-2", 0, 20).await.1, 2);
    assert_eq!(detail(&world, &taken.payment_id).await["_links"]["relatedTransactions"].as_array().unwrap().len(), 1);
    let body = json!({"clientReferenceInformation": {"code": "DEMO-1-C1"},
        "orderInformation": {"amountDetails": {"totalAmount": "12.50", "currency": "EUR"}}});
    assert_eq!(post(&world, &format!("/pts/v2/payments/{}/captures", held.payment_id), body).await.0, 201);
    for wrong in [
        Plant { card: "diners".to_owned(), ..plant("X", PlantKind::Sale) },
        Plant { merchant: "nobody".to_owned(), ..plant("X", PlantKind::Sale) },
        Plant::authorization("X", "1.005", "EUR"),
        Plant::authorization("X", "1.00", "QQQ"),
    ] {
        assert!(world.plant(&wrong).is_err(), "{wrong:?}");
    }
}

#[tokio::test]
async fn a_detail_tells_what_is_left_and_where_it_stands() {
    let world = sandbox(SandboxConfig::default());
    let (_, partial) = post(&world, "/pts/v2/payments", authorization(&world, "visa_partial", "P", "30.00")).await;
    let id = authorized(&world, "DEMO-1-A1", "50.00").await;
    let (_, capture) = post(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("DEMO-1-C1", "50.00")).await;
    let capture = capture["id"].as_str().unwrap();
    post(&world, &format!("/pts/v2/captures/{capture}/refunds"), capture_of("DEMO-1-F1", "20.00")).await;
    world.advance(Duration::from_secs(10));
    let amounts = detail(&world, partial["id"].as_str().unwrap()).await["orderInformation"]["amountDetails"].clone();
    assert_eq!((&amounts["totalAmount"], &amounts["authorizedAmount"]), (&json!("30.00"), &json!("15.00")));
    let body = detail(&world, capture).await;
    assert_eq!(body["orderInformation"]["amountDetails"]["refundBalance"], "30.00");
    assert_eq!(body["applicationInformation"]["status"], "PENDING");
    world.close_batch();
    assert_eq!(detail(&world, capture).await["applicationInformation"]["status"], "PENDING", "it is behind");
    world.advance(Duration::from_secs(10));
    assert_eq!(detail(&world, capture).await["applicationInformation"]["status"], "TRANSMITTED");
    assert_eq!(detail(&world, &id).await["_links"]["relatedTransactions"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_withdrawn_or_given_back_is_found_by_its_own_reference() {
    let world = sandbox(SandboxConfig::default());
    let id = authorized(&world, "DEMO-1-A1", "50.00").await;
    let (_, capture) = post(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("DEMO-1-C1", "50.00")).await;
    let capture = capture["id"].as_str().unwrap();
    let void = json!({"clientReferenceInformation": {"code": "DEMO-1-V1"}});
    post(&world, &format!("/pts/v2/captures/{capture}/voids"), void).await;
    post(&world, &format!("/pts/v2/payments/{id}/reversals"), reversal_of("DEMO-1-R1", "50.00")).await;
    world.advance(Duration::from_secs(10));
    for (reference, application) in [("DEMO-1-V1", "ics_void"), ("DEMO-1-R1", "ics_auth_reversal")] {
        let query = json!({"query": format!("clientReferenceInformation.code:\"{reference}\"")});
        let (_, answer) = post(&world, "/tss/v2/searches", query).await;
        let row = &answer["_embedded"]["transactionSummaries"][0];
        assert_eq!(row["applicationInformation"]["applications"][0]["name"], application);
        assert_eq!(row["orderInformation"]["amountDetails"]["totalAmount"], "50.00");
    }
    assert_eq!(detail(&world, capture).await["applicationInformation"]["status"], "VOIDED");
    assert_eq!(detail(&world, &id).await["applicationInformation"]["status"], "REVERSED");
}
