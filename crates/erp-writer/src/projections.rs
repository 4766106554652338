//! What people read about a sales order: a line per event, a line per order. Nothing personal.

use contracts::query::v1::OrderSummary;
use decider::Decider as _;
use erp_domain::sales_order::{Document, Event, Operation, Reason, SalesOrder, SalesOrderDecider, Screening};

/// Words about one event.
pub fn words(event: &Event) -> String {
    match event {
        Event::ScreenAsked { attempt, .. } => format!("customer, credit and stock are looked up (time {attempt})"),
        Event::Screened { customer, warnings, .. } => {
            format!("nothing speaks against it; customer {customer}{}", remarks(warnings))
        }
        Event::ScreenFailed { reason, .. } => format!("something speaks against it: {}", of(reason)),
        Event::PlaceAsked { attempt, suspense, .. } => {
            format!("SYSPRO is asked to add it, in suspense ({}){}", suspense.as_str(), again(*attempt))
        }
        Event::Placed { number, customer, operator, .. } => {
            format!("sales order {number} for customer {customer}, by operator {operator}")
        }
        Event::PlaceRefused { reason, .. } => format!("SYSPRO refuses it: {}", of(reason)),
        Event::ReleaseAsked { attempt, payment } => {
            format!("{} captured: SYSPRO is asked to release it{}", payment.captured, again(*attempt))
        }
        Event::Released { number, operator, .. } => {
            format!("sales order {number} left suspense, by operator {operator}")
        }
        Event::ReleaseRefused { attempt: 0, reason, .. } => format!("not released: {}", of(reason)),
        Event::ReleaseRefused { number, reason, .. } => format!("SYSPRO refuses to release {number}: {}", of(reason)),
        Event::CancelAccepted { reason } => {
            format!("to be cancelled once the call that is out is answered: {}", of(reason))
        }
        Event::CancelAsked { attempt, reason } => {
            format!("SYSPRO is asked to cancel it: {}{}", of(reason), again(*attempt))
        }
        Event::Cancelled { number, .. } if number.is_empty() => {
            "cancelled before any sales order was placed".to_owned()
        }
        Event::Cancelled { number, .. } => format!("sales order {number} is cancelled"),
        Event::CancelRefused { number, reason, .. } => format!("SYSPRO refuses to cancel {number}: {}", of(reason)),
        Event::OutcomeUnknown { operation, reference, .. } => {
            format!(
                "nobody knows whether SYSPRO did it: {} {reference}; nothing is repeated before an inquiry",
                operation.as_str()
            )
        }
        Event::PersonWanted { operation, reason, .. } => {
            format!("a person is wanted about {}: {}", operation.as_str(), of(reason))
        }
    }
}

/// A repeat says why it is one.
fn again(attempt: u32) -> String {
    match attempt {
        0 | 1 => String::new(),
        more => format!(" (time {more}: what was asked before is proven not to have happened)"),
    }
}

fn of(reason: &Reason) -> String {
    match reason.text.as_str() {
        "" => reason.code.clone(),
        text => format!("{text} ({})", reason.code),
    }
}

fn remarks(warnings: &[Reason]) -> String {
    warnings.iter().fold(String::new(), |text, warning| format!("{text}; warning: {}", of(warning)))
}

/// Fills what a sales order knows of an order.
pub fn summarize<'a>(events: impl IntoIterator<Item = &'a Event>, summary: &mut OrderSummary) {
    let mut state = SalesOrder::default();
    let (mut status, mut due_at_ms) = ("", 0);
    for event in events {
        match event {
            Event::Placed { .. } => status = "S",
            Event::Released { .. } => status = "1",
            Event::Cancelled { number, .. } if !number.is_empty() => status = "\\",
            Event::OutcomeUnknown { inquiry_due_at_ms, .. } => due_at_ms = *inquiry_due_at_ms,
            _ => {}
        }
        state = SalesOrderDecider::evolve(state, event);
    }
    summary.sales_order.clone_from(&state.number);
    status.clone_into(&mut summary.sales_order_status);
    if let Some(waits_for) = waits_for(&state) {
        summary.waits_for = waits_for;
        if state.flight().is_some_and(|(_, flight)| flight.is_unknown) {
            summary.due_at_ms = due_at_ms;
        }
    }
}

fn waits_for(state: &SalesOrder) -> Option<String> {
    if let Some((operation, flight)) = state.flight() {
        let what = match operation {
            Operation::Place => "add the sales order",
            Operation::Release => "release the sales order",
            Operation::Cancel => "cancel the sales order",
        };
        if let Some(task) = &state.task {
            return Some(format!("a person: {}", task.text));
        }
        return Some(match flight.is_unknown {
            true => {
                format!("an inquiry whether SYSPRO did {what}; it is asked again until it is there or proven absent")
            }
            false => format!("SYSPRO to {what}"),
        });
    }
    match (&state.document, &state.screening) {
        (Document::NotPlaced, Screening::Asked { .. }) => Some("SYSPRO about customer, credit and stock".to_owned()),
        (Document::ReleaseRefused(_), _) => Some("a person: SYSPRO refuses the release".to_owned()),
        (Document::CancelRefused(_), _) => Some("a person: SYSPRO refuses the cancellation".to_owned()),
        _ => None,
    }
}
