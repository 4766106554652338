//! The payment's events: one function each way.

use bytes::Bytes;
use contracts::payment::ledger::v1 as stored;
use ids::MerchantReference;
use payment_domain::payment::{Attempt, Captured, Event, Hold, Operation, Purpose, Reversed, Verdict};
use prost::Message as _;

use super::{
    Corrupt, body, missing,
    parts::{
        amount, optional_amount, order_id, reason_from_wire, reason_to_wire, sealed_from_wire, sealed_to_wire,
        token_from_wire, token_to_wire,
    },
};

pub(super) fn encode(event: &Event) -> Bytes {
    match event {
        Event::AuthorizationRequested { purpose, attempt } => body(&stored::AuthorizationRequested {
            purpose: Some(purpose_to_wire(purpose)),
            attempt: Some(attempt_to_wire(attempt)),
        }),
        Event::Authorized(hold) => body(&authorized(hold)),
        Event::UnderReview { reference, gateway_request_id, held, at_ms } => body(&stored::UnderReview {
            reference: reference.to_string(),
            gateway_request_id: gateway_request_id.clone(),
            held: held.map(Into::into),
            at_ms: *at_ms,
        }),
        Event::Declined { reference, reason }
        | Event::CaptureRefused { reference, reason }
        | Event::ReversalRefused { reference, reason } => {
            body(&stored::Refused { reference: reference.to_string(), reason: Some(reason_to_wire(reason)) })
        }
        Event::CaptureRequested { attempt } => {
            body(&stored::Requested { attempt: Some(attempt_to_wire(attempt)), reason: None })
        }
        Event::ReversalRequested { attempt, reason } => {
            body(&stored::Requested { attempt: Some(attempt_to_wire(attempt)), reason: Some(reason_to_wire(reason)) })
        }
        Event::Captured(Captured { amount, reference, gateway_request_id })
        | Event::Reversed(Reversed { amount, reference, gateway_request_id }) => body(&stored::Moved {
            amount: Some((*amount).into()),
            reference: reference.to_string(),
            gateway_request_id: gateway_request_id.clone(),
        }),
        Event::OutcomeUnknown { operation, reference, inquiry_due_ms } => body(&stored::OutcomeUnknown {
            operation: operation.word().to_owned(),
            reference: reference.to_string(),
            inquiry_due_ms: *inquiry_due_ms,
        }),
    }
}

/// `None` for a kind that this binary does not know.
pub(super) fn decode(kind: &str, bytes: &[u8]) -> Result<Option<Event>, Corrupt> {
    Ok(Some(match kind {
        "authorization_requested" => {
            let asked = stored::AuthorizationRequested::decode(bytes)?;
            Event::AuthorizationRequested {
                purpose: purpose_from_wire(asked.purpose)?,
                attempt: attempt_from_wire(asked.attempt)?,
            }
        }
        "authorized" => read_authorized(stored::Authorized::decode(bytes)?)?,
        "under_review" => {
            let review = stored::UnderReview::decode(bytes)?;
            Event::UnderReview {
                reference: MerchantReference::parse(&review.reference)?,
                gateway_request_id: review.gateway_request_id,
                held: optional_amount(review.held.as_ref())?,
                at_ms: review.at_ms,
            }
        }
        "declined" | "capture_refused" | "reversal_refused" => {
            let refused = stored::Refused::decode(bytes)?;
            let reference = MerchantReference::parse(&refused.reference)?;
            let reason = reason_from_wire(refused.reason);
            match kind {
                "declined" => Event::Declined { reference, reason },
                "capture_refused" => Event::CaptureRefused { reference, reason },
                _ => Event::ReversalRefused { reference, reason },
            }
        }
        "capture_requested" => {
            Event::CaptureRequested { attempt: attempt_from_wire(stored::Requested::decode(bytes)?.attempt)? }
        }
        "reversal_requested" => {
            let asked = stored::Requested::decode(bytes)?;
            let (attempt, reason) = (attempt_from_wire(asked.attempt)?, reason_from_wire(asked.reason));
            Event::ReversalRequested { attempt, reason }
        }
        "captured" => {
            let (amount, reference, gateway_request_id) = moved(bytes)?;
            Event::Captured(Captured { amount, reference, gateway_request_id })
        }
        "reversed" => {
            let (amount, reference, gateway_request_id) = moved(bytes)?;
            Event::Reversed(Reversed { amount, reference, gateway_request_id })
        }
        "outcome_unknown" => {
            let unknown = stored::OutcomeUnknown::decode(bytes)?;
            Event::OutcomeUnknown {
                operation: operation(&unknown.operation)?,
                reference: MerchantReference::parse(&unknown.reference)?,
                inquiry_due_ms: unknown.inquiry_due_ms,
            }
        }
        _ => return Ok(None),
    }))
}

