//! What the world is asked because of an event.

use std::sync::Arc;

use ids::ShopId;
use money::Amount;

use super::{
    event::{Event, Offer, Outcome, Reason},
    state::{Accepted, Intake},
};

/// A request to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Ask the saga to carry the order; asked again until it speaks.
    Start(Arc<Offer>),
    /// The saga has spoken: the question `start` is answered.
    SettleStart,
    /// Call the shop.
    TellShop(Box<ShopNews>),
}

/// What a shop is told about its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopNews {
    /// About which news of the saga: makes the call's reference unique.
    pub n: i64,
    /// Which shop.
    pub shop: ShopId,
    /// Its order.
    pub order_number: String,
    /// What became of it.
    pub outcome: Outcome,
    /// What was to be paid.
    pub total: Amount,
    /// What was taken.
    pub captured: Option<Amount>,
    /// What was released.
    pub reversed: Option<Amount>,
    /// The sales order.
    pub sales_order: Option<String>,
    /// Why.
    pub reason: Option<Reason>,
}

pub(super) fn react(state: &Intake, event: &Event) -> Vec<Effect> {
    match (state, event) {
        (_, Event::Accepted(offer)) => vec![Effect::Start(offer.clone())],
        (Intake::Accepted(accepted), Event::Moved { n, .. }) => {
            let mut effects = Vec::new();
            if accepted.seen.len() == 1 {
                effects.push(Effect::SettleStart);
            }
            effects.extend(shop_news(accepted, *n).map(|news| Effect::TellShop(Box::new(news))));
            effects
        }
        (_, Event::Moved { .. } | Event::ShopTold { .. } | Event::ShopUntold { .. }) => Vec::new(),
    }
}

/// What the shop is told, when this is the newest news, worth telling, and the shop listens.
fn shop_news(accepted: &Accepted, n: i64) -> Option<ShopNews> {
    let news = accepted.news.as_ref().filter(|_| n == accepted.latest && accepted.offer.tells_shop)?;
    let outcome = news.outcome()?;
    let order = &accepted.offer.order;
    Some(ShopNews {
        n,
        shop: order.shop.clone(),
        order_number: order.order_number.clone(),
        outcome,
        total: order.total,
        captured: accepted.captured,
        reversed: accepted.reversed,
        sales_order: accepted.sales_order.clone(),
        reason: news.reason().cloned(),
    })
}
