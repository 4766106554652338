//! Read models: a stored event as a line for people, an order as a row of a table. Nothing personal in either.

use chrono::{DateTime, SecondsFormat};
use contracts::query::v1::OrderSummary;
use ledger::StoredEvent;
use money::Amount;
use payment_domain::{
    Reason,
    ladder::Event as LadderEvent,
    order_to_cash::{Event as SagaEvent, OrderToCash, Stage},
    payment::{Event as PaymentEvent, Payment},
    sweep::Event as SweepEvent,
};
use runtime::{Aggregate, CodecError, Place};

use crate::codec::{LadderStream, PaymentStream, SagaStream, SweepStream};

/// One event in words.
pub(crate) fn describe(place: &Place, stored: &StoredEvent) -> String {
    let words = match place.kind {
        SagaStream::KIND => {
            SagaStream::decode(&stored.kind, stored.shape, &stored.body).map(|event| saga_words(&event))
        }
        LadderStream::KIND => {
            LadderStream::decode(&stored.kind, stored.shape, &stored.body).map(|event| ladder_words(&event))
        }
        SweepStream::KIND => {
            SweepStream::decode(&stored.kind, stored.shape, &stored.body).map(|event| sweep_words(&event))
        }
        _ => PaymentStream::decode(&stored.kind, stored.shape, &stored.body).map(|event| payment_words(&event)),
    };
    words.unwrap_or_else(|error| error.to_string())
}

fn saga_words(event: &SagaEvent) -> String {
    match event {
        SagaEvent::Opened { facts, .. } => {
            format!(
                "order {} of {} over {}, {} ending {}",
                facts.order_number, facts.shop, facts.total, facts.token.brand, facts.token.last_four
            )
        }
        SagaEvent::ScreenRequested { deadline_at_ms, .. } => {
            format!("screening asked, until {}", instant(*deadline_at_ms))
        }
        SagaEvent::Screened { customer_code, warnings } => {
            let warned: String = warnings.iter().map(|warning| format!("; warning: {}", warning.text)).collect();
            format!("customer {customer_code}{warned}")
        }
        SagaEvent::ScreenFailed { reason } => format!("screening failed: {}", reason.text),
        SagaEvent::ScreeningTimedOut => "screening took too long".to_owned(),
        SagaEvent::AuthorizationRequested => "the payment was told to hold the money".to_owned(),
        SagaEvent::Authorized { held, .. } => format!("{held} held"),
        SagaEvent::UnderReview { held, reason, hold_ends_at_ms, .. } => {
            format!("{}, {} held until {}", reason.text, or_nothing(*held), instant(*hold_ends_at_ms))
        }
        SagaEvent::ScreenAgainRequested => "screening asked again before placing".to_owned(),
        SagaEvent::PlaceRequested { suspense } => format!("sales order asked for, in suspense: {}", suspense.word()),
        SagaEvent::Placed { sales_order, customer_code } => {
            format!("sales order {sales_order} of customer {customer_code} stands in suspense")
        }
        SagaEvent::PlaceRefused { reason } => format!("no sales order: {}", reason.text),
        SagaEvent::CaptureRequested { amount } => format!("the payment was told to take {amount}"),
        SagaEvent::Paid { captured, reference, .. } => format!("{captured} captured by {reference}"),
        SagaEvent::BookRequested => "release of the sales order asked".to_owned(),
        SagaEvent::Released { sales_order } => format!("sales order {sales_order} released"),
        SagaEvent::Completed { sales_order, captured } => {
            format!("{captured} captured, sales order {sales_order} released")
        }
        SagaEvent::UndoRequested { reason, .. } => format!("to be undone: {}", reason.text),
        SagaEvent::CancelRequested { reason } => format!("cancellation of the sales order asked: {}", reason.text),
        SagaEvent::Reversed { reversed } => format!("{reversed} given back"),
        SagaEvent::SalesOrderCancelled { sales_order } => format!("sales order {sales_order} cancelled"),
        SagaEvent::Refused { reason } => format!("refused before money moved: {}", reason.text),
        SagaEvent::Declined { reason } => format!("declined: {} ({})", reason.text, reason.code),
        SagaEvent::Cancelled { reason, reversed } => {
            format!("cancelled, {} given back: {}", or_nothing(*reversed), reason.text)
        }
        SagaEvent::Waiting { step, reference, inquiry_due_ms, .. } => {
            format!("the outcome of {} {reference} is unknown; inquiry due {}", step.word(), instant(*inquiry_due_ms))
        }
        SagaEvent::Parked { step, reason } => {
            format!("a person is needed at {}: {} ({})", step.word(), reason.text, reason.code)
        }
        SagaEvent::LeftUnpaid { reason, open_until_ms, .. } => {
            format!("unpaid, open for another payment until {}: {}", instant(*open_until_ms), reason.text)
        }
        SagaEvent::PaymentAdded { number, token, .. } => {
            format!("payment {number} of the shop: {} ending {}", token.brand, token.last_four)
        }
        SagaEvent::OpenUntilOver => "the limit for another payment is over: this one is the last".to_owned(),
        SagaEvent::TakenByShop { captured, gateway_request_id, .. } => {
            format!("the shop had taken {captured}, request {gateway_request_id}")
        }
        SagaEvent::Resumed { step } => format!("{} is tried again", step.word()),
        SagaEvent::HoldEnding { hold_ends_at_ms } => {
            format!("the issuer lets the hold go at {}", instant(*hold_ends_at_ms))
        }
        SagaEvent::HoldEnded => "the issuer lets the hold go: nothing is taken any more".to_owned(),
    }
}

