//! The saga's events: one function each way.

use std::sync::Arc;

use bytes::Bytes;
use contracts::order::ledger::v1 as stored;
use ids::MerchantReference;
use payment_domain::order_to_cash::{Ending, Event, OrderFacts, PartialApproval, Policies, Step, Suspense, Unscreened};
use prost::Message as _;

use super::{
    Corrupt, body,
    parts::{
        amount, optional_amount, order_id, reason_from_wire, reason_to_wire, sealed_from_wire, sealed_to_wire,
        token_from_wire, token_to_wire,
    },
};

pub(super) fn encode(event: &Event) -> Bytes {
    let because = |reason| body(&stored::Because { reason: Some(reason_to_wire(reason)) });
    match event {
        Event::Opened { facts, policies } => body(&opened(facts, policies)),
        Event::ScreenRequested { deadline_in_ms, deadline_at_ms } => {
            body(&stored::ScreenRequested { deadline_in_ms: *deadline_in_ms, deadline_at_ms: *deadline_at_ms })
        }
        Event::Screened { customer_code, warnings } => body(&stored::Screened {
            customer_code: customer_code.clone(),
            warnings: warnings.iter().map(reason_to_wire).collect(),
        }),
        Event::ScreeningTimedOut
        | Event::AuthorizationRequested
        | Event::ScreenAgainRequested
        | Event::OpenUntilOver
        | Event::HoldEnded
        | Event::BookRequested => body(&stored::Nothing {}),
        Event::ScreenFailed { reason }
        | Event::PlaceRefused { reason }
        | Event::CancelRequested { reason }
        | Event::Refused { reason }
        | Event::Declined { reason } => because(reason),
        Event::Authorized { held, hold_ends_at_ms, watch_in_ms } => body(&stored::Authorized {
            amount: Some((*held).into()),
            hold_ends_at_ms: hold_ends_at_ms.unwrap_or(0),
            watch_in_ms: *watch_in_ms,
        }),
        Event::CaptureRequested { amount } | Event::Reversed { reversed: amount } => {
            body(&stored::OfAmount { amount: Some((*amount).into()) })
        }
        Event::UnderReview { held, reason, hold_ends_at_ms, deadline_in_ms, deadline_at_ms } => {
            body(&stored::UnderReview {
                held: held.map(Into::into),
                reason: Some(reason_to_wire(reason)),
                hold_ends_at_ms: *hold_ends_at_ms,
                deadline_in_ms: *deadline_in_ms,
                deadline_at_ms: *deadline_at_ms,
            })
        }
        Event::PlaceRequested { suspense } => body(&stored::PlaceRequested { suspense: suspense.word().to_owned() }),
        Event::Placed { sales_order, customer_code } => {
            body(&stored::Placed { sales_order: sales_order.clone(), customer_code: customer_code.clone() })
        }
        Event::Paid { captured, reference, gateway_request_id }
        | Event::TakenByShop { captured, reference, gateway_request_id } => body(&stored::Paid {
            captured: Some((*captured).into()),
            reference: reference.to_string(),
            gateway_request_id: gateway_request_id.clone(),
        }),
        Event::Released { sales_order } | Event::SalesOrderCancelled { sales_order } => {
            body(&stored::OfSalesOrder { sales_order: sales_order.clone() })
        }
        Event::Completed { sales_order, captured } => {
            body(&stored::Completed { sales_order: sales_order.clone(), captured: Some((*captured).into()) })
        }
        Event::UndoRequested { ending, reason } => body(&stored::UndoRequested {
            ending: ending_word(*ending).to_owned(),
            reason: Some(reason_to_wire(reason)),
        }),
        Event::Cancelled { reason, reversed } => {
            body(&stored::Cancelled { reason: Some(reason_to_wire(reason)), reversed: reversed.map(Into::into) })
        }
        Event::Waiting { step, reference, inquiry_due_ms, is_explained } => body(&stored::Waiting {
            step: step.word().to_owned(),
            reference: reference.clone(),
            inquiry_due_ms: *inquiry_due_ms,
            is_explained: *is_explained,
        }),
        Event::Parked { step, reason } => {
            body(&stored::Parked { step: step.word().to_owned(), reason: Some(reason_to_wire(reason)) })
        }
        Event::LeftUnpaid { reason, is_authentication_wanted, open_in_ms, open_until_ms } => {
            body(&stored::LeftUnpaid {
                reason: Some(reason_to_wire(reason)),
                is_authentication_wanted: *is_authentication_wanted,
                open_in_ms: *open_in_ms,
                open_until_ms: *open_until_ms,
            })
        }
        Event::PaymentAdded { number, token, personal } => body(&stored::PaymentAdded {
            number: *number,
            token: Some(token_to_wire(token)),
            personal: Some(sealed_to_wire(personal)),
        }),
        Event::Resumed { step } => body(&stored::OfStep { step: step.word().to_owned() }),
        Event::HoldEnding { hold_ends_at_ms } => body(&stored::HoldEnding { hold_ends_at_ms: *hold_ends_at_ms }),
    }
}

