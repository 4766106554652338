//! The card detector at our doors: what of a request is looked at. What a card number looks like is telemetry's to know.

use serde_json::Value;

/// Where in a body a card number, security code or the like stands, in words; never the number.
pub(crate) fn place_in_json(value: &Value) -> Option<String> {
    let hit = telemetry::find_card_in_json(value)?;
    Some(if hit.path.is_empty() { "the body".to_owned() } else { format!("the field `{}`", hit.path) })
}

/// True when a text holds a card number, also inside JSON or base64 in it.
pub(crate) fn is_in_text(text: &str) -> bool {
    telemetry::find_card_in_json(&Value::String(text.to_owned())).is_some()
}

/// True when bytes that are no JSON hold one.
pub(crate) fn is_in_bytes(bytes: &[u8]) -> bool {
    is_in_text(&String::from_utf8_lossy(bytes))
}
