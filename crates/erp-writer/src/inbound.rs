//! Messages from payment-svc → commands, one function each.

use std::sync::Arc;

use contracts::{
    Contract as _, MessageKind, convert,
    erp::v1::{BookPayment, CancelOrder, PlaceOrder, ScreenOrder},
    r#type::v1 as wire,
};
use erp_domain::{
    order::{Charge, Line, Order},
    sales_order::{Command, Payment, Reason, Suspense},
};
use ids::{MerchantReference, OrderId};
use ledger::SubjectKey;
use money::{Amount, Currency};
use runtime::{Aggregate as _, Inbound, Place, Routed, Unreadable};
use sealed::SealedBox;

use crate::codec::{self, SalesOrders};

/// What erp-writer listens to.
pub const LISTENS: &[&MessageKind] = &[ScreenOrder::KIND, PlaceOrder::KIND, BookPayment::KIND, CancelOrder::KIND];

/// What a message means.
///
/// # Errors
/// When its body cannot be read or breaks the contract.
pub fn route(message: &Inbound) -> Result<Routed<Command>, Unreadable> {
    match message.kind.ce_type {
        t if t == ScreenOrder::KIND.ce_type => screen(message),
        t if t == PlaceOrder::KIND.ce_type => place(message),
        t if t == BookPayment::KIND.ce_type => book(message),
        t if t == CancelOrder::KIND.ce_type => cancel(message),
        _ => Ok(Routed::Ignored),
    }
}

fn screen(message: &Inbound) -> Result<Routed<Command>, Unreadable> {
    let (order, keys) = order(message, message.decode::<ScreenOrder>()?.order)?;
    Ok(routed(message, Command::Screen { order: Arc::new(order) }, keys))
}

fn place(message: &Inbound) -> Result<Routed<Command>, Unreadable> {
    let body: PlaceOrder = message.decode()?;
    let suspense =
        Suspense::parse(&body.suspense_reason).ok_or_else(|| broken(message, "its reason for suspense is unknown"))?;
    let (order, keys) = order(message, body.order)?;
    Ok(routed(message, Command::Place { order: Arc::new(order), suspense }, keys))
}

fn book(message: &Inbound) -> Result<Routed<Command>, Unreadable> {
    let body: BookPayment = message.decode()?;
    is_about(message, &body.order_id)?;
    let payment = Payment {
        captured: convert::amount(body.captured.as_ref()).map_err(|error| broken(message, &error.to_string()))?,
        merchant_reference: MerchantReference::parse(&body.merchant_reference)
            .map_err(|error| broken(message, &error.to_string()))?,
        gateway_request_id: body.gateway_request_id,
    };
    Ok(routed(message, Command::Book { payment }, Vec::new()))
}

fn cancel(message: &Inbound) -> Result<Routed<Command>, Unreadable> {
    let body: CancelOrder = message.decode()?;
    is_about(message, &body.order_id)?;
    let reason = body.reason.map_or_else(|| Reason::new("cancelled", "the order is cancelled"), codec::reason_from);
    Ok(routed(message, Command::Cancel { reason }, Vec::new()))
}

/// The place of an order's sales order.
pub(crate) fn place_of(pair: &ids::Pair, order: OrderId) -> Place {
    Place { stream: order.stream(), pair: pair.clone(), order, kind: SalesOrders::KIND }
}

fn routed(message: &Inbound, command: Command, subject_keys: Vec<SubjectKey>) -> Routed<Command> {
    Routed::Command { place: place_of(&message.pair, message.envelope.order), command, subject_keys }
}

fn broken(message: &Inbound, what: &str) -> Unreadable {
    Unreadable(format!("{} of order {}: {what}", message.kind.ce_type, message.envelope.order))
}

fn is_about(message: &Inbound, order_id: &str) -> Result<(), Unreadable> {
    match order_id.parse::<OrderId>() {
        Ok(order) if order == message.envelope.order => Ok(()),
        _ => Err(broken(message, "its body names another order than its envelope")),
    }
}

/// The order as SYSPRO is concerned with it, and the key of its person, which is kept apart from it.
fn order(message: &Inbound, order: Option<wire::Order>) -> Result<(Order, Vec<SubjectKey>), Unreadable> {
    let order = order.ok_or_else(|| broken(message, "it holds no order"))?;
    is_about(message, &order.order_id)?;
    let currency =
        convert::amount(order.total.as_ref()).map_err(|error| broken(message, &error.to_string()))?.currency();
    let money = Money { message, currency };
    let person = order.personal.ok_or_else(|| broken(message, "it holds no person"))?;
    let subject = person.subject.parse().map_err(|_| broken(message, "its person has no id"))?;
    let keys = match person.wrapped_key.is_empty() {
        true => Vec::new(),
        false => vec![SubjectKey { subject, wrapped: person.wrapped_key }],
    };
    let order = Order {
        shop: order.shop.parse().map_err(|error: ids::ShopIdError| broken(message, &error.to_string()))?,
        order_number: order.order_number,
        customer_po: order.customer_po,
        customer_code: order.customer_code,
        prices_include_tax: order.prices_include_tax,
        lines: order.lines.into_iter().map(|line| money.line(line)).collect::<Result<_, _>>()?,
        shipping: order.shipping.map(|charge| money.charge(charge)).transpose()?,
        fees: order.fees.into_iter().map(|charge| money.charge(charge)).collect::<Result<_, _>>()?,
        tax: money.of(order.tax.as_ref())?,
        total: money.of(order.total.as_ref())?,
        personal: SealedBox { subject, wrapped_key: Vec::new(), ciphertext: person.ciphertext.to_vec() },
        placed_at_ms: order.placed_at_ms,
    };
    if order.lines.is_empty() {
        return Err(broken(message, "it sells nothing"));
    }
    Ok((order, keys))
}

/// Reads the amounts of one order: all of one currency. What is absent is nothing.
struct Money<'a> {
    message: &'a Inbound,
    currency: Currency,
}

impl Money<'_> {
    fn of(&self, money: Option<&wire::Money>) -> Result<Amount, Unreadable> {
        let Some(money) = money else { return Ok(Amount::zero(self.currency)) };
        let amount = Amount::try_from(money).map_err(|error| broken(self.message, &error.to_string()))?;
        if amount.currency() != self.currency {
            return Err(broken(self.message, "its amounts are of several currencies"));
        }
        Ok(amount)
    }

    fn line(&self, line: wire::OrderLine) -> Result<Line, Unreadable> {
        let (tax, total) = (self.of(line.tax.as_ref())?, self.of(line.total.as_ref())?);
        Ok(Line { sku: line.sku, description: line.description, quantity: line.quantity, tax, total })
    }

    fn charge(&self, charge: wire::Charge) -> Result<Charge, Unreadable> {
        let (amount, tax) = (self.of(charge.amount.as_ref())?, self.of(charge.tax.as_ref())?);
        Ok(Charge { name: charge.name, amount, tax })
    }
}

#[cfg(test)]
mod tests;
