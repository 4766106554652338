//! A ladder's events: one function each way.

use bytes::Bytes;
use contracts::payment::ledger::v1 as stored;
use ids::MerchantReference;
use payment_domain::ladder::{Event, Held, Rung, Task};
use prost::Message as _;

use super::{
    Corrupt, body,
    parts::{amount, order_id, reason_from_wire, reason_to_wire},
    payment::{attempt_from_wire, attempt_to_wire, taken_from_wire, taken_to_wire},
};

pub(super) fn encode(event: &Event) -> Bytes {
    let step = |rung: Option<Rung>, reference: &MerchantReference| stored::LadderStep {
        rung: rung.map(word).unwrap_or_default(),
        reference: reference.to_string(),
        ..stored::LadderStep::default()
    };
    match event {
        Event::Begun { task, after_ms, at_ms } => body(&begun(task, *after_ms, *at_ms)),
        Event::Asked { rung, attempt, target } => body(&stored::LadderAsked {
            rung: word(*rung),
            attempt: Some(attempt_to_wire(attempt)),
            target: target.clone(),
        }),
        Event::Done { rung, reference, amount, gateway_request_id } => body(&stored::LadderStep {
            amount: Some((*amount).into()),
            gateway_request_id: gateway_request_id.clone(),
            ..step(Some(*rung), reference)
        }),
        Event::MovedOn { rung, reference, to, capture, reason } => body(&stored::LadderStep {
            to: word(*to),
            capture: capture.as_ref().map(taken_to_wire),
            reason: Some(reason_to_wire(reason)),
            ..step(Some(*rung), reference)
        }),
        Event::PutOff { rung, reference, again_in_ms, again_at_ms } => {
            body(&stored::LadderStep { in_ms: *again_in_ms, at_ms: *again_at_ms, ..step(Some(*rung), reference) })
        }
        Event::OutcomeUnknown { rung, reference, inquiry_due_ms } => {
            body(&stored::LadderStep { at_ms: *inquiry_due_ms, ..step(Some(*rung), reference) })
        }
        Event::GivenBack { amount, reference, gateway_request_id } => body(&stored::LadderStep {
            amount: Some((*amount).into()),
            gateway_request_id: gateway_request_id.clone(),
            ..step(None, reference)
        }),
        Event::Parked { reference, reason, is_asked_about } => body(&stored::LadderStep {
            reason: Some(reason_to_wire(reason)),
            is_asked_about: *is_asked_about,
            ..step(None, reference)
        }),
    }
}

/// `None` for a kind that this binary does not know.
pub(super) fn decode(kind: &str, bytes: &[u8]) -> Result<Option<Event>, Corrupt> {
    Ok(Some(match kind {
        "begun" => read_begun(stored::LadderBegun::decode(bytes)?)?,
        "asked" => {
            let asked = stored::LadderAsked::decode(bytes)?;
            let (rung, attempt) = (rung(&asked.rung)?, attempt_from_wire(asked.attempt)?);
            Event::Asked { rung, attempt, target: asked.target }
        }
        "done" | "moved_on" | "put_off" | "outcome_unknown" | "given_back" | "parked" => {
            return step(kind, stored::LadderStep::decode(bytes)?).map(Some);
        }
        _ => return Ok(None),
    }))
}

fn step(kind: &str, step: stored::LadderStep) -> Result<Event, Corrupt> {
    let reference = MerchantReference::parse(&step.reference)?;
    let some = || amount(step.amount.as_ref());
    Ok(match kind {
        "done" => {
            let gateway_request_id = step.gateway_request_id.clone();
            Event::Done { rung: rung(&step.rung)?, reference, amount: some()?, gateway_request_id }
        }
        "moved_on" => Event::MovedOn {
            rung: rung(&step.rung)?,
            reference,
            to: rung(&step.to)?,
            capture: step.capture.map(taken_from_wire).transpose()?,
            reason: reason_from_wire(step.reason),
        },
        "put_off" => {
            let (again_in_ms, again_at_ms) = (step.in_ms, step.at_ms);
            Event::PutOff { rung: rung(&step.rung)?, reference, again_in_ms, again_at_ms }
        }
        "outcome_unknown" => Event::OutcomeUnknown { rung: rung(&step.rung)?, reference, inquiry_due_ms: step.at_ms },
        "given_back" => {
            let gateway_request_id = step.gateway_request_id.clone();
            Event::GivenBack { amount: some()?, reference, gateway_request_id }
        }
        _ => Event::Parked { reference, reason: reason_from_wire(step.reason), is_asked_about: step.is_asked_about },
    })
}

fn begun(task: &Task, after_ms: i64, at_ms: i64) -> stored::LadderBegun {
    stored::LadderBegun {
        order_id: task.order.to_string(),
        reference_prefix: task.reference_prefix.clone(),
        number: task.number,
        hold: task.hold.as_ref().map(|hold| stored::Held {
            gateway_request_id: hold.gateway_request_id.clone(),
            amount: Some(hold.amount.into()),
        }),
        capture: task.capture.as_ref().map(taken_to_wire),
        is_for_the_order: task.is_for_the_order,
        reason: Some(reason_to_wire(&task.reason)),
        after_ms,
        at_ms,
    }
}

fn read_begun(begun: stored::LadderBegun) -> Result<Event, Corrupt> {
    let held = |held: stored::Held| {
        let amount = amount(held.amount.as_ref())?;
        Ok::<_, Corrupt>(Held { gateway_request_id: held.gateway_request_id, amount })
    };
    let task = Task {
        order: order_id(&begun.order_id)?,
        reference_prefix: begun.reference_prefix,
        number: begun.number,
        hold: begun.hold.map(held).transpose()?,
        capture: begun.capture.map(taken_from_wire).transpose()?,
        is_for_the_order: begun.is_for_the_order,
        reason: reason_from_wire(begun.reason),
    };
    Ok(Event::Begun { task, after_ms: begun.after_ms, at_ms: begun.at_ms })
}

fn word(rung: Rung) -> String {
    rung.operation().word().to_owned()
}

fn rung(word: &str) -> Result<Rung, Corrupt> {
    Rung::parse(word).ok_or_else(|| Corrupt(format!("rung `{word}`")))
}
