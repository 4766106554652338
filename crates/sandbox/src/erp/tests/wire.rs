//! The ERP behind the simulated network, under faults of the wire: what the books say when the caller learns nothing.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use node::{Limits, Node, NodeBuilder, Response, SimNetwork, TransportError};
use serde_json::{Value, json};

use super::order;
use crate::{FaultRule, Sandbox, SandboxConfig, WorldName, faults::FaultKind};

struct Wire {
    sandbox: Sandbox,
    node: Node,
    token: String,
}

impl Wire {
    async fn new() -> Self {
        let network = SimNetwork::new(3);
        let now = tokio::time::Instant::now();
        let base = "2026-11-24T10:00:00Z".parse().unwrap();
        let node = NodeBuilder::simulated("erp-writer", base, now, 3, Arc::new(network.clone())).build();
        let sandbox = Sandbox::new(SandboxConfig::default(), node.clone());
        network.serve("127.0.0.1:9200", sandbox.erp_handler());
        let mut wire = Self { sandbox, node, token: String::new() };
        let answer = wire.send(Method::POST, "AuthService/GetToken", String::new()).await.unwrap();
        let body: serde_json::Value = serde_json::from_slice(answer.body()).unwrap();
        wire.token = body["Result"]["Token"].as_str().unwrap().to_owned();
        wire
    }

