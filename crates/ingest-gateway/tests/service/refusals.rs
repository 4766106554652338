//! What is refused: a precise problem, and nothing stored.

use axum::body::Body;
use http::{Request, StatusCode};
use ledger::MemoryFaults;
use serde_json::{Value, json};

use crate::world::{KEY, World, order, post, post_with};

fn raw(body: impl Into<Body>) -> Request<Body> {
    let request = Request::post("/v1/orders").header("authorization", format!("Bearer {KEY}"));
    request.header("content-type", "application/json").body(body.into()).unwrap()
}

#[tokio::test(start_paused = true)]
async fn every_refusal_is_a_problem_and_stores_nothing() {
    let world = World::start().await;
    let good = || order("1001").to_string();
    let bearer = |key: &str| post_with(&order("1001"), &[("authorization", key)]);
    let cases = vec![
        ("no key", Request::post("/v1/orders").body(Body::from(good())).unwrap(), 401),
        ("wrong key", bearer("Bearer nobody"), 401),
        ("another scheme", bearer("Basic bGFtcA=="), 401),
        ("no JSON", raw("{"), 400),
        ("a key twice", raw(r#"{"total":"1.00","total":"2.00"}"#), 400),
        ("too deep", raw(format!("{}{}", "[".repeat(64), "]".repeat(64))), 400),
        ("not UTF-8", raw(vec![b'"', 0xff, b'"']), 400),
        ("an array", raw("[]"), 422),
        ("empty", raw("{}"), 422),
        ("too large", raw(vec![b' '; (1 << 20) + 1]), 413),
        ("packed", post_with(&order("1001"), &[("content-encoding", "gzip")]), 415),
        ("an odd key", post_with(&order("1001"), &[("idempotency-key", "a b")]), 400),
        ("an odd wait", post_with(&order("1001"), &[("prefer", "wait=soon")]), 400),
        ("nowhere", Request::get("/v2/orders").body(Body::empty()).unwrap(), 404),
        ("DELETE", Request::delete("/v1/orders").body(Body::empty()).unwrap(), 405),
    ];
    for (name, request, status) in cases {
        let answer = world.send(request).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.body);
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{name}");
        assert_eq!(answer.body["status"], json!(status), "{name}");
        assert!(answer.body["title"].is_string() && answer.body["type"].is_string(), "{name}");
    }
    let form = Request::post("/v1/orders").header("authorization", format!("Bearer {KEY}"));
    let form = form.header("content-type", "application/x-www-form-urlencoded").body(Body::from(good())).unwrap();
    assert_eq!(world.send(form).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    for path in ["/v1/orders", "/v1/orders?number=", "/v1/orders?nr=1", "/v1/orders?number=1&x=2"] {
        assert_eq!(world.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
    for path in
        ["/v1/orders?number=1", "/v1/orders/x", "/v1/orders/%FF", "/v1/orders/01935e7a-1234-7abc-8def-0123456789ab"]
    {
        assert_eq!(world.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    assert!(world.is_empty(), "something was stored");
}

#[tokio::test(start_paused = true)]
async fn wrong_fields_are_listed_together() {
    let world = World::start().await;
    let mut bad = order("1001");
    bad["lines"][0]["quantity"] = json!(2);
    bad["currency"] = json!("euro");
    bad["payment"]["mode"] = json!("taken");
    let refused = world.post(&bad).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(refused.fields(), ["lines[0].quantity", "currency", "payment.mode"]);
    assert_eq!(world.stored(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_card_number_is_refused_wherever_it_stands_and_an_ean_is_not() {
    let world = World::start().await;
    let card = "4111111111111111";
    let mut bodies = Vec::new();
    let mut with = |change: &dyn Fn(&mut Value)| {
        let mut body = order("1001");
        change(&mut body);
        bodies.push(body.to_string());
    };
    with(&|o| o["payment"] = json!({"mode": "stored", "token": card}));
    with(&|o| o["payment"]["token"] = json!(card));
    with(&|o| o["order_number"] = json!(card));
    with(&|o| o["attributes"]["note"] = json!("pay with 4111 1111 1111 1111 please"));
    with(&|o| o["attributes"][card] = json!("x"));
    with(&|o| o["extra"] = json!({"deep": [{"er": 4_111_111_111_111_111_u64}]}));
    with(&|o| o["attributes"]["packed"] = json!("eyJudW1iZXIiOiI0MTExMTExMTExMTExMTExIn0="));
    with(&|o| o["attributes"]["cvv"] = json!("123"));
    bodies.push(format!("{{\"broken\": \"{card}\""));
    for body in bodies {
        let refused = world.send(raw(body.clone())).await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{body}");
        assert_eq!(refused.body["type"], "urn:quittance:problem:card-number", "{body}");
        assert!(!refused.body.to_string().contains("411111"), "{}", refused.body);
    }
    let header = post_with(&order("1001"), &[("idempotency-key", card)]);
    assert_eq!(world.send(header).await.body["type"], "urn:quittance:problem:card-number");
    assert_eq!(world.get(&format!("/v1/orders?number={card}")).await.body["type"], "urn:quittance:problem:card-number");
    assert!(world.is_empty(), "something was stored");

    let mut ean = order("4006381333931");
    ean["payment"] = json!({"mode": "stored", "token": "4006381333931"});
    ean["attributes"]["note"] = json!("4006381333931");
    assert_eq!(world.post(&ean).await.status, StatusCode::ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn without_a_ledger_the_caller_is_told_to_come_again() {
    let world = World::start().await;
    world.disk.set_faults(MemoryFaults { commit_refused: 1000, ..MemoryFaults::default() });
    let refused = world.post(&order("1001")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["retry-after"], "2");
    world.disk.set_faults(MemoryFaults::default());
    assert_eq!(world.post(&order("1001")).await.status, StatusCode::ACCEPTED);
}

#[tokio::test(start_paused = true)]
async fn a_commit_whose_answer_was_lost_is_settled_by_the_same_request() {
    let world = World::start().await;
    world.post(&order("1000")).await;
    world.disk.set_faults(MemoryFaults { commit_unknown: 1000, ..MemoryFaults::default() });
    assert_eq!(world.post(&order("1001")).await.status, StatusCode::SERVICE_UNAVAILABLE);
    world.disk.set_faults(MemoryFaults::default());
    assert_eq!(world.send(post(&order("1001"))).await.status, StatusCode::ACCEPTED);
    assert_eq!(world.stored(), ["accepted", "accepted"]);
}

#[tokio::test(start_paused = true)]
async fn the_description_is_served() {
    let world = World::start().await;
    let answer = world.send(Request::get("/openapi.json").body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body["openapi"].as_str().map(|v| &v[..2]), Some("3."));
}

#[tokio::test(start_paused = true)]
async fn beyond_its_room_the_service_says_come_again() {
    let world = World::start_with("handlers_max = 0").await;
    let refused = world.post(&order("1001")).await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers["retry-after"], "2");
    assert!(world.is_empty());
}
