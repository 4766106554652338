//! The end of a call to the gateway, answered, asked about or given up, as a command for the stream that wished it.

use ids::MerchantReference;
use ledger::ClaimedEffect;
use payment_domain::{
    Reason,
    ladder::{Answer, Command as Ladder},
    payment::{
        AuthorizationAnswer, CaptureAnswer, Command as Payment, Confirmation, Operation, ReversalAnswer, TimeoutAnswer,
    },
    sweep::Command as Sweep,
};
use runtime::{Aggregate as _, Ending, Place, Unreadable};

use crate::{
    Command,
    codec::{self, Compared, Corrupt, FollowOn, Heard, SweepStream},
    ladder_place, outbound, payment_place,
    ports::Question,
    sweeping::sweep_order,
};

/// The command that a call's end is.
pub(crate) fn answered(effect: &ClaimedEffect, ending: Ending, now_ms: i64) -> Result<(Place, Command), Unreadable> {
    ended(effect, ending, now_ms)
        .map_err(|Corrupt(why)| Unreadable(format!("{} {}: {why}", effect.kind, effect.id.stream)))
}

fn ended(effect: &ClaimedEffect, ending: Ending, now_ms: i64) -> Result<(Place, Command), Corrupt> {
    let (order, command) = match effect.kind.as_str() {
        outbound::AUTHORIZE => {
            let (reference, purpose) = codec::read_authorize(&effect.request)?;
            (purpose.order, authorization(reference, ending, now_ms)?)
        }
        outbound::CONFIRM => {
            let (reference, purpose) = codec::read_authorize(&effect.request)?;
            (purpose.order, confirmation(reference, ending, now_ms)?)
        }
        outbound::TIMEOUT_REVERSE | outbound::TIMEOUT_VOID => {
            let call = codec::read_timeout(&effect.request)?;
            (call.order, timeout(operation(effect)?, call.reference, ending, now_ms)?)
        }
        outbound::CAPTURE | outbound::AWAIT_CAPTURE => {
            let call = codec::read_follow_on(&effect.request)?;
            (call.order, capture(call.reference, ending, now_ms)?)
        }
        outbound::REVERSE | outbound::VOID | outbound::REFUND => {
            let call = codec::read_follow_on(&effect.request)?;
            if call.ladder > 0 {
                let place = ladder_place(&effect.pair, call.order, call.ladder);
                return Ok((place, Command::Ladder(rung(operation(effect)?, call, ending, now_ms)?)));
            }
            (call.order, reversal(call.reference, ending, now_ms)?)
        }
        outbound::SWEEP => return swept(effect, ending, now_ms),
        other => return Err(Corrupt(format!("no call `{other}` in payment-svc"))),
    };
    Ok((payment_place(&effect.pair, order), Command::Payment(command)))
}

fn authorization(reference: MerchantReference, ending: Ending, now_ms: i64) -> Result<Payment, Corrupt> {
    let (answer, at_ms) = match ending {
        Ending::Answered(answer) => {
            let heard = codec::read_answer(&answer)?;
            let at_ms = heard.at_ms;
            (heard.authorization()?, at_ms)
        }
        Ending::Refused(why) => (AuthorizationAnswer::NotHeld(unsent(why)), now_ms),
        Ending::Unknown { inquiry_due } => {
            (AuthorizationAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() }, now_ms)
        }
        Ending::Absent => (AuthorizationAnswer::Absent, now_ms),
        Ending::Differs(what) => (AuthorizationAnswer::Differs(differs(&what)?), now_ms),
        Ending::GivenUp(why) => (AuthorizationAnswer::GivenUp(given_up(Operation::Authorize, why)), now_ms),
    };
    Ok(Payment::RecordAuthorization { reference, answer, at_ms })
}

fn confirmation(reference: MerchantReference, ending: Ending, now_ms: i64) -> Result<Payment, Corrupt> {
    let (confirmation, at_ms) = match ending {
        Ending::Answered(answer) => {
            let heard = codec::read_answer(&answer)?;
            let at_ms = heard.at_ms;
            (heard.confirmation()?, at_ms)
        }
        Ending::Refused(why) | Ending::GivenUp(why) => (Confirmation::NotConfirmed(unsent(why)), now_ms),
        // A look writes nothing, so nothing of it can be unknown.
        Ending::Unknown { .. } | Ending::Absent | Ending::Differs(_) => return Err(only_a_look()),
    };
    Ok(Payment::RecordConfirmation { reference, confirmation, at_ms })
}

fn capture(reference: MerchantReference, ending: Ending, at_ms: i64) -> Result<Payment, Corrupt> {
    let answer = match ending {
        Ending::Answered(answer) => codec::read_answer(&answer)?.capture()?,
        Ending::Refused(why) => CaptureAnswer::Refused(unsent(why)),
        Ending::Unknown { inquiry_due } => CaptureAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() },
        Ending::Absent => CaptureAnswer::Absent,
        Ending::Differs(what) => CaptureAnswer::Differs(differs(&what)?),
        Ending::GivenUp(why) => CaptureAnswer::GivenUp(given_up(Operation::Capture, why)),
    };
    Ok(Payment::RecordCapture { reference, answer, at_ms })
}

