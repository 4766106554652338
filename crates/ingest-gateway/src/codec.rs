//! Domain values ↔ stored protobuf. Frozen: what is written today is read in ten years.

mod order;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use bytes::Bytes;
use contracts::{
    intake::ledger::v1 as stored,
    r#type::v1::{self as wire, Money},
};
use decider::Decider;
use ingest_domain::{
    intake::{
        Command, Effect, Event, Intake, IntakeDecider, News, Offer, Outcome, Reason, Rejection, ShopNews, Shortage,
        Source,
    },
    order::Marks,
};
use money::Amount;
use prost::Message as _;
use runtime::{Aggregate, CodecError, Place, Wish};

pub use order::{from_wire as order_from_wire, to_wire as order_to_wire};

use crate::outbound;

/// The layout of all bodies written by this release.
const SHAPE: i16 = 1;

/// The intake aggregate as this service stores it. A type of its own, because the runtime's trait and the domain's decider
/// both come from elsewhere.
#[derive(Debug, Clone, Copy)]
pub struct IntakeStream;

impl Decider for IntakeStream {
    type State = Intake;
    type Command = Command;
    type Event = Event;
    type Effect = Effect;
    type Rejection = Rejection;

    fn decide(state: &Intake, command: Command) -> Result<Vec<Event>, Rejection> {
        IntakeDecider::decide(state, command)
    }

    fn evolve(state: Intake, event: &Event) -> Intake {
        IntakeDecider::evolve(state, event)
    }

    fn react(state: &Intake, event: &Event) -> Vec<Effect> {
        IntakeDecider::react(state, event)
    }
}

impl Aggregate for IntakeStream {
    const KIND: &'static str = "intake";
    type Union = Command;

    fn encode(event: &Event) -> (&'static str, i16, Bytes, bool) {
        let (kind, body, is_public) = match event {
            Event::Accepted(offer) => ("accepted", accepted(offer).encode_to_vec(), true),
            Event::Moved { n, news } => (news.name(), moved(*n, news).encode_to_vec(), false),
            Event::ShopTold { n, outcome, shop } => {
                let body = stored::ShopAnswered {
                    n: *n,
                    outcome: outcome.as_str().to_owned(),
                    shop: shop.to_string(),
                    why: String::new(),
                };
                ("shop_told", body.encode_to_vec(), true)
            }
            Event::ShopUntold { n, outcome, why } => {
                let body = stored::ShopAnswered {
                    n: *n,
                    outcome: outcome.as_str().to_owned(),
                    shop: String::new(),
                    why: why.clone(),
                };
                ("shop_untold", body.encode_to_vec(), false)
            }
        };
        (kind, SHAPE, body.into(), is_public)
    }

    fn decode(kind: &str, shape: i16, body: &[u8]) -> Result<Event, CodecError> {
        if shape != SHAPE {
            return Err(CodecError::Newer { kind: kind.to_owned(), shape });
        }
        let corrupt = |why: String| CodecError::Corrupt { kind: kind.to_owned(), why };
        match kind {
            "accepted" => read_accepted(body).map(|offer| Event::Accepted(Arc::new(offer))).map_err(corrupt),
            "shop_told" => read_told(body).map_err(corrupt),
            "shop_untold" => read_untold(body).map_err(corrupt),
            _ => match read_moved(kind, body).map_err(corrupt)? {
                Some(event) => Ok(event),
                None => Err(CodecError::Newer { kind: kind.to_owned(), shape }),
            },
        }
    }

    fn wish(place: &Place, _state: &Intake, effect: Effect) -> Wish<Self::Union> {
        outbound::wish(place, effect)
    }
}

fn accepted(offer: &Offer) -> stored::Accepted {
    stored::Accepted {
        // The id is the stream's: an event does not repeat it.
        order: Some(order_to_wire(&offer.order, "")),
        marks: offer.marks.0.clone(),
        source: offer.source.as_str().to_owned(),
        shop_order_id: offer.shop_order_id.clone(),
        tells_shop: offer.tells_shop,
    }
}

fn read_accepted(body: &[u8]) -> Result<Offer, String> {
    let body = stored::Accepted::decode(body).map_err(|error| error.to_string())?;
    Ok(Offer {
        order: order_from_wire(body.order.ok_or("no order")?)?,
        marks: Marks(body.marks),
        source: Source::parse(&body.source).ok_or_else(|| format!("source `{}`", body.source))?,
        shop_order_id: body.shop_order_id,
        tells_shop: body.tells_shop,
    })
}

fn moved(n: i64, news: &News) -> stored::Moved {
    let mut body = stored::Moved { n, reason: news.reason().map(reason_to_wire), ..stored::Moved::default() };
    match news {
        News::Opened | News::Refused { .. } | News::Declined { .. } => {}
        News::Authorized { held } => body.held = Some((*held).into()),
        News::UnderReview { held, hold_ends_at_ms, .. } => {
            body.held = held.map(Money::from);
            body.due_at_ms = *hold_ends_at_ms;
        }
        News::Placed { sales_order } => body.sales_order.clone_from(sales_order),
        News::Paid { captured } => body.captured = Some((*captured).into()),
        News::Completed { sales_order, captured } => {
            body.sales_order.clone_from(sales_order);
            body.captured = Some((*captured).into());
        }
        News::Cancelled { reversed, .. } => body.reversed = reversed.map(Money::from),
        News::Waiting { step, reference, inquiry_due_at_ms } => {
            body.step.clone_from(step);
            body.reference.clone_from(reference);
            body.due_at_ms = *inquiry_due_at_ms;
        }
        News::Parked { step, .. } => body.step.clone_from(step),
    }
    body
}

