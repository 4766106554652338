//! What a call to the gateway carries in its effect row, and what is kept of its answer.

use bytes::Bytes;
use contracts::payment::ledger::v1 as stored;
use ids::{MerchantReference, OrderId};
use money::Amount;
use payment_domain::{
    Reason,
    ladder::{Answer, Taken},
    payment::{AuthorizationAnswer, CaptureAnswer, Confirmation, Purpose, ReversalAnswer, TimeoutAnswer},
};
use prost::Message as _;

use super::{
    Corrupt, body,
    parts::{amount, optional_amount, order_id, reason_from_wire, reason_to_wire},
    payment::{purpose_from_wire, purpose_to_wire, taken_from_wire, taken_to_wire},
};

/// A capture, a reversal, a void or a refund to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowOn {
    /// The order.
    pub order: OrderId,
    /// The attempt.
    pub reference: MerchantReference,
    /// How much.
    pub amount: Amount,
    /// The hold, by the gateway's name.
    pub gateway_request_id: String,
    /// Why, for the gateway's record of giving back.
    pub reason: String,
    /// The ladder that asks; 0 for the payment itself.
    pub ladder: u32,
    /// Whether the account takes an id of ours with it.
    pub has_transaction_ids: bool,
}

/// A silent request to be undone by our own id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeout {
    /// The order.
    pub order: OrderId,
    /// The attempt.
    pub reference: MerchantReference,
    /// The request that was never answered.
    pub silent: MerchantReference,
    /// How much it asked for.
    pub amount: Amount,
}

/// What the gateway answered, and when. The one encoding for all calls: evidence must be readable by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// Milliseconds since 1970.
    pub at_ms: i64,
    /// What.
    pub what: What,
}

