//! Decides what happens next to an order: keep the fact, then walk the step table.

mod payments;

use decider::Decider;
use money::Amount;

use super::{
    Amiss, Command, Ending, Event, OrderFacts, OrderToCash, PartialApproval, Placing, Policies, Rejection, Screening,
    Stage, Step, Suspense, Unscreened, Waiting,
};
use crate::{DAY_MS, Reason};

/// Before a token dies there must be time to authorize: screening ends this long before.
pub const TOKEN_MARGIN_MS: i64 = 180_000;
/// The gateway took another amount than was asked.
pub const CAPTURE_DIFFERS: &str = "OTC-PAY-003";
/// Nobody decided a review in time.
pub const NOBODY_REVIEWED: &str = "OTC-PAY-004";
/// The ERP refuses an order whose money is under review, where the gateway allows no reversal.
pub const REFUSED_UNDER_REVIEW: &str = "OTC-PAY-005";

/// The ERP does not want an order that is paid already.
pub const REFUSED_THOUGH_PAID: &str = "OTC-PAY-011";
/// The code of a decline that is none: the gateway never answered and does not know the attempt.
pub const NOT_FOUND: &str = "not_found";

/// More steps than the table has cannot follow from one fact.
const STEPS_MAX: usize = 12;

pub(super) fn decide(state: &OrderToCash, command: Command) -> Result<Vec<Event>, Rejection> {
    let now_ms = command.now_ms();
    let mut events = learn(state, command)?;
    if events.is_empty() {
        return Ok(events);
    }
    let mut after = decider::fold::<OrderToCash>(state.clone(), &events);
    while events.len() < STEPS_MAX {
        let Some(event) = next_step(&after, now_ms) else { break };
        after = OrderToCash::evolve(after, &event);
        events.push(event);
    }
    Ok(events)
}

/// The fact that a command brings; nothing when it is known already or comes too late to matter.
fn learn(state: &OrderToCash, command: Command) -> Result<Vec<Event>, Rejection> {
    let fact = match (state.stage, command) {
        (Stage::Unopened, Command::Start { facts, policies, .. }) => Some(Event::Opened { facts, policies }),
        (Stage::Unopened, command) => return Err(Rejection::NotOpened(command.name())),
        (_, Command::AddPayment { number, token, personal }) => {
            return payments::add(state, number, token, personal).map(|event| event.into_iter().collect());
        }
        (stage, _) if stage.is_final() => None,
        (_, Command::Start { .. }) => None,
        (stage, command) => match command {
            Command::Start { .. } | Command::AddPayment { .. } => None,
            Command::RecordScreened { .. } | Command::RecordScreenFailed { .. } | Command::ScreeningDeadline { .. } => {
                screening(state, command)
            }
            Command::RecordHeld { .. }
            | Command::RecordUnderReview { .. }
            | Command::RecordDeclined { .. }
            | Command::RecordTaken { .. } => {
                if stage == Stage::Authorizing {
                    authorization(state, command)
                } else {
                    None
                }
            }
            Command::OpenUntilOver => payments::over(state),
            Command::RecordResumed { step } => {
                state.waits.iter().any(|waiting| waiting.step == step).then_some(Event::Resumed { step })
            }
            Command::RecordNeedsPerson { step, reason } => {
                let is_at_it = match step {
                    Step::Authorize => stage == Stage::Authorizing && state.unpaid.is_none(),
                    Step::Capture => stage == Stage::Capturing,
                    Step::Reverse => stage == Stage::Undoing && state.reversals.is_empty(),
                    Step::Screen | Step::Place | Step::Review | Step::Book | Step::Cancel => false,
                };
                if is_at_it { park(state, step, reason) } else { None }
            }
            Command::HoldEnding => hold_ending(state),
            Command::HoldEnded => (is_held(state) && !state.is_hold_over).then_some(Event::HoldEnded),
            Command::RecordPlaced { .. } | Command::RecordPlaceRefused { .. } => placing(state, command),
            Command::RecordCaptured { .. } | Command::RecordCaptureRefused { .. } => {
                if stage == Stage::Capturing {
                    capture(state, command)
                } else {
                    None
                }
            }
            Command::RecordReleased { sales_order } => {
                (!state.is_released && stage != Stage::Undoing).then_some(Event::Released { sales_order })
            }
            Command::RecordReleaseRefused { reason } => {
                if matches!(stage, Stage::Paid | Stage::Booking) {
                    park(state, Step::Book, reason)
                } else {
                    None
                }
            }
            Command::RecordReversed { reversed } => {
                (stage == Stage::Undoing && state.reversals.is_empty()).then_some(Event::Reversed { reversed })
            }
            Command::RecordReversalRefused { reason } => {
                if stage == Stage::Undoing && state.reversals.is_empty() {
                    park(state, Step::Reverse, reason)
                } else {
                    None
                }
            }
            Command::RecordSalesOrderCancelled { sales_order } => {
                (!state.is_sales_order_cancelled).then_some(Event::SalesOrderCancelled { sales_order })
            }
            Command::RecordCancelRefused { reason } => {
                let is_asked = state.undo.as_ref().is_some_and(|undo| undo.cancel_asked);
                if is_asked && !state.is_sales_order_cancelled { park(state, Step::Cancel, reason) } else { None }
            }
            Command::ReviewDeadline => nobody_reviewed(state),
            Command::RecordUnknown { step, reference, inquiry_due_ms } => {
                unknown(state, step, reference, inquiry_due_ms)
            }
        },
    };
    Ok(fact.into_iter().collect())
}

