//! How requests come in and go out: through the simulated network, or through sockets.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use node::{Node, SimNetwork, Transport};
use sandbox::Sandbox;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::config::Outside;

/// How requests come in and go out.
pub(super) enum Wire {
    /// Through the simulated network and straight into the router.
    Simulated,
    /// Through sockets; the intake listens at this address while it runs.
    Sockets {
        transport: Arc<dyn Transport>,
        client: reqwest::Client,
        door: Option<SocketAddr>,
        stop: CancellationToken,
    },
}

/// An HTTP answer of the intake.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Parsed body; null when there is none.
    pub body: Value,
    /// Headers by lower-case name.
    pub headers: BTreeMap<String, String>,
}

impl Answer {
    fn of(status: http::StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Self {
        let text = |value: &http::HeaderValue| value.to_str().unwrap_or("").to_owned();
        Self {
            status: status.as_u16(),
            body: serde_json::from_slice(body).unwrap_or(Value::Null),
            headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        }
    }

    /// The order that this answer is about.
    ///
    /// # Panics
    /// When it is about none.
    pub fn id(&self) -> String {
        let id = self.body["order_id"].as_str();
        id.unwrap_or_else(|| panic!("about no order: {} {}", self.status, self.body)).to_owned()
    }
}

pub(super) async fn listen() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).await.expect("a socket")
}

pub(super) fn on_the_network(sandbox: &Sandbox, network: &SimNetwork) -> Outside {
    let outside = Outside::default();
    network.serve(&outside.gateway.to_string(), sandbox.gateway_handler());
    network.serve(&outside.erp.to_string(), sandbox.erp_handler());
    network.serve(&outside.shop.to_string(), sandbox.shop_handler());
    outside
}

pub(super) async fn on_sockets(sandbox: &Sandbox, world: &Node, stop: &CancellationToken) -> Outside {
    let listeners = sandbox::Listeners {
        gateway: listen().await,
        erp: listen().await,
        shop: listen().await,
        control: listen().await,
    };
    let address = |listener: &TcpListener| listener.local_addr().expect("its address");
    let outside =
        Outside { gateway: address(&listeners.gateway), erp: address(&listeners.erp), shop: address(&listeners.shop) };
    world.spawn(sandbox::serve(sandbox.clone(), listeners, stop.clone()));
    outside
}

pub(super) async fn straight_in(router: axum::Router, request: http::Request<Bytes>) -> Option<Answer> {
    let answer = router.oneshot(request.map(axum::body::Body::from)).await.expect("a router never fails");
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = axum::body::to_bytes(answer.into_body(), 1 << 20).await.ok()?;
    Some(Answer::of(status, &headers, &body))
}

pub(super) async fn over_the_wire(client: &reqwest::Client, request: http::Request<Bytes>) -> Option<Answer> {
    let request = reqwest::Request::try_from(request).expect("a request");
    let answer = client.execute(request).await.ok()?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Some(Answer::of(status, &headers, &answer.bytes().await.ok()?))
}