fn payment_words(event: &PaymentEvent) -> String {
    let why = |reason: &Reason| format!("{} ({})", reason.text, reason.code);
    match event {
        PaymentEvent::AuthorizationRequested { attempt, .. } => {
            format!("{}: hold {}", attempt.reference, attempt.amount)
        }
        PaymentEvent::Authorized(hold) => {
            format!(
                "{}: {} held, request {}, approval {}",
                hold.reference, hold.held, hold.gateway_request_id, hold.approval_code
            )
        }
        PaymentEvent::UnderReview { reference, gateway_request_id, held, .. } => {
            format!("{reference}: under review, {} held, request {gateway_request_id}", or_nothing(*held))
        }
        PaymentEvent::Declined { reference, reason, .. } => format!("{reference}: nothing held: {}", why(reason)),
        PaymentEvent::CaptureRequested { attempt } => format!("{}: take {}", attempt.reference, attempt.amount),
        PaymentEvent::Captured(captured) => {
            format!("{}: {} captured, request {}", captured.reference, captured.amount, captured.gateway_request_id)
        }
        PaymentEvent::CaptureRefused { reference, reason } => format!("{reference}: not captured: {}", why(reason)),
        PaymentEvent::ReversalRequested { attempt, reason } => {
            format!("{}: release {}: {}", attempt.reference, attempt.amount, reason.text)
        }
        PaymentEvent::Reversed(reversed) => {
            format!("{}: {} released, request {}", reversed.reference, reversed.amount, reversed.gateway_request_id)
        }
        PaymentEvent::ReversalRefused { reference, reason } => format!("{reference}: not released: {}", why(reason)),
        PaymentEvent::OutcomeUnknown { operation, reference, inquiry_due_ms } => {
            format!("{reference}: outcome of {} unknown, inquiry due {}", operation.word(), instant(*inquiry_due_ms))
        }
        PaymentEvent::ConfirmationRequested { attempt, .. } => {
            format!("{}: does the gateway confirm {} of the shop's plugin?", attempt.reference, attempt.amount)
        }
        PaymentEvent::NotConfirmed { reference, reason } => format!("{reference}: not confirmed: {}", why(reason)),
        PaymentEvent::Taken(captured) => {
            format!(
                "{}: {} taken by the shop's plugin, request {}",
                captured.reference, captured.amount, captured.gateway_request_id
            )
        }
        PaymentEvent::CaptureAwaited { attempt } => {
            format!("{}: the shop shall take {}", attempt.reference, attempt.amount)
        }
        PaymentEvent::TimeoutRequested { attempt, silent, .. } => {
            format!("{}: {silent} was never found; undo it by its id", attempt.reference)
        }
        PaymentEvent::TimeoutUndone { reference, .. } => format!("{reference}: nothing of it stands"),
        PaymentEvent::NotFound { operation, reference, .. } => {
            format!("{reference}: {} never found, and no id to undo it by", operation.word())
        }
        PaymentEvent::OutcomeDiffers { reference, reason, .. } => {
            format!("{reference}: something else happened than was asked: {}", why(reason))
        }
        PaymentEvent::InquiryGivenUp { reference, reason, .. } => {
            format!("{reference}: a person was told: {}; asking goes on", reason.text)
        }
        PaymentEvent::HandedOver { ladder, reason, .. } => {
            format!("to be given back on ladder {ladder}: {}", why(reason))
        }
        PaymentEvent::GaveBack(reversed) => format!("{}: {} given back", reversed.reference, reversed.amount),
        PaymentEvent::StrayFound { seen, ladder, undo_in_ms, at_ms } => format!(
            "{}: {} of {} found without an order, request {}; given back on ladder {ladder} from {} on",
            seen.reference,
            seen.operation.word(),
            seen.amount,
            seen.gateway_request_id,
            instant(at_ms.saturating_add(*undo_in_ms))
        ),
        PaymentEvent::Closed => "closed: what still turns up is given back".to_owned(),
    }
}

