//! Over real sockets: one call per operation, held and dropped connections, limits, an end.

use std::{sync::Arc, time::Duration};

use hmac::{Hmac, KeyInit, Mac};
use http::Method;
use node::{Node, NodeBuilder, RealTransport};
use sandbox::{FaultRule, Listeners, Sandbox, SandboxConfig, WorldName, faults::FaultKind, gateway::GatewayConfig};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::caller::{authorization, bearer, capture_of, reversal_of};

struct World {
    sandbox: Sandbox,
    node: Node,
    client: reqwest::Client,
    gateway: String,
    shop: String,
    control: String,
    stop: CancellationToken,
    server: tokio::task::JoinHandle<Option<std::io::Result<()>>>,
}

async fn world() -> World {
    let node = NodeBuilder::real("sandbox", Arc::new(RealTransport::new().unwrap())).build();
    let gateway = GatewayConfig { search_delay: chrono::TimeDelta::zero(), ..GatewayConfig::default() };
    let sandbox = Sandbox::new(SandboxConfig { gateway, ..SandboxConfig::default() }, node.clone());
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(TcpListener::bind("127.0.0.1:0").await.unwrap());
    }
    let address = |socket: &TcpListener| socket.local_addr().unwrap().to_string();
    let (gateway, shop, control) = (address(&sockets[0]), address(&sockets[2]), address(&sockets[3]));
    let mut sockets = sockets.into_iter();
    let mut next = || sockets.next().unwrap();
    let listeners = Listeners { gateway: next(), erp: next(), shop: next(), control: next() };
    let stop = CancellationToken::new();
    let server = node.spawn(sandbox::serve(sandbox.clone(), listeners, stop.clone()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    World { sandbox, node, client, gateway, shop, control, stop, server }
}

impl World {
    fn request(&self, method: Method, target: &str, body: &Value) -> reqwest::RequestBuilder {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        self.client
            .request(method.clone(), format!("http://{}{target}", self.gateway))
            .header("authorization", bearer(&self.gateway, &method, target, &bytes, self.node.now()))
            .header("accept", "application/hal+json;charset=utf-8")
            .header("v-c-client-id", "cybs-rest-sdk-test-0.0.1")
            .header("user-agent", "Mozilla/5.0")
            .header("content-type", "application/json;charset=utf-8")
            .body(bytes)
    }

    async fn call(&self, method: Method, target: &str, body: Value) -> (u16, Value) {
        let answer = self.request(method, target, &body).send().await.unwrap();
        assert!(answer.headers().contains_key("v-c-correlation-id"));
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn stopped(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(5), self.server).await;
        assert!(ended.is_ok(), "the servers end when asked, whatever connections are held");
    }
}

#[tokio::test]
async fn every_operation_over_http() {
    let world = world().await;
    let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
    let (status, payment) = world.call(Method::POST, "/pts/v2/payments", body).await;
    assert_eq!((status, &payment["status"]), (201, &json!("AUTHORIZED")));
    let id = payment["id"].as_str().unwrap();
    let (status, _) =
        world.call(Method::POST, &format!("/pts/v2/payments/{id}/captures"), capture_of("DEMO-1-C1", "10.00")).await;
    assert_eq!(status, 201);
    let body = authorization(&world.sandbox, "visa", "DEMO-1-A2", "11.00");
    let (_, other) = world.call(Method::POST, "/pts/v2/payments", body).await;
    let reversals = format!("/pts/v2/payments/{}/reversals", other["id"].as_str().unwrap());
    assert_eq!(world.call(Method::POST, &reversals, reversal_of("DEMO-1-R2", "11.00")).await.0, 201);
    let query = json!({"query": "clientReferenceInformation.code:DEMO-1-C1"});
    let (status, found) = world.call(Method::POST, "/tss/v2/searches", query).await;
    assert_eq!((status, &found["totalCount"]), (201, &json!(1)));
    let (status, detail) = world.call(Method::GET, &format!("/tss/v2/transactions/{id}"), Value::Null).await;
    assert_eq!((status, &detail["id"]), (200, &json!(id)));
    let books: sandbox::Books =
        world.client.get(format!("http://{}/_sim/books", world.control)).send().await.unwrap().json().await.unwrap();
    assert_eq!(books.gateway.payments.len(), 2);
    world.stopped().await;
}

#[tokio::test]
async fn an_unsigned_request_is_nobody() {
    let world = world().await;
    let answer =
        world.client.post(format!("http://{}/pts/v2/payments", world.gateway)).body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 401);
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"response": {"rmsg": "Authentication Failed"}}));
    world.stopped().await;
}

