//! One incarnation of the service, the disk and broker that survive it, and a shop that hears callbacks.

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bus::{Bus, MemoryBroker, MemoryBus, OutMessage, Sizes};
use chrono::{DateTime, Utc};
use contracts::{Contract, envelope::Envelope, subjects};
use http::{Request, StatusCode};
use ids::{OrderId, Pair};
use ingest_gateway::{Config, IngestGateway, LISTENS, NAME, config::DEFAULTS, router, service};
use ledger::{MemoryLedger, MemoryState};
use node::{FaultPoints, Node, NodeBuilder, SimNetwork};
use runtime::{Context, Engine, Settings};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;
use tower::ServiceExt as _;

pub(crate) const KEY: &str = "lamp-shop-key";
pub(crate) const OTHER_KEY: &str = "other-shop-key";
pub(crate) const WOO_SECRET: &str = "q7!Zn$Woo-Geheim-2026";

fn base() -> DateTime<Utc> {
    "2026-11-24T13:00:00Z".parse().unwrap()
}

pub(crate) fn pair() -> Pair {
    "demo".parse().unwrap()
}

fn config(change: &str) -> Config {
    let key = |text: &str| hex::encode(Sha256::digest(text));
    let text = format!(
        "{DEFAULTS}\nmaster_key = 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8='\n\
         [shops.lamp-shop]\npair = 'demo'\napi_key_sha256 = '{}'\norder_prefix = 'L-'\n\
         callback = {{ url = 'https://shop.example/callbacks/lamp-shop', secret = 'sandbox-callback-secret' }}\n\
         [shops.other-shop]\npair = 'demo'\napi_key_sha256 = '{}'\norder_prefix = 'O-'\n\
         [shops.woo]\npair = 'demo'\napi_key_sha256 = '{}'\norder_prefix = 'W-'\n\
         adapter = {{ kind = 'woocommerce', secret = '{WOO_SECRET}' }}\n",
        key(KEY),
        key(OTHER_KEY),
        key("woo"),
    );
    let mut table: toml::Table = text.parse().unwrap();
    table.extend(change.parse::<toml::Table>().unwrap());
    table.try_into().unwrap()
}

pub(crate) struct World {
    since: Instant,
    pub(crate) disk: MemoryState,
    pub(crate) broker: MemoryBroker,
    pub(crate) faults: FaultPoints,
    pub(crate) sandbox: Sandbox,
    pub(crate) network: SimNetwork,
    incarnations: u64,
    pub(crate) node: Node,
    pub(crate) bus: Bus,
    pub(crate) engine: Engine<IngestGateway>,
    pub(crate) router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: http::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn order(&self) -> OrderId {
        self.body["order_id"].as_str().unwrap().parse().unwrap()
    }