fn ladder_words(event: &LadderEvent) -> String {
    match event {
        LadderEvent::Begun { task, after_ms, at_ms } => {
            format!("to be given back from {} on: {}", instant(at_ms.saturating_add(*after_ms)), task.reason.text)
        }
        LadderEvent::Asked { rung, attempt, target } => {
            format!("{}: {} {} of request {target}", attempt.reference, rung.operation().word(), attempt.amount)
        }
        LadderEvent::Done { rung, reference, amount, .. } => {
            format!("{reference}: {} of {amount} done", rung.operation().word())
        }
        LadderEvent::MovedOn { reference, to, reason, .. } => {
            format!("{reference}: {}; now {}", reason.text, to.operation().word())
        }
        LadderEvent::PutOff { reference, again_at_ms, .. } => {
            format!("{reference}: never found; again at {}", instant(*again_at_ms))
        }
        LadderEvent::OutcomeUnknown { reference, inquiry_due_ms, .. } => {
            format!("{reference}: outcome unknown, inquiry due {}", instant(*inquiry_due_ms))
        }
        LadderEvent::GivenBack { amount, .. } => format!("{amount} given back"),
        LadderEvent::Parked { reason, .. } => format!("a person is needed: {} ({})", reason.text, reason.code),
    }
}

fn sweep_words(event: &SweepEvent) -> String {
    match event {
        SweepEvent::Begun { .. } => "sweeping begins".to_owned(),
        SweepEvent::Asked { window } => {
            format!("window {} from {} to {}", window.number, instant(window.from_ms), instant(window.to_ms))
        }
        SweepEvent::Swept { window, counts, .. } => format!(
            "window {}: {} gateway transactions, {} known, {} told, {} foreign{}",
            window.number,
            counts.seen,
            counts.known,
            counts.told,
            counts.foreign,
            if counts.is_complete { "" } else { "; not read whole" }
        ),
    }
}

/// A row of a table: the saga tells the state, the payment the money.
pub(crate) fn summarize(place: &Place, events: &[StoredEvent], summary: &mut OrderSummary) {
    match place.kind {
        SagaStream::KIND => {
            if let Ok(state) = fold::<SagaStream>(events) {
                saga(&state, summary);
            }
        }
        // Its parts are told by the payment, or are nobody's order.
        LadderStream::KIND | SweepStream::KIND => {}
        _ => {
            if let Ok(state) = fold::<PaymentStream>(events) {
                money(&state, summary);
            }
        }
    }
}

/// The state after these events.
pub(crate) fn fold<A: Aggregate>(events: &[StoredEvent]) -> Result<A::State, CodecError> {
    events.iter().try_fold(A::State::default(), |state, stored| {
        Ok(A::evolve(state, &A::decode(&stored.kind, stored.shape, &stored.body)?))
    })
}