    async fn send(&self, method: Method, operation: &str, body: String) -> Result<Response, TransportError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://127.0.0.1:9200/APIServices/{operation}"))
            .header("X-Api-Key", "sim-operator-key-1")
            .header("Authorization", format!("Bearer {}", self.token))
            .body(Bytes::from(body))
            .unwrap();
        self.node.http(request, Limits::within(Duration::from_secs(30))).await
    }

    async fn add(&self, po: &str) -> Result<Response, TransportError> {
        self.send(Method::POST, "SalesOrderService/AddSalesOrder", order(po).to_string()).await
    }

    fn fault(&self, kind: FaultKind) {
        let rule = FaultRule::once(WorldName::Erp, "AddSalesOrder", kind).matching("WEB-1");
        assert!(self.sandbox.add_fault(rule));
    }

    fn orders(&self) -> usize {
        self.sandbox.books().erp.orders.len()
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_may_stand_although_no_answer_came() {
    for (kind, stands) in [
        (FaultKind::DropBeforeApply, 0),
        (FaultKind::HangBeforeApply, 0),
        (FaultKind::DropAfterApply, 1),
        (FaultKind::Hang, 1),
    ] {
        let wire = Wire::new().await;
        wire.fault(kind);
        assert!(matches!(wire.add("WEB-1").await, Err(TransportError::MaybeSent { .. })), "{kind:?}");
        assert_eq!(wire.orders(), stands, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_commit_lands_after_the_caller_gave_up_and_then_guards_itself() {
    let wire = Wire::new().await;
    wire.fault(FaultKind::Latency(45_000));
    assert!(wire.add("WEB-1").await.is_err());
    assert_eq!(wire.orders(), 0);
    for _ in 0..20 {
        tokio::time::advance(Duration::from_secs(1)).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(wire.orders(), 1);
    assert_eq!(wire.add("WEB-1").await.unwrap().status(), 409);
}

#[tokio::test(start_paused = true)]
async fn an_error_may_come_before_or_after_the_work() {
    for (kind, status, stands) in [
        (FaultKind::ErrorBefore(503), 503, 0),
        (FaultKind::ErrorAfter(502), 502, 1),
        (FaultKind::ServerTimeoutApplied, 504, 1),
        (FaultKind::ServerTimeoutNotApplied, 504, 0),
        (FaultKind::Garbage, 200, 1),
    ] {
        let wire = Wire::new().await;
        wire.fault(kind);
        assert_eq!(wire.add("WEB-1").await.unwrap().status(), status, "{kind:?}");
        assert_eq!(wire.orders(), stands, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_erps_own_doubtful_endings() {
    for (kind, status, code, stands) in [
        (FaultKind::EnetException, Some(502), "ENET_EXCEPTION", 1),
        (FaultKind::EnetExceptionNotApplied, Some(502), "ENET_EXCEPTION", 0),
        (FaultKind::NoOrderNumber, Some(200), "", 1),
        (FaultKind::NoOrderNumberNotApplied, Some(200), "", 0),
        (FaultKind::SessionEvicted, Some(401), "SESSION_EVICTED", 0),
        (FaultKind::SessionEvictedMidPost, None, "", 1),
        (FaultKind::HalfReply, None, "", 1),
        (FaultKind::GarbageNotApplied, Some(200), "", 0),
        (FaultKind::Twice, Some(200), "", 1),
    ] {
        let wire = Wire::new().await;
        wire.fault(kind);
        let answer = wire.add("WEB-1").await.ok();
        assert_eq!(answer.as_ref().map(|answer| answer.status().as_u16()), status, "{kind:?}");
        let body: Value = answer.map(|it| serde_json::from_slice(it.body()).unwrap_or_default()).unwrap_or_default();
        assert_eq!(body["Code"].as_str().unwrap_or_default(), code, "{kind:?}");
        if status == Some(502) {
            assert_eq!((&body["Outcome"], &body["Retryable"]), (&json!("Unknown"), &json!(false)));
        }
        if matches!(kind, FaultKind::NoOrderNumber | FaultKind::NoOrderNumberNotApplied) {
            assert_eq!((&body["Success"], &body["Result"]["OrderNumber"]), (&json!(true), &Value::Null));
        }
        assert_eq!(wire.orders(), stands, "{kind:?}");
        let is_session_over = matches!(kind, FaultKind::SessionEvicted | FaultKind::SessionEvictedMidPost);
        let next = wire.add("WEB-2").await.unwrap().status().as_u16();
        assert_eq!(next, if is_session_over { 401 } else { 200 }, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_commit_makes_a_double_of_whoever_was_not_patient() {
    let wire = Wire::new().await;
    wire.fault(FaultKind::SlowCommit(45_000));
    assert!(wire.add("WEB-1").await.is_err(), "the reply was lost");
    assert_eq!(wire.orders(), 0, "30 s later nothing stands yet");
    assert_eq!(wire.add("WEB-1").await.unwrap().status(), 200, "so it looks free");
    tokio::time::sleep(Duration::from_secs(16)).await;
    assert_eq!(wire.orders(), 2);
    assert_eq!(wire.add("WEB-1").await.unwrap().status(), 409);
}

#[tokio::test(start_paused = true)]
async fn a_slow_commit_of_what_is_refused_or_takes_too_long_never_comes() {
    let wire = Wire::new().await;
    assert_eq!(wire.add("WEB-1").await.unwrap().status(), 200);
    wire.fault(FaultKind::SlowCommit(1000));
    assert!(wire.add("WEB-1").await.is_err());
    let rule = FaultRule::once(WorldName::Erp, "AddSalesOrder", FaultKind::SlowCommit(241_000));
    assert!(wire.sandbox.add_fault(rule));
    assert!(wire.add("WEB-2").await.is_err());
    tokio::time::sleep(Duration::from_secs(300)).await;
    assert_eq!(wire.orders(), 1);
    let did: Vec<String> =
        wire.sandbox.books().faults.iter().flat_map(|record| &record.hits).map(|hit| hit.did.clone()).collect();
    assert!(did[0].contains("409 DUPLICATE_PO") && did[2].starts_with("given up"), "{did:?}");
}

#[tokio::test(start_paused = true)]
async fn status_changes_and_cancels_suffer_as_orders_do() {
    for (action, last) in [("ChangeStatus", "1"), ("CancelOrder", "\\")] {
        for (kind, is_done) in [
            (FaultKind::DropAfterApply, true),
            (FaultKind::DropBeforeApply, false),
            (FaultKind::HalfReply, true),
            (FaultKind::EnetException, true),
            (FaultKind::SlowCommit(20_000), true),
            (FaultKind::SessionEvictedMidPost, true),
        ] {
            let wire = Wire::new().await;
            let placed: Value = serde_json::from_slice(wire.add("WEB-1").await.unwrap().body()).unwrap();
            let number = placed["Result"]["OrderNumber"].as_str().unwrap();
            assert!(wire.sandbox.add_fault(FaultRule::once(WorldName::Erp, "UpdateSalesOrder", kind).matching(number)));
            let body = json!({"OrderNumber": number, "Action": action, "NewStatus": "1", "CreditAuthority": "QT",
                "CancelReasonCode": "WEB"});
            let _ = wire.send(Method::POST, "SalesOrderService/UpdateSalesOrder", body.to_string()).await;
            tokio::time::sleep(Duration::from_secs(60)).await;
            let status = wire.sandbox.books().erp.orders[0].status.clone();
            assert_eq!(status, if is_done { last } else { "S" }, "{action} {kind:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn look_ups_are_behind_or_lie() {
    let wire = Wire::new().await;
    let placed: Value = serde_json::from_slice(wire.add("WEB-1").await.unwrap().body()).unwrap();
    let number = placed["Result"]["OrderNumber"].as_str().unwrap();
    let release = json!({"OrderNumber": number, "Action": "ChangeStatus", "NewStatus": "1", "CreditAuthority": "QT"});
    wire.send(Method::POST, "SalesOrderService/UpdateSalesOrder", release.to_string()).await.unwrap();
    tokio::time::advance(Duration::from_secs(30)).await;
    let find = "SalesOrderService/FindSalesOrders?CustomerCode=WEB001&CustomerPoNumber=WEB-1";
    for (kind, status) in [
        (FaultKind::SearchAbsent, None),
        (FaultKind::SearchBehind(60_000), None),
        (FaultKind::SearchBehind(10_000), Some("1")),
        (FaultKind::SearchStale, Some("S")),
    ] {
        for operation in [find.to_owned(), format!("SalesOrderService/GetSalesOrder?OrderNumber={number}")] {
            let name = operation.split(['/', '?']).nth(1).unwrap();
            assert!(wire.sandbox.add_fault(FaultRule::once(WorldName::Erp, name, kind)));
            let answer = wire.send(Method::GET, &operation, String::new()).await.unwrap();
            let body: Value = serde_json::from_slice(answer.body()).unwrap();
            let row = body["SalesOrders"].get(0).unwrap_or(&body);
            assert_eq!(row["OrderStatus"].as_str(), status, "{kind:?} at {operation}");
        }
    }
    let answer = wire.send(Method::GET, find, String::new()).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(body["SalesOrders"][0]["OrderStatus"], "1", "the truth again");
}
