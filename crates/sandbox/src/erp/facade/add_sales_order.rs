//! SalesOrderService/AddSalesOrder: the longest document, read whole before the ERP sees it.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use serde_json::json;

use super::{
    Call,
    customers::address_from,
    envelope::{Answer, Code, Objection},
    fields::{Fields, Reader},
};
use crate::erp::{
    customers::Address,
    orders::{self, Allocation, Discount, NewLine, NewLineKind, NewOrder, NewStockLine},
    problem::{Warning, WarningMode},
    store::Store,
    values::{PERCENT, PRICE, QUANTITY, VALUE, order_presented, order_raw, width},
};

const OBJECT: &str = "SORTOI";
/// Lines of one order.
const LINES_MAX: usize = 9999;

/// `POST SalesOrderService/AddSalesOrder`.
pub(super) fn add(call: &mut Call<'_>) -> Answer {
    let body = match Reader::object(call.body) {
        Ok(body) => body,
        Err(objection) => return Answer::refused(OBJECT, objection),
    };
    let reader = Reader::default();
    let fields = reader.fields(&body);
    let order = order_from(&fields);
    let sells_something = order.lines.iter().any(|line| matches!(line.kind, NewLineKind::Stock(_)));
    if !sells_something && reader.is_content() {
        reader.object_to(Objection::to(Code::MissingField, "LineItems", "", None, "LineItems must be supplied"));
    }
    check_numbers(&reader, &order.lines);
    let bill_to = fields.inner("BillToAddress").map(|inner| address_from(&inner));
    let control_total = fields.decimal("OrderTotal", VALUE);
    if reader.is_content() {
        check_total(&reader, &order, control_total);
    }
    if !reader.is_content() {
        return Answer::refused_for(OBJECT, reader.taken(), &[]);
    }
    let ignored = bill_to_ignored(call.store, &order, bill_to.as_ref());
    match orders::add(call.store, &order, call.operator, call.now) {
        Err(refused) => Answer::by_rules(OBJECT, refused),
        Ok(placed) => {
            let mut warnings = placed.warnings;
            warnings.extend(ignored);
            let result = match placed.number {
                None => json!({"CustomerPoNumber": order.customer_po}),
                Some(number) => json!({
                    "OrderNumber": order_presented(number),
                    "SalesOrder": order_presented(number),
                    "SalesOrderRaw": order_raw(number),
                    "CustomerPoNumber": order.customer_po,
                    "OrderAction": "A",
                    "BackOrderComment": placed.back_order_comment,
                }),
            };
            Answer::done(OBJECT, placed.number.is_some(), result, &warnings)
        }
    }
}

fn order_from(fields: &Fields<'_>) -> NewOrder {
    let options = fields.inner("Options");
    let modes = [("Reject", WarningMode::Reject), ("Return", WarningMode::Return), ("Ignore", WarningMode::Ignore)];
    let allocations =
        [("F", Allocation::FullOrBackOrder), ("A", Allocation::WhatThereIs), ("B", Allocation::BackOrder)];
    // Accepted, checked for width, and of no consequence in this company.
    for (name, width) in [("Branch", width::BRANCH), ("Area", width::BRANCH), ("Salesperson", width::SALESPERSON)] {
        fields.text(name, width);
    }
    NewOrder {
        customer_po: fields.required_text("CustomerPoNumber", width::CUSTOMER_PO),
        manual_number: fields.text("OrderNumber", width::SALES_ORDER),
        customer: fields.required_text("CustomerCode", width::CUSTOMER),
        order_date: fields.required_date("OrderDate"),
        requested_ship_date: fields.date("RequestedShipDate"),
        warehouse: fields.text("Warehouse", width::WAREHOUSE),
        currency: fields.text("Currency", width::CURRENCY),
        ship_to: fields.inner("ShipToAddress").map(|inner| address_from(&inner)).unwrap_or_default(),
        email: fields.text("Email", width::ORDER_EMAIL).unwrap_or_default(),
        shipping_instrs: fields.text("ShippingInstrs", width::INSTRUCTIONS).unwrap_or_default(),
        special_instrs: fields.text("SpecialInstrs", width::INSTRUCTIONS).unwrap_or_default(),
        discounts: fields.decimals("OrderDiscounts", PERCENT, 3),
        status: fields.text("OrderStatus", 1).unwrap_or_default(),
        allocation: fields.choice("AllocationAction", &allocations),
        allows_duplicate_po: fields.flag("AllowDuplicatePo"),
        lines: lines_from(fields),
        warnings: options.map(|options| options.choice("WarningMode", &modes)).unwrap_or_default(),
        validate_only: options.is_some_and(|options| options.flag("ValidateOnly")),
    }
}