    /// Fields complained about.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
    }
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// With a change to the configuration.
    pub(crate) async fn start_with(change: &str) -> Self {
        let since = Instant::now();
        let network = SimNetwork::new(7);
        let (disk, broker, faults) = (MemoryState::new(), MemoryBroker::new(7), FaultPoints::planned());
        let worlds_node = NodeBuilder::simulated("worlds", base(), since, 1, Arc::new(network.clone())).build();
        let sandbox = Sandbox::new(SandboxConfig::default(), worlds_node);
        network.serve("shop.example", sandbox.shop_handler());
        let (node, bus, engine) = incarnation(1, since, &network, &disk, &broker, &faults, change);
        bus.apply(&runtime::topology(Sizes::default(), &[(NAME, LISTENS)])).await.unwrap();
        let router = router(engine.clone());
        Self { since, disk, broker, faults, sandbox, network, incarnations: 1, node, bus, engine, router }
    }

    /// The old process is gone, a new one comes up on the same disk.
    pub(crate) fn restart(&mut self) {
        self.node.kill();
        self.incarnations += 1;
        let parts =
            incarnation(self.incarnations, self.since, &self.network, &self.disk, &self.broker, &self.faults, "");
        (self.node, self.bus, self.engine) = parts;
        self.router = router(self.engine.clone());
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn post(&self, order: &Value) -> Answer {
        self.send(post(order)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_as(path, KEY).await
    }

    pub(crate) async fn get_as(&self, path: &str, key: &str) -> Answer {
        let request = Request::get(path).header("authorization", format!("Bearer {key}")).body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// The saga tells something about an order.
    pub(crate) async fn saga_says<M: Contract>(&self, order: OrderId, n: i64, message: &M) {
        let envelope = Envelope {
            id: format!("{order}/{n}/0000000000000000"),
            ce_type: M::KIND.ce_type.to_owned(),
            source: Envelope::source(&pair(), "payment-svc"),
            order,
            time: self.node.now(),
            stream: order.stream(),
            n,
            shape: M::KIND.shape,
            traceparent: None,
        };
        let message = OutMessage {
            subject: subjects::subject(&pair(), M::KIND),
            broker_id: envelope.id.clone(),
            headers: envelope.headers(M::KIND),
            payload: message.encode_to_vec().into(),
        };
        self.bus.publish(message).await.unwrap();
    }

    /// Waits until an order has a state.
    pub(crate) async fn until(&self, order: OrderId, state: &str) -> Value {
        wait_for(state, || async {
            let answer = self.get(&format!("/v1/orders/{order}")).await;
            (answer.body["state"] == state).then_some(answer.body)
        })
        .await
    }

    /// True when nothing of any order is on the disk.
    pub(crate) fn is_empty(&self) -> bool {
        self.disk.all_events().is_empty() && self.disk.all_outbox().is_empty() && self.disk.all_effects().is_empty()
    }

    /// Kinds of the stored events of all streams.
    pub(crate) fn stored(&self) -> Vec<String> {
        self.disk.all_events().into_iter().map(|(_, event)| event.kind).collect()
    }
}

/// Asks until there is something; under paused time this costs nothing.
pub(crate) async fn wait_for<T, F: Future<Output = Option<T>>>(what: &str, mut condition: impl FnMut() -> F) -> T {
    let started = Instant::now();
    loop {
        if let Some(value) = condition().await {
            return value;
        }
        assert!(started.elapsed() < Duration::from_secs(600), "waited in vain for {what}");
        tokio::time::advance(Duration::from_millis(20)).await;
    }
}

fn incarnation(
    number: u64,
    since: Instant,
    network: &SimNetwork,
    disk: &MemoryState,
    broker: &MemoryBroker,
    faults: &FaultPoints,
    change: &str,
) -> (Node, Bus, Engine<IngestGateway>) {
    let node = NodeBuilder::simulated(NAME, base(), since, 100 + number, Arc::new(network.clone()))
        .faults(faults.clone())
        .build();
    let ledger = MemoryLedger::attach(disk.clone(), node.clone());
    let bus = MemoryBus::attach(broker, node.clone());
    let service = service(&config(change)).unwrap();
    let context = Context { node: node.clone(), ledger };
    let engine = runtime::start(service, context, bus.clone(), Settings::default());
    (node, bus, engine)
}

/// A transient token with this id.
pub(crate) fn token(jti: &str) -> String {
    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = json!({
        "iss": "Flex/00", "exp": base().timestamp() + 900, "jti": jti,
        "content": {"paymentInformation": {"card": {
            "number": {"maskedValue": "XXXXXXXXXXXX1111", "bin": "411111", "detectedCardTypes": ["001"]}}}},
    });
    format!("{}.{}.c2ln", part(json!({"alg": "HS256"})), part(claims))
}

/// An order of the lamp shop.
pub(crate) fn order(number: &str) -> Value {
    json!({
        "order_number": number, "currency": "EUR",
        "customer": {"email": "ada@example.org", "name": "Ada Lovelace"},
        "lines": [{"sku": "LAMP-01", "description": "Lamp", "quantity": "2", "unit_price": "25.00", "total": "50.00"}],
        "shipping": {"method": "parcel", "amount": "5.00"}, "tax": "10.50", "total": "65.50",
        "bill_to": {"first_name": "Ada", "last_name": "Lovelace", "line1": "1 High St", "city": "Leeds",
                    "postal_code": "LS1 1AA", "country": "GB"},
        "payment": {"mode": "transient", "token": token(&format!("TOKEN-{number}"))},
        "attributes": {"channel": "web"}
    })
}

pub(crate) fn post(order: &Value) -> Request<Body> {
    post_with(order, &[])
}

pub(crate) fn post_with(order: &Value, headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::post("/v1/orders").header("content-type", "application/json");
    if !headers.iter().any(|(name, _)| *name == "authorization") {
        request = request.header("authorization", format!("Bearer {KEY}"));
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::from(order.to_string())).unwrap()
}

pub(crate) fn eur(minor: i64) -> Option<contracts::r#type::v1::Money> {
    Some(contracts::r#type::v1::Money { minor, currency: "EUR".to_owned() })
}