pub(super) fn purpose_to_wire(purpose: &Purpose) -> stored::Purpose {
    stored::Purpose {
        order_id: purpose.order.to_string(),
        reference_prefix: purpose.reference_prefix.clone(),
        amount: Some(purpose.amount.into()),
        token: Some(token_to_wire(&purpose.token)),
        personal: Some(sealed_to_wire(&purpose.personal)),
    }
}

pub(super) fn purpose_from_wire(purpose: Option<stored::Purpose>) -> Result<Purpose, Corrupt> {
    let purpose = purpose.ok_or_else(|| missing("purpose"))?;
    Ok(Purpose {
        order: order_id(&purpose.order_id)?,
        reference_prefix: purpose.reference_prefix,
        amount: amount(purpose.amount.as_ref())?,
        token: token_from_wire(purpose.token)?,
        personal: sealed_from_wire(purpose.personal.as_ref())?,
    })
}

fn attempt_to_wire(attempt: &Attempt) -> stored::Attempt {
    stored::Attempt {
        number: attempt.number,
        reference: attempt.reference.to_string(),
        amount: Some(attempt.amount.into()),
    }
}

fn attempt_from_wire(attempt: Option<stored::Attempt>) -> Result<Attempt, Corrupt> {
    let attempt = attempt.ok_or_else(|| missing("attempt"))?;
    Ok(Attempt {
        number: attempt.number,
        reference: MerchantReference::parse(&attempt.reference)?,
        amount: amount(attempt.amount.as_ref())?,
    })
}

fn authorized(hold: &Hold) -> stored::Authorized {
    let (verdict, risk) = match &hold.verdict {
        Verdict::AsAsked => ("as_asked", None),
        Verdict::Partial => ("partial", None),
        Verdict::Differs => ("differs", None),
        Verdict::RiskDeclined(reason) => ("risk_declined", Some(reason_to_wire(reason))),
    };
    stored::Authorized {
        held: Some(hold.held.into()),
        reference: hold.reference.to_string(),
        gateway_request_id: hold.gateway_request_id.clone(),
        approval_code: hold.approval_code.clone(),
        verdict: verdict.to_owned(),
        risk,
        at_ms: hold.at_ms,
    }
}

fn read_authorized(stored: stored::Authorized) -> Result<Event, Corrupt> {
    let verdict = match stored.verdict.as_str() {
        "as_asked" => Verdict::AsAsked,
        "partial" => Verdict::Partial,
        "differs" => Verdict::Differs,
        "risk_declined" => Verdict::RiskDeclined(reason_from_wire(stored.risk)),
        other => return Err(Corrupt(format!("verdict `{other}`"))),
    };
    Ok(Event::Authorized(Hold {
        held: amount(stored.held.as_ref())?,
        reference: MerchantReference::parse(&stored.reference)?,
        gateway_request_id: stored.gateway_request_id,
        approval_code: stored.approval_code,
        verdict,
        at_ms: stored.at_ms,
    }))
}

fn moved(bytes: &[u8]) -> Result<(money::Amount, MerchantReference, String), Corrupt> {
    let moved = stored::Moved::decode(bytes)?;
    Ok((amount(moved.amount.as_ref())?, MerchantReference::parse(&moved.reference)?, moved.gateway_request_id))
}

fn operation(word: &str) -> Result<Operation, Corrupt> {
    [Operation::Authorize, Operation::Capture, Operation::Reverse]
        .into_iter()
        .find(|operation| operation.word() == word)
        .ok_or_else(|| Corrupt(format!("operation `{word}`")))
}
