//! SalesOrderService: one order, a list of orders, a change of status, a cancellation.

use serde_json::{Map, Value, json};

use super::{
    Call,
    customers::address_json,
    envelope::{Answer, Code, Objection, members},
    fields::{Fields, Reader},
};
use crate::{
    erp::{
        orders::{self, CancelRequest, Line, LineKind, Order, Status, StatusRequest},
        problem::{Problem, Rule},
        values::{self, PERCENT, PRICE, QUANTITY, VALUE, order_presented, order_raw, width},
    },
    world::View,
};

/// Orders in one answer of a search, unless the caller says otherwise, and at most.
const LIMIT_DEFAULT: usize = 20;
const LIMIT_MAX: usize = 500;

#[derive(Clone, Copy)]
enum Action {
    Change,
    Cancel,
    ChangeStatus,
}

/// `POST SalesOrderService/UpdateSalesOrder`.
pub(super) fn update(call: &mut Call<'_>) -> Answer {
    const OBJECT: &str = "SORTOI";
    let body = match Reader::object(call.body) {
        Ok(body) => body,
        Err(objection) => return Answer::refused(OBJECT, objection),
    };
    let reader = Reader::default();
    let fields = reader.fields(&body);
    let number = number_of(&fields);
    let actions = [("Change", Action::Change), ("CancelOrder", Action::Cancel), ("ChangeStatus", Action::ChangeStatus)];
    match fields.choice("Action", &actions) {
        Action::ChangeStatus => change_status(call, &reader, &fields, number),
        Action::Cancel => cancel(call, &reader, &fields, number),
        Action::Change if reader.is_content() => not_built(OBJECT, "Action", "Changing lines is not supported here"),
        Action::Change => Answer::refused_for(OBJECT, reader.taken(), &[]),
    }
}

fn change_status(call: &mut Call<'_>, reader: &Reader, fields: &Fields<'_>, number: Option<u64>) -> Answer {
    const OBJECT: &str = "SORTOS";
    let request = StatusRequest {
        number: number.unwrap_or_default(),
        expected: fields.text("ExpectedStatus", 1),
        new_status: fields.required_text("NewStatus", 1),
        credit_authority: fields.text("CreditAuthority", width::CREDIT_AUTHORITY).unwrap_or_default(),
        validate_only: validate_only(fields),
    };
    if let Some(refused) = refused(OBJECT, reader) {
        return refused;
    }
    match orders::change_status(call.store, &request, call.operator, call.now) {
        Ok(status) => {
            let result =
                json!({"OrderNumber": order_presented(request.number), "OrderStatus": status.code(), "Cancelled": []});
            Answer::done(OBJECT, !request.validate_only, result, &[])
        }
        Err(problem) => Answer::by_rules(OBJECT, problem.into()),
    }
}

fn cancel(call: &mut Call<'_>, reader: &Reader, fields: &Fields<'_>, number: Option<u64>) -> Answer {
    const OBJECT: &str = "SORTOX";
    let request = CancelRequest {
        number: number.unwrap_or_default(),
        reason: fields.text("CancelReasonCode", width::REASON).unwrap_or_default(),
        validate_only: validate_only(fields),
    };
    if let Some(refused) = refused(OBJECT, reader) {
        return refused;
    }
    if fields.has("Lines") {
        return not_built(OBJECT, "Lines", "Cancelling single lines is not supported here");
    }
    match orders::cancel(call.store, &request, call.operator, call.now) {
        Ok(lines) => {
            let status = if request.validate_only { Value::Null } else { json!(Status::Cancelled.code()) };
            let result =
                json!({"OrderNumber": order_presented(request.number), "OrderStatus": status, "Cancelled": lines});
            Answer::done(OBJECT, !request.validate_only, result, &[])
        }
        Err(problem) => Answer::by_rules(OBJECT, problem.into()),
    }
}

