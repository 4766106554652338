//! Read models: an order from its stored events, as state, as a line for people, as a row of a table.

use chrono::DateTime;
use contracts::query::v1::OrderSummary;
use decider::Decider as _;
use ingest_domain::intake::{Accepted, Event, Intake, News};
use ledger::StoredEvent;
use runtime::{Aggregate as _, EngineError};

use crate::codec::IntakeStream;

/// Folds stored events.
///
/// # Errors
/// When one cannot be read.
pub(crate) fn fold(events: &[StoredEvent]) -> Result<Intake, EngineError> {
    let mut state = Intake::default();
    for event in events {
        let decoded = IntakeStream::decode(&event.kind, event.shape, &event.body)
            .map_err(|error| runtime::Unreadable(error.to_string()))?;
        state = IntakeStream::evolve(state, &decoded);
    }
    Ok(state)
}

/// One event in words, nothing personal in it.
pub(crate) fn describe(event: &StoredEvent) -> String {
    match IntakeStream::decode(&event.kind, event.shape, &event.body) {
        Ok(event) => words(&event),
        Err(error) => error.to_string(),
    }
}

fn words(event: &Event) -> String {
    match event {
        Event::Accepted(offer) => {
            let order = &offer.order;
            let lines = order.lines.len();
            let (number, total, door) = (&order.order_number, order.total, offer.source.as_str());
            format!(
                "order {number} of {} over {total}, {lines} line(s), {} token, by {door}",
                order.shop,
                order.payment.mode.as_str()
            )
        }
        Event::Moved { news, .. } => news_words(news),
        Event::ShopTold { outcome, shop, .. } => format!("{shop} was told: {}", outcome.as_str()),
        Event::ShopUntold { outcome, why, .. } => format!("the shop was not told ({}): {why}", outcome.as_str()),
    }
}

fn news_words(news: &News) -> String {
    match news {
        News::Opened => "the saga has taken it".to_owned(),
        News::Authorized { held } => format!("{held} held"),
        News::UnderReview { reason, hold_ends_at_ms, .. } => {
            format!("under review until {}: {}", instant(*hold_ends_at_ms), reason.text)
        }
        News::Placed { sales_order } => format!("sales order {sales_order} stands in suspense"),
        News::Paid { captured } => format!("{captured} captured"),
        News::Completed { sales_order, captured } => format!("{captured} captured, sales order {sales_order} released"),
        News::Refused { reason } => format!("refused: {}", reason.text),
        News::Declined { reason } => format!("declined: {}", reason.text),
        News::Cancelled { reason, reversed } => {
            let reversed = reversed.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string());
            format!("cancelled, {reversed} reversed: {}", reason.text)
        }
        News::Waiting { step, reference, inquiry_due_at_ms } => {
            format!("the outcome of {step} {reference} is unknown; inquiry due {}", instant(*inquiry_due_at_ms))
        }
        News::Parked { step, reason } => format!("parked at {step}: {}", reason.text),
    }
}

/// An instant as people read it.
pub(crate) fn instant(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| ms.to_string(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true))
}

/// A row of a table. The saga knows more; what is set already stays.
pub(crate) fn summarize(events: &[StoredEvent], summary: &mut OrderSummary) {
    let Ok(Intake::Accepted(accepted)) = fold(events) else { return };
    let order = &accepted.offer.order;
    summary.shop = order.shop.to_string();
    summary.order_number.clone_from(&order.order_number);
    summary.total = order.total.to_string();
    summary.state = accepted.name().to_owned();
    let amount = |amount: Option<money::Amount>| amount.map(|amount| amount.to_string()).unwrap_or_default();
    summary.held = amount(accepted.held);
    summary.captured = amount(accepted.captured);
    summary.reversed = amount(accepted.reversed);
    summary.sales_order = accepted.sales_order.clone().unwrap_or_default();
    summary.reason = accepted.stands().and_then(News::reason).map(|reason| reason.text.clone()).unwrap_or_default();
    if let Some((what, until)) = waits_for(&accepted) {
        summary.waits_for = what;
        summary.due_at_ms = until.unwrap_or(0);
    }
}

/// What an order waits for, and until when, where that is known here.
pub(crate) fn waits_for(accepted: &Accepted) -> Option<(String, Option<i64>)> {
    match accepted.stands() {
        None => Some(("the saga".to_owned(), None)),
        Some(News::UnderReview { hold_ends_at_ms, .. }) => Some(("review".to_owned(), Some(*hold_ends_at_ms))),
        Some(News::Waiting { step, inquiry_due_at_ms, .. }) => {
            Some((format!("inquiry about {step}"), Some(*inquiry_due_at_ms)))
        }
        Some(News::Parked { step, .. }) => Some((format!("a person, at {step}"), None)),
        Some(News::Opened) => Some(("screening and authorization".to_owned(), None)),
        Some(News::Authorized { .. }) => Some(("the sales order".to_owned(), None)),
        Some(News::Placed { .. }) => Some(("capture".to_owned(), None)),
        Some(News::Paid { .. }) => Some(("the release of the sales order".to_owned(), None)),
        Some(News::Completed { .. } | News::Refused { .. } | News::Declined { .. } | News::Cancelled { .. }) => None,
    }
}
