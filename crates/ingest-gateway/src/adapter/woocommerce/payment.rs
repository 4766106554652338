//! What the shop's own card plugins leave in an order's meta: proof that money was held or taken there already.

use std::collections::BTreeMap;

use serde_json::Value;

/// The plugins we know, by the prefix of their meta keys: (prefix, name, keys that prove a request id).
const PLUGINS: &[(&str, &str, &[&str])] = &[
    (
        "_wc_visa_acceptance_solutions_unified_checkout_",
        "Visa Acceptance Solutions",
        &["transaction_id", "auth_amount", "capture_transaction_id", "_payment_status"],
    ),
    (
        "_wc_cybersource_credit_card_",
        "SkyVerge CyberSource",
        &["trans_id", "authorization_code", "authorization_amount"],
    ),
];

/// The meta key that tells, and words about it, when a plugin authorized or captured.
///
/// Refused until we can adopt such money: a second authorization of ours would hold it twice.
pub(super) fn taken_by_plugin(meta: &BTreeMap<&str, &Value>, status: &str) -> Option<(String, String)> {
    let is_set = |key: &str| meta.get(key).is_some_and(|value| !is_empty(value));
    for (prefix, name, proofs) in PLUGINS {
        let Some(proof) = proofs.iter().map(|proof| format!("{prefix}{proof}")).find(|key| is_set(key)) else {
            continue;
        };
        let is_captured = meta.get(format!("{prefix}charge_captured").as_str()).and_then(|value| value.as_str())
            == Some("yes")
            || is_set(&format!("{prefix}capture_transaction_id"))
            || matches!(status, "processing" | "completed");
        let what = if is_captured { "captured the money (a charge)" } else { "authorized the card" };
        let why = format!(
            "the shop's plugin {name} has already {what}; taking that over is refused for now. Let the checkout leave \
             the card token and the order on hold instead, without a transaction of its own"
        );
        return Some((format!("meta_data.{proof}"), why));
    }
    None
}

/// True when a plugin authorized and the gateway wants a person to look first: the one kind of `pending` order with money on it.
pub(super) fn is_held_for_review(meta: &BTreeMap<&str, &Value>) -> bool {
    PLUGINS.iter().any(|(prefix, ..)| {
        let status = meta.get(format!("{prefix}_payment_status").as_str()).and_then(|value| value.as_str());
        status == Some("AUTHORIZED_PENDING_REVIEW")
    })
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