/// `None` for a kind that this binary does not know.
pub(super) fn decode(kind: &str, bytes: &[u8]) -> Result<Option<Event>, Corrupt> {
    let because = || Ok::<_, Corrupt>(reason_from_wire(stored::Because::decode(bytes)?.reason));
    let of_amount = || amount(stored::OfAmount::decode(bytes)?.amount.as_ref());
    let of_sales_order = || Ok::<_, Corrupt>(stored::OfSalesOrder::decode(bytes)?.sales_order);
    let nothing = |event| stored::Nothing::decode(bytes).map(|_| event);
    Ok(Some(match kind {
        "opened" => read_opened(stored::Opened::decode(bytes)?)?,
        "screen_requested" => {
            let stored::ScreenRequested { deadline_in_ms, deadline_at_ms } = stored::ScreenRequested::decode(bytes)?;
            Event::ScreenRequested { deadline_in_ms, deadline_at_ms }
        }
        "screened" => {
            let stored::Screened { customer_code, warnings } = stored::Screened::decode(bytes)?;
            let warnings = warnings.into_iter().map(|warning| reason_from_wire(Some(warning))).collect();
            Event::Screened { customer_code, warnings }
        }
        "screen_failed" => Event::ScreenFailed { reason: because()? },
        "screening_timed_out" => nothing(Event::ScreeningTimedOut)?,
        "authorization_requested" => nothing(Event::AuthorizationRequested)?,
        "authorized" => {
            let authorized = stored::Authorized::decode(bytes)?;
            Event::Authorized {
                held: amount(authorized.amount.as_ref())?,
                hold_ends_at_ms: (authorized.hold_ends_at_ms != 0).then_some(authorized.hold_ends_at_ms),
                watch_in_ms: authorized.watch_in_ms,
            }
        }
        "under_review" => read_under_review(stored::UnderReview::decode(bytes)?)?,
        "screen_again_requested" => nothing(Event::ScreenAgainRequested)?,
        "place_requested" => {
            Event::PlaceRequested { suspense: suspense(&stored::PlaceRequested::decode(bytes)?.suspense)? }
        }
        "placed" => {
            let stored::Placed { sales_order, customer_code } = stored::Placed::decode(bytes)?;
            Event::Placed { sales_order, customer_code }
        }
        "place_refused" => Event::PlaceRefused { reason: because()? },
        "capture_requested" => Event::CaptureRequested { amount: of_amount()? },
        "paid" | "taken_by_shop" => {
            let paid = stored::Paid::decode(bytes)?;
            let (captured, reference) = (amount(paid.captured.as_ref())?, MerchantReference::parse(&paid.reference)?);
            let gateway_request_id = paid.gateway_request_id;
            match kind {
                "paid" => Event::Paid { captured, reference, gateway_request_id },
                _ => Event::TakenByShop { captured, reference, gateway_request_id },
            }
        }
        "book_requested" => nothing(Event::BookRequested)?,
        "released" => Event::Released { sales_order: of_sales_order()? },
        "completed" => {
            let completed = stored::Completed::decode(bytes)?;
            Event::Completed { captured: amount(completed.captured.as_ref())?, sales_order: completed.sales_order }
        }
        "undo_requested" => {
            let undo = stored::UndoRequested::decode(bytes)?;
            Event::UndoRequested { ending: ending(&undo.ending)?, reason: reason_from_wire(undo.reason) }
        }
        "cancel_requested" => Event::CancelRequested { reason: because()? },
        "reversed" => Event::Reversed { reversed: of_amount()? },
        "sales_order_cancelled" => Event::SalesOrderCancelled { sales_order: of_sales_order()? },
        "refused" => Event::Refused { reason: because()? },
        "declined" => Event::Declined { reason: because()? },
        "cancelled" => {
            let cancelled = stored::Cancelled::decode(bytes)?;
            let reversed = optional_amount(cancelled.reversed.as_ref())?;
            Event::Cancelled { reason: reason_from_wire(cancelled.reason), reversed }
        }
        "waiting" => {
            let stored::Waiting { step: word, reference, inquiry_due_ms, is_explained } =
                stored::Waiting::decode(bytes)?;
            Event::Waiting { step: step(&word)?, reference, inquiry_due_ms, is_explained }
        }
        "parked" => {
            let parked = stored::Parked::decode(bytes)?;
            Event::Parked { step: step(&parked.step)?, reason: reason_from_wire(parked.reason) }
        }
        "left_unpaid" => {
            let left = stored::LeftUnpaid::decode(bytes)?;
            Event::LeftUnpaid {
                reason: reason_from_wire(left.reason),
                is_authentication_wanted: left.is_authentication_wanted,
                open_in_ms: left.open_in_ms,
                open_until_ms: left.open_until_ms,
            }
        }
        "payment_added" => {
            let added = stored::PaymentAdded::decode(bytes)?;
            Event::PaymentAdded {
                number: added.number,
                token: token_from_wire(added.token)?,
                personal: sealed_from_wire(added.personal.as_ref())?,
            }
        }
        "open_until_over" => nothing(Event::OpenUntilOver)?,
        "resumed" => Event::Resumed { step: step(&stored::OfStep::decode(bytes)?.step)? },
        "hold_ending" => Event::HoldEnding { hold_ends_at_ms: stored::HoldEnding::decode(bytes)?.hold_ends_at_ms },
        "hold_ended" => nothing(Event::HoldEnded)?,
        _ => return Ok(None),
    }))
}

