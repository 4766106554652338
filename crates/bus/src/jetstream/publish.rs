//! One message out, and its receipt.

use std::sync::Arc;

use async_nats::{
    HeaderMap, HeaderName, HeaderValue,
    jetstream::{
        self,
        context::{PublishError, PublishErrorKind},
    },
};

use crate::{
    MESSAGE_ID_HEADER,
    error::BusError,
    jetstream::{ANSWER_LIMIT, link::Link},
    subject::{check_header, check_publishable},
    types::{OutMessage, Receipt},
};

pub(super) async fn publish(link: &Arc<Link>, message: OutMessage) -> Result<Receipt, BusError> {
    check_publishable(&message.subject)?;
    let headers = headers(&message)?;
    let subject = message.subject;
    let bytes = message.payload.len();
    let live = link.ready()?;
    // Twice the limit, because the way to the socket may be full before the wait for the receipt begins.
    let receipt = tokio::time::timeout(ANSWER_LIMIT * 2, async {
        live.context.publish_with_headers(subject.clone(), headers, message.payload).await?.await
    });
    let outcome = match receipt.await {
        Ok(Ok(receipt)) if receipt.stream.is_empty() || receipt.sequence == 0 => {
            Err(BusError::EmptyReceipt { subject })
        }
        Ok(Ok(receipt)) => {
            Ok(Receipt { bus_stream: receipt.stream, seq: receipt.sequence, is_duplicate: receipt.duplicate })
        }
        Ok(Err(error)) => Err(explain(subject, bytes, &error)),
        Err(_) => Err(BusError::Timeout { what: subject, limit: ANSWER_LIMIT * 2 }),
    };
    link.note(matches!(outcome, Err(BusError::Timeout { .. } | BusError::Disconnected)));
    outcome
}

fn headers(message: &OutMessage) -> Result<HeaderMap, BusError> {
    let mut headers = HeaderMap::new();
    let id = [(MESSAGE_ID_HEADER, message.broker_id.as_str())];
    for (name, value) in message.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(id) {
        check_header(name, value)?;
        let invalid = || BusError::InvalidHeader { name: name.to_owned() };
        let key: HeaderName = name.parse().map_err(|_| invalid())?;
        let value: HeaderValue = value.parse().map_err(|_| invalid())?;
        headers.insert(key, value);
    }
    Ok(headers)
}

fn explain(subject: String, bytes: usize, error: &PublishError) -> BusError {
    match error.kind() {
        PublishErrorKind::StreamNotFound => BusError::NoStream { what: subject },
        PublishErrorKind::TimedOut => BusError::Timeout { what: subject, limit: ANSWER_LIMIT },
        PublishErrorKind::BrokenPipe => BusError::Disconnected,
        PublishErrorKind::MaxPayloadExceeded => BusError::TooLarge { subject, bytes },
        PublishErrorKind::MaxAckPending
        | PublishErrorKind::WrongLastMessageId
        | PublishErrorKind::WrongLastSequence
        | PublishErrorKind::Other => match source(error) {
            Some(refusal) => refused(subject, bytes, refusal),
            None => BusError::Refused { detail: error.to_string() },
        },
    }
}

fn refused(subject: String, bytes: usize, refusal: &jetstream::Error) -> BusError {
    use jetstream::ErrorCode;
    match refusal.error_code() {
        ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM => BusError::TooLarge { subject, bytes },
        ErrorCode::STREAM_STORE_FAILED | ErrorCode::STORAGE_RESOURCES_EXCEEDED | ErrorCode::INSUFFICIENT_RESOURCES => {
            BusError::Full { detail: refusal.to_string() }
        }
        ErrorCode::STREAM_NOT_FOUND => BusError::NoStream { what: subject },
        _ => BusError::Refused { detail: refusal.to_string() },
    }
}

fn source(error: &PublishError) -> Option<&jetstream::Error> {
    std::error::Error::source(error)?.downcast_ref()
}
