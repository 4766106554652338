//! Authorize: hold money on a card, or sale: take it at once. `POST /pts/v2/payments` with `capture` false or true.

use std::fmt;

use chrono::{DateTime, Utc};
use money::Amount;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use crate::{
    authentication::Authentication,
    client::{self, Call, Client},
    error::GatewayError,
    reader::{Answer, Document},
    status::{self, Operation, Outcome, Verdict},
};

/// What to hold, on whose card.
#[derive(Clone)]
pub struct Authorize {
    /// Our name for the attempt, unique for ever: an inquiry knows no other.
    pub reference: String,
    /// How much.
    pub amount: Amount,
    /// The card, by token.
    pub payment: PaymentSource,
    /// Who pays.
    pub bill_to: BillTo,
    /// From where.
    pub device: Device,
    /// Our id for a later time-out reversal, on accounts that take one (at most 30 characters, unique for 180 days).
    pub transaction_id: Option<String>,
    /// What the buyer proved before (3-D Secure).
    pub authentication: Option<Authentication>,
}

/// A card by token. Card numbers have no place here.
#[derive(Clone)]
pub enum PaymentSource {
    /// A token of the checkout page, by its `jti`; good for some minutes.
    TransientJti(SecretString),
    /// A token of the checkout page, whole.
    TransientJwt(SecretString),
    /// A stored customer token; the customer is present.
    Stored(SecretString),
}

/// Who pays, as the card's bank knows them. Blank texts are not sent.
#[derive(Clone, Default)]
pub struct BillTo {
    /// First name.
    pub first_name: String,
    /// Last name.
    pub last_name: String,
    /// Company.
    pub company: String,
    /// Street.
    pub address1: String,
    /// Second line.
    pub address2: String,
    /// Town.
    pub locality: String,
    /// State or province as a code.
    pub administrative_area: String,
    /// Postal code.
    pub postal_code: String,
    /// ISO 3166 two letters.
    pub country: String,
    /// E-mail.
    pub email: String,
    /// Telephone.
    pub phone_number: String,
}

/// The device of the buyer. Blank texts are not sent.
#[derive(Clone, Default)]
pub struct Device {
    /// Its IP address.
    pub ip_address: String,
    /// The session of the fingerprint script.
    pub fingerprint_session_id: String,
}

impl fmt::Debug for Authorize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorize")
            .field("reference", &self.reference)
            .field("amount", &self.amount)
            .field("payment", &self.payment)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PaymentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TransientJti(_) => "TransientJti(***)",
            Self::TransientJwt(_) => "TransientJwt(***)",
            Self::Stored(_) => "Stored(***)",
        })
    }
}

impl fmt::Debug for BillTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BillTo(***)")
    }
}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device(***)")
    }
}

/// What the gateway said to an authorization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// The gateway's id; captures and reversals name it.
    pub request_id: String,
    /// What became of it.
    pub status: AuthorizationStatus,
    /// The reference as the gateway repeats it.
    pub reference: Option<String>,
    /// The issuer's approval code.
    pub approval_code: Option<String>,
    /// The id that settlement reports carry.
    pub reconciliation_id: Option<String>,
    /// The processor's answer code.
    pub response_code: Option<String>,
    /// The card network's id, named by later merchant-initiated payments.
    pub network_transaction_id: Option<String>,
    /// Result of the address check.
    pub avs: Option<String>,
    /// Result of the security code check.
    pub cv: Option<String>,
    /// When the gateway took it.
    pub submitted_at: Option<DateTime<Utc>>,
}

