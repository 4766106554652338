//! What follows on an authorization: `POST …/captures` takes held money, `POST …/reversals` lets it go.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Answer, GatewayWorld, answer,
    books::{FollowOn, PaymentStatus},
    fields::{Fields, Money},
    refusal::Refusal,
    state::{FOLLOW_ON_LIFE, Part, Payment},
};

impl GatewayWorld {
    pub(super) fn capture(
        &mut self,
        merchant: &str,
        payment_id: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        self.settle(payment_id, now);
        let payment = self.original(merchant, payment_id, now)?;
        let asked = asked(body, "orderInformation.amountDetails", payment)?;
        let is_after_expiry = payment.record.expired_minor > 0;
        may_capture(payment, asked.money.amount.minor(), self.config.allows_multiple_captures)?;
        self.refuse_repeats(merchant, &asked.reference, asked.transaction_id.as_deref(), now)?;
        let capture = FollowOn { is_after_expiry, ..self.follow_on(&asked, payment_id, now) };
        let reconciliation_id = self.reconciliation_id();
        let body = answer::capture(&capture, &asked.money, &reconciliation_id);
        self.state.add_follow_on(payment_id, Part::Capture(0), capture);
        self.settle(payment_id, now);
        Ok(Answer::created(body))
    }

    pub(super) fn reverse(
        &mut self,
        merchant: &str,
        payment_id: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        self.settle(payment_id, now);
        let payment = self.original(merchant, payment_id, now)?;
        let asked = asked(body, "reversalInformation.amountDetails", payment)?;
        may_reverse(payment, asked.money.amount.minor(), self.config.allows_partial_reversals)?;
        self.refuse_repeats(merchant, &asked.reference, asked.transaction_id.as_deref(), now)?;
        let reversal = self.follow_on(&asked, payment_id, now);
        let body = answer::reversal(&reversal, &asked.money);
        self.state.add_follow_on(payment_id, Part::Reversal(0), reversal);
        self.settle(payment_id, now);
        Ok(Answer::created(body))
    }

    /// The payment to follow on, when it exists, is not too old and no person is looking at it.
    pub(super) fn original(&self, merchant: &str, payment_id: &str, now: DateTime<Utc>) -> Result<&Payment, Refusal> {
        let Some(payment) = self.state.payment(merchant, payment_id) else {
            return Err(Refusal::because("INVALID_PAYMENT_ID", "Declined - The request ID is invalid"));
        };
        if now - payment.record.at > FOLLOW_ON_LIFE {
            return Err(Refusal::because("INVALID_DATA", "Declined - The original is older than 180 days"));
        }
        match payment.record.status {
            PaymentStatus::Authorized | PaymentStatus::PartialAuthorized | PaymentStatus::AuthorizedRiskDeclined => {
                Ok(payment)
            }
            PaymentStatus::AuthorizedPendingReview => {
                Err(Refusal::because("MISSING_AUTH", "Declined - The original is under review"))
            }
            PaymentStatus::Declined => {
                Err(Refusal::because("MISSING_AUTH", "Declined - There is no successful authorization"))
            }
        }
    }

    pub(super) fn follow_on(&mut self, asked: &Asked, of: &str, now: DateTime<Utc>) -> FollowOn {
        FollowOn {
            id: self.state.next_id(self.seed, now),
            reference: asked.reference.clone(),
            at: now,
            amount_minor: asked.money.amount.minor(),
            of: of.to_owned(),
            transaction_id: asked.transaction_id.clone(),
            ..FollowOn::default()
        }
    }

    /// Lets time act on one payment.
    pub(super) fn settle(&mut self, payment_id: &str, now: DateTime<Utc>) {
        let calendar = self.config.calendar;
        if let Some(payment) = self.state.payment_mut(payment_id) {
            calendar.settle(&mut payment.record, now);
        }
    }
}

pub(super) struct Asked {
    pub(super) reference: String,
    pub(super) money: Money,
    pub(super) transaction_id: Option<String>,
}

pub(super) fn asked(body: &Value, amount_path: &str, payment: &Payment) -> Result<Asked, Refusal> {
    let mut fields = Fields::of(body);
    let reference = reference(&mut fields);
    let transaction_id = fields.text("clientReferenceInformation.transactionId", 30).map(str::to_owned);
    let money = fields.money(amount_path, Some(&payment.requested));
    let _ = fields.text("reversalInformation.reason", 255);
    if money.as_ref().is_some_and(|money| !money.amount.is_positive()) {
        fields.invalid(&format!("{amount_path}.totalAmount"));
    }
    fields.checked()?;
    // Whatever is absent was named above.
    let money = money.ok_or_else(|| Refusal::of_fields(Vec::new()))?;
    Ok(Asked { reference, money, transaction_id })
}

/// The merchant reference; absent is empty, as out there.
pub(super) fn reference(fields: &mut Fields<'_>) -> String {
    fields.text("clientReferenceInformation.code", 50).unwrap_or_default().to_owned()
}

fn may_capture(payment: &Payment, amount_minor: i64, allows_more: bool) -> Result<(), Refusal> {
    let record = &payment.record;
    if record.status == PaymentStatus::AuthorizedRiskDeclined {
        return Err(Refusal::because("MISSING_AUTH", "Declined - The risk rules rejected the original"));
    }
    if record.reversed_minor() >= record.authorized_minor {
        return Err(Refusal::because(
            "AUTH_ALREADY_REVERSED",
            "Declined - The authorization has already been reversed",
        ));
    }
    if record.is_sale || (!record.captures.is_empty() && !allows_more) {
        return Err(Refusal::because(
            "MISSING_AUTH",
            "Declined - The authorization has already been used in a capture",
        ));
    }
    if amount_minor > record.open_minor() {
        let message = "Declined - The requested amount exceeds the originally authorized amount";
        return Err(Refusal::because("EXCEEDS_AUTH_AMOUNT", message));
    }
    Ok(())
}

pub(super) fn may_reverse(payment: &Payment, amount_minor: i64, allows_parts: bool) -> Result<(), Refusal> {
    let record = &payment.record;
    if record.reversed_minor() >= record.authorized_minor {
        return Err(Refusal::because(
            "AUTH_ALREADY_REVERSED",
            "Declined - The authorization has already been reversed",
        ));
    }
    // With partial reversals the remainder after a capture may go; without, a captured authorization is past reversing.
    // A withdrawn capture leaves the hold standing.
    if record.captured_minor() > 0 && (!allows_parts || record.open_minor() == 0) {
        return Err(Refusal::because(
            "TRANSACTION_ALREADY_SETTLED",
            "Declined - The transaction has already been settled",
        ));
    }
    let is_right =
        if allows_parts { amount_minor <= record.open_minor() } else { amount_minor == record.authorized_minor };
    if is_right {
        Ok(())
    } else {
        Err(Refusal::because("INVALID_AMOUNT", "Declined - The requested amount does not match the previous amount"))
    }
}
