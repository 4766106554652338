//! Adds an order: every rule is checked and every objection told before anything is written.
//!
//! Order of checks: parameters, customer, hold, credit, purchase order number, dates, then each line (stock, unit,
//! warehouse, price, tax), then allocation. The credit check needs the net total and so looks at the priced lines first.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{
    Allocation, Change, Line, LineKind, NewLine, NewLineKind, NewOrder, NewStockLine, Order, Status, StockLine, price,
};
use crate::erp::{
    problem::{Problem, Refused, Rule, Warning, WarningMode},
    store::Store,
    values::{self, order_raw},
};

/// Order values are below this.
const NET_TOTAL_END: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// What became of an order that was not refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Placed {
    /// Its number; none when it was only validated.
    pub(crate) number: Option<u64>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) back_order_comment: String,
}

/// Adds an order, or validates it only.
pub(crate) fn add(store: &mut Store, new: &NewOrder, operator: &str, now: DateTime<Utc>) -> Result<Placed, Refused> {
    let (mut problems, mut of_lines) = (Vec::new(), Vec::new());
    let status = status_of(new, &mut problems);
    let mut lines = planned(store, new, &mut of_lines);
    let net_total = price::total(lines.iter().map(|line| &line.kind), &new.discounts);
    check_header(store, new, net_total, Store::today(now), &mut problems);
    problems.append(&mut of_lines);

    let warnings = allocate(store, new, &mut lines, &mut problems);
    if problems.is_empty() && new.warnings == WarningMode::Reject && store.company.back_order_is_a_warning {
        problems.extend(warnings.iter().map(rejected));
    }
    let (true, Some(status)) = (problems.is_empty(), status) else {
        return Err(Refused { problems, warnings: Vec::new() });
    };
    let told = if new.warnings == WarningMode::Ignore { Vec::new() } else { warnings.clone() };
    if new.validate_only {
        return Ok(Placed { number: None, warnings: told, back_order_comment: String::new() });
    }
    let number = write(store, new, Priced { status, lines, net_total }, operator, now);
    let back_order_comment = match warnings.is_empty() {
        true => String::new(),
        false => format!("One or more lines have been placed on back order for order '{}'", order_raw(number)),
    };
    Ok(Placed { number: Some(number), warnings: told, back_order_comment })
}

struct Priced {
    status: Status,
    lines: Vec<Line>,
    net_total: Decimal,
}

fn status_of(new: &NewOrder, problems: &mut Vec<Problem>) -> Option<Status> {
    let status = match new.status.as_str() {
        "" | "1" => Some(Status::Open),
        "4" => Some(Status::InWarehouse),
        "8" => Some(Status::ReadyToInvoice),
        "S" => Some(Status::Suspense),
        _ => None,
    };
    if status.is_none() {
        let message = format!("Order status '{}' is invalid", new.status);
        problems.push(Problem::new(Rule::Other, "OrderStatus", &new.status, message));
    }
    if let Some(number) = &new.manual_number {
        let message = "Manual sales order numbers are not allowed";
        problems.push(Problem::new(Rule::Other, "SalesOrder", number, message));
    }
    status
}

fn check_header(store: &Store, new: &NewOrder, net: Decimal, today: NaiveDate, problems: &mut Vec<Problem>) {
    let code = &new.customer;
    let mut object = |rule, element, value: &str, message| problems.push(Problem::new(rule, element, value, message));
    match store.customers.get(code) {
        None => object(Rule::CustomerNotFound, "Customer", code, format!("Customer '{code}' not found")),
        Some(customer) => {
            if customer.on_hold {
                object(Rule::CustomerOnHold, "Customer", code, format!("Customer '{code}' is on hold"));
            }
            if customer.fails_credit(net) {
                object(Rule::CreditLimit, "OrderHeader", code, format!("Customer '{code}' failed the credit check"));
            }
            if let Some(currency) = new.currency.as_ref().filter(|currency| **currency != customer.currency) {
                let message = format!("Currency '{currency}' is not the currency of customer '{code}'");
                object(Rule::Other, "Currency", currency, message);
            }
        }
    }
    let po = &new.customer_po;
    if po.is_empty() {
        let message = "Customer purchase order number must be supplied".to_owned();
        object(Rule::Other, "CustomerPoNumber", po, message);
    } else if let Some(other) = duplicate(store, new) {
        let message = format!(
            "Customer purchase order number '{po}' already exists on sales order '{}'",
            values::order_presented(other)
        );
        object(Rule::DuplicatePo, "CustomerPoNumber", po, message);
    }
    if net.abs() >= NET_TOTAL_END {
        object(Rule::Other, "OrderHeader", &net.to_string(), "Order value is too large".to_owned());
    }
    // A ship date in the past is accepted, as the facade always asks for that; an order from the future is not.
    if let Some(date) = new.order_date.filter(|date| *date > today + chrono::Days::new(1)) {
        object(Rule::Other, "OrderDate", &date.to_string(), "Order date is in the future".to_owned());
    }
}