/// `GET SalesOrderService/GetSalesOrder?OrderNumber=`.
pub(super) fn get(call: &mut Call<'_>) -> Answer {
    const OBJECT: &str = "SORQRY";
    let reader = Reader::default();
    let fields = reader.fields(call.query.members());
    let number = number_of(&fields);
    if let Some(refused) = refused(OBJECT, &reader) {
        return refused;
    }
    match number.and_then(|number| call.store.orders.get(number)).filter(|order| is_shown(call, order)) {
        Some(order) => Answer::found(whole(call, order)),
        None => {
            let value = fields.text("OrderNumber", width::SALES_ORDER).unwrap_or_default();
            let message = format!("Sales order '{value}' not found");
            Answer::refused(OBJECT, Objection::to(Code::NotFound, "OrderNumber", &value, None, message))
        }
    }
}

/// `GET SalesOrderService/FindSalesOrders`: what to ask before sending an order again.
pub(super) fn find(call: &mut Call<'_>) -> Answer {
    const OBJECT: &str = "SORQSO";
    let reader = Reader::default();
    let fields = reader.fields(call.query.members());
    let customer = fields.text("CustomerCode", width::CUSTOMER).map(|code| values::norm(&code));
    let po = fields.text("CustomerPoNumber", width::CUSTOMER_PO);
    let statuses: Option<Vec<String>> =
        fields.text("StatusList", 40).map(|list| list.split(',').map(|code| code.trim().to_owned()).collect());
    let (from, to) = (fields.date("OrderDateFrom"), fields.date("OrderDateTo"));
    let included = [
        ("IncludeCompleted", Status::Complete),
        ("IncludeCancelled", Status::Cancelled),
        ("IncludeForward", Status::Forward),
    ]
    .map(|(name, status)| (status, fields.choice(name, &[("true", true), ("false", false)])));
    let start_at = fields.text("StartAt", width::SALES_ORDER).and_then(|text| values::order_number(&text)).unwrap_or(0);
    let limit = limit_of(&fields);
    if let Some(refused) = refused(OBJECT, &reader) {
        return refused;
    }
    let wanted = |order: &&Order| {
        order.number >= start_at
            && customer.as_ref().is_none_or(|code| order.customer == *code)
            && po.as_ref().is_none_or(|po| order.customer_po.eq_ignore_ascii_case(po))
            && statuses.as_ref().is_none_or(|list| list.iter().any(|code| code == order.status.code()))
            && from.is_none_or(|date| order.order_date >= date)
            && to.is_none_or(|date| order.order_date <= date)
            && is_shown(call, order)
            && included.iter().all(|(status, is_in)| *is_in || order.status != *status)
    };
    let orders = &call.store.orders;
    let mut found: Vec<&Order> = match (&customer, &po) {
        (Some(customer), Some(po)) => orders.of_po(customer, po).filter(wanted).take(limit + 1).collect(),
        _ => orders.from(start_at).filter(wanted).take(limit + 1).collect(),
    };
    let next = (found.len() > limit).then(|| found.pop()).flatten().map(|order| order_presented(order.number));
    let rows: Vec<Value> = found.into_iter().map(|order| Value::Object(header(call, order))).collect();
    Answer::found(members([("SalesOrders", Value::Array(rows)), ("NextStartAt", json!(next))]))
}

fn limit_of(fields: &Fields<'_>) -> usize {
    let format = values::Format { whole: 3, scale: 0 };
    let wished = fields.decimal("Limit", format).and_then(|limit| usize::try_from(limit).ok());
    wished.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX)
}

fn number_of(fields: &Fields<'_>) -> Option<u64> {
    // A text that is no number is the number of no order.
    values::order_number(&fields.required_text("OrderNumber", width::SALES_ORDER))
}

fn validate_only(fields: &Fields<'_>) -> bool {
    fields.inner("Options").is_some_and(|options| options.flag("ValidateOnly"))
}

