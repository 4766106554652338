//! What arrives: the saga's public events as commands, one function for all, since each is news of one order.

use contracts::{
    Contract, MessageKind,
    order::v1::{
        OrderAuthorized, OrderCancelled, OrderCompleted, OrderDeclined, OrderOpened, OrderPaid, OrderParked,
        OrderPlaced, OrderRefused, OrderUnderReview, OrderWaiting,
    },
    r#type::v1 as wire,
};
use ids::{OrderId, Pair};
use ingest_domain::intake::{Command, News, Reason};
use ledger::ClaimedEffect;
use runtime::{Aggregate as _, Ending, Inbound, Place, Routed, Unreadable};

use crate::codec::{self, IntakeStream};

/// The messages that ingest-gateway listens to.
pub const LISTENS: &[&MessageKind] = &[
    OrderOpened::KIND,
    OrderAuthorized::KIND,
    OrderUnderReview::KIND,
    OrderPlaced::KIND,
    OrderPaid::KIND,
    OrderCompleted::KIND,
    OrderRefused::KIND,
    OrderDeclined::KIND,
    OrderCancelled::KIND,
    OrderWaiting::KIND,
    OrderParked::KIND,
];

/// Where an order's intake lives: the stream has the order's id.
pub(crate) fn place(order: OrderId, pair: Pair) -> Place {
    Place { stream: order.stream(), pair, order, kind: IntakeStream::KIND }
}

/// A message of the bus.
pub(crate) fn route(message: &Inbound) -> Result<Routed<Command>, Unreadable> {
    let Some(news) = news(message)? else { return Ok(Routed::Ignored) };
    let place = place(message.envelope.order, message.pair.clone());
    let command = Command::Record { n: message.envelope.n, news };
    Ok(Routed::Command { place, command, subject_keys: Vec::new() })
}

fn news(message: &Inbound) -> Result<Option<News>, Unreadable> {
    let unreadable = |why: String| Unreadable(format!("{}: {why}", message.kind.ce_type));
    let is = |kind: &MessageKind| message.kind.ce_type == kind.ce_type;
    let news = if is(OrderOpened::KIND) {
        News::Opened
    } else if is(OrderAuthorized::KIND) {
        let body: OrderAuthorized = message.decode()?;
        News::Authorized { held: codec::amount(body.held.as_ref()).map_err(unreadable)? }
    } else if is(OrderUnderReview::KIND) {
        let body: OrderUnderReview = message.decode()?;
        let held = codec::optional(body.held.as_ref()).map_err(unreadable)?;
        News::UnderReview { held, reason: reason(body.reason), hold_ends_at_ms: body.hold_ends_at_ms }
    } else if is(OrderPlaced::KIND) {
        News::Placed { sales_order: message.decode::<OrderPlaced>()?.sales_order }
    } else if is(OrderPaid::KIND) {
        let body: OrderPaid = message.decode()?;
        News::Paid { captured: codec::amount(body.captured.as_ref()).map_err(unreadable)? }
    } else if is(OrderCompleted::KIND) {
        let body: OrderCompleted = message.decode()?;
        let captured = codec::amount(body.captured.as_ref()).map_err(unreadable)?;
        News::Completed { sales_order: body.sales_order, captured }
    } else if is(OrderRefused::KIND) {
        News::Refused { reason: reason(message.decode::<OrderRefused>()?.reason) }
    } else if is(OrderDeclined::KIND) {
        News::Declined { reason: reason(message.decode::<OrderDeclined>()?.reason) }
    } else if is(OrderCancelled::KIND) {
        let body: OrderCancelled = message.decode()?;
        let reversed = codec::optional(body.reversed.as_ref()).map_err(unreadable)?;
        News::Cancelled { reason: reason(body.reason), reversed }
    } else if is(OrderWaiting::KIND) {
        let OrderWaiting { step, reference, inquiry_due_at_ms, .. } = message.decode()?;
        News::Waiting { step, reference, inquiry_due_at_ms }
    } else if is(OrderParked::KIND) {
        let body: OrderParked = message.decode()?;
        News::Parked { step: body.step, reason: reason(body.reason) }
    } else {
        return Ok(None);
    };
    Ok(Some(news))
}

fn reason(reason: Option<wire::Reason>) -> Reason {
    reason.map(codec::reason_from_wire).unwrap_or_default()
}

/// The end of a callback.
pub(crate) fn answered(effect: &ClaimedEffect, ending: Ending) -> Result<(Place, Command), Unreadable> {
    let news = codec::read_callback_request(&effect.request).map_err(Unreadable)?;
    let place = place(OrderId(effect.id.stream.0), effect.pair.clone());
    let (n, outcome) = (news.n, news.outcome);
    let command = match ending {
        Ending::Answered(_) => Command::RecordTold { n, outcome },
        Ending::Refused(why) => Command::RecordUntold { n, outcome, why },
        // A callback only tells: the runtime repeats it until it is answered and never asks what became of it.
        Ending::Unknown { .. } | Ending::Absent | Ending::Differs(_) | Ending::GivenUp(_) => {
            Command::RecordUntold { n, outcome, why: "no answer from the shop".to_owned() }
        }
    };
    Ok((place, command))
}
