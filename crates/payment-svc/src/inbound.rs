//! What arrives: messages of the bus, ends of calls and due timers, each as a command. One function each.

mod ended;

use std::sync::Arc;

use contracts::{
    Contract, MessageKind,
    erp::v1::{
        ErpOutcomeUnknown, OrderScreenFailed, OrderScreened, SalesOrderCancelRefused, SalesOrderCancelled,
        SalesOrderPlaced, SalesOrderRefused, SalesOrderReleaseRefused, SalesOrderReleased,
    },
    order::v1::{AddPayment, StartOrder},
    r#type::v1 as wire,
};
use ids::OrderId;
use ledger::{ClaimedEffect, SubjectKey};
use payment_domain::order_to_cash::{Command as Saga, OrderFacts, Step};
use prost::Message as _;
use runtime::{Aggregate as _, Inbound, Place, Routed, Unreadable};
use sealed::SealedBox;

pub(crate) use self::ended::{answered, question};
use crate::{
    Command,
    codec::{self, Corrupt, LadderStream, SweepStream},
    config::Settings,
    outbound, saga_place,
};

/// The word for a shop that itself takes the money its plugin holds.
const CAPTURED_BY_SHOP: &str = "shop";

/// The messages that payment-svc listens to.
pub const LISTENS: &[&MessageKind] = &[
    StartOrder::KIND,
    AddPayment::KIND,
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
    } else if message.kind.ce_type == AddPayment::KIND.ce_type {
        add_payment(message)?
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

fn add_payment(message: &Inbound) -> Result<(Saga, Vec<SubjectKey>), Unreadable> {
    let broken = |Corrupt(why): Corrupt| Unreadable(format!("{}: {why}", message.kind.ce_type));
    let AddPayment { order_id, payment, attempt, personal } = message.decode()?;
    if order_id != message.envelope.order.to_string() {
        let why = format!("order `{order_id}` came in an envelope of {}", message.envelope.order);
        return Err(broken(Corrupt(why)));
    }
    let token = codec::token_from_wire(payment).map_err(broken)?;
    let (personal, keys) = person(personal).map_err(broken)?;
    Ok((Saga::AddPayment { number: attempt, token, personal }, keys))
}

/// The sealed part, and its key when one travels with it.
fn person(sealed: Option<wire::Sealed>) -> Result<(SealedBox, Vec<SubjectKey>), Corrupt> {
    let personal = codec::sealed_from_wire(sealed.as_ref())?;
    let wrapped = sealed.map(|sealed| sealed.wrapped_key).unwrap_or_default();
    let keys = if wrapped.is_empty() { Vec::new() } else { vec![SubjectKey { subject: personal.subject, wrapped }] };
    Ok((personal, keys))
}

fn facts(order: OrderId, mut message: wire::Order, prefix: &str) -> Result<(OrderFacts, Vec<SubjectKey>), Corrupt> {
    let (personal, keys) = person(message.personal.take())?;
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
        is_captured_by_shop: message.captured_by == CAPTURED_BY_SHOP,
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

/// A due timer.
pub(crate) fn fired(effect: &ClaimedEffect, now_ms: i64) -> Result<(Place, Command), Unreadable> {
    let command = match effect.kind.as_str() {
        outbound::SCREENING_DEADLINE => Saga::ScreeningDeadline { now_ms },
        outbound::REVIEW_DEADLINE => Saga::ReviewDeadline,
        outbound::OPEN_UNTIL => Saga::OpenUntilOver,
        outbound::HOLD_ENDING => Saga::HoldEnding,
        outbound::HOLD_ENDED => Saga::HoldEnded,
        outbound::LADDER_REST | outbound::SWEEP_REST => return rested(effect, now_ms),
        other => return Err(Unreadable(format!("no timer `{other}` in payment-svc"))),
    };
    Ok((saga_place(&effect.pair, OrderId(effect.id.stream.0)), Command::Saga(command)))
}

/// The rest of a ladder or a sweep is over: the stream is the one that wished it.
fn rested(effect: &ClaimedEffect, now_ms: i64) -> Result<(Place, Command), Unreadable> {
    let (order, number) = codec::read_rest(&effect.request)
        .map_err(|Corrupt(why)| Unreadable(format!("{} {}: {why}", effect.kind, effect.id.stream)))?;
    let (kind, command) = if effect.kind == outbound::SWEEP_REST {
        (SweepStream::KIND, Command::Sweep(payment_domain::sweep::Command::Wake { number, now_ms }))
    } else {
        (LadderStream::KIND, Command::Ladder(payment_domain::ladder::Command::Wake { rest: number }))
    };
    Ok((Place { stream: effect.id.stream, pair: effect.pair.clone(), order, kind }, command))
}
