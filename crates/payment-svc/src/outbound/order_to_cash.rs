//! What the saga asks and tells.

mod waiting;

use bytes::Bytes;
use contracts::{
    erp::v1::{BookPayment, CancelOrder, PlaceOrder, ScreenOrder},
    order::v1::{
        OrderAuthorized, OrderCancelled, OrderCompleted, OrderDeclined, OrderHoldEnding, OrderOpened, OrderPaid,
        OrderParked, OrderPlaced, OrderRefused, OrderUnderReview, OrderUnpaid, OrderWaiting,
    },
    r#type::v1::Order,
};
use payment_domain::order_to_cash::{Effect, ErpWish, Event, OrderToCash, Timer};
use prost::Message as _;
use runtime::{Outgoing, Place, Wish};

use super::{HOLD_ENDED, HOLD_ENDING, OPEN_UNTIL, REVIEW_DEADLINE, SCREENING_DEADLINE};
use crate::{
    Command,
    codec::{reason_to_wire, sealed_to_wire},
    payment_place,
};

/// An effect as a wish.
pub(crate) fn wish(place: &Place, state: &OrderToCash, effect: Effect) -> Wish<Command> {
    match effect {
        Effect::Send(question, wish) => Wish::Send { name: question.name(), message: ask(place, state, wish) },
        Effect::Settle(question) => Wish::Settle { name: question.name().to_owned() },
        Effect::Tell(command) => {
            Wish::Tell { place: payment_place(&place.pair, place.order), command: Command::Payment(*command) }
        }
        Effect::StartTimer(timer, after) => {
            let kind = match timer {
                Timer::ScreeningDeadline => SCREENING_DEADLINE,
                Timer::ReviewDeadline => REVIEW_DEADLINE,
                Timer::OpenUntil => OPEN_UNTIL,
                Timer::HoldEnding => HOLD_ENDING,
                Timer::HoldEnded => HOLD_ENDED,
            };
            Wish::Timer { name: timer.name().to_owned(), kind, request: Bytes::new(), after }
        }
        Effect::CancelTimer(timer) => Wish::Settle { name: timer.name().to_owned() },
    }
}

/// What erp-writer is asked. The person's wrapped key is not on it: the relay puts it on when the message leaves.
fn ask(place: &Place, state: &OrderToCash, wish: ErpWish) -> Outgoing {
    let order_id = place.order.to_string();
    match wish {
        ErpWish::Screen => Outgoing::new(&ScreenOrder { order: order(state) }),
        ErpWish::Place(suspense) => {
            Outgoing::new(&PlaceOrder { order: order(state), suspense_reason: suspense.word().to_owned() })
        }
        ErpWish::Book { captured, reference, gateway_request_id } => Outgoing::new(&BookPayment {
            order_id,
            captured: Some(captured.into()),
            merchant_reference: reference.to_string(),
            gateway_request_id,
        }),
        ErpWish::Cancel(reason) => Outgoing::new(&CancelOrder { order_id, reason: Some(reason_to_wire(&reason)) }),
    }
}

/// The order as intake sent it, its personal part put back.
fn order(state: &OrderToCash) -> Option<Order> {
    let facts = state.facts.as_ref()?;
    // These bytes were encoded here from a message that had been read: they decode.
    let order = Order::decode(facts.contract_order.as_slice()).ok()?;
    Some(Order { personal: Some(sealed_to_wire(&facts.personal)), ..order })
}

/// True for what others may see.
pub(crate) fn is_public(event: &Event) -> bool {
    match event {
        Event::Opened { .. }
        | Event::Authorized { .. }
        | Event::UnderReview { .. }
        | Event::Placed { .. }
        | Event::Paid { .. }
        | Event::Completed { .. }
        | Event::Refused { .. }
        | Event::Declined { .. }
        | Event::Cancelled { .. }
        | Event::Waiting { .. }
        | Event::LeftUnpaid { .. }
        | Event::HoldEnding { .. }
        | Event::Parked { .. } => true,
        Event::ScreenRequested { .. }
        | Event::Screened { .. }
        | Event::ScreenFailed { .. }
        | Event::ScreeningTimedOut
        | Event::AuthorizationRequested
        | Event::ScreenAgainRequested
        | Event::PlaceRequested { .. }
        | Event::PlaceRefused { .. }
        | Event::CaptureRequested { .. }
        | Event::BookRequested
        | Event::Released { .. }
        | Event::UndoRequested { .. }
        | Event::CancelRequested { .. }
        | Event::Reversed { .. }
        | Event::PaymentAdded { .. }
        | Event::OpenUntilOver
        | Event::TakenByShop { .. }
        | Event::Resumed { .. }
        | Event::HoldEnded
        | Event::SalesOrderCancelled { .. } => false,
    }
}

/// The message of a public event; `None` for a private one.
pub(super) fn message(order_id: String, event: Event) -> Option<Outgoing> {
    Some(match event {
        Event::Opened { facts, .. } => Outgoing::new(&OrderOpened {
            order_id,
            shop: facts.shop.clone(),
            order_number: facts.order_number.clone(),
            total: Some(facts.total.into()),
        }),
        Event::Authorized { held, .. } => Outgoing::new(&OrderAuthorized { order_id, held: Some(held.into()) }),
        Event::UnderReview { held, reason, hold_ends_at_ms, .. } => Outgoing::new(&OrderUnderReview {
            order_id,
            held: held.map(Into::into),
            reason: Some(reason_to_wire(&reason)),
            hold_ends_at_ms,
        }),
        Event::Placed { sales_order, .. } => Outgoing::new(&OrderPlaced { order_id, sales_order }),
        Event::Paid { captured, .. } => Outgoing::new(&OrderPaid { order_id, captured: Some(captured.into()) }),
        Event::Completed { sales_order, captured } => {
            Outgoing::new(&OrderCompleted { order_id, sales_order, captured: Some(captured.into()) })
        }
        Event::Refused { reason } => Outgoing::new(&OrderRefused { order_id, reason: Some(reason_to_wire(&reason)) }),
        Event::Declined { reason } => Outgoing::new(&OrderDeclined { order_id, reason: Some(reason_to_wire(&reason)) }),
        Event::Cancelled { reason, reversed } => Outgoing::new(&OrderCancelled {
            order_id,
            reason: Some(reason_to_wire(&reason)),
            reversed: reversed.map(Into::into),
        }),
        Event::Waiting { step, reference, inquiry_due_ms, is_explained } => {
            let (tried, next, owner_action) =
                if is_explained { waiting::words(step, &reference) } else { (String::new(), "", "") };
            Outgoing::new(&OrderWaiting {
                order_id,
                step: step.word().to_owned(),
                reference,
                inquiry_due_at_ms: inquiry_due_ms,
                tried,
                next: next.to_owned(),
                owner_action: owner_action.to_owned(),
            })
        }
        Event::LeftUnpaid { reason, is_authentication_wanted, open_until_ms, .. } => Outgoing::new(&OrderUnpaid {
            order_id,
            reason: Some(reason_to_wire(&reason)),
            open_until_ms,
            authentication_wanted: is_authentication_wanted,
        }),
        Event::HoldEnding { hold_ends_at_ms } => Outgoing::new(&OrderHoldEnding { order_id, hold_ends_at_ms }),
        Event::Parked { step, reason } => Outgoing::new(&OrderParked {
            order_id,
            step: step.word().to_owned(),
            reason: Some(reason_to_wire(&reason)),
        }),
        _ => return None,
    })
}