fn duplicate(store: &Store, new: &NewOrder) -> Option<u64> {
    if new.allows_duplicate_po || !store.orders.looks_for_doubles {
        return None;
    }
    let keeps = store.company.cancelled_orders_keep_their_po;
    store
        .orders
        .of_po(&new.customer, &new.customer_po)
        .find(|order| keeps || order.status != Status::Cancelled)
        .map(|order| order.number)
}

fn planned(store: &Store, new: &NewOrder, problems: &mut Vec<Problem>) -> Vec<Line> {
    let mut wished: Vec<&NewLine> = new.lines.iter().collect();
    wished.sort_by_key(|line| line.number);
    let mut lines = Vec::with_capacity(wished.len());
    for (line, number) in wished.into_iter().zip(1..) {
        let kind = match &line.kind {
            NewLineKind::Charge { is_freight, value, description } => {
                LineKind::Charge { is_freight: *is_freight, value: *value, description: description.clone() }
            }
            NewLineKind::Comment(text) => LineKind::Comment(text.clone()),
            NewLineKind::Stock(stock) => match stock_line(store, new, stock) {
                Ok(planned) => LineKind::Stock(planned),
                Err(found) => {
                    problems.extend(found.into_iter().map(|problem| problem.on_line(line.number)));
                    continue;
                }
            },
        };
        lines.push(Line { number, po_line: line.number, kind });
    }
    lines
}

