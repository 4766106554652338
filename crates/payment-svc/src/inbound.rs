//! What arrives: messages of the bus, ends of calls and due timers, each as a command. One function each.

use std::sync::Arc;

use contracts::{
    Contract, MessageKind,
    erp::v1::{
        ErpOutcomeUnknown, OrderScreenFailed, OrderScreened, SalesOrderCancelRefused, SalesOrderCancelled,
        SalesOrderPlaced, SalesOrderRefused, SalesOrderReleaseRefused, SalesOrderReleased,
    },
    order::v1::StartOrder,
    r#type::v1 as wire,
};
use ids::{MerchantReference, OrderId};
use ledger::{ClaimedEffect, SubjectKey};
use payment_domain::{
    Reason,
    order_to_cash::{Command as Saga, OrderFacts, Step},
    payment::{AuthorizationAnswer, CaptureAnswer, Command as Payment, ReversalAnswer},
};
use prost::Message as _;
use runtime::{Ending, Inbound, Place, Routed, Unreadable};

use crate::{
    Command,
    codec::{self, Corrupt},
    config::Settings,
    outbound, payment_place, saga_place,
};

/// The messages that payment-svc listens to.
pub const LISTENS: &[&MessageKind] = &[
    StartOrder::KIND,
    OrderScreened::KIND,
    OrderScreenFailed::KIND,
    SalesOrderPlaced::KIND,
    SalesOrderRefused::KIND,
    SalesOrderReleased::KIND,
    SalesOrderReleaseRefused::KIND,
    SalesOrderCancelled::KIND,
    SalesOrderCancelRefused::KIND,
    ErpOutcomeUnknown::KIND,
];

/// A message of the bus.
pub(crate) fn route(message: &Inbound, settings: &Settings, now_ms: i64) -> Result<Routed<Command>, Unreadable> {
    let (command, subject_keys) = if message.kind.ce_type == StartOrder::KIND.ce_type {
        start(message, settings, now_ms)?
    } else {
        match from_erp(message, now_ms)? {
            Some(command) => (command, Vec::new()),
            None => return Ok(Routed::Ignored),
        }
    };
    let place = saga_place(&message.pair, message.envelope.order);
    Ok(Routed::Command { place, command: Command::Saga(command), subject_keys })
}

fn start(message: &Inbound, settings: &Settings, now_ms: i64) -> Result<(Saga, Vec<SubjectKey>), Unreadable> {
    let broken = |Corrupt(why): Corrupt| Unreadable(format!("{}: {why}", message.kind.ce_type));
    let pair = settings
        .pairs
        .get(&message.pair)
        .ok_or_else(|| Unreadable(format!("pair `{}` is not configured here", message.pair)))?;
    let order = message.decode::<StartOrder>()?.order.ok_or_else(|| broken(Corrupt("no order".to_owned())))?;
    if order.order_id != message.envelope.order.to_string() {
        return Err(broken(Corrupt(format!(
            "order `{}` came in an envelope of {}",
            order.order_id, message.envelope.order
        ))));
    }
    let (facts, keys) = facts(message.envelope.order, order, &pair.reference_prefix).map_err(broken)?;
    Ok((Saga::Start { facts: Arc::new(facts), policies: pair.policies, now_ms }, keys))
}

fn facts(order: OrderId, mut message: wire::Order, prefix: &str) -> Result<(OrderFacts, Vec<SubjectKey>), Corrupt> {
    let sealed = message.personal.take();
    let personal = codec::sealed_from_wire(sealed.as_ref())?;
    let wrapped = sealed.map(|sealed| sealed.wrapped_key).unwrap_or_default();
    let keys = if wrapped.is_empty() { Vec::new() } else { vec![SubjectKey { subject: personal.subject, wrapped }] };
    let total = codec::amount(message.total.as_ref())?;
    if !total.is_positive() {
        return Err(Corrupt(format!("a total of {total} cannot be paid")));
    }
    let facts = OrderFacts {
        order,
        shop: message.shop.clone(),
        order_number: message.order_number.clone(),
        total,
        token: codec::token_from_wire(message.payment.clone())?,
        personal,
        contract_order: message.encode_to_vec(),
        reference_prefix: prefix.to_owned(),
    };
    Ok((facts, keys))
}