/// What the gateway answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// Funds are held.
    Held {
        /// How much.
        amount: Amount,
        /// The gateway's name.
        gateway_request_id: String,
        /// The issuer's approval.
        approval_code: String,
        /// What the risk rules said, when they said no.
        risk: Option<Reason>,
    },
    /// A person must look first.
    UnderReview {
        /// How much is held.
        amount: Option<Amount>,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// Funds were taken.
    Captured {
        /// How much.
        amount: Amount,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// The hold is gone.
    Reversed {
        /// How much.
        amount: Amount,
        /// The gateway's name.
        gateway_request_id: String,
    },
    /// No. Nothing happened.
    Refused(Reason),
    /// There was nothing left to give back.
    Gone,
    /// Too late for this way of giving back.
    MovedOn {
        /// The capture that stands in the way, where the gateway shows one of ours.
        capture: Option<Taken>,
        /// What the gateway said.
        reason: Reason,
    },
    /// Whatever a silent request did is undone.
    Undone,
    /// The gateway tells another story than the shop.
    NotConfirmed(Reason),
}

impl Heard {
    /// As the answer to an authorization.
    ///
    /// # Errors
    /// When it answers something else.
    pub fn authorization(self) -> Result<AuthorizationAnswer, Corrupt> {
        match self.what {
            What::Held { amount: held, gateway_request_id, approval_code, risk } => {
                Ok(AuthorizationAnswer::Held { held, gateway_request_id, approval_code, risk })
            }
            What::UnderReview { amount: held, gateway_request_id } => {
                Ok(AuthorizationAnswer::UnderReview { held, gateway_request_id })
            }
            What::Refused(reason) => Ok(AuthorizationAnswer::NotHeld(reason)),
            other => Err(misplaced("authorize", &other)),
        }
    }

    /// As the answer to a capture.
    ///
    /// # Errors
    /// When it answers something else.
    pub fn capture(self) -> Result<CaptureAnswer, Corrupt> {
        match self.what {
            What::Captured { amount, gateway_request_id } => Ok(CaptureAnswer::Captured { amount, gateway_request_id }),
            What::Refused(reason) => Ok(CaptureAnswer::Refused(reason)),
            other => Err(misplaced("capture", &other)),
        }
    }

    /// As the answer to a reversal.
    ///
    /// # Errors
    /// When it answers something else.
    pub fn reversal(self) -> Result<ReversalAnswer, Corrupt> {
        match self.what {
            What::Reversed { amount, gateway_request_id } => {
                Ok(ReversalAnswer::Reversed { amount, gateway_request_id })
            }
            What::Refused(reason) => Ok(ReversalAnswer::Refused(reason)),
            What::Gone => Ok(ReversalAnswer::Gone),
            What::MovedOn { capture, reason } => Ok(ReversalAnswer::MovedOn { capture, reason }),
            other => Err(misplaced("reverse", &other)),
        }
    }

    /// As the answer to a rung of the ladder.
    ///
    /// # Errors
    /// When it answers something else.
    pub fn rung(self) -> Result<Answer, Corrupt> {
        match self.what {
            What::Reversed { amount, gateway_request_id } => Ok(Answer::Done { amount, gateway_request_id }),
            What::Refused(reason) => Ok(Answer::Refused(reason)),
            What::Gone => Ok(Answer::Gone),
            What::MovedOn { capture, reason } => Ok(Answer::MovedOn { capture, reason }),
            other => Err(misplaced("a rung", &other)),
        }
    }

    /// As the answer to undoing by our own id.
    ///
    /// # Errors
    /// When it answers something else.
    pub fn timeout(self) -> Result<TimeoutAnswer, Corrupt> {
        match self.what {
            What::Undone | What::Gone => Ok(TimeoutAnswer::Undone),
            What::Refused(reason) => Ok(TimeoutAnswer::Refused(reason)),
            // It stands, and its batch has closed: a person must look, before anything is asked anew.
            What::MovedOn { reason, .. } => Ok(TimeoutAnswer::GivenUp(reason)),
            other => Err(misplaced("a time-out reversal or void", &other)),
        }
    }

    /// As the gateway's word on the shop's claim.
    ///
    /// # Errors
    /// When it answers something else.
    pub fn confirmation(self) -> Result<Confirmation, Corrupt> {
        match self.what {
            What::Held { amount: held, approval_code, .. } => Ok(Confirmation::Held { held, approval_code }),
            What::Captured { amount, gateway_request_id } => Ok(Confirmation::Taken { amount, gateway_request_id }),
            What::NotConfirmed(reason) => Ok(Confirmation::NotConfirmed(reason)),
            other => Err(misplaced("confirm", &other)),
        }
    }
}

fn misplaced(call: &str, what: &What) -> Corrupt {
    Corrupt(format!("`{}` is no answer to `{call}`", word(what)))
}

fn word(what: &What) -> &'static str {
    match what {
        What::Held { .. } => "held",
        What::UnderReview { .. } => "under_review",
        What::Captured { .. } => "captured",
        What::Reversed { .. } => "reversed",
        What::Refused(_) => "refused",
        What::Gone => "gone",
        What::MovedOn { .. } => "moved_on",
        What::Undone => "undone",
        What::NotConfirmed(_) => "not_confirmed",
    }
}

/// The request of an `authorize` effect.
pub fn write_authorize(reference: &MerchantReference, purpose: &Purpose) -> Bytes {
    body(&stored::AuthorizeRequest { reference: reference.to_string(), purpose: Some(purpose_to_wire(purpose)) })
}

/// Reads it back.
///
/// # Errors
/// When the bytes are none.
pub fn read_authorize(bytes: &[u8]) -> Result<(MerchantReference, Purpose), Corrupt> {
    let request = stored::AuthorizeRequest::decode(bytes)?;
    Ok((MerchantReference::parse(&request.reference)?, purpose_from_wire(request.purpose)?))
}

/// The request of a `capture` or `reverse` effect.
pub fn write_follow_on(call: &FollowOn) -> Bytes {
    body(&stored::FollowOnRequest {
        order_id: call.order.to_string(),
        reference: call.reference.to_string(),
        amount: Some(call.amount.into()),
        gateway_request_id: call.gateway_request_id.clone(),
        reason: call.reason.clone(),
        ladder: call.ladder,
        has_transaction_ids: call.has_transaction_ids,
    })
}

/// Reads it back.
///
/// # Errors
/// When the bytes are none.
pub fn read_follow_on(bytes: &[u8]) -> Result<FollowOn, Corrupt> {
    let request = stored::FollowOnRequest::decode(bytes)?;
    Ok(FollowOn {
        order: order_id(&request.order_id)?,
        reference: MerchantReference::parse(&request.reference)?,
        amount: amount(request.amount.as_ref())?,
        gateway_request_id: request.gateway_request_id,
        reason: request.reason,
        ladder: request.ladder,
        has_transaction_ids: request.has_transaction_ids,
    })
}

