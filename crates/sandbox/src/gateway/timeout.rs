//! `POST /pts/v2/reversals` and `POST /pts/v2/voids`: undo a request that was never answered, by the caller's own id of it.
//!
//! Only on accounts that take such ids. What the gateway refuses here it never got: an id that it does not know is
//! refused like any other malformed request.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Answer, GatewayWorld, answer,
    books::{FollowOn, PaymentStatus},
    fields::{Fields, Money},
    follow_on::{may_reverse, reference},
    give_back::{may_void, part_of_sale},
    refusal::Refusal,
    state::{Part, Payment},
};

const ID: &str = "clientReferenceInformation.transactionId";
const AMOUNT: &str = "reversalInformation.amountDetails";

struct Silent {
    reference: String,
    transaction_id: String,
    payment_id: String,
    part: Part,
}

impl GatewayWorld {
    pub(super) fn timeout_reverse(
        &mut self,
        merchant: &str,
        body: &Value,
        now: DateTime<Utc>,
    ) -> Result<Answer, Refusal> {
        let silent = self.silent(merchant, body, now)?;
        self.settle(&silent.payment_id, now);
        let payment = self.state.payment(merchant, &silent.payment_id).ok_or_else(|| Refusal::invalid(ID))?;
        // A sale takes money: it is voided.
        if silent.part != Part::Payment || payment.record.is_sale {
            return Err(Refusal::invalid(ID));
        }
        let mut fields = Fields::of(body);
        let money = fields.money(AMOUNT, Some(&payment.requested));
        fields.checked()?;
        let money = money.ok_or_else(|| Refusal::of_fields(Vec::new()))?;
        if payment.record.status == PaymentStatus::Declined {
            return Ok(self.nothing_held(silent, &money, now));
        }
        self.original(merchant, &silent.payment_id, now)?;
        may_reverse(payment, money.amount.minor(), false)?;
        let reversal = self.undoing(&silent, money.amount.minor(), now);
        let body = answer::reversal(&reversal, &money);
        self.state.add_follow_on(&silent.payment_id, Part::Reversal(0), reversal);
        self.settle(&silent.payment_id, now);
        Ok(Answer::created(body))
    }

    pub(super) fn timeout_void(&mut self, merchant: &str, body: &Value, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let silent = self.silent(merchant, body, now)?;
        self.settle(&silent.payment_id, now);
        let payment = self.state.payment(merchant, &silent.payment_id).ok_or_else(|| Refusal::invalid(ID))?;
        let part = match silent.part {
            Part::Payment => part_of_sale(payment).ok_or_else(|| Refusal::invalid(ID))?,
            Part::Capture(_) | Part::Refund(_) => silent.part,
            Part::Reversal(_) | Part::Void(_) => return Err(Refusal::invalid(ID)),
        };
        may_void(payment, part)?;
        let void = FollowOn {
            reference: silent.reference,
            transaction_id: Some(silent.transaction_id),
            is_by_transaction_id: true,
            ..FollowOn::default()
        };
        Ok(self.withdraw(&silent.payment_id, part, void, now))
    }

    fn silent(&mut self, merchant: &str, body: &Value, now: DateTime<Utc>) -> Result<Silent, Refusal> {
        let mut fields = Fields::of(body);
        let reference = reference(&mut fields);
        let transaction_id = fields.text(ID, 30).map(str::to_owned);
        if transaction_id.is_none() {
            fields.missing(ID);
        }
        fields.checked()?;
        if !self.takes_transaction_ids(merchant) {
            return Err(Refusal::because("INVALID_DATA", "Declined - The account does not take transaction ids"));
        }
        let transaction_id = transaction_id.unwrap_or_default();
        let (payment, part) =
            self.state.by_transaction_id(merchant, &transaction_id).ok_or_else(|| Refusal::invalid(ID))?;
        if now - payment.at(part) < self.config.timeout_wait {
            return Err(Refusal::because("INVALID_DATA", "Declined - The original is still being worked on"));
        }
        Ok(Silent { reference, transaction_id, payment_id: payment.record.id.clone(), part })
    }

    fn undoing(&mut self, silent: &Silent, amount_minor: i64, now: DateTime<Utc>) -> FollowOn {
        FollowOn {
            id: self.state.next_id(self.seed, now),
            reference: silent.reference.clone(),
            at: now,
            amount_minor,
            of: silent.payment_id.clone(),
            transaction_id: Some(silent.transaction_id.clone()),
            is_by_transaction_id: true,
            ..FollowOn::default()
        }
    }

    /// The original was declined: taken, with a note of what it had asked for, and nothing is released.
    fn nothing_held(&mut self, silent: Silent, money: &Money, now: DateTime<Utc>) -> Answer {
        let reversal = self.undoing(&silent, 0, now);
        let original = self
            .state
            .payment_mut(&silent.payment_id)
            .map(|payment: &mut Payment| (payment.number(payment.record.requested_minor), payment.response_code));
        let mut body = answer::reversal(&reversal, money);
        if let Some((amount, response_code)) = original {
            body["reversalAmountDetails"]["originalTransactionAmount"] = Value::String(amount);
            body["reversalAmountDetails"]["reversedAmount"] = Value::Null;
            body["processorInformation"]["responseCode"] = Value::String(response_code.to_owned());
        }
        self.state.add_follow_on(&silent.payment_id, Part::Reversal(0), reversal);
        Answer::created(body)
    }
}
