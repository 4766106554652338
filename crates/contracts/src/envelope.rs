//! CloudEvents 1.0 in NATS binary mode: attributes are headers, the body is the protobuf message alone.

use std::collections::BTreeMap;

use chrono::{DateTime, SecondsFormat, Utc};
use ids::{OrderId, Pair, StreamId};

use crate::kinds::MessageKind;

/// The header that tells the broker which messages are the same.
pub const BROKER_ID: &str = "Nats-Msg-Id";

/// What stands around a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// `ce-id`: the identity that an inbox knows.
    pub id: String,
    /// `ce-type`.
    pub ce_type: String,
    /// `ce-source`: `/quittance/<pair>/<service>`.
    pub source: String,
    /// `ce-subject`: the order served.
    pub order: OrderId,
    /// `ce-time`.
    pub time: DateTime<Utc>,
    /// `ce-stream`: the stream that tells or asks.
    pub stream: StreamId,
    /// `ce-n`: place among the public events of that stream; 0 for a command.
    pub n: i64,
    /// `ce-shape`: see [`MessageKind::shape`].
    pub shape: u16,
    /// `traceparent`, W3C.
    pub traceparent: Option<String>,
}

/// Why headers are no envelope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// A header is missing.
    #[error("header `{0}` is missing")]
    Missing(&'static str),
    /// A header cannot be read.
    #[error("header `{name}` cannot be read: `{value}`")]
    Unreadable {
        /// Which.
        name: &'static str,
        /// Its value, cut.
        value: String,
    },
}

/// `ce-id` of an event: a fork (same place, other content) has another id and is not swallowed by an inbox.
pub fn event_id(stream: StreamId, version: i64, hash: &[u8; 32]) -> String {
    let mark = hash[..8].iter().fold(String::with_capacity(16), |mut text, byte| {
        use std::fmt::Write as _;
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    });
    format!("{stream}/{version}/{mark}")
}

/// `ce-id` of a command: the same each time it is asked.
pub fn command_id(stream: StreamId, version: i64, ordinal: i16, hash: &[u8; 32]) -> String {
    format!("{}/c{ordinal}", event_id(stream, version, hash))
}

impl Envelope {
    /// The source name of a service for one pair.
    pub fn source(pair: &Pair, service: &str) -> String {
        format!("/quittance/{pair}/{service}")
    }

    /// The headers, without `Nats-Msg-Id`.
    pub fn headers(&self, kind: &MessageKind) -> Vec<(String, String)> {
        let mut headers: Vec<(String, String)> = [
            ("ce-specversion", "1.0".to_owned()),
            ("ce-id", self.id.clone()),
            ("ce-type", self.ce_type.clone()),
            ("ce-source", self.source.clone()),
            ("ce-subject", self.order.to_string()),
            ("ce-time", self.time.to_rfc3339_opts(SecondsFormat::Micros, true)),
            ("ce-datacontenttype", "application/protobuf".to_owned()),
            ("ce-dataschema", format!("otc/{}/v1/{}", kind.context, kind.ce_type)),
            ("ce-stream", self.stream.to_string()),
            ("ce-n", self.n.to_string()),
            ("ce-shape", self.shape.to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        if let Some(traceparent) = &self.traceparent {
            headers.push(("traceparent".to_owned(), traceparent.clone()));
        }
        headers
    }

    /// Reads the headers of a message.
    ///
    /// # Errors
    /// When one that we need is missing or unreadable.
    pub fn read(headers: &BTreeMap<String, String>) -> Result<Self, EnvelopeError> {
        Ok(Self {
            id: text(headers, "ce-id")?.to_owned(),
            ce_type: text(headers, "ce-type")?.to_owned(),
            source: text(headers, "ce-source")?.to_owned(),
            order: parsed(headers, "ce-subject")?,
            time: parsed(headers, "ce-time")?,
            stream: parsed(headers, "ce-stream")?,
            n: parsed(headers, "ce-n")?,
            shape: parsed(headers, "ce-shape")?,
            traceparent: headers.get("traceparent").cloned(),
        })
    }
}

fn text<'a>(headers: &'a BTreeMap<String, String>, name: &'static str) -> Result<&'a str, EnvelopeError> {
    headers.get(name).map(String::as_str).filter(|value| !value.is_empty()).ok_or(EnvelopeError::Missing(name))
}

fn parsed<T: std::str::FromStr>(headers: &BTreeMap<String, String>, name: &'static str) -> Result<T, EnvelopeError> {
    let value = text(headers, name)?;
    value.parse().map_err(|_| EnvelopeError::Unreadable { name, value: value.chars().take(80).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{kinds::Contract, order::v1::OrderOpened};

    #[test]
    fn what_is_written_can_be_read() {
        let order: OrderId = "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap();
        let envelope = Envelope {
            id: event_id(order.stream(), 3, &[7; 32]),
            ce_type: OrderOpened::KIND.ce_type.to_owned(),
            source: Envelope::source(&"demo".parse().unwrap(), "payment-svc"),
            order,
            time: "2026-10-14T09:30:00.000001Z".parse().unwrap(),
            stream: order.stream(),
            n: 2,
            shape: 1,
            traceparent: None,
        };
        let headers: BTreeMap<_, _> = envelope.headers(OrderOpened::KIND).into_iter().collect();
        assert_eq!(Envelope::read(&headers), Ok(envelope));
    }

    #[test]
    fn a_missing_header_is_named() {
        assert_eq!(Envelope::read(&BTreeMap::new()), Err(EnvelopeError::Missing("ce-id")));
    }
}
