//! A caller of the gateway that signs on its own, and a sandbox whose clock stands still until it is moved.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use http::{Method, Request};
use sandbox::{Clock, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const KEY_ID: &str = "3f2b6c1e-0000-4000-8000-00000000c0de";
pub const HOST: &str = "gateway.test:9100";
static NEXT_TOKEN: AtomicU64 = AtomicU64::new(1);

pub fn base() -> DateTime<Utc> {
    DateTime::from_timestamp(1_791_970_200, 0).unwrap()
}

/// Fresh worlds whose time is [`base`] until it is advanced.
pub fn sandbox(config: SandboxConfig) -> Sandbox {
    Sandbox::new(config, Clock::from_fn(base))
}

/// A shared-secret token for this request.
pub fn bearer(host: &str, method: &Method, target: &str, body: &[u8], now: DateTime<Utc>) -> String {
    let mut claims = json!({
        "iat": now.timestamp(), "exp": now.timestamp() + 120, "iss": "sim_merchant_01",
        "jti": format!("test-{}", NEXT_TOKEN.fetch_add(1, Ordering::Relaxed)),
        "request-host": host, "request-method": method.as_str(), "request-resource-path": target,
        "v-c-jwt-version": "2", "v-c-merchant-id": "sim_merchant_01",
    });
    if !body.is_empty() {
        claims["digest"] = json!(STANDARD.encode(Sha256::digest(body)));
        claims["digestAlgorithm"] = json!("SHA-256");
    }
    let header = json!({"alg": "HS256", "kid": KEY_ID, "typ": "JWT"});
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let secret: Vec<u8> = (0..32).collect();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    mac.update(signed.as_bytes());
    format!("Bearer {signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A signed request as the simulated network carries it.
pub fn request(method: Method, target: &str, body: &Value) -> Request<Bytes> {
    let bytes = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
    Request::builder()
        .method(method.clone())
        .uri(format!("http://{HOST}{target}"))
        .header("authorization", bearer(HOST, &method, target, &bytes, base()))
        .header("content-type", "application/json")
        .body(bytes)
        .unwrap()
}

/// Calls a handler; `None` is silence.
pub async fn call(handler: &Arc<dyn node::Handler>, method: Method, target: &str, body: Value) -> Option<(u16, Value)> {
    let answer = handler.handle(request(method, target, &body)).await?;
    Some((answer.status().as_u16(), serde_json::from_slice(answer.body()).unwrap_or(Value::Null)))
}

/// Posts to the gateway of these worlds.
pub async fn post(sandbox: &Sandbox, target: &str, body: Value) -> (u16, Value) {
    call(&sandbox.gateway_handler(), Method::POST, target, body).await.unwrap()
}

/// An authorization by a fresh token of this test card.
pub fn authorization(sandbox: &Sandbox, card: &str, reference: &str, amount: &str) -> Value {
    let token = sandbox.mint_token(card).unwrap();
    json!({
        "clientReferenceInformation": {"code": reference, "partner": {"developerId": "12345678"}},
        "processingInformation": {"capture": false, "commerceIndicator": "internet"},
        "tokenInformation": {"jti": token.jti},
        "orderInformation": {"amountDetails": {"totalAmount": amount, "currency": "USD"}},
    })
}

/// Authorizes and gives the payment's id.
pub async fn authorized(sandbox: &Sandbox, reference: &str, amount: &str) -> String {
    let (status, answer) = post(sandbox, "/pts/v2/payments", authorization(sandbox, "visa", reference, amount)).await;
    assert_eq!((status, &answer["status"]), (201, &json!("AUTHORIZED")), "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

pub fn capture_of(reference: &str, amount: &str) -> Value {
    json!({"clientReferenceInformation": {"code": reference},
        "orderInformation": {"amountDetails": {"totalAmount": amount, "currency": "USD"}}})
}

pub fn reversal_of(reference: &str, amount: &str) -> Value {
    json!({"clientReferenceInformation": {"code": reference},
        "reversalInformation": {"amountDetails": {"totalAmount": amount, "currency": "USD"}, "reason": "order cancelled"}})
}

/// The reason of a refusal.
pub async fn refused(world: &Sandbox, target: &str, body: Value) -> String {
    let (status, answer) = post(world, target, body).await;
    assert_eq!((status, &answer["status"]), (400, &json!("INVALID_REQUEST")), "{answer}");
    answer["reason"].as_str().unwrap().to_owned()
}
