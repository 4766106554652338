//! What time alone does at the gateway: batches close, and issuers drop holds.

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};

use super::{
    books::{FollowOn, PaymentRecord},
    state::State,
};

/// When time acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Calendar {
    /// Batches close every day at this time (UTC); never by themselves without one.
    pub batch_closes_at: Option<NaiveTime>,
    /// Issuers keep a hold this long.
    pub hold_life: TimeDelta,
}

impl Default for Calendar {
    /// Midnight of the Pacific coast's winter, and a week.
    fn default() -> Self {
        Self { batch_closes_at: NaiveTime::from_hms_opt(8, 0, 0), hold_life: TimeDelta::days(7) }
    }
}

impl Calendar {
    /// The first closing after this moment.
    fn closing_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = at.date_naive().and_time(self.batch_closes_at?).and_utc();
        Some(if today > at { today } else { today + TimeDelta::days(1) })
    }

    /// Brings one payment up to date.
    pub(super) fn settle(&self, record: &mut PaymentRecord, now: DateTime<Utc>) {
        for item in record.captures.iter_mut().chain(&mut record.refunds) {
            if item.batched_at.is_none() && item.stands() {
                item.batched_at = self.closing_after(item.at).filter(|closing| *closing <= now);
            }
        }
        if record.hold_ends_at.is_some_and(|end| end <= now) {
            record.expired_minor = record.open_minor().max(0);
        }
    }
}

impl State {
    /// Hands everything that waits to the processor now.
    pub(super) fn close_batch(&mut self, now: DateTime<Utc>) -> usize {
        let mut closed = 0;
        for payment in self.payments_mut() {
            let items = payment.record.captures.iter_mut().chain(&mut payment.record.refunds);
            for item in items.filter(|item: &&mut FollowOn| item.stands() && item.batched_at.is_none()) {
                item.batched_at = Some(now);
                closed += 1;
            }
        }
        closed
    }
}
