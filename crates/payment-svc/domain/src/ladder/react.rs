//! What the world is asked because of a ladder's event, and what the payment is told.

use std::time::Duration;

use ids::MerchantReference;
use money::Amount;

use super::{Event, Ladder, Rung};
use crate::{
    Reason,
    payment::{self, Reversed},
};

/// What to ask of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Call: one rung.
    Call {
        /// Which.
        rung: Rung,
        /// The attempt.
        reference: MerchantReference,
        /// How much.
        amount: Amount,
        /// The gateway's name for what it is done to.
        target: String,
        /// Why, for the gateway's record.
        reason: Reason,
    },
    /// Wake the ladder up.
    Rest {
        /// Which rest: timers have names of their own.
        rest: u32,
        /// For how long.
        after: Duration,
    },
    /// Tell the payment, in the same database transaction.
    Tell(Box<payment::Command>),
}

pub(super) fn react(state: &Ladder, event: &Event) -> Vec<Effect> {
    let rest = |ms: i64| Effect::Rest {
        rest: state.rests,
        after: Duration::from_millis(u64::try_from(ms).unwrap_or_default()),
    };
    let is_waited_for = state.task.as_ref().is_some_and(|task| task.is_for_the_order);
    match event {
        Event::Begun { after_ms, .. } if *after_ms > 0 => vec![rest(*after_ms)],
        Event::PutOff { again_in_ms, .. } => vec![rest(*again_in_ms)],
        Event::Asked { rung, attempt, target } => vec![Effect::Call {
            rung: *rung,
            reference: attempt.reference.clone(),
            amount: attempt.amount,
            target: target.clone(),
            reason: state.task.as_ref().map(|task| task.reason.clone()).unwrap_or_default(),
        }],
        Event::GivenBack { amount, reference, gateway_request_id } if is_waited_for => {
            let (reference, gateway_request_id) = (reference.clone(), gateway_request_id.clone());
            let reversed = Reversed { amount: *amount, reference, gateway_request_id };
            vec![Effect::Tell(Box::new(payment::Command::RecordGivenBack { reversed }))]
        }
        Event::Parked { reference, reason, .. } if is_waited_for => {
            let (reference, reason) = (reference.clone(), reason.clone());
            vec![Effect::Tell(Box::new(payment::Command::RecordNotGivenBack { reference, reason }))]
        }
        Event::OutcomeUnknown { rung, reference, inquiry_due_ms } if is_waited_for => {
            vec![Effect::Tell(Box::new(payment::Command::RecordRungUnknown {
                operation: rung.operation(),
                reference: reference.clone(),
                inquiry_due_ms: *inquiry_due_ms,
            }))]
        }
        Event::Begun { .. }
        | Event::Done { .. }
        | Event::MovedOn { .. }
        | Event::OutcomeUnknown { .. }
        | Event::GivenBack { .. }
        | Event::Parked { .. } => Vec::new(),
    }
}
