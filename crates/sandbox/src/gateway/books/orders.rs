//! The books by order: every attempt under one stem of merchant references, and what stands in the end.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{FollowOn, GatewayBooks, LateRequest, PaymentRecord, PaymentStatus, RefusedRequest};

/// One order's money. Amounts are minor units, summed over its payments.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderMoney {
    /// What its merchant references begin with: all but the last part after a dash.
    pub order: String,
    /// Requests that made or tried to make something, refused and late ones too.
    pub attempts: u64,
    /// Authorizations that were declined.
    pub declines: u64,
    /// Authorizations and sales that held money.
    pub holds: u64,
    /// Captures, withdrawn ones too.
    pub captures: u64,
    /// Voids of captures and refunds.
    pub voids: u64,
    /// Authorization reversals.
    pub reversals: u64,
    /// Refunds, withdrawn ones too.
    pub refunds: u64,
    /// Ever held.
    pub authorized_minor: i64,
    /// Held now.
    pub held_minor: i64,
    /// Taken and not withdrawn.
    pub captured_minor: i64,
    /// Given back and not withdrawn.
    pub refunded_minor: i64,
    /// Taken, neither withdrawn nor given back.
    pub standing_minor: i64,
    /// Dropped by the issuer.
    pub expired_minor: i64,
    /// Requests that were refused.
    pub refused: Vec<RefusedRequest>,
    /// Requests that came when their signature had expired.
    pub late: Vec<LateRequest>,
}

impl GatewayBooks {
    /// The books by order. What follows counts for the order of its payment, whatever its own reference.
    pub fn orders(&self) -> Vec<OrderMoney> {
        let mut orders = BTreeMap::<&str, OrderMoney>::new();
        for payment in &self.payments {
            orders.entry(stem(&payment.reference)).or_default().add(payment);
        }
        for request in &self.refused {
            let order = orders.entry(stem(&request.reference)).or_default();
            order.attempts += 1;
            order.refused.push(request.clone());
        }
        for request in &self.late {
            let order = orders.entry(stem(&request.reference)).or_default();
            order.attempts += 1;
            order.late.push(request.clone());
        }
        orders.into_iter().map(|(stem, order)| OrderMoney { order: stem.to_owned(), ..order }).collect()
    }

    /// One order's money, by what its references begin with.
    pub fn order(&self, stem: &str) -> Option<OrderMoney> {
        self.orders().into_iter().find(|order| order.order == stem)
    }
}

impl OrderMoney {
    fn add(&mut self, payment: &PaymentRecord) {
        let count = |list: &[FollowOn]| list.len() as u64;
        let is_declined = payment.status == PaymentStatus::Declined;
        self.declines += u64::from(is_declined);
        self.holds += u64::from(!is_declined);
        // The capture of a sale came in the sale's own request.
        let own = payment.follow_ons().filter(|follow_on| follow_on.id != payment.id).count() as u64;
        self.attempts += 1 + own;
        self.captures += count(&payment.captures);
        self.voids += count(&payment.voids);
        self.reversals += count(&payment.reversals);
        self.refunds += count(&payment.refunds);
        self.authorized_minor += payment.authorized_minor;
        self.held_minor += payment.held_minor();
        self.captured_minor += payment.captured_minor();
        self.refunded_minor += payment.refunded_minor();
        self.standing_minor += payment.standing_minor();
        self.expired_minor += payment.expired_minor;
    }
}

/// `DEMO-7-A1` is an attempt of `DEMO-7`; a reference without a dash is an order of its own.
fn stem(reference: &str) -> &str {
    reference.rsplit_once('-').map_or(reference, |(stem, _)| stem)
}
