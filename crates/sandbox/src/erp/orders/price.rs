//! What lines and orders are worth, net of tax.

use rust_decimal::Decimal;

use super::{Discount, LineKind, NewLineKind, NewOrder};
use crate::erp::values::to_value;

/// Quantity times price less its discounts, rounded once.
pub(crate) fn line_value(quantity: Decimal, price: Decimal, discount: Discount) -> Decimal {
    let gross = quantity * price;
    let after_percent = gross * (Decimal::ONE_HUNDRED - discount.percent) / Decimal::ONE_HUNDRED;
    let off = if discount.is_per_unit { discount.value * quantity } else { discount.value };
    to_value(after_percent - off)
}

/// The order discounts apply one after the other, to merchandise alone.
pub(crate) fn total<'a>(kinds: impl Iterator<Item = &'a LineKind>, discounts: &[Decimal]) -> Decimal {
    let (mut goods, mut charges) = (Decimal::ZERO, Decimal::ZERO);
    for kind in kinds {
        match kind {
            LineKind::Stock(line) => goods += line.value,
            LineKind::Charge { value, .. } => charges += *value,
            LineKind::Comment(_) => {}
        }
    }
    sum(goods, charges, discounts)
}

/// What an order will be worth as it was sent, or nothing when a price is left to the ERP.
pub(crate) fn net_total(new: &NewOrder) -> Option<Decimal> {
    let (mut goods, mut charges) = (Decimal::ZERO, Decimal::ZERO);
    for line in &new.lines {
        match &line.kind {
            NewLineKind::Stock(stock) => goods += line_value(stock.quantity, stock.price?, stock.discount),
            NewLineKind::Charge { value, .. } => charges += *value,
            NewLineKind::Comment(_) => {}
        }
    }
    Some(sum(goods, charges, &new.discounts))
}

fn sum(goods: Decimal, charges: Decimal, discounts: &[Decimal]) -> Decimal {
    let after = |goods: Decimal, percent: &Decimal| goods * (Decimal::ONE_HUNDRED - *percent) / Decimal::ONE_HUNDRED;
    to_value(discounts.iter().fold(goods, after)) + to_value(charges)
}
