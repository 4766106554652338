//! Domain events, requests and answers as stored bytes, both ways. Golden bytes pin every one of them.

mod calls;
mod order;

use bytes::Bytes;
use contracts::{convert, erp::ledger::v1 as stored, r#type::v1 as wire};
use decider::Decider;
use erp_domain::sales_order::{
    Command, Effect, Event, Operation, Payment, Reason, Rejection, SalesOrder, SalesOrderDecider, Shortage, Suspense,
};
use ids::MerchantReference;
use prost::Message;
use runtime::{Aggregate, Call, CodecError, Place, Wish};

pub use self::calls::{answer_from, answer_to, effect};
use self::{
    calls::request,
    order::{order_if_any, order_to},
};

/// The shape of every event so far.
const SHAPE: i16 = 1;

/// The effect kind of screening.
pub const SCREEN: &str = "screen";

/// The sales order as the runtime stores it.
#[derive(Debug, Clone, Copy)]
pub struct SalesOrders;

impl Decider for SalesOrders {
    type State = SalesOrder;
    type Command = Command;
    type Event = Event;
    type Effect = Effect;
    type Rejection = Rejection;

    fn decide(state: &SalesOrder, command: Command) -> Result<Vec<Event>, Rejection> {
        SalesOrderDecider::decide(state, command)
    }

    fn evolve(state: SalesOrder, event: &Event) -> SalesOrder {
        SalesOrderDecider::evolve(state, event)
    }

    fn react(state: &SalesOrder, event: &Event) -> Vec<Effect> {
        SalesOrderDecider::react(state, event)
    }
}

impl Aggregate for SalesOrders {
    const KIND: &'static str = "sales_order";
    type Union = Command;

    fn encode(event: &Event) -> (&'static str, i16, Bytes, bool) {
        (event.kind(), SHAPE, encode(event).into(), event.is_public())
    }

    fn decode(kind: &str, shape: i16, body: &[u8]) -> Result<Event, CodecError> {
        decode(kind, shape, body)
    }

    fn wish(place: &Place, _state: &SalesOrder, effect: Effect) -> Wish<Command> {
        let (kind, attempt, request) = request(effect);
        Wish::Call(Call {
            kind,
            reference: format!("{}/{kind}/{attempt}", place.stream),
            request: request.encode_to_vec().into(),
        })
    }
}

/// An event as stored.
pub fn encode(event: &Event) -> Vec<u8> {
    match event {
        Event::ScreenAsked { attempt, order } => {
            stored::ScreenAsked { attempt: *attempt, order: order.as_deref().map(order_to) }.encode_to_vec()
        }
        Event::Screened { attempt, customer, warnings } => stored::Screened {
            attempt: *attempt,
            customer_code: customer.clone(),
            warnings: warnings.iter().map(reason_to).collect(),
        }
        .encode_to_vec(),
        Event::ScreenFailed { attempt, reason } | Event::PlaceRefused { attempt, reason } => {
            refused_to(*attempt, "", reason)
        }
        Event::ReleaseRefused { attempt, number, reason } | Event::CancelRefused { attempt, number, reason } => {
            refused_to(*attempt, number, reason)
        }
        Event::PlaceAsked { attempt, order, suspense } => stored::PlaceAsked {
            attempt: *attempt,
            order: order.as_deref().map(order_to),
            suspense: suspense.as_str().to_owned(),
        }
        .encode_to_vec(),
        Event::Placed { attempt, number, customer, operator } => done_to(*attempt, number, customer, operator),
        Event::Released { attempt, number, operator } => done_to(*attempt, number, "", operator),
        Event::ReleaseAsked { attempt, payment } => stored::ReleaseAsked {
            attempt: *attempt,
            captured: Some(payment.captured.into()),
            merchant_reference: payment.merchant_reference.to_string(),
            gateway_request_id: payment.gateway_request_id.clone(),
        }
        .encode_to_vec(),
        Event::CancelAccepted { reason } => {
            stored::CancelAsked { attempt: 0, reason: Some(reason_to(reason)) }.encode_to_vec()
        }
        Event::CancelAsked { attempt, reason } => {
            stored::CancelAsked { attempt: *attempt, reason: Some(reason_to(reason)) }.encode_to_vec()
        }
        Event::Cancelled { attempt, number, reason, operator } => stored::Cancelled {
            attempt: *attempt,
            sales_order: number.clone(),
            reason: Some(reason_to(reason)),
            operator: operator.clone(),
        }
        .encode_to_vec(),
        Event::OutcomeUnknown { operation, attempt, reference, inquiry_due_at_ms } => stored::OutcomeUnknown {
            attempt: *attempt,
            operation: operation.as_str().to_owned(),
            reference: reference.clone(),
            inquiry_due_at_ms: *inquiry_due_at_ms,
        }
        .encode_to_vec(),
        Event::PersonWanted { operation, attempt, reason } => stored::PersonWanted {
            attempt: *attempt,
            operation: operation.as_str().to_owned(),
            reason: Some(reason_to(reason)),
        }
        .encode_to_vec(),
    }
}

fn refused_to(attempt: u32, number: &str, reason: &Reason) -> Vec<u8> {
    stored::Refused { attempt, reason: Some(reason_to(reason)), sales_order: number.to_owned() }.encode_to_vec()
}

fn done_to(attempt: u32, number: &str, customer: &str, operator: &str) -> Vec<u8> {
    let (sales_order, customer_code, operator) = (number.to_owned(), customer.to_owned(), operator.to_owned());
    stored::Done { attempt, sales_order, customer_code, operator }.encode_to_vec()
}

/// A stored event.
///
/// # Errors
/// When it is newer than this binary, or no such event.
pub fn decode(kind: &str, shape: i16, body: &[u8]) -> Result<Event, CodecError> {
    if shape != SHAPE {
        return Err(CodecError::Newer { kind: kind.to_owned(), shape });
    }
    match known(kind, body) {
        Some(event) => event.map_err(|why| CodecError::Corrupt { kind: kind.to_owned(), why }),
        None => Err(CodecError::Newer { kind: kind.to_owned(), shape }),
    }
}

/// `None` for a kind that this binary does not know.
fn known(kind: &str, body: &[u8]) -> Option<Result<Event, String>> {
    Some(match kind {
        "screen_asked" => read(body, |it: stored::ScreenAsked| {
            Ok(Event::ScreenAsked { attempt: it.attempt, order: order_if_any(it.order)? })
        }),
        "screened" => read(body, |it: stored::Screened| {
            let warnings = it.warnings.into_iter().map(reason_from).collect();
            Ok(Event::Screened { attempt: it.attempt, customer: it.customer_code, warnings })
        }),
        "screen_failed" => read(body, |it: stored::Refused| {
            Ok(Event::ScreenFailed { attempt: it.attempt, reason: reason_of(it.reason)? })
        }),
        "place_asked" => read(body, |it: stored::PlaceAsked| {
            let suspense = suspense_from(&it.suspense)?;
            Ok(Event::PlaceAsked { attempt: it.attempt, order: order_if_any(it.order)?, suspense })
        }),
        "placed" => read(body, |it: stored::Done| {
            Ok(Event::Placed {
                attempt: it.attempt,
                number: it.sales_order,
                customer: it.customer_code,
                operator: it.operator,
            })
        }),
        "place_refused" => read(body, |it: stored::Refused| {
            Ok(Event::PlaceRefused { attempt: it.attempt, reason: reason_of(it.reason)? })
        }),
        "release_asked" => read(body, release_asked_from),
        "released" => read(body, |it: stored::Done| {
            Ok(Event::Released { attempt: it.attempt, number: it.sales_order, operator: it.operator })
        }),
        "release_refused" => read(body, |it: stored::Refused| {
            Ok(Event::ReleaseRefused { attempt: it.attempt, number: it.sales_order, reason: reason_of(it.reason)? })
        }),
        "cancel_accepted" => {
            read(body, |it: stored::CancelAsked| Ok(Event::CancelAccepted { reason: reason_of(it.reason)? }))
        }
        "cancel_asked" => read(body, |it: stored::CancelAsked| {
            Ok(Event::CancelAsked { attempt: it.attempt, reason: reason_of(it.reason)? })
        }),
        "cancelled" => read(body, |it: stored::Cancelled| {
            let reason = reason_of(it.reason)?;
            Ok(Event::Cancelled { attempt: it.attempt, number: it.sales_order, reason, operator: it.operator })
        }),
        "cancel_refused" => read(body, |it: stored::Refused| {
            Ok(Event::CancelRefused { attempt: it.attempt, number: it.sales_order, reason: reason_of(it.reason)? })
        }),
        "outcome_unknown" => read(body, |it: stored::OutcomeUnknown| {
            let operation = operation_from(&it.operation)?;
            let (attempt, reference, inquiry_due_at_ms) = (it.attempt, it.reference, it.inquiry_due_at_ms);
            Ok(Event::OutcomeUnknown { operation, attempt, reference, inquiry_due_at_ms })
        }),
        "person_wanted" => read(body, |it: stored::PersonWanted| {
            let (operation, reason) = (operation_from(&it.operation)?, reason_of(it.reason)?);
            Ok(Event::PersonWanted { operation, attempt: it.attempt, reason })
        }),
        _ => return None,
    })
}

fn operation_from(word: &str) -> Result<Operation, String> {
    Operation::parse(word).ok_or_else(|| format!("no operation `{word}`"))
}

fn read<M: Message + Default>(body: &[u8], event: impl FnOnce(M) -> Result<Event, String>) -> Result<Event, String> {
    event(M::decode(body).map_err(|error| error.to_string())?)
}

fn release_asked_from(it: stored::ReleaseAsked) -> Result<Event, String> {
    let captured = convert::amount(it.captured.as_ref()).map_err(|error| error.to_string())?;
    let merchant_reference = MerchantReference::parse(&it.merchant_reference).map_err(|error| error.to_string())?;
    let payment = Payment { captured, merchant_reference, gateway_request_id: it.gateway_request_id };
    Ok(Event::ReleaseAsked { attempt: it.attempt, payment })
}

/// A reason as messages and stored events have it.
pub fn reason_to(reason: &Reason) -> wire::Reason {
    let shortage = |it: &Shortage| wire::Shortage {
        sku: it.sku.clone(),
        warehouse: it.warehouse.clone(),
        asked: it.asked.clone(),
        available: it.available.clone(),
    };
    wire::Reason {
        code: reason.code.clone(),
        text: reason.text.clone(),
        shortages: reason.shortages.iter().map(shortage).collect(),
    }
}

/// A reason from a message or a stored event.
pub fn reason_from(reason: wire::Reason) -> Reason {
    let shortage = |it: wire::Shortage| Shortage {
        sku: it.sku,
        warehouse: it.warehouse,
        asked: it.asked,
        available: it.available,
    };
    Reason { code: reason.code, text: reason.text, shortages: reason.shortages.into_iter().map(shortage).collect() }
}

fn reason_of(reason: Option<wire::Reason>) -> Result<Reason, String> {
    reason.map(reason_from).ok_or_else(|| "without a reason".to_owned())
}

fn suspense_from(word: &str) -> Result<Suspense, String> {
    Suspense::parse(word).ok_or_else(|| format!("no reason for suspense: `{word}`"))
}

#[cfg(test)]
mod tests;