fn screening(state: &OrderToCash, command: Command) -> Option<Event> {
    // Once placed or undone, what the ERP thought of the order before is history.
    if state.screening != Screening::Unanswered || state.stage >= Stage::Placing {
        return None;
    }
    match command {
        Command::RecordScreened { customer_code, warnings, .. } => Some(Event::Screened { customer_code, warnings }),
        Command::RecordScreenFailed { reason } => Some(Event::ScreenFailed { reason }),
        Command::ScreeningDeadline { .. } if state.stage == Stage::Screening => Some(Event::ScreeningTimedOut),
        _ => None,
    }
}

fn authorization(state: &OrderToCash, command: Command) -> Option<Event> {
    match command {
        Command::RecordHeld { held, amiss: None, at_ms } => Some(authorized(state, held, at_ms)),
        // Money that is held but is not the money we wanted goes back: no goods for it, and no hold left behind.
        Command::RecordHeld { held, amiss: Some(Amiss::Partial(reason)), at_ms } => {
            Some(match state.policies.partial_approval {
                PartialApproval::ReverseAndDecline => Event::UndoRequested { ending: Ending::Declined, reason },
                PartialApproval::Accept => authorized(state, held, at_ms),
            })
        }
        Command::RecordHeld { amiss: Some(Amiss::Differs(reason) | Amiss::RiskDeclined(reason)), .. } => {
            Some(Event::UndoRequested { ending: Ending::Declined, reason })
        }
        Command::RecordUnderReview { held, at_ms } => {
            let hold_ends_at_ms = at_ms.saturating_add(i64::from(state.policies.hold_days).saturating_mul(DAY_MS));
            let deadline_at_ms = hold_ends_at_ms.saturating_sub(DAY_MS).max(at_ms);
            let reason = Reason::new("gateway_review", "the gateway's fraud rules want a person to look first");
            let deadline_in_ms = deadline_at_ms.saturating_sub(at_ms);
            Some(Event::UnderReview { held, reason, hold_ends_at_ms, deadline_in_ms, deadline_at_ms })
        }
        Command::RecordDeclined { reason, at_ms } => payments::declined(state, reason, at_ms),
        Command::RecordTaken { captured, reference, gateway_request_id } => {
            Some(Event::TakenByShop { captured, reference, gateway_request_id })
        }
        _ => None,
    }
}

/// Money is held; it is watched until a day before the issuer lets it go.
fn authorized(state: &OrderToCash, held: Amount, at_ms: i64) -> Event {
    let life_ms = i64::from(state.policies.hold_days).saturating_mul(DAY_MS);
    let hold_ends_at_ms = Some(at_ms.saturating_add(life_ms));
    Event::Authorized { held, hold_ends_at_ms, watch_in_ms: life_ms.saturating_sub(DAY_MS).max(0) }
}

/// Held and not yet taken, nor being taken, nor given back.
fn is_held(state: &OrderToCash) -> bool {
    matches!(state.stage, Stage::Held | Stage::ScreeningAgain | Stage::Placing)
        && state.review.is_none()
        && state.taken.is_none()
}

fn hold_ending(state: &OrderToCash) -> Option<Event> {
    let hold_ends_at_ms = state.hold_ends_at_ms?;
    (is_held(state) && !state.is_hold_ending).then_some(Event::HoldEnding { hold_ends_at_ms })
}

fn placing(state: &OrderToCash, command: Command) -> Option<Event> {
    if state.placing != Placing::Unanswered {
        return None;
    }
    match command {
        Command::RecordPlaced { sales_order, customer_code } => Some(Event::Placed { sales_order, customer_code }),
        Command::RecordPlaceRefused { reason } => Some(Event::PlaceRefused { reason }),
        _ => None,
    }
}

