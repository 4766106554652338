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
    Refund(usize),
    Void(usize),
}

/// Where a request's trace is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) payment_id: String,
    pub(super) part: Part,
}

/// A caller's own id of a request: when it was used, and what the request made.
struct Noted {
    at: DateTime<Utc>,
    made: Option<String>,
}

#[derive(Default)]
pub(super) struct State {
    payments: BTreeMap<String, Payment>,
    entries: BTreeMap<String, Entry>,
    ids_by_reference: BTreeMap<String, Vec<String>>,
    transaction_ids: BTreeMap<(String, String), Noted>,
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

    pub(super) fn payments_mut(&mut self) -> impl Iterator<Item = &mut Payment> {
        self.payments.values_mut()
    }

    /// The same, to change. Never change ids, references or times through it.
    pub(super) fn payment_mut(&mut self, id: &str) -> Option<&mut Payment> {
        self.payments.get_mut(id)
    }

    pub(super) fn add(&mut self, payment: Payment) {
        let record = &payment.record;
        let (merchant, id) = (record.merchant_id.clone(), record.id.clone());
        self.index(&record.reference, &id, Entry { payment_id: id.clone(), part: Part::Payment });
        self.name(&merchant, record.transaction_id.as_deref(), &id);
        self.payments.insert(id, payment);
    }

    /// Adds what followed on a payment to the list that `part` names; its index is not looked at.
    pub(super) fn add_follow_on(&mut self, payment_id: &str, part: Part, follow_on: FollowOn) {
        let Some(payment) = self.payments.get_mut(payment_id) else { return };
        let Some((list, part)) = payment.list_mut(part) else { return };
        list.push(follow_on.clone());
        let merchant = payment.record.merchant_id.clone();
        self.index(&follow_on.reference, &follow_on.id, Entry { payment_id: payment_id.to_owned(), part });
        if !follow_on.is_by_transaction_id {
            self.name(&merchant, follow_on.transaction_id.as_deref(), &follow_on.id);
        }
    }

    fn name(&mut self, merchant: &str, transaction_id: Option<&str>, made: &str) {
        let Some(transaction_id) = transaction_id else { return };
        if let Some(noted) = self.transaction_ids.get_mut(&(merchant.to_owned(), transaction_id.to_owned())) {
            noted.made = Some(made.to_owned());
        }
    }

    /// What the request with this id of the caller's made.
    pub(super) fn by_transaction_id(&self, merchant: &str, transaction_id: &str) -> Option<(&Payment, Part)> {
        let noted = self.transaction_ids.get(&(merchant.to_owned(), transaction_id.to_owned()))?;
        self.entry(noted.made.as_deref()?)
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
        let is_new = self.transaction_ids.get(&key).is_none_or(|noted| now - noted.at >= FOLLOW_ON_LIFE);
        if is_new {
            self.transaction_ids.insert(key, Noted { at: now, made: None });
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
            Part::Refund(index) => self.record.refunds.get(index),
            Part::Void(index) => self.record.voids.get(index),
        }
    }

    pub(super) fn follow_on_mut(&mut self, part: Part) -> Option<&mut FollowOn> {
        match part {
            Part::Payment => None,
            Part::Capture(index) => self.record.captures.get_mut(index),
            Part::Reversal(index) => self.record.reversals.get_mut(index),
            Part::Refund(index) => self.record.refunds.get_mut(index),
            Part::Void(index) => self.record.voids.get_mut(index),
        }
    }

    /// The list that this part belongs to, and the part that comes next in it.
    fn list_mut(&mut self, part: Part) -> Option<(&mut Vec<FollowOn>, Part)> {
        let record = &mut self.record;
        let (list, next): (_, fn(usize) -> Part) = match part {
            Part::Payment => return None,
            Part::Capture(_) => (&mut record.captures, Part::Capture),
            Part::Reversal(_) => (&mut record.reversals, Part::Reversal),
            Part::Refund(_) => (&mut record.refunds, Part::Refund),
            Part::Void(_) => (&mut record.voids, Part::Void),
        };
        let part = next(list.len());
        Some((list, part))
    }

    /// An amount of this payment's currency as the wire wants it.
    pub(super) fn number(&self, minor: i64) -> String {
        money::Amount::new(minor, self.requested.amount.currency()).number()
    }
}
