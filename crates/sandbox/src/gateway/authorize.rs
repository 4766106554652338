//! `POST /pts/v2/payments`: hold money, or take it in the same request. A decline is an answer (201), not an error.

use chrono::{DateTime, Utc};
use rand::Rng;
use serde_json::Value;

use super::{
    Answer, GatewayWorld,
    answer::{self, server_timeout},
    books::{FollowOn, Origin, PaymentRecord, PaymentStatus},
    fields::{Fields, Money},
    follow_on::reference,
    refusal::Refusal,
    source::{self, Source},
    state::Payment,
    triggers::{self, Effect},
};
use crate::world::Delivery;

/// Known texts and how long each may be.
const TEXTS: &[(&str, usize)] = &[
    ("processingInformation.commerceIndicator", 20),
    ("processingInformation.paymentSolution", 12),
    ("paymentInformation.card.securityCode", 4),
    ("paymentInformation.card.type", 3),
    ("orderInformation.billTo.firstName", 60),
    ("orderInformation.billTo.lastName", 60),
    ("orderInformation.billTo.company", 60),
    ("orderInformation.billTo.address1", 60),
    ("orderInformation.billTo.address2", 60),
    ("orderInformation.billTo.locality", 50),
    ("orderInformation.billTo.administrativeArea", 20),
    ("orderInformation.billTo.postalCode", 10),
    ("orderInformation.billTo.country", 2),
    ("orderInformation.billTo.email", 255),
    ("orderInformation.billTo.phoneNumber", 15),
    ("orderInformation.shipTo.firstName", 60),
    ("orderInformation.shipTo.lastName", 60),
    ("orderInformation.shipTo.address1", 60),
    ("orderInformation.shipTo.locality", 50),
    ("orderInformation.shipTo.administrativeArea", 20),
    ("orderInformation.shipTo.postalCode", 10),
    ("orderInformation.shipTo.country", 2),
    ("deviceInformation.ipAddress", 48),
    ("deviceInformation.fingerprintSessionId", 88),
];

pub(super) struct Draft {
    pub(super) reference: String,
    pub(super) money: Money,
    pub(super) source: Source,
    pub(super) is_sale: bool,
    pub(super) skips_decision: bool,
    pub(super) transaction_id: Option<String>,
}

impl GatewayWorld {
    pub(super) fn authorize(&mut self, merchant: &str, body: &Value, now: DateTime<Utc>) -> Result<Answer, Refusal> {
        let draft = self.draft(body, now)?;
        self.refuse_repeats(merchant, &draft.reference, draft.transaction_id.as_deref(), now)?;
        let by_amount = triggers::by_amount(draft.money.amount).filter(|_| self.config.are_triggers_on);
        let effect = draft
            .source
            .effect
            .or(by_amount)
            .filter(|effect| !(draft.skips_decision && matches!(effect, Effect::Review | Effect::RiskDecline)));
        if effect == Some(Effect::TimeoutNotRecorded) {
            return Ok(server_timeout(now));
        }
        let payment = self.made(merchant, draft, effect, now);
        let body = answer::payment(&payment);
        self.state.add(payment);
        let answer = Answer::created(body);
        Ok(match effect {
            Some(Effect::TimeoutRecorded) => server_timeout(now),
            Some(Effect::Silence) => Answer { delivery: Delivery::Never, ..answer },
            Some(Effect::Late(wait)) => Answer { delivery: Delivery::After(wait), ..answer },
            _ => answer,
        })
    }