fn saga(state: &OrderToCash, summary: &mut OrderSummary) {
    let Some(facts) = &state.facts else { return };
    summary.order_id = facts.order.to_string();
    summary.shop.clone_from(&facts.shop);
    summary.order_number.clone_from(&facts.order_number);
    summary.total = facts.total.to_string();
    summary.state = state.name().to_owned();
    state.sales_order().unwrap_or_default().clone_into(&mut summary.sales_order);
    let reason = state.reason.as_ref().or(state.parked.as_ref().map(|parked| &parked.reason));
    summary.reason = reason.map(|reason| reason.text.clone()).unwrap_or_default();
    if let Some((what, due_at_ms)) = waits_for(state) {
        summary.waits_for = what;
        summary.due_at_ms = due_at_ms.unwrap_or(0);
    }
}

/// What an order waits for, and until when, where that is known here.
fn waits_for(state: &OrderToCash) -> Option<(String, Option<i64>)> {
    if state.stage.is_final() {
        return None;
    }
    if let Some(parked) = &state.parked {
        let until = state.review.as_ref().map(|review| review.hold_ends_at_ms);
        return Some((format!("a person, at {} ({})", parked.step.word(), parked.reason.code), until));
    }
    if let Some(waiting) = state.waits.iter().min_by_key(|waiting| waiting.inquiry_due_ms) {
        let what = format!("inquiry about {} {}", waiting.step.word(), waiting.reference);
        return Some((what, Some(waiting.inquiry_due_ms)));
    }
    if let Some(review) = &state.review {
        return Some(("a review at the gateway".to_owned(), Some(review.deadline_at_ms)));
    }
    if let (Some(unpaid), Some(until)) = (&state.unpaid, state.open_until_ms) {
        let what = if unpaid.is_authentication_wanted { "the buyer's proof (3-D Secure)" } else { "another payment" };
        return Some((what.to_owned(), Some(until)));
    }
    let what = match state.stage {
        Stage::Screening => return Some(("screening by the ERP".to_owned(), Some(state.screening_deadline_at_ms))),
        Stage::ScreeningAgain => "screening by the ERP",
        Stage::Authorizing => "authorization",
        Stage::Held | Stage::Placing => "the sales order",
        Stage::Capturing => "capture",
        Stage::Paid | Stage::Booking => "release of the sales order",
        Stage::Undoing => "undoing: reversal, cancellation",
        Stage::Unopened | Stage::Opened => "its first step",
        Stage::Completed | Stage::Refused | Stage::Declined | Stage::Cancelled => return None,
    };
    Some((what.to_owned(), None))
}

/// What stands on the card now, what was taken, what was given back.
fn money(state: &Payment, summary: &mut OrderSummary) {
    // What the shop's plugin took has no hold of ours.
    let first = state.hold.as_ref().map(|hold| hold.held).or_else(|| state.captures.first().map(|taken| taken.amount));
    let Some(currency) = first.map(Amount::currency) else { return };
    // One currency by the rules of the payment; should one differ, the row shows what it can and the timeline the rest.
    let sum = |amounts: Vec<Amount>| {
        amounts.into_iter().fold(Amount::zero(currency), |sum, amount| sum.plus(amount).unwrap_or(sum))
    };
    let captured = sum(state.captures.iter().map(|captured| captured.amount).collect());
    let reversed = sum(state.reversals.iter().map(|reversed| reversed.amount).collect());
    let gone = captured.plus(reversed).unwrap_or(captured);
    if let Some(hold) = &state.hold {
        summary.held = hold.held.minus(gone).unwrap_or(hold.held).to_string();
    }
    if !state.captures.is_empty() {
        summary.captured = captured.to_string();
    }
    if !state.reversals.is_empty() {
        summary.reversed = reversed.to_string();
    }
}

fn or_nothing(amount: Option<Amount>) -> String {
    amount.map_or_else(|| "nothing".to_owned(), |amount| amount.to_string())
}

fn instant(ms: i64) -> String {
    DateTime::from_timestamp_millis(ms)
        .map_or_else(|| ms.to_string(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}
