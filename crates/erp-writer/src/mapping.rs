//! Canonical order → SYSPRO sales order. Pure, and the only place that knows both; documents will replace it.
//!
//! SYSPRO wants prices net of tax and multiplies them itself. A unit price has five decimals, so quantity times price may
//! miss the line by a fraction; what is missed over the whole order becomes one charge named "Rounding", and the net
//! total is exact to the cent. Texts are cut here and nowhere else.

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use contracts::r#type::v1::{Address as Home, Personal};
use erp_domain::{
    order::{Charge, Line, Order},
    sales_order::Suspense,
};
use money::Amount;
use rust_decimal::{Decimal, RoundingStrategy};
use syspro::{Address, FreightLine, MiscCharge, NewSalesOrder, OrderStatus, StockLine, widths};
use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use crate::config::Freight;

/// The name of the charge that takes what rounding left over.
pub const ROUNDING: &str = "Rounding";

/// What the mapping must know of a pair.
#[derive(Debug, Clone)]
pub struct Site {
    /// SYSPRO's dates are dates here.
    pub time_zone: Tz,
    /// The warehouse that web orders are served from.
    pub warehouse: String,
    /// How shipping is booked.
    pub freight: Freight,
}

/// Why an order cannot be written in SYSPRO.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A key must not be cut: it would name something else.
    #[error("{field} `{value}` is longer than the {width} characters that SYSPRO holds")]
    TooLong {
        /// Which.
        field: &'static str,
        /// Its value, cut.
        value: String,
        /// The width.
        width: usize,
    },
    /// A quantity that SYSPRO does not hold.
    #[error("quantity `{quantity}` of {sku} must be a number above zero with at most 12 digits and 6 decimals")]
    Quantity {
        /// The item.
        sku: String,
        /// As it came.
        quantity: String,
    },
    /// A line that costs less than nothing.
    #[error("the line of {sku} costs less than nothing net of tax")]
    Negative {
        /// The item.
        sku: String,
    },
    /// An amount that SYSPRO does not hold.
    #[error("{0} does not fit into SYSPRO's two decimals and twelve digits")]
    Value(Amount),
    /// Lines, shipping and fees do not make the total less tax.
    #[error("lines, shipping and fees make {parts} net of tax, but the total less tax is {whole}")]
    Sums {
        /// What they make.
        parts: Decimal,
        /// What they should make.
        whole: Decimal,
    },
    /// An instant that is no date.
    #[error("{0} is no instant")]
    Instant(i64),
    /// More lines than SYSPRO holds.
    #[error("an order has at most {} lines, charges included", widths::LINES_MAX)]
    Lines,
}

/// The sales order, in suspense, for this customer.
///
/// # Errors
/// When SYSPRO could not hold it, or when it would not hold the money that was paid.
pub fn sales_order(
    order: &Order,
    person: &Personal,
    customer: &str,
    suspense: Suspense,
    site: &Site,
) -> Result<NewSalesOrder, Problem> {
    let net_total = net_total(order)?;
    let mut document = NewSalesOrder {
        customer_po: whole("the customer purchase order number", &order.customer_po, widths::CUSTOMER_PO)?,
        customer: whole("the customer code", customer, widths::CUSTOMER)?,
        order_date: local_date(order.placed_at_ms, site.time_zone)?,
        warehouse: Some(whole("the warehouse", &site.warehouse, widths::WAREHOUSE)?),
        currency: Some(order.total.currency().code().to_owned()),
        ship_to_address: ship_to(person),
        email: Some(person.email.trim().to_owned())
            .filter(|email| (1..=widths::ORDER_EMAIL).contains(&email.chars().count())),
        special_instrs: Some(cut(suspense_words(suspense), widths::INSTRUCTIONS)),
        order_status: Some(OrderStatus::Suspense),
        order_total: Some(net_total),
        ..NewSalesOrder::default()
    };
    let mut number = 0_u32;
    let mut next = || {
        number += 1;
        number
    };
    let (mut parts, mut sent) = (Decimal::ZERO, Decimal::ZERO);
    for line in &order.lines {
        let (stock, value) = stock_line(order, line, next())?;
        parts += value;
        sent += to_value(stock.quantity * stock.unit_price.unwrap_or_default());
        document.line_items.push(stock);
    }
    for (charge, is_shipping) in
        order.shipping.iter().map(|it| (it, true)).chain(order.fees.iter().map(|it| (it, false)))
    {
        let value = net_of_charge(order, charge)?;
        parts += value;
        sent += value;
        if value.is_zero() {
            continue;
        }
        if is_shipping && site.freight == Freight::FreightLine {
            document.freight.push(FreightLine { line_number: next(), value });
        } else {
            let name = if charge.name.trim().is_empty() { "Charge" } else { &charge.name };
            document.misc_charges.push(MiscCharge {
                line_number: next(),
                value,
                description: cut(name, widths::COMMENT),
            });
        }
    }
    check_sums(order, parts, net_total)?;
    let residual = net_total - sent;
    if !residual.is_zero() {
        document.misc_charges.push(MiscCharge {
            line_number: next(),
            value: residual,
            description: ROUNDING.to_owned(),
        });
    }
    if usize::try_from(number).unwrap_or(usize::MAX) > widths::LINES_MAX {
        return Err(Problem::Lines);
    }
    Ok(document)
}

/// What the order is worth net of tax.
///
/// # Errors
/// When SYSPRO could not hold it.
pub fn net_total(order: &Order) -> Result<Decimal, Problem> {
    value(minus(order.total, order.tax)?)
}

