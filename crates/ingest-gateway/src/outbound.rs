//! What leaves: effects as wishes, public events as messages. One function each.

use contracts::{
    Contract as _,
    intake::v1::{OrderAccepted, ShopTold},
    order::v1::StartOrder,
};
use ingest_domain::intake::{Command, Effect, Event, Offer, ShopNews};
use ledger::StoredEvent;
use runtime::{Aggregate as _, Call, CodecError, Outgoing, Place, Wish};

use crate::codec::{self, IntakeStream};

/// The question that the saga's first event answers.
const START: &str = "start";
/// The effect kind of a callback.
pub(crate) const CALLBACK: &str = "callback";

/// An effect as a wish.
pub(crate) fn wish(place: &Place, effect: Effect) -> Wish<Command> {
    match effect {
        Effect::Start(offer) => Wish::Send { name: START, message: start(place, &offer) },
        Effect::SettleStart => Wish::Settle { name: START.to_owned() },
        Effect::TellShop(news) => Wish::Call(callback(place, &news)),
    }
}

fn start(place: &Place, offer: &Offer) -> Outgoing {
    Outgoing::new(&StartOrder { order: Some(codec::order_to_wire(&offer.order, &place.order.to_string())) })
}

fn callback(place: &Place, news: &ShopNews) -> Call {
    Call {
        kind: CALLBACK,
        reference: format!("{}/{CALLBACK}/{}", place.stream, news.n),
        request: codec::callback_request(news),
    }
}

/// The message of a public event.
///
/// # Errors
/// When the stored event cannot be read, or is none that others may see.
pub(crate) fn publish(place: &Place, event: &StoredEvent) -> Result<Outgoing, CodecError> {
    let order_id = place.order.to_string();
    match IntakeStream::decode(&event.kind, event.shape, &event.body)? {
        Event::Accepted(offer) => Ok(Outgoing::new(&OrderAccepted {
            order_id,
            shop: offer.order.shop.to_string(),
            order_number: offer.order.order_number.clone(),
            total: Some(offer.order.total.into()),
        })),
        Event::ShopTold { outcome, shop, .. } => {
            Ok(Outgoing::new(&ShopTold { order_id, shop: shop.to_string(), outcome: outcome.as_str().to_owned() }))
        }
        Event::Moved { .. } | Event::ShopUntold { .. } => Err(CodecError::Corrupt {
            kind: event.kind.clone(),
            why: format!("is private; only {} and {} are told", OrderAccepted::KIND.name, ShopTold::KIND.name),
        }),
    }
}