fn capture(state: &OrderToCash, command: Command) -> Option<Event> {
    match command {
        Command::RecordCaptured { captured, reference, gateway_request_id } => {
            let asked = to_take(state)?;
            if captured == asked {
                return Some(Event::Paid { captured, reference, gateway_request_id });
            }
            let text = format!("the gateway took {captured} where {asked} was asked");
            park(state, Step::Capture, Reason::new(CAPTURE_DIFFERS, text))
        }
        Command::RecordCaptureRefused { reason } => Some(Event::UndoRequested { ending: Ending::Cancelled, reason }),
        _ => None,
    }
}

fn nobody_reviewed(state: &OrderToCash) -> Option<Event> {
    state.review.as_ref()?;
    let text = "nobody decided the review; the hold ends within a day";
    park(state, Step::Review, Reason::new(NOBODY_REVIEWED, text))
}

fn unknown(state: &OrderToCash, step: Step, reference: String, inquiry_due_ms: i64) -> Option<Event> {
    let undo = state.undo.as_ref();
    let is_open = match step {
        Step::Screen | Step::Review => false,
        Step::Authorize => state.stage == Stage::Authorizing && state.unpaid.is_none(),
        Step::Place => state.stage == Stage::Placing && state.placing == Placing::Unanswered,
        Step::Capture => state.stage == Stage::Capturing,
        Step::Book => state.stage == Stage::Booking && !state.is_released,
        Step::Reverse => undo.is_some() && state.reversals.is_empty(),
        Step::Cancel => undo.is_some_and(|undo| undo.cancel_asked) && !state.is_sales_order_cancelled,
    };
    // Told once per hour of inquiry; and once a person was called, the next hour is no news.
    let told = Waiting { step, reference: reference.clone(), inquiry_due_ms };
    let is_known = state.waits.contains(&told) || state.parked.as_ref().is_some_and(|parked| parked.step == step);
    (is_open && !is_known).then_some(Event::Waiting { step, reference, inquiry_due_ms, is_explained: true })
}

/// Calls a person, once per step.
fn park(state: &OrderToCash, step: Step, reason: Reason) -> Option<Event> {
    let is_known = state.parked.as_ref().is_some_and(|parked| parked.step == step);
    (!is_known).then_some(Event::Parked { step, reason })
}

/// What is held as agreed, which after a partial approval is less than the order's total.
fn to_take(state: &OrderToCash) -> Option<Amount> {
    state.held.or(state.facts.as_ref().map(|facts| facts.total))
}

/// The next step that can be taken from what is known: the step table as code.
fn next_step(state: &OrderToCash, now_ms: Option<i64>) -> Option<Event> {
    let facts = state.facts.as_ref()?;
    match state.stage {
        Stage::Unopened | Stage::Authorizing | Stage::Capturing => None,
        Stage::Opened => Some(begin(facts, state.policies, now_ms?)),
        Stage::Screening => match &state.screening {
            Screening::Failed(reason) => Some(Event::Refused { reason: reason.clone() }),
            Screening::Passed => Some(authorize(facts, now_ms?)),
            Screening::Unanswered if state.is_screening_late => Some(unscreened(facts, state.policies, now_ms?)),
            Screening::Unanswered => None,
        },
        Stage::Held | Stage::ScreeningAgain if state.is_hold_over => not_wanted(state, &hold_over()),
        Stage::Held => match &state.screening {
            Screening::Failed(reason) => not_wanted(state, reason),
            Screening::Passed => place(state, facts),
            Screening::Unanswered => Some(Event::ScreenAgainRequested),
        },
        Stage::ScreeningAgain => match &state.screening {
            Screening::Failed(reason) => not_wanted(state, reason),
            Screening::Passed => place(state, facts),
            Screening::Unanswered => None,
        },
        Stage::Placing => match &state.placing {
            Placing::Unanswered => None,
            Placing::Placed(_) | Placing::Refused(_) => place(state, facts),
        },
        Stage::Paid if !state.is_released => Some(Event::BookRequested),
        Stage::Paid | Stage::Booking => state.is_released.then(|| completed(state, facts)),
        Stage::Undoing => undo(state),
        Stage::Completed | Stage::Refused | Stage::Declined | Stage::Cancelled => None,
    }
}

fn expired() -> Event {
    Event::Refused { reason: Reason::new("token_expired", "the card token expired before the money could be held") }
}