#[tokio::test]
async fn a_held_payment_is_found_by_search() {
    let world = world().await;
    world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", FaultKind::Hang));
    let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
    let silent =
        world.request(Method::POST, "/pts/v2/payments", &body).timeout(Duration::from_millis(300)).send().await;
    assert!(silent.is_err_and(|error| error.is_timeout()));
    let query = json!({"query": "clientReferenceInformation.code:DEMO-1-A1"});
    let (_, found) = world.call(Method::POST, "/tss/v2/searches", query).await;
    assert_eq!(
        found["_embedded"]["transactionSummaries"][0]["id"],
        world.sandbox.books().gateway.payments[0].id.as_str()
    );
    world.stopped().await;
}

#[tokio::test]
async fn a_dropped_connection_gives_no_byte_of_answer() {
    let world = world().await;
    for (kind, made) in [(FaultKind::DropAfterApply, 1), (FaultKind::DropBeforeApply, 1)] {
        world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", kind));
        let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
        let dropped = world.request(Method::POST, "/pts/v2/payments", &body).send().await;
        assert!(dropped.is_err_and(|error| !error.is_connect() && !error.is_timeout()), "{kind:?}");
        assert_eq!(world.sandbox.books().gateway.payments.len(), made);
        world.sandbox.clear_faults();
    }
    world.stopped().await;
}

#[tokio::test]
async fn the_shop_takes_signed_callbacks_of_bounded_size() {
    let world = world().await;
    let (time, body) = (world.node.now().timestamp(), r#"{"order":"1001"}"#);
    let mut mac = Hmac::<Sha256>::new_from_slice(b"sandbox-callback-secret").unwrap();
    mac.update(format!("{time}.{body}").as_bytes());
    let signature = format!("t={time},v1={}", hex::encode(mac.finalize().into_bytes()));
    let url = format!("http://{}/callbacks/lamp-shop", world.shop);
    let send = |body: String, signature: &str| {
        world
            .client
            .post(&url)
            .header("Quittance-Signature", signature)
            .header("Quittance-Event-Id", "e1")
            .body(body)
            .send()
    };
    assert_eq!(send(body.to_owned(), &signature).await.unwrap().status(), 204);
    assert_eq!(send(body.replace('1', "2"), &signature).await.unwrap().status(), 401);
    assert_eq!(send("x".repeat((1 << 20) + 1), &signature).await.unwrap().status(), 413);
    let books = world.sandbox.books().shop;
    assert_eq!((books.callbacks.len(), books.accepted().count()), (2, 1));
    world.stopped().await;
}

#[tokio::test]
async fn a_connection_held_by_the_sandbox_does_not_keep_it_from_ending() {
    let world = world().await;
    world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", FaultKind::Hang));
    let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
    let held = world.node.spawn(world.request(Method::POST, "/pts/v2/payments", &body).send());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while world.sandbox.books().gateway.payments.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "the payment is made");
        tokio::task::yield_now().await;
    }
    world.stopped().await;
    assert!(held.await.unwrap().unwrap().is_err());
}

#[tokio::test]
async fn half_an_answer_and_a_dripping_one_over_a_socket() {
    let world = world().await;
    for kind in [FaultKind::HalfReply, FaultKind::OneByteASecond] {
        world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", kind));
        let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
        let request = world.request(Method::POST, "/pts/v2/payments", &body).timeout(Duration::from_millis(300));
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 201, "the head comes at once");
        let rest = answer.text().await;
        assert!(rest.is_err_and(|error| error.is_timeout() == (kind == FaultKind::OneByteASecond)), "{kind:?}");
        world.sandbox.clear_faults();
    }
    assert_eq!(world.sandbox.books().gateway.payments.len(), 2, "the work was done all the same");
    world.stopped().await;
}

#[tokio::test]
async fn a_slow_commit_over_a_socket_lands_when_the_caller_has_long_gone() {
    let world = world().await;
    world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", FaultKind::SlowCommit(100)));
    let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
    assert!(world.request(Method::POST, "/pts/v2/payments", &body).send().await.is_err());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(5);
    while world.sandbox.books().gateway.payments.is_empty() {
        assert!(tokio::time::Instant::now() < deadline, "the payment is made");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    world.stopped().await;
}

#[tokio::test]
async fn a_call_worked_on_twice_over_a_socket() {
    let world = world().await;
    world.sandbox.add_fault(FaultRule::once(WorldName::Gateway, "authorize", FaultKind::Twice));
    let body = authorization(&world.sandbox, "visa", "DEMO-1-A1", "10.00");
    assert_eq!(world.call(Method::POST, "/pts/v2/payments", body).await.0, 201);
    assert_eq!(world.sandbox.books().gateway.by_reference("DEMO-1-A1").count(), 2);
    world.stopped().await;
}
