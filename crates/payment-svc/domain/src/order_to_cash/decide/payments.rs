//! An order that the card did not pay: how long it stays open, and what another payment is allowed.

use sealed::SealedBox;

use super::{Event, OrderToCash, Rejection, Stage, Step};
use crate::{CardToken, Reason};

/// The code of a decline that asks the buyer to prove who they are.
pub const AUTHENTICATION_WANTED: &str = "authentication_wanted";

/// The card gave nothing: open for another one, within the pair's limit.
pub(super) fn declined(state: &OrderToCash, reason: Reason, at_ms: i64) -> Option<Event> {
    if state.unpaid.is_some() {
        return None;
    }
    let is_claim = state.facts.as_ref().is_some_and(|facts| facts.token.claim.is_some());
    if state.policies.open_for_ms <= 0 || state.is_open_over || is_claim {
        return Some(Event::Declined { reason });
    }
    let is_authentication_wanted = reason.code == AUTHENTICATION_WANTED;
    let (open_in_ms, open_until_ms) = match state.open_until_ms {
        Some(open_until_ms) => (0, open_until_ms),
        None => (state.policies.open_for_ms, at_ms.saturating_add(state.policies.open_for_ms)),
    };
    Some(Event::LeftUnpaid { reason, is_authentication_wanted, open_in_ms, open_until_ms })
}

/// The limit has passed: an order that waits ends, a payment under way is the last.
pub(super) fn over(state: &OrderToCash) -> Option<Event> {
    if state.stage != Stage::Authorizing || state.is_open_over {
        return None;
    }
    Some(match &state.unpaid {
        Some(unpaid) => Event::Declined { reason: unpaid.reason.clone() },
        None => Event::OpenUntilOver,
    })
}

/// Another payment. Never while it is not known what became of the one before.
pub(super) fn add(
    state: &OrderToCash,
    number: u32,
    token: CardToken,
    personal: SealedBox,
) -> Result<Option<Event>, Rejection> {
    if number <= state.payments {
        return Ok(None);
    }
    if let Some(waiting) = state.waits.iter().find(|waiting| waiting.step == Step::Authorize) {
        return Err(Rejection::PaymentUnknown { inquiry_due_ms: waiting.inquiry_due_ms });
    }
    if state.stage == Stage::Authorizing && state.unpaid.is_some() {
        return Ok(Some(Event::PaymentAdded { number, token, personal }));
    }
    Err(Rejection::NotOpenForPayment(state.name()))
}
