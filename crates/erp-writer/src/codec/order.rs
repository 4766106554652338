//! What was sold, as stored: one currency, minor units, the personal part as ciphertext.

use std::sync::Arc;

use contracts::erp::ledger::v1 as stored;
use erp_domain::order::{Charge, Line, Order};
use money::{Amount, Currency};
use sealed::SealedBox;

/// An order as stored, without the person's key.
pub(super) fn order_to(order: &Order) -> stored::Order {
    let charge = |it: &Charge| stored::Charge { name: it.name.clone(), amount: it.amount.minor(), tax: it.tax.minor() };
    let line = |it: &Line| stored::Line {
        sku: it.sku.clone(),
        description: it.description.clone(),
        quantity: it.quantity.clone(),
        tax: it.tax.minor(),
        total: it.total.minor(),
    };
    stored::Order {
        shop: order.shop.to_string(),
        order_number: order.order_number.clone(),
        customer_po: order.customer_po.clone(),
        customer_code: order.customer_code.clone(),
        prices_include_tax: order.prices_include_tax,
        currency: order.total.currency().code().to_owned(),
        lines: order.lines.iter().map(line).collect(),
        shipping: order.shipping.as_ref().map(charge),
        fees: order.fees.iter().map(charge).collect(),
        tax: order.tax.minor(),
        total: order.total.minor(),
        subject: order.personal.subject.to_string(),
        ciphertext: order.personal.ciphertext.clone().into(),
        placed_at_ms: order.placed_at_ms,
    }
}

fn order_from(order: stored::Order) -> Result<Order, String> {
    let currency: Currency = order.currency.parse().map_err(|error: money::CurrencyError| error.to_string())?;
    let money = |minor: i64| Amount::new(minor, currency);
    let charge = |it: stored::Charge| Charge { name: it.name, amount: money(it.amount), tax: money(it.tax) };
    let line = |it: stored::Line| Line {
        sku: it.sku,
        description: it.description,
        quantity: it.quantity,
        tax: money(it.tax),
        total: money(it.total),
    };
    Ok(Order {
        shop: order.shop.parse().map_err(|error: ids::ShopIdError| error.to_string())?,
        order_number: order.order_number,
        customer_po: order.customer_po,
        customer_code: order.customer_code,
        prices_include_tax: order.prices_include_tax,
        lines: order.lines.into_iter().map(line).collect(),
        shipping: order.shipping.map(charge),
        fees: order.fees.into_iter().map(charge).collect(),
        tax: money(order.tax),
        total: money(order.total),
        personal: SealedBox {
            subject: order.subject.parse().map_err(|_| "without a person".to_owned())?,
            wrapped_key: Vec::new(),
            ciphertext: order.ciphertext.to_vec(),
        },
        placed_at_ms: order.placed_at_ms,
    })
}

/// An order from storage, when there is one.
pub(super) fn order_if_any(order: Option<stored::Order>) -> Result<Option<Arc<Order>>, String> {
    order.map(|order| order_from(order).map(Arc::new)).transpose()
}
