//! Calls and answers as stored on effect rows and in evidence.

use contracts::erp::ledger::v1 as stored;
use erp_domain::sales_order::{Effect, Operation};
use prost::Message as _;
use runtime::Unreadable;

use super::{
    SCREEN,
    order::{order_if_any, order_to},
    reason_from, reason_to, suspense_from,
};
use crate::ports::{Answer, Verdict};

/// A call as stored: its kind, its attempt, its request.
pub(super) fn request(effect: Effect) -> (&'static str, u32, stored::CallRequest) {
    let empty = stored::CallRequest::default();
    match effect {
        Effect::Screen { attempt, order } => {
            (SCREEN, attempt, stored::CallRequest { attempt, order: Some(order_to(&order)), ..empty })
        }
        Effect::Place { attempt, order, customer, suspense } => {
            let request = stored::CallRequest {
                attempt,
                order: Some(order_to(&order)),
                customer_code: customer.unwrap_or_default(),
                suspense: suspense.as_str().to_owned(),
                ..empty
            };
            (Operation::Place.as_str(), attempt, request)
        }
        Effect::Release { attempt, number } => {
            (Operation::Release.as_str(), attempt, stored::CallRequest { attempt, sales_order: number, ..empty })
        }
        Effect::Cancel { attempt, number } => {
            (Operation::Cancel.as_str(), attempt, stored::CallRequest { attempt, sales_order: number, ..empty })
        }
    }
}

/// A stored call. The inverse of what [`SalesOrders::wish`] stores.
///
/// # Errors
/// When the bytes are no such call.
pub fn effect(kind: &str, request: &[u8]) -> Result<Effect, Unreadable> {
    let unreadable = |why: String| Unreadable(format!("call `{kind}`: {why}"));
    let it = stored::CallRequest::decode(request).map_err(|error| unreadable(error.to_string()))?;
    let attempt = it.attempt;
    let order = order_if_any(it.order).map_err(unreadable)?.ok_or_else(|| unreadable("without an order".to_owned()));
    match (kind, Operation::parse(kind)) {
        (SCREEN, _) => Ok(Effect::Screen { attempt, order: order? }),
        (_, Some(Operation::Place)) => {
            let customer = Some(it.customer_code).filter(|code| !code.is_empty());
            Ok(Effect::Place {
                attempt,
                order: order?,
                customer,
                suspense: suspense_from(&it.suspense).map_err(unreadable)?,
            })
        }
        (_, Some(Operation::Release)) => Ok(Effect::Release { attempt, number: it.sales_order }),
        (_, Some(Operation::Cancel)) => Ok(Effect::Cancel { attempt, number: it.sales_order }),
        (_, None) => Err(unreadable("no such call".to_owned())),
    }
}

/// An answer as kept in evidence.
pub fn answer_to(answer: &Answer) -> Vec<u8> {
    let operator = answer.operator.clone();
    let stored = match &answer.verdict {
        Verdict::Yes { sales_order, customer, warnings } => stored::CallAnswer {
            operator,
            sales_order: sales_order.clone(),
            customer_code: customer.clone(),
            refused: None,
            warnings: warnings.iter().map(reason_to).collect(),
        },
        Verdict::No(reason) => {
            stored::CallAnswer { operator, refused: Some(reason_to(reason)), ..stored::CallAnswer::default() }
        }
    };
    stored.encode_to_vec()
}

/// An answer from evidence.
///
/// # Errors
/// When the bytes are none.
pub fn answer_from(bytes: &[u8]) -> Result<Answer, Unreadable> {
    let it = stored::CallAnswer::decode(bytes).map_err(|error| Unreadable(format!("answer: {error}")))?;
    let verdict = match it.refused {
        Some(reason) => Verdict::No(reason_from(reason)),
        None => Verdict::Yes {
            sales_order: it.sales_order,
            customer: it.customer_code,
            warnings: it.warnings.into_iter().map(reason_from).collect(),
        },
    };
    Ok(Answer { operator: it.operator, verdict })
}
