//! What became of a write, seen by looking: a sales order by its customer and purchase order number, a release or a
//! cancellation by the order's status. Reads only. What is seen is judged here, without SYSPRO, so that it can be tested so.

use std::collections::BTreeMap;

use contracts::r#type::v1::Personal;
use erp_domain::sales_order::Reason;
use rust_decimal::Decimal;
use syspro::{NewSalesOrder, OrderHeader, OrderStatus, SalesOrder, same_key};

use super::{SysproErp, answer, done, words};
use crate::{
    error::CallError,
    mapping,
    operators::{NoOperator, Session},
    ports::{PersonKeys, Placement, Seen, Verdict},
};

/// Lines that sell an item.
const STOCK: &str = "Stock";

impl SysproErp {
    /// As the operator that made the write, if this process can have it: that needs a lease, a lease begins with a logon, and a
    /// logon ends the session in which the write may still be under way. An operator whose lease another process keeps
    /// renewing belongs to a living one: any other may look, since nothing is proven before the write is dead anyway.
    async fn looking(&self, as_operator: Option<&str>) -> Result<Session, NoOperator> {
        match self.operators.take(as_operator, self.call_limit).await {
            Err(NoOperator::Taken(_)) => self.operators.take(None, self.call_limit).await,
            taken => taken,
        }
    }

    pub(super) async fn saw_placed(
        &self,
        keys: &dyn PersonKeys,
        placement: &Placement,
        as_operator: Option<&str>,
    ) -> Result<Seen, CallError> {
        let order = &placement.order;
        let session = self.looking(as_operator).await?;
        let customer = match &placement.customer {
            Some(code) => code.clone(),
            None => {
                let Some(person) = self.person(keys, order).await? else {
                    return Ok(Seen::Unclear(
                        "the customer cannot be looked up any more: the person was erased".to_owned(),
                    ));
                };
                match self.find_customer(&session, order, &person).await? {
                    Ok(customer) => customer.code,
                    Err(reason) => return Ok(Seen::Unclear(reason.text)),
                }
            }
        };
        // Names and addresses are not compared, so nobody's are needed.
        let expected =
            match mapping::sales_order(order, &Personal::default(), &customer, placement.suspense, &self.site) {
                Ok(expected) => expected,
                Err(problem) => return Ok(Seen::Unclear(problem.to_string())),
            };
        let found = session.syspro.find_sales_orders(&customer, &expected.customer_po).await?;
        let header = match only(&found, &expected.customer_po) {
            Only::None => return Ok(Seen::NotDone),
            Only::One(header) => header,
            Only::Many(reason) => return Ok(Seen::Differs(reason)),
        };
        let Some(standing) = session.syspro.sales_order(&header.order_number).await? else {
            return Ok(Seen::Unclear(format!("sales order {} was listed but cannot be read", header.order_number)));
        };
        Ok(match differs(&expected, &standing) {
            Some(reason) => Seen::Differs(reason),
            None => {
                let sales_order = standing.header.order_number;
                Seen::Done(answer(&session, Verdict::Yes { sales_order, customer, warnings: Vec::new() }))
            }
        })
    }

    pub(super) async fn saw_status(
        &self,
        sales_order: &str,
        as_operator: Option<&str>,
        judge: fn(&OrderStatus) -> Status,
    ) -> Result<Seen, CallError> {
        let session = self.looking(as_operator).await?;
        let Some(standing) = session.syspro.sales_order(sales_order).await? else {
            let text =
                format!("SYSPRO has no sales order {sales_order} any more; look for it there and restore or close it");
            return Ok(Seen::Differs(Reason::new("order_gone", text)));
        };
        let status = &standing.header.order_status;
        Ok(match judge(status) {
            Status::Done => Seen::Done(answer(&session, done(sales_order))),
            Status::NotDone => Seen::NotDone,
            Status::Unclear => Seen::Unclear(format!("somebody has sales order {sales_order} open in an editor")),
            Status::Differs(todo) => {
                let text = format!("sales order {sales_order} has status {status} in SYSPRO; {todo}");
                Seen::Differs(Reason::new("status_differs", text))
            }
        })
    }
}

/// What a status says of a change that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Done,
    NotDone,
    Unclear,
    /// Somebody else was there; what a person could do.
    Differs(&'static str),
}

