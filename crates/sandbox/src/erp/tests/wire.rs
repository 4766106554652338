//! The ERP behind the simulated network, under faults of the wire: what the books say when the caller learns nothing.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Method, Request};
use node::{Limits, Node, NodeBuilder, Response, SimNetwork, TransportError};

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
