//! The service without its engine: messages in, wishes and messages out, calls against the sandbox's gateway.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod gateway;
mod inquiry;
mod messages;

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use contracts::{
    Contract,
    envelope::Envelope,
    order::v1::StartOrder,
    r#type::v1::{Address, Order, PaymentToken, Personal, Sealed},
};
use ids::{OrderId, Pair};
use ledger::{ClaimedEffect, EffectState, RowId};
use money::Amount;
use node::{Node, NodeBuilder, SimNetwork};
use payment_svc::{Config, PaymentService};
use prost::Message as _;
use runtime::Inbound;
use sandbox::{Sandbox, SandboxConfig};
use sealed::{DataKey, MasterKey};
use uuid::Uuid;

const SECTION: &str = r#"
    [payment-svc]
    master_key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
    [payment-svc.pairs.demo.gateway]
    base_url = "http://127.0.0.1:9100"
    merchant = "sim_merchant_01"
    key_id = "3f2b6c1e-0000-4000-8000-00000000c0de"
    secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
"#;

struct World {
    sandbox: Sandbox,
    node: Node,
    service: Arc<PaymentService>,
}

fn config() -> Config {
    let mut source = runtime::config::Source::from_text(SECTION);
    source.section(payment_svc::NAME, payment_svc::config::DEFAULTS).unwrap()
}

impl World {
    fn new() -> Self {
        let network = SimNetwork::new(7);
        let base: DateTime<Utc> = "2026-11-24T10:00:00Z".parse().unwrap();
        let node = |name: &str| {
            NodeBuilder::simulated(name, base, tokio::time::Instant::now(), 7, Arc::new(network.clone())).build()
        };
        let sandbox = Sandbox::new(SandboxConfig::default(), node("sandbox"));
        network.serve("127.0.0.1:9100", sandbox.gateway_handler());
        let node = node("payment-svc");
        let service = payment_svc::service(&config(), &node).unwrap();
        Self { sandbox, node, service }
    }

    /// The order of a shop that has just minted this card's token.
    fn order(&self, total: &str, card: &str) -> Order {
        let token = self.sandbox.mint_token(card).unwrap();
        Order {
            order_id: order_id().to_string(),
            shop: "lamp-shop".to_owned(),
            order_number: "1001".to_owned(),
            total: Some(eur(total).into()),
            payment: Some(PaymentToken {
                mode: "transient".to_owned(),
                token: token.jti.clone(),
                brand: token.card_type.clone(),
                bin: token.prefix.clone(),
                last_four: token.suffix.clone(),
                expires_at_ms: token.expires_at.timestamp_millis(),
                ..PaymentToken::default()
            }),
            personal: Some(sealed()),
            ..Order::default()
        }
    }
}

fn eur(text: &str) -> Amount {
    Amount::parse(text, "EUR".parse().unwrap()).unwrap()
}

fn order_id() -> OrderId {
    "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap()
}

fn pair() -> Pair {
    "demo".parse().unwrap()
}

fn person() -> Uuid {
    Uuid::from_u128(7)
}

fn sealed() -> Sealed {
    let personal = Personal {
        email: "ada@example.test".to_owned(),
        name: "Ada Sample".to_owned(),
        bill_to: Some(Address {
            line1: "1 Test Way".to_owned(),
            city: "Cork".to_owned(),
            country: "IE".to_owned(),
            ..Address::default()
        }),
        ..Personal::default()
    };
    let master = MasterKey::new(&(0..32).collect::<Vec<u8>>()).unwrap();
    let key = DataKey::new(&[9; 32]).unwrap();
    Sealed {
        subject: person().to_string(),
        wrapped_key: master.wrap(person(), &key, [1; 12]).unwrap().into(),
        ciphertext: key.seal(person(), &personal.encode_to_vec(), [2; 12]).unwrap().into(),
    }
}

fn message<M: Contract>(body: &M, now: DateTime<Utc>) -> Inbound {
    let envelope = Envelope {
        id: "x/1/00".to_owned(),
        ce_type: M::KIND.ce_type.to_owned(),
        source: "/quittance/demo/test".to_owned(),
        order: order_id(),
        time: now,
        stream: order_id().stream(),
        n: 0,
        shape: 1,
        traceparent: None,
    };
    Inbound { envelope, kind: M::KIND, pair: pair(), payload: body.encode_to_vec().into() }
}

fn start(order: Order, now: DateTime<Utc>) -> Inbound {
    message(&StartOrder { order: Some(order) }, now)
}

fn effect(kind: &str, stream: ids::StreamId, request: Bytes) -> ClaimedEffect {
    ClaimedEffect {
        id: RowId { stream, version: 1, ordinal: 1 },
        pair: pair(),
        kind: kind.to_owned(),
        state: EffectState::Sent,
        epoch: 1,
        reference: None,
        operator: None,
        request,
        tries: 0,
    }
}