/// What became of an authorization. Amounts are as told: whoever asked compares them with what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizationStatus {
    /// Money is held.
    Authorized {
        /// How much.
        amount: Amount,
    },
    /// Less money is held than asked.
    Partial {
        /// How much.
        amount: Amount,
    },
    /// A person must look first. Neither capture nor reverse it until then.
    PendingReview {
        /// How much is held meanwhile; nothing when the review comes before the hold.
        held: Option<Amount>,
    },
    /// Money is held although the answer is no: reverse it.
    RiskDeclined {
        /// How much.
        amount: Amount,
        /// Why, in the vendor's word.
        reason: String,
    },
    /// The issuer or the gateway said no; nothing is held.
    Declined {
        /// Why, in the vendor's word, such as `INSUFFICIENT_FUND`.
        reason: String,
        /// What the card scheme says about trying again.
        advice: SchemeAdvice,
    },
    /// The buyer must prove who they are (3-D Secure) first; nothing is held.
    PendingAuthentication,
}

/// What a card scheme says about trying a declined card again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SchemeAdvice {
    /// The issuer will never approve: another try is fined.
    Never,
    /// At most 15 tries in 30 days with this card and amount.
    Limited,
    /// Nothing was said.
    NotTold,
}

impl Client {
    /// Asks for money to be held. One attempt.
    ///
    /// # Errors
    /// When there is no usable answer; a decline is an answer.
    pub async fn authorize(&self, ask: &Authorize) -> Result<Authorization, GatewayError> {
        self.pay("authorize", ask, false).await
    }

    /// Asks for money to be held and taken in one. One attempt. `Authorized` then means taken: it is voided or refunded,
    /// never captured or reversed.
    ///
    /// # Errors
    /// When there is no usable answer; a decline is an answer.
    pub async fn sale(&self, ask: &Authorize) -> Result<Authorization, GatewayError> {
        self.pay("sale", ask, true).await
    }

    async fn pay(
        &self,
        operation: &'static str,
        ask: &Authorize,
        captures: bool,
    ) -> Result<Authorization, GatewayError> {
        let reference = client::checked_reference(&ask.reference)?;
        let body = body(ask, captures)?;
        let call = Call::pts(operation, reference, "/pts/v2/payments".to_owned());
        let answer = self.post(call, &body).await?;
        read(ask, &answer)
    }
}

fn body(ask: &Authorize, captures: bool) -> Result<Value, GatewayError> {
    let mut processing = json!({"capture": captures, "commerceIndicator": "internet"});
    let mut body = Map::new();
    if let Some(proof) = &ask.authentication {
        processing["commerceIndicator"] = json!(proof.scheme.commerce_indicator());
        body.insert("consumerAuthenticationInformation".to_owned(), Value::Object(proof.members()));
    }
    match &ask.payment {
        PaymentSource::TransientJti(jti) => {
            body.insert("tokenInformation".to_owned(), json!({"jti": jti.expose_secret()}));
        }
        PaymentSource::TransientJwt(token) => {
            body.insert("tokenInformation".to_owned(), json!({"transientTokenJwt": token.expose_secret()}));
        }
        PaymentSource::Stored(id) => {
            let initiator = json!({"type": "customer", "storedCredentialUsed": true});
            processing["authorizationOptions"] = json!({ "initiator": initiator });
            body.insert("paymentInformation".to_owned(), json!({"customer": {"id": id.expose_secret()}}));
        }
    }
    let to = &ask.bill_to;
    let bill_to = present([
        ("firstName", &to.first_name),
        ("lastName", &to.last_name),
        ("company", &to.company),
        ("address1", &to.address1),
        ("address2", &to.address2),
        ("locality", &to.locality),
        ("administrativeArea", &to.administrative_area),
        ("postalCode", &to.postal_code),
        ("country", &to.country),
        ("email", &to.email),
        ("phoneNumber", &to.phone_number),
    ]);
    let device =
        present([("ipAddress", &ask.device.ip_address), ("fingerprintSessionId", &ask.device.fingerprint_session_id)]);
    let mut order = json!({"amountDetails": amount_details(ask.amount)});
    if !bill_to.is_empty() {
        order["billTo"] = Value::Object(bill_to);
    }
    if !device.is_empty() {
        body.insert("deviceInformation".to_owned(), Value::Object(device));
    }
    let information = client::reference_information(&ask.reference, ask.transaction_id.as_deref())?;
    body.insert("clientReferenceInformation".to_owned(), information);
    body.insert("processingInformation".to_owned(), processing);
    body.insert("orderInformation".to_owned(), order);
    Ok(Value::Object(body))
}