fn begin(facts: &OrderFacts, policies: Policies, now_ms: i64) -> Event {
    if facts.token.is_expired(now_ms) {
        return expired();
    }
    let left =
        facts.token.expires_at_ms.map_or(i64::MAX, |at| at.saturating_sub(TOKEN_MARGIN_MS).saturating_sub(now_ms));
    let deadline_in_ms = policies.screening_deadline_ms.min(left);
    if deadline_in_ms <= 0 {
        return unscreened(facts, policies, now_ms);
    }
    Event::ScreenRequested { deadline_in_ms, deadline_at_ms: now_ms.saturating_add(deadline_in_ms) }
}

fn authorize(facts: &OrderFacts, now_ms: i64) -> Event {
    // An answer can come after hours of silence, when the token is long dead.
    if facts.token.is_expired(now_ms) { expired() } else { Event::AuthorizationRequested }
}

fn unscreened(facts: &OrderFacts, policies: Policies, now_ms: i64) -> Event {
    match policies.unscreened {
        Unscreened::Authorize => authorize(facts, now_ms),
        Unscreened::Refuse => {
            let text = "stock and customer could not be checked in time, and this pair does not sell unchecked";
            Event::Refused { reason: Reason::new("screening_deadline", text) }
        }
    }
}

/// The ERP does not want the order although money is held.
fn not_wanted(state: &OrderToCash, reason: &Reason) -> Option<Event> {
    if let Some(taken) = &state.taken {
        let text = format!(
            "the shop had taken {} under request {}, and the order cannot go on: {reason}. Refund it there, or place the \
             order by hand",
            taken.captured, taken.gateway_request_id
        );
        return park(state, Step::Place, Reason::new(REFUSED_THOUGH_PAID, text));
    }
    match state.review {
        None => Some(Event::UndoRequested { ending: Ending::Cancelled, reason: reason.clone() }),
        // The gateway reverses nothing while a review is open: a person rejects the case there first.
        Some(_) => {
            let text = format!("refused while under review, so the hold cannot be released yet: {reason}");
            park(state, Step::Review, Reason::new(REFUSED_UNDER_REVIEW, text))
        }
    }
}

fn place(state: &OrderToCash, facts: &OrderFacts) -> Option<Event> {
    // Nobody here asked for it, but money is not taken for an order that is gone.
    if state.is_sales_order_cancelled {
        return not_wanted(
            state,
            &Reason::new("sales_order_cancelled", "the sales order was cancelled before it was paid"),
        );
    }
    // Nothing is taken from a hold that the issuer has let go.
    if state.is_hold_over && matches!(state.placing, Placing::Placed(_)) {
        return not_wanted(state, &hold_over());
    }
    match (&state.placing, &state.review) {
        (Placing::Unanswered, _) if state.stage == Stage::Placing => None,
        (Placing::Unanswered, None) => Some(Event::PlaceRequested { suspense: Suspense::AwaitingPayment }),
        (Placing::Unanswered, Some(_)) => Some(Event::PlaceRequested { suspense: Suspense::UnderReview }),
        (Placing::Placed(_), None) => Some(take(state, facts)),
        (Placing::Placed(_), Some(_)) => None,
        (Placing::Refused(reason), _) => not_wanted(state, reason),
    }
}

/// The pivot: the money is taken now, or the shop had taken it before.
fn take(state: &OrderToCash, facts: &OrderFacts) -> Event {
    match &state.taken {
        Some(taken) => Event::Paid {
            captured: taken.captured,
            reference: taken.reference.clone(),
            gateway_request_id: taken.gateway_request_id.clone(),
        },
        None => Event::CaptureRequested { amount: state.held.unwrap_or(facts.total) },
    }
}

fn hold_over() -> Reason {
    Reason::new("hold_expired", "the issuer lets the hold go, and the order was not ready to be paid by then")
}

fn completed(state: &OrderToCash, facts: &OrderFacts) -> Event {
    let captured = state.captures.last().map_or(facts.total, |taken| taken.captured);
    Event::Completed { sales_order: state.sales_order().unwrap_or_default().to_owned(), captured }
}

fn undo(state: &OrderToCash) -> Option<Event> {
    let undo = state.undo.as_ref()?;
    if !undo.cancel_asked && state.sales_order().is_some() && !state.is_sales_order_cancelled {
        return Some(Event::CancelRequested { reason: undo.reason.clone() });
    }
    let reversed = state.reversals.last().copied()?;
    if undo.cancel_asked && !state.is_sales_order_cancelled {
        return None;
    }
    let reason = undo.reason.clone();
    Some(match undo.ending {
        Ending::Declined => Event::Declined { reason },
        Ending::Cancelled => Event::Cancelled { reason, reversed: Some(reversed) },
    })
}
