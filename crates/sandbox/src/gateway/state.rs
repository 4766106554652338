//! The one ledger of amounts: every payment, what followed on it, and the index by merchant reference.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    books::{FollowOn, PaymentRecord},
    fields::Money,
};

/// Authorizations can be followed on this long.
pub(super) const FOLLOW_ON_LIFE: TimeDelta = TimeDelta::days(180);
/// How long a repeated merchant reference is blocked on accounts that block it.
const REFERENCE_BLOCK: TimeDelta = TimeDelta::minutes(15);

/// A payment with what its answers repeat.
#[derive(Debug, Clone)]
pub(super) struct Payment {
    pub(super) record: PaymentRecord,
    /// As asked for; the currency in the caller's own spelling.
    pub(super) requested: Money,
    pub(super) reconciliation_id: String,
    pub(super) network_id: String,
    pub(super) response_code: &'static str,
    pub(super) message: Option<&'static str>,
}

/// One request that made something, as a search sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Payment,
    Capture(usize),
    Reversal(usize),
}

/// Where a request's trace is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) payment_id: String,
    pub(super) part: Part,
}

#[derive(Default)]
pub(super) struct State {
    payments: BTreeMap<String, Payment>,
    entries: BTreeMap<String, Entry>,
    ids_by_reference: BTreeMap<String, Vec<String>>,
    transaction_ids: BTreeMap<(String, String), DateTime<Utc>>,
    made: u64,
}

impl State {
    /// The next request id: 22 digits, growing.
    pub(super) fn next_id(&mut self, seed: u64, now: DateTime<Utc>) -> String {
        self.made += 1;
        format!("{:010}{:03}{:09}", now.timestamp().rem_euclid(10_000_000_000), seed % 1000, self.made % 1_000_000_000)
    }

    pub(super) fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.payments.values()
    }

    /// A payment of this merchant; another merchant's is as good as none.
    pub(super) fn payment(&self, merchant: &str, id: &str) -> Option<&Payment> {
        self.payments.get(id).filter(|payment| payment.record.merchant_id == merchant)
    }

    pub(super) fn add(&mut self, payment: Payment) {
        let id = payment.record.id.clone();
        self.index(&payment.record.reference, &id, Entry { payment_id: id.clone(), part: Part::Payment });
        self.payments.insert(id, payment);
    }

    pub(super) fn add_capture(&mut self, payment_id: &str, capture: FollowOn) {
        let Some(payment) = self.payments.get_mut(payment_id) else { return };
        let part = Part::Capture(payment.record.captures.len());
        payment.record.captures.push(capture.clone());
        self.index(&capture.reference, &capture.id, Entry { payment_id: payment_id.to_owned(), part });
    }

    pub(super) fn add_reversal(&mut self, payment_id: &str, reversal: FollowOn) {
        let Some(payment) = self.payments.get_mut(payment_id) else { return };
        let part = Part::Reversal(payment.record.reversals.len());
        payment.record.reversals.push(reversal.clone());
        self.index(&reversal.reference, &reversal.id, Entry { payment_id: payment_id.to_owned(), part });
    }

    fn index(&mut self, reference: &str, id: &str, entry: Entry) {
        self.entries.insert(id.to_owned(), entry);
        self.ids_by_reference.entry(reference.to_owned()).or_default().push(id.to_owned());
    }

    /// The trace of a request by its id.
    pub(super) fn entry(&self, id: &str) -> Option<(&Payment, Part)> {
        let entry = self.entries.get(id)?;
        Some((self.payments.get(&entry.payment_id)?, entry.part))
    }

    pub(super) fn ids_by_reference(&self, reference: &str) -> &[String] {
        self.ids_by_reference.get(reference).map_or(&[], Vec::as_slice)
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// Whether this merchant used the reference within the last 15 minutes.
    pub(super) fn is_recent_reference(&self, merchant: &str, reference: &str, now: DateTime<Utc>) -> bool {
        self.ids_by_reference(reference)
            .iter()
            .filter_map(|id| self.entry(id))
            .any(|(payment, part)| payment.record.merchant_id == merchant && now - payment.at(part) < REFERENCE_BLOCK)
    }

    /// Notes a Visa Platform Connect transaction id; false when it was used within the last 180 days.
    pub(super) fn note_transaction_id(&mut self, merchant: &str, id: &str, now: DateTime<Utc>) -> bool {
        let key = (merchant.to_owned(), id.to_owned());
        let is_new = self.transaction_ids.get(&key).is_none_or(|used_at| now - *used_at >= FOLLOW_ON_LIFE);
        if is_new {
            self.transaction_ids.insert(key, now);
        }
        is_new
    }
}

impl Payment {
    /// When this part was done.
    pub(super) fn at(&self, part: Part) -> DateTime<Utc> {
        self.follow_on(part).map_or(self.record.at, |follow_on| follow_on.at)
    }

    pub(super) fn follow_on(&self, part: Part) -> Option<&FollowOn> {
        match part {
            Part::Payment => None,
            Part::Capture(index) => self.record.captures.get(index),
            Part::Reversal(index) => self.record.reversals.get(index),
        }
    }

    /// An amount of this payment's currency as the wire wants it.
    pub(super) fn number(&self, minor: i64) -> String {
        money::Amount::new(minor, self.requested.amount.currency()).number()
    }
}