/// `None` for a kind of news that this release does not know.
fn read_moved(kind: &str, body: &[u8]) -> Result<Option<Event>, String> {
    let body = stored::Moved::decode(body).map_err(|error| error.to_string())?;
    let reason = || body.reason.clone().map(reason_from_wire).unwrap_or_default();
    let news = match kind {
        "opened" => News::Opened,
        "authorized" => News::Authorized { held: amount(body.held.as_ref())? },
        "under_review" => {
            News::UnderReview { held: optional(body.held.as_ref())?, reason: reason(), hold_ends_at_ms: body.due_at_ms }
        }
        "placed" => News::Placed { sales_order: body.sales_order.clone() },
        "paid" => News::Paid { captured: amount(body.captured.as_ref())? },
        "completed" => {
            News::Completed { sales_order: body.sales_order.clone(), captured: amount(body.captured.as_ref())? }
        }
        "refused" => News::Refused { reason: reason() },
        "declined" => News::Declined { reason: reason() },
        "cancelled" => News::Cancelled { reason: reason(), reversed: optional(body.reversed.as_ref())? },
        "waiting" => News::Waiting {
            step: body.step.clone(),
            reference: body.reference.clone(),
            inquiry_due_at_ms: body.due_at_ms,
        },
        "parked" => News::Parked { step: body.step.clone(), reason: reason() },
        _ => return Ok(None),
    };
    Ok(Some(Event::Moved { n: body.n, news }))
}

fn read_told(body: &[u8]) -> Result<Event, String> {
    let body = stored::ShopAnswered::decode(body).map_err(|error| error.to_string())?;
    let shop = body.shop.parse().map_err(|error: ids::ShopIdError| error.to_string())?;
    Ok(Event::ShopTold { n: body.n, outcome: outcome(&body.outcome)?, shop })
}

fn read_untold(body: &[u8]) -> Result<Event, String> {
    let body = stored::ShopAnswered::decode(body).map_err(|error| error.to_string())?;
    Ok(Event::ShopUntold { n: body.n, outcome: outcome(&body.outcome)?, why: body.why })
}

/// Reads an outcome's word.
pub(crate) fn outcome(word: &str) -> Result<Outcome, String> {
    Outcome::parse(word).ok_or_else(|| format!("outcome `{word}`"))
}

/// The request of a `callback` effect.
pub(crate) fn callback_request(news: &ShopNews) -> Bytes {
    let body = stored::CallbackRequest {
        n: news.n,
        shop: news.shop.to_string(),
        order_number: news.order_number.clone(),
        outcome: news.outcome.as_str().to_owned(),
        total: Some(news.total.into()),
        captured: news.captured.map(Money::from),
        reversed: news.reversed.map(Money::from),
        sales_order: news.sales_order.clone().unwrap_or_default(),
        reason: news.reason.as_ref().map(reason_to_wire),
    };
    body.encode_to_vec().into()
}

/// Reads the request of a `callback` effect.
pub(crate) fn read_callback_request(request: &[u8]) -> Result<ShopNews, String> {
    let body = stored::CallbackRequest::decode(request).map_err(|error| error.to_string())?;
    Ok(ShopNews {
        n: body.n,
        shop: body.shop.parse().map_err(|error: ids::ShopIdError| error.to_string())?,
        order_number: body.order_number,
        outcome: outcome(&body.outcome)?,
        total: amount(body.total.as_ref())?,
        captured: optional(body.captured.as_ref())?,
        reversed: optional(body.reversed.as_ref())?,
        sales_order: Some(body.sales_order).filter(|text| !text.is_empty()),
        reason: body.reason.map(reason_from_wire),
    })
}

pub(crate) fn reason_to_wire(reason: &Reason) -> wire::Reason {
    let shortage = |shortage: &Shortage| wire::Shortage {
        sku: shortage.sku.clone(),
        warehouse: shortage.warehouse.clone(),
        asked: shortage.asked.clone(),
        available: shortage.available.clone(),
    };
    wire::Reason {
        code: reason.code.clone(),
        text: reason.text.clone(),
        shortages: reason.shortages.iter().map(shortage).collect(),
    }
}

pub(crate) fn reason_from_wire(reason: wire::Reason) -> Reason {
    let shortage = |shortage: wire::Shortage| Shortage {
        sku: shortage.sku,
        warehouse: shortage.warehouse,
        asked: shortage.asked,
        available: shortage.available,
    };
    Reason { code: reason.code, text: reason.text, shortages: reason.shortages.into_iter().map(shortage).collect() }
}

/// An amount that must be there.
pub(crate) fn amount(money: Option<&Money>) -> Result<Amount, String> {
    contracts::convert::amount(money).map_err(|error| error.to_string())
}

/// An amount that may be missing.
pub(crate) fn optional(money: Option<&Money>) -> Result<Option<Amount>, String> {
    money.map(|money| amount(Some(money))).transpose()
}
