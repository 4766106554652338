//! What the gateway remembers of requests that made nothing: refused ones, and ones that came too late.

use std::collections::VecDeque;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use serde_json::Value;

use super::books::{LateRequest, RefusedRequest};

/// So many of each are remembered.
const KEPT_MAX: usize = 10_000;

#[derive(Default)]
pub(super) struct Notes {
    refused: VecDeque<RefusedRequest>,
    late: VecDeque<LateRequest>,
    batches: VecDeque<DateTime<Utc>>,
}

impl Notes {
    pub(super) fn refuse(&mut self, operation: &str, request: &Request<Bytes>, reason: &str, now: DateTime<Utc>) {
        let (operation, reason, reference) = (operation.to_owned(), reason.to_owned(), reference_of(request));
        keep(&mut self.refused, RefusedRequest { at: now, operation, reference, reason });
    }

    pub(super) fn late_request(
        &mut self,
        operation: &str,
        request: &Request<Bytes>,
        expired_at: DateTime<Utc>,
        at: DateTime<Utc>,
    ) {
        let (operation, reference) = (operation.to_owned(), reference_of(request));
        keep(&mut self.late, LateRequest { at, operation, reference, expired_at });
    }

    pub(super) fn closed(&mut self, at: DateTime<Utc>) {
        keep(&mut self.batches, at);
    }

    pub(super) fn refused(&self) -> Vec<RefusedRequest> {
        self.refused.iter().cloned().collect()
    }

    pub(super) fn late(&self) -> Vec<LateRequest> {
        self.late.iter().cloned().collect()
    }

    pub(super) fn batches(&self) -> Vec<DateTime<Utc>> {
        self.batches.iter().copied().collect()
    }
}

fn keep<T>(list: &mut VecDeque<T>, note: T) {
    if list.len() >= KEPT_MAX {
        list.pop_front();
    }
    list.push_back(note);
}

/// The merchant reference of a request, or the text of a query; empty when there is none.
pub(super) fn reference_of(request: &Request<Bytes>) -> String {
    let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
    let text = body.pointer("/clientReferenceInformation/code").or_else(|| body.get("query")).and_then(Value::as_str);
    text.unwrap_or_default().chars().take(120).collect()
}
