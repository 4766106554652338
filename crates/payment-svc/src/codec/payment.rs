//! The payment's events: one function each way.

use bytes::Bytes;
use contracts::payment::ledger::v1 as stored;
use ids::MerchantReference;
use payment_domain::{
    Reason,
    ladder::Taken,
    payment::{Attempt, Captured, Event, Hold, Operation, Purpose, Reversed, Seen, Verdict},
};
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
        Event::AuthorizationRequested { purpose, attempt } | Event::ConfirmationRequested { purpose, attempt } => {
            body(&stored::AuthorizationRequested {
                purpose: Some(purpose_to_wire(purpose)),
                attempt: Some(attempt_to_wire(attempt)),
            })
        }
        Event::Authorized(hold) => body(&authorized(hold)),
        Event::UnderReview { reference, gateway_request_id, held, at_ms } => body(&stored::UnderReview {
            reference: reference.to_string(),
            gateway_request_id: gateway_request_id.clone(),
            held: held.map(Into::into),
            at_ms: *at_ms,
        }),
        Event::Declined { reference, reason, at_ms } => body(&stored::Refused {
            reference: reference.to_string(),
            reason: Some(reason_to_wire(reason)),
            at_ms: *at_ms,
        }),
        Event::CaptureRefused { reference, reason } | Event::ReversalRefused { reference, reason } => {
            body(&stored::Refused { reference: reference.to_string(), reason: Some(reason_to_wire(reason)), at_ms: 0 })
        }
        Event::CaptureRequested { attempt } | Event::CaptureAwaited { attempt } => {
            body(&stored::Requested { attempt: Some(attempt_to_wire(attempt)), reason: None })
        }
        Event::ReversalRequested { attempt, reason } => {
            body(&stored::Requested { attempt: Some(attempt_to_wire(attempt)), reason: Some(reason_to_wire(reason)) })
        }
        Event::Captured(Captured { amount, reference, gateway_request_id })
        | Event::Taken(Captured { amount, reference, gateway_request_id })
        | Event::Reversed(Reversed { amount, reference, gateway_request_id })
        | Event::GaveBack(Reversed { amount, reference, gateway_request_id }) => body(&stored::Moved {
            amount: Some((*amount).into()),
            reference: reference.to_string(),
            gateway_request_id: gateway_request_id.clone(),
        }),
        Event::OutcomeUnknown { operation, reference, inquiry_due_ms } => body(&stored::OutcomeUnknown {
            operation: operation.word().to_owned(),
            reference: reference.to_string(),
            inquiry_due_ms: *inquiry_due_ms,
        }),
        Event::TimeoutRequested { operation, attempt, silent } => body(&stored::TimeoutRequested {
            operation: operation.word().to_owned(),
            attempt: Some(attempt_to_wire(attempt)),
            silent: silent.to_string(),
        }),
        Event::NotConfirmed { reference, reason } => of_attempt(Operation::Authorize, reference, Some(reason), 0),
        Event::TimeoutUndone { operation, reference } => of_attempt(*operation, reference, None, 0),
        Event::NotFound { operation, reference, at_ms } => of_attempt(*operation, reference, None, *at_ms),
        Event::OutcomeDiffers { operation, reference, reason }
        | Event::InquiryGivenUp { operation, reference, reason } => of_attempt(*operation, reference, Some(reason), 0),
        Event::HandedOver { ladder, capture, reason, at_ms } => body(&stored::HandedOver {
            ladder: *ladder,
            capture: capture.as_ref().map(taken_to_wire),
            reason: Some(reason_to_wire(reason)),
            at_ms: *at_ms,
        }),
        Event::StrayFound { seen, ladder, undo_in_ms, at_ms } => body(&stored::StrayFound {
            seen: Some(seen_to_wire(seen)),
            ladder: *ladder,
            undo_in_ms: *undo_in_ms,
            at_ms: *at_ms,
        }),
        Event::Closed => body(&stored::Closed {}),
    }
}

fn of_attempt(operation: Operation, reference: &MerchantReference, reason: Option<&Reason>, at_ms: i64) -> Bytes {
    body(&stored::OfAttempt {
        operation: operation.word().to_owned(),
        reference: reference.to_string(),
        reason: reason.map(reason_to_wire),
        at_ms,
    })
}

/// `None` for a kind that this binary does not know.
pub(super) fn decode(kind: &str, bytes: &[u8]) -> Result<Option<Event>, Corrupt> {
    Ok(Some(match kind {
        "authorization_requested" | "confirmation_requested" => {
            let asked = stored::AuthorizationRequested::decode(bytes)?;
            let (purpose, attempt) = (purpose_from_wire(asked.purpose)?, attempt_from_wire(asked.attempt)?);
            match kind {
                "authorization_requested" => Event::AuthorizationRequested { purpose, attempt },
                _ => Event::ConfirmationRequested { purpose, attempt },
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
                "declined" => Event::Declined { reference, reason, at_ms: refused.at_ms },
                "capture_refused" => Event::CaptureRefused { reference, reason },
                _ => Event::ReversalRefused { reference, reason },
            }
        }
        "capture_requested" => {
            Event::CaptureRequested { attempt: attempt_from_wire(stored::Requested::decode(bytes)?.attempt)? }
        }
        "capture_awaited" => {
            Event::CaptureAwaited { attempt: attempt_from_wire(stored::Requested::decode(bytes)?.attempt)? }
        }
        "reversal_requested" => {
            let asked = stored::Requested::decode(bytes)?;
            let (attempt, reason) = (attempt_from_wire(asked.attempt)?, reason_from_wire(asked.reason));
            Event::ReversalRequested { attempt, reason }
        }
        "captured" | "taken" => {
            let (amount, reference, gateway_request_id) = moved(bytes)?;
            let captured = Captured { amount, reference, gateway_request_id };
            if kind == "taken" { Event::Taken(captured) } else { Event::Captured(captured) }
        }
        "reversed" | "gave_back" => {
            let (amount, reference, gateway_request_id) = moved(bytes)?;
            let reversed = Reversed { amount, reference, gateway_request_id };
            if kind == "reversed" { Event::Reversed(reversed) } else { Event::GaveBack(reversed) }
        }
        "outcome_unknown" => {
            let unknown = stored::OutcomeUnknown::decode(bytes)?;
            Event::OutcomeUnknown {
                operation: operation(&unknown.operation)?,
                reference: MerchantReference::parse(&unknown.reference)?,
                inquiry_due_ms: unknown.inquiry_due_ms,
            }
        }
        _ => return late(kind, bytes),
    }))
}

