//! Moves an order from status to status, and cancels it.
//!
//! | from | to |
//! |---|---|
//! | S in suspense | 1 2 3 4 8, with a credit authority |
//! | 1 open | 2 4 8 S |
//! | 2 open back order | 1 3 S |
//! | 3 released back order | 2 4 8 S |
//! | 4 in warehouse | 1 8 S |
//! | 8 ready to invoice | 4 S |
//! | 0 in process | nothing: somebody has it open |
//! | 9 complete, \ cancelled | nothing, ever |

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Change, LineKind, Order, Status};
use crate::erp::{
    problem::{Problem, Rule},
    store::Store,
    values::order_presented,
};

/// A wish to move an order to another status.
#[derive(Debug, Clone, Default)]
pub(crate) struct StatusRequest {
    pub(crate) number: u64,
    /// Only from this status.
    pub(crate) expected: Option<String>,
    pub(crate) new_status: String,
    /// Who answers for the credit of an order that leaves suspense.
    pub(crate) credit_authority: String,
    pub(crate) validate_only: bool,
}

/// A wish to cancel an order with all its lines.
#[derive(Debug, Clone, Default)]
pub(crate) struct CancelRequest {
    pub(crate) number: u64,
    pub(crate) reason: String,
    pub(crate) validate_only: bool,
}

/// Changes the status.
pub(crate) fn change_status(
    store: &mut Store,
    request: &StatusRequest,
    operator: &str,
    now: DateTime<Utc>,
) -> Result<Status, Problem> {
    let order = open_order(store, request.number)?;
    let from = order.status;
    if let Some(expected) = request.expected.as_ref().filter(|code| *code != from.code()) {
        return Err(conflict(order, &format!("is in status '{}', not '{expected}'", from.code())));
    }
    let Some(to) = Status::from_code(&request.new_status).filter(|to| settable().contains(to)) else {
        let message = format!("New order status '{}' is invalid", request.new_status);
        return Err(Problem::new(Rule::Other, "NewOrderStatus", &request.new_status, message));
    };
    if !ways_from(from).contains(&to) {
        return Err(conflict(order, &format!("cannot go from status '{}' to '{}'", from.code(), to.code())));
    }
    if from == Status::Suspense && request.credit_authority.is_empty() {
        let message = "Credit authority must be supplied to release an order from suspense";
        return Err(Problem::new(Rule::Other, "CreditAuthority", "", message));
    }
    if request.validate_only {
        return Ok(from);
    }
    order.status = to;
    order.history.push(Change { at: now, operator: operator.to_owned(), to });
    Ok(to)
}

/// Cancels every line and gives back what was allocated. Returns the lines cancelled.
pub(crate) fn cancel(
    store: &mut Store,
    request: &CancelRequest,
    operator: &str,
    now: DateTime<Utc>,
) -> Result<Vec<u32>, Problem> {
    let reason_required = store.company.cancel_reason_required;
    let order = open_order(store, request.number)?;
    if reason_required && request.reason.is_empty() {
        return Err(Problem::new(Rule::Other, "CancelReasonCode", "", "Reason code must be supplied"));
    }
    let cancelled: Vec<u32> = order.lines.iter().map(|line| line.number).collect();
    if request.validate_only {
        return Ok(cancelled);
    }
    order.status = Status::Cancelled;
    order.history.push(Change { at: now, operator: operator.to_owned(), to: Status::Cancelled });
    let (customer, net_total) = (order.customer.clone(), order.net_total);
    let mut given_back = Vec::new();
    for line in &mut order.lines {
        let LineKind::Stock(stock) = &mut line.kind else { continue };
        given_back.push((stock.stock_code.clone(), stock.warehouse.clone(), stock.allocated, stock.back_order));
        (stock.allocated, stock.back_order) = (Decimal::ZERO, Decimal::ZERO);
    }
    for (stock_code, warehouse, allocated, back_order) in given_back {
        if let Some(balance) = store.stock.balance_mut(&stock_code, &warehouse) {
            balance.allocated -= allocated;
            balance.back_order -= back_order;
        }
    }
    if let Some(customer) = store.customers.get_mut(&customer) {
        customer.outstanding_orders -= net_total;
    }
    Ok(cancelled)
}

/// The order, unless it is unknown, open in an editor or at its end.
fn open_order(store: &mut Store, number: u64) -> Result<&mut Order, Problem> {
    let shown = order_presented(number);
    let Some(order) = store.orders.get_mut(number) else {
        let message = format!("Sales order '{shown}' not found");
        return Err(Problem::new(Rule::OrderNotFound, "SalesOrder", shown, message));
    };
    match order.status {
        Status::InProcess => {
            let message = format!("Sales order '{shown}' is in process");
            Err(Problem::new(Rule::OrderLocked, "SalesOrder", shown, message))
        }
        Status::Complete => Err(conflict(order, "is complete")),
        Status::Cancelled => Err(conflict(order, "is cancelled")),
        _ => Ok(order),
    }
}

fn conflict(order: &Order, what: &str) -> Problem {
    let shown = order_presented(order.number);
    let message = format!("Sales order '{shown}' {what}");
    Problem::new(Rule::StatusConflict, "SalesOrder", shown, message)
}

/// What a caller may ask for.
fn settable() -> [Status; 6] {
    use Status::{InWarehouse, Open, OpenBackOrder, ReadyToInvoice, ReleasedBackOrder, Suspense};
    [Open, OpenBackOrder, ReleasedBackOrder, InWarehouse, ReadyToInvoice, Suspense]
}

fn ways_from(status: Status) -> &'static [Status] {
    use Status::{InWarehouse, Open, OpenBackOrder, ReadyToInvoice, ReleasedBackOrder, Suspense};
    match status {
        Suspense => &[Open, OpenBackOrder, ReleasedBackOrder, InWarehouse, ReadyToInvoice],
        Open => &[OpenBackOrder, InWarehouse, ReadyToInvoice, Suspense],
        OpenBackOrder => &[Open, ReleasedBackOrder, Suspense],
        ReleasedBackOrder => &[OpenBackOrder, InWarehouse, ReadyToInvoice, Suspense],
        InWarehouse => &[Open, ReadyToInvoice, Suspense],
        ReadyToInvoice => &[InWarehouse, Suspense],
        Status::Forward => &[Open],
        Status::InProcess | Status::Complete | Status::Cancelled => &[],
    }
}