fn stock_line(store: &Store, new: &NewOrder, line: &NewStockLine) -> Result<StockLine, Vec<Problem>> {
    let code = &line.stock_code;
    let Some(item) = store.stock.get(code) else {
        return Err(vec![Problem::new(
            Rule::StockNotFound,
            "StockCode",
            code,
            format!("Stock code '{code}' not found"),
        )]);
    };
    let mut problems = Vec::new();
    let mut object = |rule, element, value: &str, message| problems.push(Problem::new(rule, element, value, message));
    if item.on_hold {
        object(Rule::StockOnHold, "StockCode", code, format!("Stock code '{code}' is on hold"));
    }
    if let Some(uom) = line.uom.as_ref().filter(|uom| !uom.eq_ignore_ascii_case(&item.uom)) {
        object(Rule::Other, "OrderUom", uom, format!("Unit of measure '{uom}' is not valid for stock code '{code}'"));
    }
    if line.quantity <= Decimal::ZERO {
        object(
            Rule::Other,
            "OrderQty",
            &line.quantity.to_string(),
            "Order quantity must be greater than zero".to_owned(),
        );
    }
    let warehouse = warehouse_of(store, new, line, &item.warehouse);
    if !item.balances.contains_key(&warehouse) {
        let message = format!("Stock code '{code}' not stocked in warehouse '{warehouse}'");
        object(Rule::WarehouseInvalid, "Warehouse", &warehouse, message);
    }
    let tax_code = match &line.tax_code {
        Some(tax_code) if store.company.tax_code_override => {
            if !store.company.tax_codes.contains(tax_code) {
                object(Rule::TaxCodeInvalid, "StockTaxCode", tax_code, format!("Tax code '{tax_code}' not found"));
            }
            tax_code.clone()
        }
        _ => item.tax_code.clone(),
    };
    let price = line.price.unwrap_or(item.list_price);
    if price.is_zero() && !store.company.zero_price_allowed {
        object(Rule::ZeroPrice, "Price", "0", "Price may not be zero".to_owned());
    }
    if price.is_sign_negative() && !price.is_zero() {
        object(Rule::Other, "Price", &price.to_string(), "Price may not be negative".to_owned());
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(StockLine {
        stock_code: item.code.clone(),
        description: item.description.clone(),
        warehouse,
        quantity: line.quantity,
        uom: item.uom.clone(),
        price,
        discount: line.discount,
        tax_code,
        ship_date: line.ship_date,
        value: price::line_value(line.quantity, price, line.discount),
        allocated: Decimal::ZERO,
        back_order: Decimal::ZERO,
    })
}

/// The line's own, else the header's, else the customer's, else the item's.
fn warehouse_of(store: &Store, new: &NewOrder, line: &NewStockLine, of_item: &str) -> String {
    let of_customer =
        || store.customers.get(&new.customer).map(|customer| &customer.sales_warehouse).filter(|code| !code.is_empty());
    let chosen = line.warehouse.as_ref().or(new.warehouse.as_ref()).or_else(of_customer);
    values::norm(chosen.map_or(of_item, String::as_str))
}

fn allocate(store: &Store, new: &NewOrder, lines: &mut [Line], problems: &mut Vec<Problem>) -> Vec<Warning> {
    let mut left: BTreeMap<(String, String), Decimal> = BTreeMap::new();
    let mut warnings = Vec::new();
    for line in lines {
        let LineKind::Stock(stock) = &mut line.kind else { continue };
        let key = (stock.stock_code.clone(), stock.warehouse.clone());
        let available = left.entry(key).or_insert_with(|| {
            let balance = store.stock.get(&stock.stock_code).and_then(|item| item.balances.get(&stock.warehouse));
            balance.map_or(Decimal::ZERO, |balance| balance.available()).max(Decimal::ZERO)
        });
        stock.allocated = match new.allocation {
            Allocation::FullOrBackOrder if *available >= stock.quantity => stock.quantity,
            Allocation::WhatThereIs => stock.quantity.min(*available),
            Allocation::FullOrBackOrder | Allocation::BackOrder => Decimal::ZERO,
        };
        *available -= stock.allocated;
        stock.back_order = stock.quantity - stock.allocated;
        if stock.back_order.is_zero() {
            continue;
        }
        if store.company.back_orders_allowed {
            warnings.push(Warning {
                number: None,
                message: format!(
                    "Line {:04} for stock code '{}' was placed on back order",
                    line.po_line, stock.stock_code
                ),
                element: "StockLine",
                line: Some(line.po_line),
            });
        } else {
            let message =
                format!("Stock code '{}' has only {} available in '{}'", stock.stock_code, *available, stock.warehouse);
            problems.push(
                Problem::new(Rule::InsufficientStock, "OrderQty", stock.quantity.to_string(), message)
                    .on_line(line.po_line),
            );
        }
    }
    warnings
}

fn rejected(warning: &Warning) -> Problem {
    Problem { line: warning.line, ..Problem::new(Rule::WarningRejected, warning.element, "", &warning.message) }
}

fn write(store: &mut Store, new: &NewOrder, priced: Priced, operator: &str, now: DateTime<Utc>) -> u64 {
    let number = store.orders.take_number();
    for line in &priced.lines {
        let LineKind::Stock(stock) = &line.kind else { continue };
        if let Some(balance) = store.stock.balance_mut(&stock.stock_code, &stock.warehouse) {
            balance.allocated += stock.allocated;
            balance.back_order += stock.back_order;
        }
    }
    let today = Store::today(now);
    let order_date = new.order_date.unwrap_or(today);
    let mut order = Order {
        number,
        customer: values::norm(&new.customer),
        customer_name: String::new(),
        customer_po: new.customer_po.clone(),
        order_date,
        ship_date: new.requested_ship_date.unwrap_or(order_date),
        currency: store.company.currency.clone(),
        status: priced.status,
        ship_to: new.ship_to.clone(),
        email: new.email.clone(),
        shipping_instrs: new.shipping_instrs.clone(),
        special_instrs: new.special_instrs.clone(),
        lines: priced.lines,
        net_total: priced.net_total,
        history: vec![Change { at: now, operator: operator.to_owned(), to: priced.status }],
    };
    if let Some(customer) = store.customers.get_mut(&new.customer) {
        customer.outstanding_orders += order.net_total;
        customer.last_sale = Some(order_date);
        order.customer_name.clone_from(&customer.name);
        order.currency.clone_from(&customer.currency);
    }
    store.orders.insert(order);
    number
}