fn opened(facts: &OrderFacts, policies: &Policies) -> stored::Opened {
    let unscreened = match policies.unscreened {
        Unscreened::Authorize => "authorize",
        Unscreened::Refuse => "refuse",
    };
    let partial_approval = match policies.partial_approval {
        PartialApproval::ReverseAndDecline => "reverse_and_decline",
        PartialApproval::Accept => "accept",
    };
    stored::Opened {
        order_id: facts.order.to_string(),
        shop: facts.shop.clone(),
        order_number: facts.order_number.clone(),
        total: Some(facts.total.into()),
        token: Some(token_to_wire(&facts.token)),
        personal: Some(sealed_to_wire(&facts.personal)),
        contract_order: facts.contract_order.clone().into(),
        reference_prefix: facts.reference_prefix.clone(),
        policies: Some(stored::Policies {
            screening_deadline_ms: policies.screening_deadline_ms,
            unscreened: unscreened.to_owned(),
            partial_approval: partial_approval.to_owned(),
            hold_days: policies.hold_days,
            open_for_ms: policies.open_for_ms,
            has_transaction_ids: policies.has_transaction_ids,
        }),
        is_captured_by_shop: facts.is_captured_by_shop,
    }
}

fn read_opened(opened: stored::Opened) -> Result<Event, Corrupt> {
    let policies = opened.policies.unwrap_or_default();
    let facts = OrderFacts {
        order: order_id(&opened.order_id)?,
        shop: opened.shop,
        order_number: opened.order_number,
        total: amount(opened.total.as_ref())?,
        token: token_from_wire(opened.token)?,
        personal: sealed_from_wire(opened.personal.as_ref())?,
        contract_order: opened.contract_order.to_vec(),
        reference_prefix: opened.reference_prefix,
        is_captured_by_shop: opened.is_captured_by_shop,
    };
    let policies = Policies {
        screening_deadline_ms: policies.screening_deadline_ms,
        unscreened: match policies.unscreened.as_str() {
            "authorize" => Unscreened::Authorize,
            "refuse" => Unscreened::Refuse,
            other => return Err(Corrupt(format!("policy unscreened `{other}`"))),
        },
        partial_approval: match policies.partial_approval.as_str() {
            "reverse_and_decline" => PartialApproval::ReverseAndDecline,
            "accept" => PartialApproval::Accept,
            other => return Err(Corrupt(format!("policy partial_approval `{other}`"))),
        },
        hold_days: policies.hold_days,
        open_for_ms: policies.open_for_ms,
        has_transaction_ids: policies.has_transaction_ids,
    };
    Ok(Event::Opened { facts: Arc::new(facts), policies })
}

fn read_under_review(review: stored::UnderReview) -> Result<Event, Corrupt> {
    Ok(Event::UnderReview {
        held: optional_amount(review.held.as_ref())?,
        reason: reason_from_wire(review.reason),
        hold_ends_at_ms: review.hold_ends_at_ms,
        deadline_in_ms: review.deadline_in_ms,
        deadline_at_ms: review.deadline_at_ms,
    })
}

fn ending_word(ending: Ending) -> &'static str {
    match ending {
        Ending::Declined => "declined",
        Ending::Cancelled => "cancelled",
    }
}

fn ending(word: &str) -> Result<Ending, Corrupt> {
    [Ending::Declined, Ending::Cancelled]
        .into_iter()
        .find(|ending| ending_word(*ending) == word)
        .ok_or_else(|| Corrupt(format!("ending `{word}`")))
}

fn suspense(word: &str) -> Result<Suspense, Corrupt> {
    [Suspense::AwaitingPayment, Suspense::UnderReview]
        .into_iter()
        .find(|suspense| suspense.word() == word)
        .ok_or_else(|| Corrupt(format!("suspense `{word}`")))
}

fn step(word: &str) -> Result<Step, Corrupt> {
    Step::parse(word).ok_or_else(|| Corrupt(format!("step `{word}`")))
}
