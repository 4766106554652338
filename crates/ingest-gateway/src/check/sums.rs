//! Whether an order adds up, exactly, on its price basis.
//!
//! Net basis: lines + shipping + fees + tax = total. Gross basis: lines + shipping + fees = total, the tax contained.
//! Each line: quantity × unit price − discount within one minor unit of its total.

use ingest_domain::order::{Charge, Order};
use money::Amount;
use rust_decimal::Decimal;

use crate::canonical::Errors;

/// Complains about every sum that does not come out. `has_taxes` says whether any line named its tax.
pub(super) fn check(order: &Order, has_taxes: bool, errors: &mut Errors) {
    for (index, line) in order.lines.iter().enumerate() {
        let expected = line
            .quantity
            .parse::<Decimal>()
            .ok()
            .zip(line.unit_price.parse::<Decimal>().ok())
            .and_then(|(quantity, price)| quantity.checked_mul(price))
            .and_then(|product| product.checked_sub(line.discount.to_decimal()));
        let unit = Amount::new(1, order.total.currency()).to_decimal();
        let is_right = expected.is_some_and(|expected| (expected - line.total.to_decimal()).abs() <= unit);
        if !is_right {
            let shown = expected.map_or_else(|| "too large a number".to_owned(), |e| e.normalize().to_string());
            let text = format!(
                "{} × {} − {} is {shown}, not {}",
                line.quantity,
                line.unit_price,
                line.discount.number(),
                line.total.number()
            );
            errors.add(format!("lines[{index}].total"), text);
        }
    }
    whole(order, errors);
    taxes(order, has_taxes, errors);
}

fn sum(amounts: impl Iterator<Item = Amount>) -> i128 {
    amounts.map(|amount| i128::from(amount.minor())).sum()
}

fn charges(order: &Order, part: impl Fn(&Charge) -> Amount) -> (i128, i128) {
    (sum(order.shipping.iter().map(&part)), sum(order.fees.iter().map(&part)))
}

fn whole(order: &Order, errors: &mut Errors) {
    let lines = sum(order.lines.iter().map(|line| line.total));
    let (shipping, fees) = charges(order, |charge| charge.amount);
    let beside = if order.prices_include_tax { 0 } else { i128::from(order.tax.minor()) };
    let sum = lines + shipping + fees + beside;
    let total = i128::from(order.total.minor());
    if sum == total {
        return;
    }
    let show = |minor: i128| number(order, minor);
    let tax = if order.prices_include_tax { "tax contained".to_owned() } else { format!("tax {}", show(beside)) };
    let text = format!(
        "lines {} + shipping {} + fees {} + {tax} = {}, which is {} {} than {}",
        show(lines),
        show(shipping),
        show(fees),
        show(sum),
        show((sum - total).abs()),
        if sum > total { "more" } else { "less" },
        show(total),
    );
    errors.add("total", text);
}

/// On the gross basis the taxes of the rows must be there, since the net price is what SYSPRO wants. On the net basis they
/// may be left out altogether, but not wrong.
fn taxes(order: &Order, has_taxes: bool, errors: &mut Errors) {
    if order.tax.minor() < 0 {
        errors.add("tax", "must not be negative");
    }
    if !has_taxes && !order.prices_include_tax {
        return;
    }
    let (shipping, fees) = charges(order, |charge| charge.tax);
    let sum = sum(order.lines.iter().map(|line| line.tax)) + shipping + fees;
    if sum != i128::from(order.tax.minor()) {
        let text =
            format!("the taxes of lines, shipping and fees are {}, not {}", number(order, sum), order.tax.number());
        errors.add("tax", text);
    }
    for (index, line) in order.lines.iter().enumerate() {
        if order.prices_include_tax && line.tax.minor() > line.total.minor() {
            errors.add(format!("lines[{index}].tax"), "is more than the line's total, which should contain it");
        }
    }
}

fn number(order: &Order, minor: i128) -> String {
    i64::try_from(minor)
        .map_or_else(|_| "too large".to_owned(), |minor| Amount::new(minor, order.total.currency()).number())
}