fn from_erp(message: &Inbound, now_ms: i64) -> Result<Option<Saga>, Unreadable> {
    let is = |kind: &MessageKind| message.kind.ce_type == kind.ce_type;
    let reason = codec::reason_from_wire;
    Ok(Some(if is(OrderScreened::KIND) {
        let OrderScreened { customer_code, warnings, .. } = message.decode()?;
        let warnings = warnings.into_iter().map(|warning| reason(Some(warning))).collect();
        Saga::RecordScreened { customer_code, warnings, now_ms }
    } else if is(OrderScreenFailed::KIND) {
        Saga::RecordScreenFailed { reason: reason(message.decode::<OrderScreenFailed>()?.reason) }
    } else if is(SalesOrderPlaced::KIND) {
        let SalesOrderPlaced { sales_order, customer_code, .. } = message.decode()?;
        Saga::RecordPlaced { sales_order, customer_code }
    } else if is(SalesOrderRefused::KIND) {
        Saga::RecordPlaceRefused { reason: reason(message.decode::<SalesOrderRefused>()?.reason) }
    } else if is(SalesOrderReleased::KIND) {
        Saga::RecordReleased { sales_order: message.decode::<SalesOrderReleased>()?.sales_order }
    } else if is(SalesOrderReleaseRefused::KIND) {
        Saga::RecordReleaseRefused { reason: reason(message.decode::<SalesOrderReleaseRefused>()?.reason) }
    } else if is(SalesOrderCancelled::KIND) {
        Saga::RecordSalesOrderCancelled { sales_order: message.decode::<SalesOrderCancelled>()?.sales_order }
    } else if is(SalesOrderCancelRefused::KIND) {
        Saga::RecordCancelRefused { reason: reason(message.decode::<SalesOrderCancelRefused>()?.reason) }
    } else if is(ErpOutcomeUnknown::KIND) {
        let ErpOutcomeUnknown { operation, reference, inquiry_due_at_ms, .. } = message.decode()?;
        let step = match operation.as_str() {
            "place" => Step::Place,
            "release" => Step::Book,
            "cancel" => Step::Cancel,
            other => return Err(Unreadable(format!("{}: operation `{other}`", message.kind.ce_type))),
        };
        Saga::RecordUnknown { step, reference, inquiry_due_ms: inquiry_due_at_ms }
    } else {
        return Ok(None);
    }))
}

/// The end of a call to the gateway.
pub(crate) fn answered(effect: &ClaimedEffect, ending: Ending, now_ms: i64) -> Result<(Place, Command), Unreadable> {
    let broken = |Corrupt(why): Corrupt| Unreadable(format!("{} {}: {why}", effect.kind, effect.id.stream));
    let (order, command) = match effect.kind.as_str() {
        outbound::AUTHORIZE => {
            let (reference, purpose) = codec::read_authorize(&effect.request).map_err(broken)?;
            (purpose.order, authorization(reference, ending, now_ms).map_err(broken)?)
        }
        outbound::CAPTURE => {
            let call = codec::read_follow_on(&effect.request).map_err(broken)?;
            (call.order, capture(call.reference, ending).map_err(broken)?)
        }
        outbound::REVERSE => {
            let call = codec::read_follow_on(&effect.request).map_err(broken)?;
            (call.order, reversal(call.reference, ending).map_err(broken)?)
        }
        other => return Err(Unreadable(format!("no call `{other}` in payment-svc"))),
    };
    Ok((payment_place(&effect.pair, order), Command::Payment(command)))
}

fn authorization(reference: MerchantReference, ending: Ending, now_ms: i64) -> Result<Payment, Corrupt> {
    let (answer, at_ms) = match ending {
        Ending::Answered(answer) => {
            let heard = codec::read_answer(&answer)?;
            let at_ms = heard.at_ms;
            (heard.authorization()?, at_ms)
        }
        Ending::Refused(why) => (AuthorizationAnswer::NotHeld(unsent(why)), now_ms),
        Ending::Unknown { inquiry_due } => {
            (AuthorizationAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() }, now_ms)
        }
        Ending::Absent | Ending::Differs(_) | Ending::GivenUp(_) => return Err(uninquired()),
    };
    Ok(Payment::RecordAuthorization { reference, answer, at_ms })
}

fn capture(reference: MerchantReference, ending: Ending) -> Result<Payment, Corrupt> {
    let answer = match ending {
        Ending::Answered(answer) => codec::read_answer(&answer)?.capture()?,
        Ending::Refused(why) => CaptureAnswer::Refused(unsent(why)),
        Ending::Unknown { inquiry_due } => CaptureAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() },
        Ending::Absent | Ending::Differs(_) | Ending::GivenUp(_) => return Err(uninquired()),
    };
    Ok(Payment::RecordCapture { reference, answer })
}

fn reversal(reference: MerchantReference, ending: Ending) -> Result<Payment, Corrupt> {
    let answer = match ending {
        Ending::Answered(answer) => codec::read_answer(&answer)?.reversal()?,
        Ending::Refused(why) => ReversalAnswer::Refused(unsent(why)),
        Ending::Unknown { inquiry_due } => ReversalAnswer::Unknown { inquiry_due_ms: inquiry_due.timestamp_millis() },
        Ending::Absent | Ending::Differs(_) | Ending::GivenUp(_) => return Err(uninquired()),
    };
    Ok(Payment::RecordReversal { reference, answer })
}

/// An ending that only an inquiry can bring.
fn uninquired() -> Corrupt {
    Corrupt("no inquiry was made".to_owned())
}

/// A call that certainly was never made and never will be.
fn unsent(why: String) -> Reason {
    Reason::new("not_sent", why)
}

/// A due timer.
pub(crate) fn fired(effect: &ClaimedEffect, now_ms: i64) -> Result<(Place, Command), Unreadable> {
    let command = match effect.kind.as_str() {
        outbound::SCREENING_DEADLINE => Saga::ScreeningDeadline { now_ms },
        outbound::REVIEW_DEADLINE => Saga::ReviewDeadline,
        other => return Err(Unreadable(format!("no timer `{other}` in payment-svc"))),
    };
    Ok((saga_place(&effect.pair, OrderId(effect.id.stream.0)), Command::Saga(command)))
}
