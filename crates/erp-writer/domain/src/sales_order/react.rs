//! What SYSPRO is asked because of an event.

use std::sync::Arc;

use super::{
    event::{Event, Suspense},
    state::SalesOrder,
};
use crate::order::Order;

/// A call to SYSPRO. The number of the attempt makes its reference unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Read the customer, its credit and the stock.
    Screen {
        /// Which attempt.
        attempt: u32,
        /// What was sold.
        order: Arc<Order>,
    },
    /// Add the order, in suspense.
    Place {
        /// Which attempt.
        attempt: u32,
        /// What was sold.
        order: Arc<Order>,
        /// The customer that screening found; `None`: look it up first.
        customer: Option<String>,
        /// Why it stands in suspense.
        suspense: Suspense,
    },
    /// Let it leave suspense.
    Release {
        /// Which attempt.
        attempt: u32,
        /// Its number.
        number: String,
    },
    /// Cancel it.
    Cancel {
        /// Which attempt.
        attempt: u32,
        /// Its number.
        number: String,
    },
}

pub(super) fn react(state: &SalesOrder, event: &Event) -> Vec<Effect> {
    match event {
        Event::ScreenAsked { attempt, .. } => {
            state.order.clone().map(|order| Effect::Screen { attempt: *attempt, order }).into_iter().collect()
        }
        Event::PlaceAsked { attempt, order: another, suspense } => {
            // A customer found for another order proves nothing about this one.
            let customer = if another.is_none() { state.customer.clone() } else { None };
            let place = |order| Effect::Place { attempt: *attempt, order, customer, suspense: *suspense };
            state.order.clone().map(place).into_iter().collect()
        }
        Event::ReleaseAsked { attempt, .. } => {
            vec![Effect::Release { attempt: *attempt, number: state.number.clone() }]
        }
        Event::CancelAsked { attempt, .. } => vec![Effect::Cancel { attempt: *attempt, number: state.number.clone() }],
        Event::Screened { .. }
        | Event::ScreenFailed { .. }
        | Event::Placed { .. }
        | Event::PlaceRefused { .. }
        | Event::Released { .. }
        | Event::ReleaseRefused { .. }
        | Event::CancelAccepted { .. }
        | Event::Cancelled { .. }
        | Event::CancelRefused { .. }
        | Event::OutcomeUnknown { .. }
        | Event::PersonWanted { .. } => Vec::new(),
    }
}