    fn draft(&self, body: &Value, now: DateTime<Utc>) -> Result<Draft, Refusal> {
        let mut fields = Fields::of(body);
        let reference = reference(&mut fields);
        let transaction_id = fields.text("clientReferenceInformation.transactionId", 30).map(str::to_owned);
        let money = fields.money("orderInformation.amountDetails", None);
        let source = source::read(&mut fields, &self.tokens, now)?;
        let is_sale = fields.flag("processingInformation.capture");
        let skips_decision = fields.texts("processingInformation.actionList").contains(&"DECISION_SKIP");
        for (path, chars_max) in TEXTS {
            let _ = fields.text(path, *chars_max);
        }
        fields.checked()?;
        let (Some(money), Some(source)) = (money, source) else {
            // Whatever is absent here was named above.
            return Err(Refusal::of_fields(Vec::new()));
        };
        Ok(Draft { reference, money, source, is_sale, skips_decision, transaction_id })
    }

    pub(super) fn made(&mut self, merchant: &str, draft: Draft, effect: Option<Effect>, now: DateTime<Utc>) -> Payment {
        let id = self.state.next_id(self.seed, now);
        let requested_minor = draft.money.amount.minor();
        let verdict = Verdict::of(effect, requested_minor);
        let mut record = PaymentRecord {
            id: id.clone(),
            reference: draft.reference,
            merchant_id: merchant.to_owned(),
            at: now,
            status: verdict.status,
            reason: verdict.reason.map(str::to_owned),
            currency: draft.money.amount.currency().code().to_owned(),
            requested_minor,
            authorized_minor: verdict.authorized_minor,
            is_sale: draft.is_sale,
            card_type: draft.source.card_type.to_owned(),
            card_prefix: draft.source.prefix,
            card_suffix: draft.source.suffix,
            captures: Vec::new(),
            reversals: Vec::new(),
            refunds: Vec::new(),
            voids: Vec::new(),
            transaction_id: draft.transaction_id,
            hold_ends_at: (verdict.authorized_minor > 0).then(|| now + self.config.calendar.hold_life),
            expired_minor: 0,
            origin: Origin::Request,
        };
        // A sale under review or refused by risk holds money and takes none.
        if draft.is_sale && matches!(record.status, PaymentStatus::Authorized | PaymentStatus::PartialAuthorized) {
            let (reference, amount_minor) = (record.reference.clone(), record.authorized_minor);
            record.captures.push(FollowOn {
                id: id.clone(),
                reference,
                at: now,
                amount_minor,
                of: id,
                ..FollowOn::default()
            });
        }
        Payment {
            record,
            requested: draft.money,
            reconciliation_id: self.reconciliation_id(),
            network_id: format!("016{:012}", self.random.random_range(0..1_000_000_000_000_u64)),
            response_code: verdict.response_code,
            message: verdict.message,
        }
    }
}

struct Verdict {
    status: PaymentStatus,
    authorized_minor: i64,
    reason: Option<&'static str>,
    response_code: &'static str,
    message: Option<&'static str>,
}

impl Verdict {
    fn of(effect: Option<Effect>, requested_minor: i64) -> Self {
        let approved = |status| Self {
            status,
            authorized_minor: requested_minor,
            reason: None,
            response_code: "00",
            message: None,
        };
        match effect {
            Some(Effect::Decline { reason, response_code, message }) => Self {
                status: PaymentStatus::Declined,
                authorized_minor: 0,
                reason: Some(reason),
                response_code,
                message: Some(message),
            },
            Some(Effect::Review) => Self {
                reason: Some("DECISION_PROFILE_REVIEW"),
                message: Some("The order is marked for review by Decision Manager"),
                ..approved(PaymentStatus::AuthorizedPendingReview)
            },
            Some(Effect::RiskDecline) => Self {
                reason: Some("DECISION_PROFILE_REJECT"),
                message: Some("The order has been rejected by Decision Manager"),
                ..approved(PaymentStatus::AuthorizedRiskDeclined)
            },
            Some(Effect::Partial) => Self {
                authorized_minor: requested_minor / 2,
                response_code: "10",
                ..approved(PaymentStatus::PartialAuthorized)
            },
            None | Some(Effect::TimeoutRecorded | Effect::TimeoutNotRecorded | Effect::Silence | Effect::Late(_)) => {
                approved(PaymentStatus::Authorized)
            }
        }
    }
}
