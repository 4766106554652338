//! Accidents inside the ERP, as real ones have them: a session that ends, somebody else who takes the stock, a
//! customer put on hold between the look and the post. What the wire does wrong is another matter ([`crate::faults`]).

use bytes::Bytes;
use http::Request;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{orders::Status, sessions::Ended, store::Store, values};

/// What happens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mischief {
    /// The caller's session falls asleep.
    ExpireSession,
    /// The caller's operator logs on somewhere else.
    EvictSession,
    /// The service restarts: every session is gone.
    Restart,
    /// So much stock comes (or, negative, goes).
    StockShift {
        /// The item.
        stock_code: String,
        /// The warehouse.
        warehouse: String,
        /// How much is added.
        quantity: i64,
    },
    /// A customer is put on hold, or released.
    HoldCustomer {
        /// The customer.
        customer: String,
        /// On hold from now on.
        on_hold: bool,
    },
    /// An item is put on hold, or released.
    HoldStock {
        /// The item.
        stock_code: String,
        /// On hold from now on.
        on_hold: bool,
    },
    /// A person gives an order this status (`0`: has it open in an editor); not for cancelling.
    EditOrder {
        /// The order's number, in either form.
        order: String,
        /// The status code.
        status: String,
    },
}

/// When it happens: just before a call is worked on, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MischiefRule {
    /// The operation, such as `AddSalesOrder`.
    pub operation: String,
    /// Only calls that hold this text in path or body.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matching: Option<String>,
    /// The how-manyth such call, counted from 1.
    #[serde(default = "one")]
    pub nth: u32,
    /// What happens.
    pub mischief: Mischief,
}

fn one() -> u32 {
    1
}

/// Rules that have not struck yet, and what has.
#[derive(Default)]
pub(crate) struct Plan {
    waiting: Vec<MischiefRule>,
    struck: Vec<String>,
}

impl Plan {
    pub(crate) fn add(&mut self, rule: MischiefRule) {
        self.waiting.push(rule);
    }

    pub(crate) fn struck(&self) -> &[String] {
        &self.struck
    }

    /// What strikes this call.
    pub(crate) fn due(&mut self, operation: &str, request: &Request<Bytes>) -> Vec<Mischief> {
        if self.waiting.is_empty() {
            return Vec::new();
        }
        let mut due = Vec::new();
        self.waiting.retain_mut(|rule| {
            if rule.operation != operation || !rule.matching.as_deref().is_none_or(|text| holds(request, text)) {
                return true;
            }
            if rule.nth > 1 {
                rule.nth -= 1;
                return true;
            }
            due.push(rule.mischief.clone());
            false
        });
        self.struck.extend(due.iter().map(|mischief| format!("{operation}: {mischief:?}")));
        due
    }
}

fn holds(request: &Request<Bytes>, text: &str) -> bool {
    request.uri().to_string().contains(text)
        || (!text.is_empty() && request.body().windows(text.len()).any(|window| window == text.as_bytes()))
}

/// Lets it happen. `caller` is the operator whose call is struck. False when the thing it is about does not exist.
pub(crate) fn strike(store: &mut Store, mischief: &Mischief, caller: Option<&str>) -> bool {
    match mischief {
        Mischief::ExpireSession => end_session(store, caller, Ended::Expired),
        Mischief::EvictSession => end_session(store, caller, Ended::Evicted),
        Mischief::Restart => {
            store.sessions.end_all(Ended::Expired);
            true
        }
        Mischief::StockShift { stock_code, warehouse, quantity } => store
            .stock
            .balance_mut(stock_code, warehouse)
            .map(|balance| balance.on_hand += Decimal::from(*quantity))
            .is_some(),
        Mischief::HoldCustomer { customer, on_hold } => {
            store.customers.get_mut(customer).map(|customer| customer.on_hold = *on_hold).is_some()
        }
        Mischief::HoldStock { stock_code, on_hold } => {
            store.stock.get_mut(stock_code).map(|item| item.on_hold = *on_hold).is_some()
        }
        Mischief::EditOrder { order, status } => {
            let order = values::order_number(order).and_then(|number| store.orders.get_mut(number));
            let (Some(order), Some(status)) = (order, Status::from_code(status)) else { return false };
            // A cancelled order gives its stock back, which a changed letter alone would not do.
            if status == Status::Cancelled {
                return false;
            }
            order.status = status;
            true
        }
    }
}

fn end_session(store: &mut Store, caller: Option<&str>, how: Ended) -> bool {
    let Some(operator) = caller else { return false };
    store.sessions.end_operator(operator, how);
    true
}