fn lines_from(fields: &Fields<'_>) -> Vec<NewLine> {
    let mut lines = Vec::new();
    for (list, read) in [
        ("LineItems", stock_line as fn(&Fields<'_>) -> NewLineKind),
        ("MiscCharges", |line| charge(line, false)),
        ("Freight", |line| charge(line, true)),
        ("Comments", |line| NewLineKind::Comment(line.required_text("Text", width::COMMENT))),
    ] {
        for line in fields.list(list).into_iter().take(LINES_MAX) {
            let next = u32::try_from(lines.len() + 1).unwrap_or(u32::MAX);
            let number = line.line_number("LineNumber").unwrap_or(next);
            lines.push(NewLine { number, kind: read(&line.on_line(number)) });
        }
    }
    lines
}

fn stock_line(line: &Fields<'_>) -> NewLineKind {
    let discount = Discount {
        percent: line.decimal("Discount", PERCENT).unwrap_or_default(),
        value: line.decimal("DiscountValue", VALUE).unwrap_or_default(),
        is_per_unit: line.choice("DiscountBasis", &[("V", false), ("U", true)]),
    };
    line.text("UserDefined", 4);
    NewLineKind::Stock(NewStockLine {
        stock_code: line.required_text("StockCode", width::STOCK_CODE),
        quantity: line.required_decimal("Quantity", QUANTITY),
        uom: line.text("Uom", width::UOM),
        price: line.decimal("UnitPrice", PRICE),
        discount,
        warehouse: line.text("Warehouse", width::WAREHOUSE),
        tax_code: line.text("TaxCode", width::TAX_CODE),
        ship_date: line.date("ShipDate"),
    })
}

fn charge(line: &Fields<'_>, is_freight: bool) -> NewLineKind {
    line.decimal("Cost", VALUE);
    line.text("TaxCode", width::TAX_CODE);
    line.text("ProductClass", width::PRODUCT_CLASS);
    NewLineKind::Charge {
        is_freight,
        value: line.required_decimal("Value", VALUE),
        description: line.text("Description", width::COMMENT).unwrap_or_default(),
    }
}

fn check_numbers(reader: &Reader, lines: &[NewLine]) {
    let mut seen = BTreeSet::new();
    for line in lines {
        if !seen.insert(line.number) {
            let message = format!("line number {} is used twice", line.number);
            let value = line.number.to_string();
            reader.object_to(Objection::to(Code::BadRequest, "LineNumber", &value, Some(line.number), message));
        }
        if let NewLineKind::Stock(stock) = &line.kind
            && stock.discount.percent > Decimal::ONE_HUNDRED
        {
            let value = stock.discount.percent.to_string();
            let message = "Discount is more than 100 percent";
            reader.object_to(Objection::to(Code::BadRequest, "Discount", &value, Some(line.number), message));
        }
    }
    if lines.len() > LINES_MAX {
        let message = format!("an order has at most {LINES_MAX} lines");
        reader.object_to(Objection::to(Code::BadRequest, "LineItems", "", None, message));
    }
}

/// The caller's total is a control: compared here, never given to the ERP. Without all prices there is nothing to compare.
fn check_total(reader: &Reader, order: &NewOrder, control: Option<Decimal>) {
    let (Some(control), Some(net)) = (control, orders::net_total(order)) else { return };
    if control != net {
        let message = format!("OrderTotal is {}, but the lines make {}", VALUE.print(control), VALUE.print(net));
        reader.object_to(Objection::to(Code::BadRequest, "OrderTotal", &VALUE.print(control), None, message));
    }
}

fn bill_to_ignored(store: &Store, order: &NewOrder, bill_to: Option<&Address>) -> Option<Warning> {
    let customer = store.customers.get(&order.customer)?;
    let differs = order.warnings != WarningMode::Ignore && !customer.sold_to.is_same_place(bill_to?);
    differs.then(|| Warning {
        number: Some("BILL_TO_IGNORED"),
        message: "The bill-to address differs from the customer's and was ignored".to_owned(),
        element: "BillToAddress",
        line: None,
    })
}
