//! Money on its way back: `POST …/voids` withdraws before the batch closes, `POST …/refunds` pays back what was taken.
//!
//! A void has no amount, and a voided capture leaves the hold in place. Nothing guards a repeated refund but the balance.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Answer, GatewayWorld, answer,
    books::FollowOn,
    fields::Fields,
    follow_on::{asked, reference},
    refusal::Refusal,
    state::{FOLLOW_ON_LIFE, Part, Payment},
};

/// What the path of a refund or void is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Payment,
    Capture,
    Refund,
}

impl Target {
    pub(super) fn named(segment: &str) -> Option<Self> {
        match segment {
            "payments" => Some(Self::Payment),
            "captures" => Some(Self::Capture),
            "refunds" => Some(Self::Refund),
            _ => None,
        }
    }
}

fn unknown() -> Refusal {
    Refusal::because("INVALID_PAYMENT_ID", "Declined - The request ID is invalid")
}

fn not_voidable(message: &'static str) -> Refusal {
    Refusal::because("NOT_VOIDABLE", message)
}

impl GatewayWorld {
    pub(super) fn refund(
        &mut self,
        merchant: &str,
        (target, id): (Target, &str),
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let (payment, part) = self.followed(merchant, id, now)?;
        let payment_id = payment.record.id.clone();
        let asked = asked(body, "orderInformation.amountDetails", payment)?;
        // A sale is refunded by its own id, a capture by the capture's.
        let capture = match (target, part) {
            (Target::Payment, Part::Payment) => payment.record.captures.iter().find(|capture| capture.id == id),
            (Target::Capture, Part::Capture(index)) => payment.record.captures.get(index),
            _ => None,
        };
        let capture = capture.ok_or_else(unknown)?;
        if !capture.stands() {
            return Err(Refusal::because("CAPTURE_ALREADY_VOIDED", "Declined - The capture has already been voided"));
        }
        if asked.money.amount.minor() > balance(payment, capture) {
            let message = "Declined - The requested amount exceeds what is left of the capture";
            return Err(Refusal::because("INVALID_AMOUNT", message));
        }
        self.refuse_repeats(merchant, &asked.reference, asked.transaction_id.as_deref(), now)?;
        let refund = self.follow_on(&asked, id, now);
        let body = answer::refund(&refund, &asked.money, &self.reconciliation_id());
        self.state.add_follow_on(&payment_id, Part::Refund(0), refund);
        Ok(Answer::created(body))
    }

    pub(super) fn void(
        &mut self,
        merchant: &str,
        (target, id): (Target, &str),
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let (payment, part) = self.followed(merchant, id, now)?;
        let payment_id = payment.record.id.clone();
        let mut fields = Fields::of(body);
        let reference = reference(&mut fields);
        let transaction_id = fields.text("clientReferenceInformation.transactionId", 30).map(str::to_owned);
        fields.checked()?;
        let part = match (target, part) {
            (Target::Payment, Part::Payment) => part_of_sale(payment)
                .ok_or_else(|| not_voidable("Declined - An authorization cannot be voided: it is reversed"))?,
            (Target::Capture, Part::Capture(_)) | (Target::Refund, Part::Refund(_)) => part,
            _ => return Err(unknown()),
        };
        may_void(payment, part)?;
        self.refuse_repeats(merchant, &reference, transaction_id.as_deref(), now)?;
        let void = FollowOn { reference, transaction_id, ..FollowOn::default() };
        Ok(self.withdraw(&payment_id, part, void, now))
    }

    /// Withdraws a capture or refund that may be withdrawn.
    pub(super) fn withdraw(&mut self, payment_id: &str, part: Part, void: FollowOn, now: DateTime<Utc>) -> Answer {
        let id = self.state.next_id(self.seed, now);
        let Some(payment) = self.state.payment_mut(payment_id) else { return Answer::created(Value::Null) };
        let Some(item) = payment.follow_on_mut(part) else { return Answer::created(Value::Null) };
        item.voided_at = Some(now);
        let void = FollowOn { id, at: now, amount_minor: item.amount_minor, of: item.id.clone(), ..void };
        let body = answer::void(&void, payment);
        self.state.add_follow_on(payment_id, Part::Void(0), void);
        self.settle(payment_id, now);
        Answer::created(body)
    }

    /// What this id made, brought up to date, unless it is another merchant's or too old.
    fn followed(&mut self, merchant: &str, id: &str, now: DateTime<Utc>) -> Result<(&Payment, Part), Refusal> {
        let payment_id = self.state.entry(id).map(|(payment, _)| payment.record.id.clone()).ok_or_else(unknown)?;
        self.settle(&payment_id, now);
        let (payment, part) = self.state.entry(id).ok_or_else(unknown)?;
        if payment.record.merchant_id != merchant {
            return Err(unknown());
        }
        if now - payment.at(part) > FOLLOW_ON_LIFE {
            return Err(Refusal::because("INVALID_DATA", "Declined - The original is older than 180 days"));
        }
        Ok((payment, part))
    }
}

/// What can still be given back of a capture.
pub(super) fn balance(payment: &Payment, capture: &FollowOn) -> i64 {
    let refunded: i64 = payment
        .record
        .refunds
        .iter()
        .filter(|refund| refund.of == capture.id && refund.stands())
        .map(|refund| refund.amount_minor)
        .sum();
    if capture.stands() { capture.amount_minor - refunded } else { 0 }
}

/// The capture that a sale made in its own request.
pub(super) fn part_of_sale(payment: &Payment) -> Option<Part> {
    let index = payment.record.captures.iter().position(|capture| capture.id == payment.record.id)?;
    Some(Part::Capture(index))
}

/// Only what no batch has carried off, once, and no capture that was given back since.
pub(super) fn may_void(payment: &Payment, part: Part) -> Result<(), Refusal> {
    let item = payment.follow_on(part).ok_or_else(unknown)?;
    if !item.stands() {
        return Err(not_voidable("Declined - It has already been voided"));
    }
    if item.batched_at.is_some() {
        return Err(not_voidable("Declined - It has already been submitted to the processor"));
    }
    if matches!(part, Part::Capture(_)) && balance(payment, item) < item.amount_minor {
        return Err(not_voidable("Declined - A part of it has already been refunded"));
    }
    Ok(())
}