/// The request of a `timeout_reverse` or `timeout_void` effect.
pub fn write_timeout(call: &Timeout) -> Bytes {
    body(&stored::TimeoutRequest {
        order_id: call.order.to_string(),
        reference: call.reference.to_string(),
        silent: call.silent.to_string(),
        amount: Some(call.amount.into()),
    })
}

/// Reads it back.
///
/// # Errors
/// When the bytes are none.
pub fn read_timeout(bytes: &[u8]) -> Result<Timeout, Corrupt> {
    let request = stored::TimeoutRequest::decode(bytes)?;
    Ok(Timeout {
        order: order_id(&request.order_id)?,
        reference: MerchantReference::parse(&request.reference)?,
        silent: MerchantReference::parse(&request.silent)?,
        amount: amount(request.amount.as_ref())?,
    })
}

/// The request of a `timer.ladder` or `timer.sweep` effect: whose rest, and which.
pub fn write_rest(order: OrderId, number: u32) -> Bytes {
    body(&stored::Rest { order_id: order.to_string(), number })
}

/// Reads it back.
///
/// # Errors
/// When the bytes are none.
pub fn read_rest(bytes: &[u8]) -> Result<(OrderId, u32), Corrupt> {
    let rest = stored::Rest::decode(bytes)?;
    Ok((order_id(&rest.order_id)?, rest.number))
}

/// An answer as evidence.
pub fn write_answer(heard: &Heard) -> Bytes {
    let mut answer =
        stored::Answer { kind: word(&heard.what).to_owned(), at_ms: heard.at_ms, ..stored::Answer::default() };
    match &heard.what {
        What::Held { amount, gateway_request_id, approval_code, risk } => {
            answer.amount = Some((*amount).into());
            answer.gateway_request_id.clone_from(gateway_request_id);
            answer.approval_code.clone_from(approval_code);
            answer.reason = risk.as_ref().map(reason_to_wire);
        }
        What::UnderReview { amount, gateway_request_id } => {
            answer.amount = amount.map(Into::into);
            answer.gateway_request_id.clone_from(gateway_request_id);
        }
        What::Captured { amount, gateway_request_id } | What::Reversed { amount, gateway_request_id } => {
            answer.amount = Some((*amount).into());
            answer.gateway_request_id.clone_from(gateway_request_id);
        }
        What::Refused(reason) | What::NotConfirmed(reason) => answer.reason = Some(reason_to_wire(reason)),
        What::MovedOn { capture, reason } => {
            answer.reason = Some(reason_to_wire(reason));
            answer.capture = capture.as_ref().map(taken_to_wire);
        }
        What::Gone | What::Undone => {}
    }
    body(&answer)
}

/// Evidence as an answer.
///
/// # Errors
/// When the bytes are none.
pub fn read_answer(bytes: &[u8]) -> Result<Heard, Corrupt> {
    let stored::Answer { kind, amount: money, gateway_request_id, approval_code, reason, at_ms, capture } =
        stored::Answer::decode(bytes)?;
    let some = || amount(money.as_ref());
    let what = match kind.as_str() {
        "held" => What::Held {
            amount: some()?,
            gateway_request_id,
            approval_code,
            risk: reason.map(|reason| reason_from_wire(Some(reason))),
        },
        "under_review" => What::UnderReview { amount: optional_amount(money.as_ref())?, gateway_request_id },
        "captured" => What::Captured { amount: some()?, gateway_request_id },
        "reversed" => What::Reversed { amount: some()?, gateway_request_id },
        "refused" => What::Refused(reason_from_wire(reason)),
        "gone" => What::Gone,
        "moved_on" => {
            let capture = capture.map(taken_from_wire).transpose()?;
            What::MovedOn { capture, reason: reason_from_wire(reason) }
        }
        "undone" => What::Undone,
        "not_confirmed" => What::NotConfirmed(reason_from_wire(reason)),
        other => return Err(Corrupt(format!("answer `{other}`"))),
    };
    Ok(Heard { at_ms, what })
}