fn refused(object: &str, reader: &Reader) -> Option<Answer> {
    (!reader.is_content()).then(|| Answer::refused_for(object, reader.taken(), &[]))
}

fn not_built(object: &str, element: &'static str, message: &str) -> Answer {
    Answer::by_rules(object, Problem::new(Rule::Other, element, "", message).into())
}

/// Whether a query sees the order: it may be made to lie.
fn is_shown(call: &Call<'_>, order: &Order) -> bool {
    match call.store.view {
        View::Present | View::Stale => true,
        View::Behind(lag) => order.history.first().is_none_or(|change| change.at + lag <= call.now),
        View::Nothing => false,
    }
}

/// The status that a query sees.
fn shown_status(call: &Call<'_>, order: &Order) -> Status {
    match call.store.view {
        View::Stale => order.history.first().map_or(order.status, |change| change.to),
        View::Present | View::Behind(_) | View::Nothing => order.status,
    }
}

fn header(call: &Call<'_>, order: &Order) -> Map<String, Value> {
    let status = shown_status(call, order);
    members([
        ("OrderNumber", json!(order_presented(order.number))),
        ("OrderNumberRaw", json!(order_raw(order.number))),
        ("OrderStatus", json!(status.code())),
        ("OrderStatusDesc", json!(status.description())),
        ("DocumentType", json!("O")),
        ("CustomerCode", json!(order.customer)),
        ("CustomerName", json!(order.customer_name)),
        ("CustomerPoNumber", json!(order.customer_po)),
        ("OrderDate", json!(order.order_date)),
        ("ReqShipDate", json!(order.ship_date)),
        ("Currency", json!(order.currency)),
        ("ShippingInstrs", json!(order.shipping_instrs)),
        ("SpecialInstrs", json!(order.special_instrs)),
    ])
}

fn whole(call: &Call<'_>, order: &Order) -> Map<String, Value> {
    let sold_to = call.store.customers.get(&order.customer).map(|customer| address_json(&customer.sold_to));
    let mut body = header(call, order);
    body.extend(members([
        ("Email", json!(order.email)),
        ("LastInvoice", json!("")),
        ("DateLastInvoicePrinted", Value::Null),
        ("LastDelNote", json!("")),
        ("NumDispatches", json!(0)),
        ("ShipToAddress", address_json(&order.ship_to)),
        ("BillToAddress", json!(sold_to)),
        ("OrderTotal", json!(VALUE.print(order.net_total))),
        ("LineItems", Value::Array(order.lines.iter().map(line).collect())),
    ]));
    body
}

fn line(line: &Line) -> Value {
    match &line.kind {
        LineKind::Stock(stock) => json!({
            "LineNumber": line.number, "CustomerPoLine": line.po_line, "LineType": "Stock",
            "StockCode": stock.stock_code, "Description": stock.description, "Warehouse": stock.warehouse,
            "Quantity": QUANTITY.print(stock.quantity), "Uom": stock.uom,
            "QuantityShipped": QUANTITY.print(stock.allocated), "QuantityBackOrder": QUANTITY.print(stock.back_order),
            "QuantityDispatched": QUANTITY.print(rust_decimal::Decimal::ZERO),
            "UnitPrice": PRICE.print(stock.price), "Discount": PERCENT.print(stock.discount.percent),
            "DiscountValue": VALUE.print(stock.discount.value), "TaxCode": stock.tax_code,
            "Value": VALUE.print(stock.value), "ShipDate": stock.ship_date,
        }),
        LineKind::Charge { is_freight, value, description } => json!({
            "LineNumber": line.number, "CustomerPoLine": line.po_line,
            "LineType": if *is_freight { "Freight" } else { "Misc" },
            "Description": description, "Value": VALUE.print(*value),
        }),
        LineKind::Comment(text) => json!({
            "LineNumber": line.number, "CustomerPoLine": line.po_line, "LineType": "Comment", "Description": text,
        }),
    }
}
