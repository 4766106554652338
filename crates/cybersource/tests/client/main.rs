//! The client against canned answers (every row of the classification) and against the sandbox's gateway.

#![expect(clippy::unwrap_used, reason = "a test ends where it fails")]

mod classification;
mod over_http;
mod requests;
mod sandbox_world;
mod table;
mod undoing;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use cybersource::{
    Authorize, BillTo, Capture, Client, ClientConfig, Device, PaymentSource, Refund, Reverse, Taken, TimeoutReverse,
    TimeoutVoid, Void, Voidable,
};
use money::Amount;
use node::{HttpFuture, Limits, Node, NodeBuilder, Request, Response, Transport, TransportError};
use secrecy::SecretString;

const SECRET: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// A wire that gives one answer and keeps what was sent.
struct Canned {
    answer: Mutex<Option<Result<Response, TransportError>>>,
    sent: Mutex<Option<Request>>,
}

impl Transport for Canned {
    fn send(&self, request: Request, _limits: Limits) -> HttpFuture<'_, Result<Response, TransportError>> {
        *self.sent.lock().unwrap() = Some(request);
        let answer = self.answer.lock().unwrap().take().expect("one call, one attempt");
        Box::pin(async move { answer })
    }
}

fn canned(answer: Result<Response, TransportError>) -> (Client, Arc<Canned>) {
    let wire = Arc::new(Canned { answer: Mutex::new(Some(answer)), sent: Mutex::new(None) });
    let node = NodeBuilder::real("test", wire.clone()).build();
    (client(node, "https://apitest.cybersource.com"), wire)
}

fn answer(status: u16, body: &str) -> Response {
    http::Response::builder().status(status).body(Bytes::from(body.to_owned())).unwrap()
}

fn config(base_url: &str) -> ClientConfig {
    let secret = SecretString::from(SECRET);
    let key_id = "3f2b6c1e-0000-4000-8000-00000000c0de";
    let mut config = ClientConfig::new(base_url, "sim_merchant_01", key_id, secret);
    config.limits = Limits::within(Duration::from_secs(30));
    assert!(!format!("{config:?}").contains("AAEC"), "a configuration does not show its secret");
    config
}

fn client(node: Node, base_url: &str) -> Client {
    Client::new(node, &config(base_url)).unwrap()
}

fn eur(text: &str) -> Amount {
    Amount::parse(text, "EUR".parse().unwrap()).unwrap()
}

fn authorize(amount: Amount, jti: &str) -> Authorize {
    Authorize {
        reference: "OTC-1001-A1".to_owned(),
        amount,
        payment: PaymentSource::TransientJti(SecretString::from(jti)),
        bill_to: BillTo {
            first_name: "Ada".to_owned(),
            last_name: "Sample".to_owned(),
            address1: "1 Test Way".to_owned(),
            locality: "Cork".to_owned(),
            country: "IE".to_owned(),
            email: "ada@example.test".to_owned(),
            ..BillTo::default()
        },
        device: Device { ip_address: "198.51.100.7".to_owned(), ..Device::default() },
        transaction_id: None,
        authentication: None,
    }
}

fn capture(payment_id: &str, amount: Amount) -> Capture {
    Capture { reference: "OTC-1001-C1".to_owned(), payment_id: payment_id.to_owned(), amount, transaction_id: None }
}

fn reverse(payment_id: &str, amount: Amount) -> Reverse {
    Reverse {
        reference: "OTC-1001-R1".to_owned(),
        payment_id: payment_id.to_owned(),
        amount,
        reason: "order refused".to_owned(),
        transaction_id: None,
    }
}

fn void(capture_id: &str) -> Void {
    let target = Voidable::Capture(capture_id.to_owned());
    Void { reference: "OTC-1001-V1".to_owned(), target, transaction_id: None }
}

fn refund(capture_id: &str, amount: Amount) -> Refund {
    let of = Taken::Capture(capture_id.to_owned());
    Refund { reference: "OTC-1001-F1".to_owned(), of, amount, transaction_id: None }
}

fn timeout_reverse(transaction_id: &str, amount: Amount) -> TimeoutReverse {
    TimeoutReverse {
        reference: "OTC-1001-T1".to_owned(),
        transaction_id: transaction_id.to_owned(),
        amount,
        reason: String::new(),
    }
}

fn timeout_void(transaction_id: &str) -> TimeoutVoid {
    TimeoutVoid { reference: "OTC-1001-U1".to_owned(), transaction_id: transaction_id.to_owned() }
}
