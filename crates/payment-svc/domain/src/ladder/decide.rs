//! Decides which rung comes next.

use ids::{MerchantReference, merchant_reference};
use money::Amount;

use super::{Answer, Command, Event, Ladder, Rejection, Rung, Stage, Taken, Task};
use crate::{Reason, payment::Attempt};

/// After an absence: the distances between tries; the last repeats.
const REST_MS: [i64; 5] = [60_000, 300_000, 900_000, 3_600_000, 21_600_000];
/// Then a person.
const TRY_FOR_MS: i64 = 48 * 3_600_000;
/// A ladder's attempts are numbered from its own number times this.
const PER_LADDER: u32 = 100;
/// More rungs than the ladder has cannot follow from one answer.
const STEPS_MAX: usize = 4;

pub(super) fn decide(state: &Ladder, command: Command) -> Result<Vec<Event>, Rejection> {
    Ok(match command {
        Command::Begin { task, after_ms, now_ms } if state.stage == Stage::Absent => {
            let begun = Event::Begun { task, after_ms, at_ms: now_ms };
            if after_ms > 0 { vec![begun] } else { go_on(state, begun) }
        }
        Command::Wake { rest } if state.stage == Stage::Resting && rest == state.rests => {
            next(state).into_iter().collect()
        }
        Command::Begin { .. } | Command::Wake { .. } => Vec::new(),
        Command::RecordAnswer { reference, answer, now_ms } => match &state.open {
            Some((rung, attempt)) if attempt.reference == reference => answered(state, *rung, attempt, answer, now_ms),
            _ => Vec::new(),
        },
    })
}

/// An event, and the rungs that follow from it.
fn go_on(state: &Ladder, first: Event) -> Vec<Event> {
    let mut events = vec![first];
    let mut after = decider::fold::<Ladder>(state.clone(), &events);
    while events.len() < STEPS_MAX {
        let Some(event) = next(&after) else { break };
        after = super::evolve::evolve(after, &event);
        events.push(event);
    }
    events
}

/// The next rung, when none is under way.
fn next(state: &Ladder) -> Option<Event> {
    if state.open.is_some() || matches!(state.stage, Stage::Absent | Stage::Done | Stage::Parked) {
        return None;
    }
    let task = state.task.as_ref()?;
    let (Some(rung), Some((target, amount))) = (state.rung, target(state, task)) else {
        return given_back(state, task);
    };
    let number = task.number.saturating_mul(PER_LADDER).saturating_add(state.attempts);
    let letter = rung.operation().letter();
    let reference = merchant_reference(&task.reference_prefix, task.order.0, letter, number);
    Some(Event::Asked { rung, attempt: Attempt { number, reference, amount }, target })
}

/// What the present rung is done to; `None` when nothing is left there.
fn target(state: &Ladder, task: &Task) -> Option<(String, Amount)> {
    match state.rung? {
        Rung::Reverse => task.hold.as_ref().map(|hold| (hold.gateway_request_id.clone(), hold.amount)),
        Rung::Void | Rung::Refund => {
            task.capture.as_ref().map(|capture| (capture.gateway_request_id.clone(), capture.amount))
        }
    }
}

fn given_back(state: &Ladder, task: &Task) -> Option<Event> {
    let number = task.number.saturating_mul(PER_LADDER).saturating_add(state.attempts.saturating_sub(1));
    let (rung, amount) = state.done.last().copied()?;
    let reference = merchant_reference(&task.reference_prefix, task.order.0, rung.operation().letter(), number);
    Some(Event::GivenBack { amount, reference, gateway_request_id: String::new() })
}

fn answered(state: &Ladder, rung: Rung, attempt: &Attempt, answer: Answer, now_ms: i64) -> Vec<Event> {
    let reference = attempt.reference.clone();
    match answer {
        Answer::Done { amount, gateway_request_id } if amount == attempt.amount => {
            go_on(state, Event::Done { rung, reference, amount, gateway_request_id })
        }
        Answer::Done { amount, .. } => {
            let text = format!("the gateway gave {amount} back where {} was asked", attempt.amount);
            vec![park(state, &reference, &Reason::new("amount_differs", text), false)]
        }
        Answer::Gone => {
            // A refund finds nothing left only where the capture was withdrawn, and a void leaves the hold.
            let rung = if rung == Rung::Refund { Rung::Void } else { rung };
            let (amount, gateway_request_id) = (attempt.amount, String::new());
            go_on(state, Event::Done { rung, reference, amount, gateway_request_id })
        }
        Answer::MovedOn { capture, reason } => match (rung, &capture) {
            (Rung::Reverse, Some(_)) if !state.done.iter().any(|(done, _)| *done == Rung::Void) => {
                go_on(state, Event::MovedOn { rung, reference, to: Rung::Void, capture, reason })
            }
            (Rung::Void, _) => go_on(state, Event::MovedOn { rung, reference, to: Rung::Refund, capture, reason }),
            (Rung::Reverse | Rung::Refund, _) => vec![park(state, &reference, &reason, false)],
        },
        Answer::Refused(reason) => vec![park(state, &reference, &reason, false)],
        Answer::Unknown { inquiry_due_ms } if state.inquiry_due_ms == Some(inquiry_due_ms) => Vec::new(),
        Answer::Unknown { inquiry_due_ms } => vec![Event::OutcomeUnknown { rung, reference, inquiry_due_ms }],
        Answer::Absent if now_ms.saturating_sub(state.since_ms) >= TRY_FOR_MS => {
            let text = format!("{} was tried for two days and never happened", rung.operation().word());
            vec![park(state, &reference, &Reason::new("tried_too_long", text), false)]
        }
        Answer::Absent => {
            let nth = usize::try_from(state.absences).unwrap_or(usize::MAX).min(REST_MS.len() - 1);
            let again_in_ms = REST_MS.get(nth).copied().unwrap_or(TRY_FOR_MS);
            let again_at_ms = now_ms.saturating_add(again_in_ms);
            vec![Event::PutOff { rung, reference, again_in_ms, again_at_ms }]
        }
        // The outcome may still be found: a person is called, and the attempt stays open.
        Answer::GivenUp(reason) if state.stage != Stage::Parked => vec![park(state, &reference, &reason, true)],
        Answer::GivenUp(_) => Vec::new(),
    }
}

/// Everything on one screen: amounts, references, what was tried, what is left to do.
fn park(state: &Ladder, reference: &MerchantReference, why: &Reason, is_asked_about: bool) -> Event {
    let mut parts = Vec::new();
    if let Some(task) = &state.task {
        if let Some(hold) = &task.hold {
            parts.push(format!("hold of {} under request {}", hold.amount, hold.gateway_request_id));
        }
        if let Some(capture) = &task.capture {
            let Taken { amount, reference, gateway_request_id } = capture;
            parts.push(format!("capture {reference} of {amount} under request {gateway_request_id}"));
        }
        parts.push(format!("to be given back because: {}", task.reason.text));
    }
    let last = state.open.as_ref().map(|(rung, _)| rung.operation().word()).unwrap_or_default();
    parts.push(format!("tried: {}", state.tried.iter().map(|tried| format!("{tried}; ")).collect::<String>()));
    parts.push(format!("last: {last} {reference}: {why}"));
    parts.push("give it back on the gateway's own screen, or leave it to the issuer to let the hold end".to_owned());
    let reason = Reason::new(why.code.clone(), parts.join(". "));
    Event::Parked { reference: reference.clone(), reason, is_asked_about }
}