/// An amount as every operation sends it.
pub(crate) fn amount_details(amount: Amount) -> Value {
    json!({"totalAmount": amount.number(), "currency": amount.currency().code()})
}

pub(crate) fn present<const N: usize>(members: [(&str, &String); N]) -> Map<String, Value> {
    let there = members.into_iter().filter(|(_, text)| !text.trim().is_empty());
    there.map(|(name, text)| (name.to_owned(), json!(text.trim()))).collect()
}

fn read(ask: &Authorize, answer: &Answer) -> Result<Authorization, GatewayError> {
    let document = answer.document()?;
    let word = document.text("status").ok_or_else(|| answer.unreadable("no status"))?;
    let reason = answer.reason();
    let verdict = status::judge(Operation::Authorize, &word, reason.as_deref());
    if verdict.outcome == Outcome::Refused {
        return Err(client::refused(answer));
    }
    let request_id = document.text("id").ok_or_else(|| answer.unreadable("no id"))?;
    let status = told(ask, answer, &word, reason, verdict, &request_id)?;
    Ok(Authorization {
        request_id,
        status,
        reference: document.text("clientReferenceInformation/code"),
        approval_code: document.text("processorInformation/approvalCode"),
        reconciliation_id: document.text("reconciliationId"),
        response_code: document.text("processorInformation/responseCode"),
        network_transaction_id: document.text("processorInformation/networkTransactionId"),
        avs: document.text("processorInformation/avs/code"),
        cv: document.text("processorInformation/cardVerification/resultCode"),
        submitted_at: document.time("submitTimeUtc"),
    })
}

fn told(
    ask: &Authorize,
    answer: &Answer,
    word: &str,
    reason: Option<String>,
    verdict: Verdict,
    request_id: &str,
) -> Result<AuthorizationStatus, GatewayError> {
    let document = answer.document()?;
    let held = document
        .amount(
            "orderInformation/amountDetails/authorizedAmount",
            "orderInformation/amountDetails/currency",
            Some(ask.amount.currency()),
        )
        .map_err(|what| answer.unreadable(what))?;
    // Money is held, and we could not say how much: that is not an answer.
    let amount = held.ok_or_else(|| answer.unreadable("no authorized amount"));
    let has_reason = reason.is_some();
    let reason = reason.unwrap_or_else(|| "NOT_TOLD".to_owned());
    Ok(match verdict.outcome {
        Outcome::Done => AuthorizationStatus::Authorized { amount: amount? },
        Outcome::Partly => AuthorizationStatus::Partial { amount: amount? },
        Outcome::HeldForReview => AuthorizationStatus::PendingReview { held: Some(amount?) },
        Outcome::Review => AuthorizationStatus::PendingReview { held },
        // A word says no where the issuer said yes: a reversal too many is refused harmlessly; one too few keeps a buyer's
        // money.
        Outcome::HeldYetRefused if word == "DECLINED" => {
            AuthorizationStatus::RiskDeclined { amount: held.unwrap_or(ask.amount), reason }
        }
        Outcome::HeldYetRefused => AuthorizationStatus::RiskDeclined { amount: amount?, reason },
        Outcome::ProofWanted => AuthorizationStatus::PendingAuthentication,
        Outcome::Declined => AuthorizationStatus::Declined { reason, advice: advice(document) },
        Outcome::NotTold if has_reason => return Err(client::not_told(answer)),
        Outcome::UnknownStatus | Outcome::Refused if has_reason && status::is_word_of(Operation::Authorize, word) => {
            return Err(client::refused(answer));
        }
        Outcome::NotTold | Outcome::UnknownStatus | Outcome::Refused => {
            return Err(answer.unknown_status(word, request_id));
        }
    })
}

fn advice(document: Document<'_>) -> SchemeAdvice {
    status::advice(document.text("paymentInsightsInformation/responseInsights/categoryCode").as_deref())
}