/// Of a release: out of suspense, however far it has gone since.
pub(super) fn released(status: &OrderStatus) -> Status {
    match status {
        OrderStatus::Suspense => Status::NotDone,
        OrderStatus::Open
        | OrderStatus::OpenBackOrder
        | OrderStatus::ReleasedBackOrder
        | OrderStatus::InWarehouse
        | OrderStatus::ReadyToInvoice
        | OrderStatus::Complete => Status::Done,
        OrderStatus::InProcess => Status::Unclear,
        OrderStatus::Cancelled => {
            Status::Differs("its money is captured: enter the order again by hand, or refund it and cancel it here")
        }
        OrderStatus::Forward | OrderStatus::Other(_) => {
            Status::Differs("its money is captured: release it in SYSPRO by hand, or refund it")
        }
    }
}

/// Of a cancellation.
pub(super) fn cancelled(status: &OrderStatus) -> Status {
    match status {
        OrderStatus::Cancelled => Status::Done,
        OrderStatus::InProcess => Status::Unclear,
        OrderStatus::Complete => Status::Differs("it is invoiced and cannot be cancelled: credit it in SYSPRO"),
        OrderStatus::Suspense
        | OrderStatus::Open
        | OrderStatus::OpenBackOrder
        | OrderStatus::ReleasedBackOrder
        | OrderStatus::InWarehouse
        | OrderStatus::ReadyToInvoice
        | OrderStatus::Forward
        | OrderStatus::Other(_) => Status::NotDone,
    }
}

#[derive(Debug)]
enum Only<'a> {
    None,
    One(&'a OrderHeader),
    Many(Reason),
}

/// A purchase order number stands for one order. SYSPRO may list more than was asked for, and does not tell case apart.
fn only<'a>(found: &'a [OrderHeader], customer_po: &str) -> Only<'a> {
    let is_it = |header: &&OrderHeader| header.customer_po.trim().eq_ignore_ascii_case(customer_po.trim());
    let same: Vec<_> = found.iter().filter(is_it).collect();
    match same.as_slice() {
        [] => Only::None,
        [header] => Only::One(header),
        many => {
            let numbers: Vec<_> = many.iter().map(|header| header.order_number.as_str()).collect();
            let text = format!(
                "purchase order number {customer_po} stands on several sales orders: {}; cancel all but one in SYSPRO",
                numbers.join(", ")
            );
            Only::Many(Reason::new("several_orders", words(&text)))
        }
    }
}

/// Why a document that stands under our key is not the one we sent; `None` when it is.
fn differs(expected: &NewSalesOrder, standing: &SalesOrder) -> Option<Reason> {
    let number = &standing.header.order_number;
    let says = |code: &str, what: String| {
        let text = format!(
            "sales order {number} stands under purchase order number {}, but {what}; correct or cancel it in SYSPRO",
            expected.customer_po
        );
        Some(Reason::new(code, words(&text)))
    };
    if standing.header.order_status == OrderStatus::Cancelled {
        return says("already_cancelled", "it is cancelled there".to_owned());
    }
    if !same_key(&standing.header.customer, &expected.customer) {
        return says("customer_differs", format!("for customer {}", standing.header.customer));
    }
    let wanted = expected.order_total.unwrap_or_default();
    if standing.net_total != wanted {
        return says("total_differs", format!("its net total is {}, not {wanted}", standing.net_total));
    }
    let asked = expected.line_items.iter().map(|line| (line.stock_code.as_str(), line.quantity));
    let stands = standing
        .lines
        .iter()
        .filter(|line| line.line_type == STOCK)
        .map(|line| (line.stock_code.as_deref().unwrap_or_default(), line.quantity.unwrap_or_default()));
    if quantities(asked) != quantities(stands) {
        return says("lines_differ", "its lines are not those that were sold".to_owned());
    }
    None
}

/// How many of each item.
fn quantities<'a>(lines: impl Iterator<Item = (&'a str, Decimal)>) -> BTreeMap<String, Decimal> {
    let mut sums: BTreeMap<String, Decimal> = BTreeMap::new();
    for (stock_code, quantity) in lines {
        *sums.entry(stock_code.trim().to_ascii_uppercase()).or_default() += quantity;
    }
    sums
}

#[cfg(test)]
mod tests;
