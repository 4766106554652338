//! An order as a shop reads it.

use ids::OrderId;
use ingest_domain::intake::{Accepted, News, Offer, Reason};
use money::Amount;
use serde::Serialize;
use utoipa::ToSchema;

use crate::view;

/// Money.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MoneyView {
    /// Decimal text with the currency's decimals.
    amount: String,
    /// ISO 4217.
    currency: String,
}

impl From<Amount> for MoneyView {
    fn from(amount: Amount) -> Self {
        Self { amount: amount.number(), currency: amount.currency().code().to_owned() }
    }
}

/// Why something was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReasonView {
    /// For machines.
    code: String,
    /// For people.
    text: String,
    /// What is short.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shortages: Vec<ShortageView>,
}

/// One item that is short.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ShortageView {
    /// Stock code.
    sku: String,
    /// Warehouse.
    warehouse: String,
    /// Asked for.
    asked: String,
    /// There.
    available: String,
}

impl From<&Reason> for ReasonView {
    fn from(reason: &Reason) -> Self {
        let shortages = reason.shortages.iter().map(|shortage| ShortageView {
            sku: shortage.sku.clone(),
            warehouse: shortage.warehouse.clone(),
            asked: shortage.asked.clone(),
            available: shortage.available.clone(),
        });
        Self { code: reason.code.clone(), text: reason.text.clone(), shortages: shortages.collect() }
    }
}

/// What an order waits for.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WaitingView {
    /// What for.
    #[serde(rename = "for")]
    what: String,
    /// Until when, RFC 3339, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// An order and what became of it so far.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct OrderView {
    /// Our id.
    order_id: String,
    /// The shop.
    shop: String,
    /// The shop's number.
    order_number: String,
    /// `accepted`, `screening`, `authorized`, `placed`, `paid`, `completed`, `refused`, `declined`, `cancelled`,
    /// `under_review`, `waiting` or `parked`.
    state: String,
    /// True when nothing more will happen.
    is_final: bool,
    /// What is to be paid.
    total: MoneyView,
    /// What was held on the card.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<MoneyView>,
    /// What was taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    captured: Option<MoneyView>,
    /// What was released.
    #[serde(skip_serializing_if = "Option::is_none")]
    reversed: Option<MoneyView>,
    /// The sales order in SYSPRO.
    #[serde(skip_serializing_if = "Option::is_none")]
    sales_order: Option<String>,
    /// What it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<WaitingView>,
    /// Why it ended as it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonView>,
    /// Where to look again.
    href: String,
}

/// Where an order is found.
pub(crate) fn href(order: OrderId) -> String {
    format!("/v1/orders/{order}")
}

impl OrderView {
    /// An order just taken.
    pub(crate) fn new(order: OrderId, offer: &Offer) -> Self {
        Self {
            order_id: order.to_string(),
            shop: offer.order.shop.to_string(),
            order_number: offer.order.order_number.clone(),
            state: "accepted".to_owned(),
            is_final: false,
            total: offer.order.total.into(),
            held: None,
            captured: None,
            reversed: None,
            sales_order: None,
            waiting: None,
            reason: None,
            href: href(order),
        }
    }

    /// An order as its stream tells.
    pub(crate) fn of(order: OrderId, accepted: &Accepted) -> Self {
        let money = |amount: Option<Amount>| amount.map(MoneyView::from);
        let until = |ms: Option<i64>| ms.map(view::instant);
        Self {
            state: accepted.name().to_owned(),
            is_final: is_final(accepted),
            held: money(accepted.held),
            captured: money(accepted.captured),
            reversed: money(accepted.reversed),
            sales_order: accepted.sales_order.clone(),
            waiting: view::waits_for(accepted).map(|(what, ms)| WaitingView { what, until: until(ms) }),
            reason: accepted.stands().and_then(News::reason).map(ReasonView::from),
            ..Self::new(order, &accepted.offer)
        }
    }
}

fn is_final(accepted: &Accepted) -> bool {
    matches!(
        accepted.news,
        Some(News::Completed { .. } | News::Refused { .. } | News::Declined { .. } | News::Cancelled { .. })
    )
}
