//! Transactions that no signed request of ours made: another system's under the same merchant, or what a shop's plugin
//! did at its own checkout.

use chrono::{DateTime, TimeDelta, Utc};
use money::{Amount, Currency};
use serde::{Deserialize, Serialize};

use super::{
    GatewayWorld,
    authorize::Draft,
    books::{FollowOn, Origin, PaymentRecord},
    cards::test_card,
    fields::Money,
    merchant::DEFAULT_MERCHANT,
    source::Source,
    state::Part,
};

/// What is planted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PlantKind {
    /// A hold.
    #[default]
    Authorization,
    /// A hold, and a capture of it in a request of its own.
    Captured,
    /// Hold and capture in one request.
    Sale,
}

/// A transaction to plant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plant {
    /// Its merchant.
    #[serde(default = "default_merchant")]
    pub merchant: String,
    /// Its merchant reference.
    pub reference: String,
    /// The reference of the capture, when that is a request of its own; the same when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capture_reference: Option<String>,
    /// How much, as the wire writes it: `12.50`.
    pub amount: String,
    /// ISO 4217.
    pub currency: String,
    /// The test card it is on.
    #[serde(default = "default_card")]
    pub card: String,
    /// What.
    #[serde(default)]
    pub kind: PlantKind,
    /// So many seconds ago.
    #[serde(default)]
    pub seconds_ago: u32,
}

fn default_merchant() -> String {
    DEFAULT_MERCHANT.to_owned()
}

fn default_card() -> String {
    "visa".to_owned()
}

impl Plant {
    /// A hold on a Visa card under this reference, made just now.
    pub fn authorization(reference: &str, amount: &str, currency: &str) -> Self {
        Self {
            merchant: default_merchant(),
            reference: reference.to_owned(),
            capture_reference: None,
            amount: amount.to_owned(),
            currency: currency.to_owned(),
            card: default_card(),
            kind: PlantKind::Authorization,
            seconds_ago: 0,
        }
    }

    /// The same, of another kind.
    #[must_use]
    pub fn of_kind(mut self, kind: PlantKind) -> Self {
        self.kind = kind;
        self
    }
}

/// What was planted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// The gateway's id of the authorization or sale.
    pub payment_id: String,
    /// The gateway's id of the capture, when that was a request of its own.
    pub capture_id: Option<String>,
}

impl GatewayWorld {
    /// Plants a transaction.
    ///
    /// # Errors
    /// In words, when the merchant, the card or the money does not exist.
    pub fn plant(&mut self, plant: &Plant, now: DateTime<Utc>) -> Result<Planted, String> {
        let at = now - TimeDelta::seconds(plant.seconds_ago.into());
        let record = self.planted(plant, at)?;
        let capture_id = (plant.kind == PlantKind::Captured).then(|| {
            let id = self.state.next_id(self.seed, at);
            let capture = FollowOn {
                id: id.clone(),
                reference: plant.capture_reference.clone().unwrap_or_else(|| plant.reference.clone()),
                at,
                amount_minor: record.authorized_minor,
                of: record.id.clone(),
                ..FollowOn::default()
            };
            self.state.add_follow_on(&record.id, Part::Capture(0), capture);
            id
        });
        Ok(Planted { payment_id: record.id, capture_id })
    }

    fn planted(&mut self, plant: &Plant, at: DateTime<Utc>) -> Result<PaymentRecord, String> {
        if !self.config.merchants.iter().any(|key| key.merchant_id == plant.merchant) {
            return Err(format!("no merchant is called `{}`", plant.merchant));
        }
        let card = test_card(&plant.card).ok_or_else(|| format!("no test card is called `{}`", plant.card))?;
        let currency: Currency = plant.currency.parse().map_err(|_| format!("`{}` is no currency", plant.currency))?;
        let amount = Amount::parse(&plant.amount, currency).ok().filter(|amount| amount.is_positive());
        let amount = amount.ok_or_else(|| format!("`{}` is no amount of {currency}", plant.amount))?;
        let draft = Draft {
            reference: plant.reference.clone(),
            money: Money { amount, currency_text: currency.code().to_owned() },
            source: Source {
                card_type: card.kind,
                prefix: card.prefix.to_owned(),
                suffix: card.suffix.to_owned(),
                effect: None,
            },
            is_sale: plant.kind == PlantKind::Sale,
            skips_decision: true,
            transaction_id: None,
        };
        let mut payment = self.made(&plant.merchant, draft, None, at);
        payment.record.origin = Origin::Planted;
        let record = payment.record.clone();
        self.state.add(payment);
        Ok(record)
    }
}