/// Kinds that came with the asking about outcomes.
fn late(kind: &str, bytes: &[u8]) -> Result<Option<Event>, Corrupt> {
    Ok(Some(match kind {
        "timeout_requested" => {
            let asked = stored::TimeoutRequested::decode(bytes)?;
            Event::TimeoutRequested {
                operation: operation(&asked.operation)?,
                attempt: attempt_from_wire(asked.attempt)?,
                silent: MerchantReference::parse(&asked.silent)?,
            }
        }
        "not_confirmed" | "timeout_undone" | "not_found" | "outcome_differs" | "inquiry_given_up" => {
            let of = stored::OfAttempt::decode(bytes)?;
            let (operation, reference) = (operation(&of.operation)?, MerchantReference::parse(&of.reference)?);
            let reason = reason_from_wire(of.reason);
            match kind {
                "not_confirmed" => Event::NotConfirmed { reference, reason },
                "timeout_undone" => Event::TimeoutUndone { operation, reference },
                "not_found" => Event::NotFound { operation, reference, at_ms: of.at_ms },
                "outcome_differs" => Event::OutcomeDiffers { operation, reference, reason },
                _ => Event::InquiryGivenUp { operation, reference, reason },
            }
        }
        "handed_over" => {
            let handed = stored::HandedOver::decode(bytes)?;
            Event::HandedOver {
                ladder: handed.ladder,
                capture: handed.capture.map(taken_from_wire).transpose()?,
                reason: reason_from_wire(handed.reason),
                at_ms: handed.at_ms,
            }
        }
        "stray_found" => {
            let stray = stored::StrayFound::decode(bytes)?;
            Event::StrayFound {
                seen: seen_from_wire(stray.seen)?,
                ladder: stray.ladder,
                undo_in_ms: stray.undo_in_ms,
                at_ms: stray.at_ms,
            }
        }
        "closed" => stored::Closed::decode(bytes).map(|_| Event::Closed)?,
        _ => return Ok(None),
    }))
}

pub(super) fn taken_to_wire(taken: &Taken) -> stored::Taken {
    stored::Taken {
        gateway_request_id: taken.gateway_request_id.clone(),
        reference: taken.reference.clone(),
        amount: Some(taken.amount.into()),
    }
}

pub(super) fn taken_from_wire(taken: stored::Taken) -> Result<Taken, Corrupt> {
    let amount = amount(taken.amount.as_ref())?;
    Ok(Taken { gateway_request_id: taken.gateway_request_id, reference: taken.reference, amount })
}

pub(super) fn seen_to_wire(seen: &Seen) -> stored::Seen {
    stored::Seen {
        operation: seen.operation.word().to_owned(),
        reference: seen.reference.to_string(),
        gateway_request_id: seen.gateway_request_id.clone(),
        amount: Some(seen.amount.into()),
    }
}

pub(super) fn seen_from_wire(seen: Option<stored::Seen>) -> Result<Seen, Corrupt> {
    let seen = seen.ok_or_else(|| missing("what was seen"))?;
    Ok(Seen {
        operation: operation(&seen.operation)?,
        reference: MerchantReference::parse(&seen.reference)?,
        amount: amount(seen.amount.as_ref())?,
        gateway_request_id: seen.gateway_request_id,
    })
}

pub(super) fn purpose_to_wire(purpose: &Purpose) -> stored::Purpose {
    stored::Purpose {
        order_id: purpose.order.to_string(),
        reference_prefix: purpose.reference_prefix.clone(),
        amount: Some(purpose.amount.into()),
        token: Some(token_to_wire(&purpose.token)),
        personal: Some(sealed_to_wire(&purpose.personal)),
        has_transaction_ids: purpose.has_transaction_ids,
        is_captured_by_shop: purpose.is_captured_by_shop,
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
        has_transaction_ids: purpose.has_transaction_ids,
        is_captured_by_shop: purpose.is_captured_by_shop,
    })
}

pub(super) fn attempt_to_wire(attempt: &Attempt) -> stored::Attempt {
    stored::Attempt {
        number: attempt.number,
        reference: attempt.reference.to_string(),
        amount: Some(attempt.amount.into()),
    }
}

pub(super) fn attempt_from_wire(attempt: Option<stored::Attempt>) -> Result<Attempt, Corrupt> {
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
    Operation::parse(word).ok_or_else(|| Corrupt(format!("operation `{word}`")))
}