/// The date of an instant where the company is: an order of half past midnight belongs to the new day there.
fn local_date(at_ms: i64, time_zone: Tz) -> Result<NaiveDate, Problem> {
    let at = DateTime::from_timestamp_millis(at_ms).ok_or(Problem::Instant(at_ms))?;
    Ok(at.with_timezone(&time_zone).date_naive())
}

fn suspense_words(suspense: Suspense) -> &'static str {
    match suspense {
        Suspense::AwaitingPayment => "awaiting payment",
        Suspense::UnderReview => "under review",
    }
}

fn stock_line(order: &Order, line: &Line, line_number: u32) -> Result<(StockLine, Decimal), Problem> {
    let no_quantity =
        || Problem::Quantity { sku: line.sku.clone(), quantity: line.quantity.chars().take(40).collect() };
    let quantity = quantity(&line.quantity).ok_or_else(no_quantity)?;
    if quantity <= Decimal::ZERO || !widths::QUANTITY.holds(quantity) {
        return Err(no_quantity());
    }
    let net = value(if order.prices_include_tax { minus(line.total, line.tax)? } else { line.total })?;
    if net < Decimal::ZERO {
        return Err(Problem::Negative { sku: line.sku.clone() });
    }
    let unit_price =
        net.checked_div(quantity).map(|exact| round(exact, widths::PRICE.scale)).ok_or_else(no_quantity)?;
    if !widths::PRICE.holds(unit_price) || unit_price.checked_mul(quantity).is_none() {
        return Err(Problem::Value(line.total));
    }
    let stock_code = whole("the stock code", line.sku.trim(), widths::STOCK_CODE)?;
    Ok((StockLine { line_number, stock_code, quantity, unit_price: Some(unit_price), ..StockLine::default() }, net))
}

/// A plain decimal number: no exponent, no blanks.
pub(crate) fn quantity(text: &str) -> Option<Decimal> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b'-');
    if is_plain { text.parse().ok() } else { None }
}

fn net_of_charge(order: &Order, charge: &Charge) -> Result<Decimal, Problem> {
    value(if order.prices_include_tax { minus(charge.amount, charge.tax)? } else { charge.amount })
}

/// The shop's sums are checked when its order is taken; taxes of single rows may be a unit off where a shop rounds them one by
/// one. More than that is money that we cannot explain.
fn check_sums(order: &Order, parts: Decimal, whole: Decimal) -> Result<(), Problem> {
    let rows = order.lines.len() + order.fees.len() + usize::from(order.shipping.is_some());
    let unit = Decimal::new(1, order.total.currency().exponent());
    if (parts - whole).abs() > unit * Decimal::from(rows) {
        return Err(Problem::Sums { parts, whole });
    }
    Ok(())
}

fn minus(from: Amount, what: Amount) -> Result<Amount, Problem> {
    from.minus(what).map_err(|_| Problem::Value(from))
}

fn value(amount: Amount) -> Result<Decimal, Problem> {
    let exact = amount.to_decimal();
    if widths::VALUE.holds(exact) { Ok(exact) } else { Err(Problem::Value(amount)) }
}

/// As SYSPRO rounds the value of a line.
fn to_value(exact: Decimal) -> Decimal {
    round(exact, widths::VALUE.scale)
}

fn round(exact: Decimal, scale: u32) -> Decimal {
    exact.round_dp_with_strategy(scale, RoundingStrategy::MidpointAwayFromZero)
}

fn whole(field: &'static str, text: &str, width: usize) -> Result<String, Problem> {
    if text.chars().count() > width {
        return Err(Problem::TooLong { field, value: text.chars().take(width + 10).collect(), width });
    }
    Ok(text.to_owned())
}

/// Where the goods go: the ship-to address, else the bill-to; absent when neither is known, so that SYSPRO takes its own.
fn ship_to(person: &Personal) -> Option<Address> {
    let is_known = |home: &&Home| !(home.line1.trim().is_empty() && home.city.trim().is_empty());
    let home = person.ship_to.as_ref().filter(is_known).or(person.bill_to.as_ref().filter(is_known))?;
    let named = format!("{} {}", home.first_name.trim(), home.last_name.trim());
    let named = match named.trim() {
        "" => person.name.trim(),
        named => named,
    };
    let name = match (home.company.trim(), named) {
        ("", named) => named.to_owned(),
        (company, "") => company.to_owned(),
        (company, named) => format!("{company}, {named}"),
    };
    Some(Address {
        name: cut(&name, widths::NAME),
        line1: cut(&home.line1, widths::ADDRESS_LINE),
        line2: cut(&home.line2, widths::ADDRESS_LINE),
        line3: cut(&home.city, widths::ADDRESS_LINE),
        locality: String::new(),
        line4: cut(&home.region, widths::ADDRESS_LINE),
        line5: cut(&home.country, widths::ADDRESS_LINE),
        postal_code: cut(&home.postal_code, widths::POSTAL_CODE),
    })
}

/// Cuts at a width without tearing a letter from its accents.
fn cut(text: &str, width: usize) -> String {
    let letters: Vec<char> = text.trim().nfc().collect();
    let mut end = letters.len().min(width);
    while end > 0 && letters.get(end).copied().is_some_and(is_combining_mark) {
        end -= 1;
    }
    letters[..end].iter().collect::<String>().trim_end().to_owned()
}

#[cfg(test)]
mod tests;
