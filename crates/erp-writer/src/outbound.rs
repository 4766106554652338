//! Public events → contract messages. Frozen by golden bytes: the same event gives the same message for ever.

use contracts::erp::v1 as wire;
use erp_domain::sales_order::Event;
use ids::OrderId;
use runtime::Outgoing;

use crate::codec::reason_to;

/// The message of a public event; `None` for a private one.
pub fn message(order: OrderId, event: &Event) -> Option<Outgoing> {
    let order_id = order.to_string();
    Some(match event {
        Event::Screened { customer, warnings, .. } => Outgoing::new(&wire::OrderScreened {
            order_id,
            customer_code: customer.clone(),
            warnings: warnings.iter().map(reason_to).collect(),
        }),
        Event::ScreenFailed { reason, .. } => {
            Outgoing::new(&wire::OrderScreenFailed { order_id, reason: Some(reason_to(reason)) })
        }
        Event::Placed { number, customer, .. } => Outgoing::new(&wire::SalesOrderPlaced {
            order_id,
            sales_order: number.clone(),
            customer_code: customer.clone(),
        }),
        Event::PlaceRefused { reason, .. } => {
            Outgoing::new(&wire::SalesOrderRefused { order_id, reason: Some(reason_to(reason)) })
        }
        Event::Released { number, .. } => {
            Outgoing::new(&wire::SalesOrderReleased { order_id, sales_order: number.clone() })
        }
        Event::ReleaseRefused { number, reason, .. } => Outgoing::new(&wire::SalesOrderReleaseRefused {
            order_id,
            sales_order: number.clone(),
            reason: Some(reason_to(reason)),
        }),
        Event::Cancelled { number, .. } => {
            Outgoing::new(&wire::SalesOrderCancelled { order_id, sales_order: number.clone() })
        }
        Event::CancelRefused { number, reason, .. } => Outgoing::new(&wire::SalesOrderCancelRefused {
            order_id,
            sales_order: number.clone(),
            reason: Some(reason_to(reason)),
        }),
        Event::OutcomeUnknown { operation, reference, inquiry_due_at_ms, .. } => {
            Outgoing::new(&wire::ErpOutcomeUnknown {
                order_id,
                operation: operation.as_str().to_owned(),
                reference: reference.clone(),
                inquiry_due_at_ms: *inquiry_due_at_ms,
            })
        }
        Event::ScreenAsked { .. }
        | Event::PlaceAsked { .. }
        | Event::ReleaseAsked { .. }
        | Event::CancelAccepted { .. }
        | Event::CancelAsked { .. }
        | Event::PersonWanted { .. } => return None,
    })
}