fn reversal(reference: MerchantReference, ending: Ending, at_ms: i64) -> Result<Payment, Corrupt> {
    let answer = match ending {
        Ending::Answered(answer) => codec::read_answer(&answer)?.reversal()?,
        Ending::Refused(why) => ReversalAnswer::Refused(unsent(why)),
        Ending::Unknown { inquiry_due } => ReversalAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() },
        Ending::Absent => ReversalAnswer::Absent,
        Ending::Differs(what) => ReversalAnswer::Refused(differs(&what)?),
        Ending::GivenUp(why) => ReversalAnswer::GivenUp(given_up(Operation::Reverse, why)),
    };
    Ok(Payment::RecordReversal { reference, answer, at_ms })
}

fn timeout(operation: Operation, reference: MerchantReference, ending: Ending, at_ms: i64) -> Result<Payment, Corrupt> {
    let answer = match ending {
        Ending::Answered(answer) => codec::read_answer(&answer)?.timeout()?,
        Ending::Refused(why) => TimeoutAnswer::Refused(unsent(why)),
        Ending::Unknown { inquiry_due } => TimeoutAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() },
        Ending::Absent => TimeoutAnswer::Absent,
        Ending::Differs(what) => TimeoutAnswer::GivenUp(differs(&what)?),
        Ending::GivenUp(why) => TimeoutAnswer::GivenUp(given_up(operation, why)),
    };
    Ok(Payment::RecordTimeout { reference, answer, at_ms })
}

fn rung(operation: Operation, call: FollowOn, ending: Ending, now_ms: i64) -> Result<Ladder, Corrupt> {
    let answer = match ending {
        Ending::Answered(answer) => codec::read_answer(&answer)?.rung()?,
        Ending::Refused(why) => Answer::Refused(unsent(why)),
        Ending::Unknown { inquiry_due } => Answer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() },
        Ending::Absent => Answer::Absent,
        Ending::Differs(what) => Answer::Refused(differs(&what)?),
        Ending::GivenUp(why) => Answer::GivenUp(given_up(operation, why)),
    };
    Ok(Ladder::RecordAnswer { reference: call.reference, answer, now_ms })
}

fn swept(effect: &ClaimedEffect, ending: Ending, now_ms: i64) -> Result<(Place, Command), Corrupt> {
    let window = codec::read_window(&effect.request)?;
    let Compared { counts, sightings } = match ending {
        Ending::Answered(answer) => codec::read_compared(&answer)?,
        // A window that could not be read proves nothing and says so; the next one reaches back over it.
        Ending::Refused(_) | Ending::GivenUp(_) => Compared::default(),
        Ending::Unknown { .. } | Ending::Absent | Ending::Differs(_) => return Err(only_a_look()),
    };
    let place = Place {
        stream: effect.id.stream,
        pair: effect.pair.clone(),
        order: sweep_order(&effect.pair),
        kind: SweepStream::KIND,
    };
    let command = Sweep::RecordSwept { number: window.number, counts, sightings, now_ms };
    Ok((place, Command::Sweep(command)))
}

/// What was found instead of what was asked.
fn differs(what: &[u8]) -> Result<Reason, Corrupt> {
    let Heard { what, .. } = codec::read_answer(what)?;
    Ok(match what {
        codec::What::Refused(reason) | codec::What::NotConfirmed(reason) => reason,
        other => Reason::new("differs", format!("{other:?}")),
    })
}

fn given_up(operation: Operation, why: String) -> Reason {
    Reason::new("inquiry_given_up", format!("nobody could say what became of {}: {why}", operation.word()))
}

/// A call that certainly was never made and never will be.
fn unsent(why: String) -> Reason {
    Reason::new("not_sent", why)
}

fn only_a_look() -> Corrupt {
    Corrupt("a look writes nothing: nothing of it can be unknown".to_owned())
}

fn operation(effect: &ClaimedEffect) -> Result<Operation, Corrupt> {
    Operation::parse(&effect.kind).ok_or_else(|| Corrupt(format!("no call `{}`", effect.kind)))
}

/// The attempt that a call made, for asking what became of it.
pub(crate) fn question(effect: &ClaimedEffect) -> Result<Question, Corrupt> {
    let operation = operation(effect)?;
    let (reference, amount) = match operation {
        Operation::Authorize => {
            let (reference, purpose) = codec::read_authorize(&effect.request)?;
            (reference, purpose.amount)
        }
        Operation::Capture | Operation::Reverse | Operation::Void | Operation::Refund => {
            let call = codec::read_follow_on(&effect.request)?;
            (call.reference, call.amount)
        }
        Operation::TimeoutReverse | Operation::TimeoutVoid => {
            let call = codec::read_timeout(&effect.request)?;
            (call.reference, call.amount)
        }
    };
    Ok(Question { operation, reference, amount })
}
