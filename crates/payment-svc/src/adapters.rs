//! The ports over the client crates. The gateway's words end here.

mod mapping;
mod records;

use std::collections::BTreeMap;

use contracts::r#type::v1::Personal;
use cybersource::{
    ApplicationOutcome, AuthorizationStatus, Capture, Client, GatewayError, Refund, Reverse, Taken, TimeoutReverse,
    TimeoutVoid, Void, Voidable, Window,
};
use ids::{MerchantReference, Pair};
use node::Node;
use payment_domain::{
    Reason,
    payment::{Operation, Purpose},
};

use crate::{
    codec::{FollowOn, Timeout, What},
    config::{Config, Settings},
    error::CallError,
    ports::{CardGateway, Page, PortFuture, Question, Sighting, Sought, Stretch},
};

/// Cybersource, one client per pair.
pub struct CybersourceGateway {
    clients: BTreeMap<Pair, Client>,
}

impl CybersourceGateway {
    /// The gateway of all configured pairs.
    ///
    /// # Errors
    /// Every mistake in the configuration, in words.
    pub fn from_config(config: &Config, node: &Node) -> Result<Self, Vec<String>> {
        Self::new(&Settings::new(config)?, node)
    }

    pub(crate) fn new(settings: &Settings, node: &Node) -> Result<Self, Vec<String>> {
        let (mut clients, mut mistakes) = (BTreeMap::new(), Vec::new());
        for (pair, settings) in &settings.pairs {
            match Client::new(node.clone(), &settings.client) {
                Ok(client) => drop(clients.insert(pair.clone(), client)),
                Err(error) => mistakes.push(format!("pairs.{pair}.gateway: {error}")),
            }
        }
        if mistakes.is_empty() { Ok(Self { clients }) } else { Err(mistakes) }
    }

    fn client(&self, pair: &Pair) -> Result<&Client, CallError> {
        self.clients.get(pair).ok_or_else(|| CallError::NoSuchPair(pair.clone()))
    }

    /// The capture that took from a hold, when it is one of this order's own. What is not shown is a person's to find.
    async fn our_capture(&self, pair: &Pair, call: &FollowOn) -> Option<payment_domain::ladder::Taken> {
        let client = self.client(pair).ok()?;
        let stem = call.reference.as_str().rsplit_once('-')?.0;
        for id in client.detail(&call.gateway_request_id).await.ok()?.related {
            let Ok(detail) = client.detail(&id).await else { continue };
            let (summary, done) = (detail.summary, Some(ApplicationOutcome::Done));
            let reference = summary.reference.clone().unwrap_or_default();
            if let (true, Some(amount)) = (summary.outcome_of("ics_bill") == done, summary.amount)
                && reference.starts_with(stem)
            {
                let gateway_request_id = summary.request_id;
                return Some(payment_domain::ladder::Taken { gateway_request_id, reference, amount });
            }
        }
        None
    }
}

impl CardGateway for CybersourceGateway {
    fn authorize<'a>(
        &'a self,
        pair: &'a Pair,
        reference: &'a MerchantReference,
        purpose: &'a Purpose,
        personal: &'a Personal,
    ) -> PortFuture<'a, What> {
        Box::pin(async move {
            let answer = match self.client(pair)?.authorize(&mapping::authorize(reference, purpose, personal)).await {
                Ok(answer) => answer,
                Err(error) => return refused(error),
            };
            same(reference, answer.reference)?;
            let gateway_request_id = answer.request_id;
            let approval_code = answer.approval_code.unwrap_or_default();
            Ok(match answer.status {
                AuthorizationStatus::Authorized { amount } | AuthorizationStatus::Partial { amount } => {
                    What::Held { amount, gateway_request_id, approval_code, risk: None }
                }
                AuthorizationStatus::RiskDeclined { amount, reason } => {
                    let risk = Some(Reason::new(reason, "the gateway's risk rules said no"));
                    What::Held { amount, gateway_request_id, approval_code, risk }
                }
                AuthorizationStatus::PendingReview { held } => What::UnderReview { amount: held, gateway_request_id },
                AuthorizationStatus::Declined { reason, .. } => {
                    What::Refused(Reason::new(reason, "the card's issuer declined the payment"))
                }
                AuthorizationStatus::PendingAuthentication => What::Refused(Reason::new(
                    "authentication_wanted",
                    "the card's issuer wants the buyer to prove who they are",
                )),
            })
        })
    }

    fn capture<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What> {
        Box::pin(async move {
            let ask = Capture {
                reference: call.reference.to_string(),
                payment_id: call.gateway_request_id.clone(),
                amount: call.amount,
                transaction_id: call.has_transaction_ids.then(|| mapping::transaction_id(&call.reference)),
            };
            match self.client(pair)?.capture(&ask).await {
                Ok(answer) => {
                    same(&call.reference, answer.reference)?;
                    // An accepted capture that names no amount is one of the amount asked: the gateway takes parts only when told.
                    let amount = answer.amount.unwrap_or(call.amount);
                    Ok(What::Captured { amount, gateway_request_id: answer.request_id })
                }
                Err(error) => refused(error),
            }
        })
    }

    fn reverse<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What> {
        Box::pin(async move {
            let ask = Reverse {
                reference: call.reference.to_string(),
                payment_id: call.gateway_request_id.clone(),
                amount: call.amount,
                reason: call.reason.clone(),
                transaction_id: None,
            };
            match self.client(pair)?.reverse(&ask).await {
                Ok(answer) => {
                    same(&call.reference, answer.reference)?;
                    let amount = answer.amount.unwrap_or(call.amount);
                    Ok(What::Reversed { amount, gateway_request_id: answer.request_id })
                }
                Err(error) => match given_back_or(refused(error))? {
                    What::MovedOn { reason, .. } => {
                        let capture = self.our_capture(pair, call).await;
                        Ok(What::MovedOn { capture, reason })
                    }
                    other => Ok(other),
                },
            }
        })
    }

    fn void<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What> {
        Box::pin(async move {
            let ask = Void {
                reference: call.reference.to_string(),
                target: Voidable::Capture(call.gateway_request_id.clone()),
                transaction_id: None,
            };
            match self.client(pair)?.void(&ask).await {
                Ok(answer) => {
                    same(&call.reference, answer.reference)?;
                    let amount = answer.amount.unwrap_or(call.amount);
                    Ok(What::Reversed { amount, gateway_request_id: answer.request_id })
                }
                Err(error) => given_back_or(refused(error)),
            }
        })
    }

    fn refund<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What> {
        Box::pin(async move {
            let ask = Refund {
                reference: call.reference.to_string(),
                of: Taken::Capture(call.gateway_request_id.clone()),
                amount: call.amount,
                transaction_id: None,
            };
            match self.client(pair)?.refund(&ask).await {
                Ok(answer) => {
                    same(&call.reference, answer.reference)?;
                    let amount = answer.amount.unwrap_or(call.amount);
                    Ok(What::Reversed { amount, gateway_request_id: answer.request_id })
                }
                Err(error) => given_back_or(refused(error)),
            }
        })
    }

    fn undo_by_id<'a>(&'a self, pair: &'a Pair, operation: Operation, call: &'a Timeout) -> PortFuture<'a, What> {
        Box::pin(async move {
            let (reference, transaction_id) = (call.reference.to_string(), mapping::transaction_id(&call.silent));
            let client = self.client(pair)?;
            let answer = if operation == Operation::TimeoutVoid {
                client.timeout_void(&TimeoutVoid { reference, transaction_id }).await
            } else {
                let (amount, reason) = (call.amount, "time-out".to_owned());
                client.timeout_reverse(&TimeoutReverse { reference, transaction_id, amount, reason }).await
            };
            match answer {
                Ok(answer) => {
                    same(&call.reference, answer.reference)?;
                    Ok(What::Undone)
                }
                Err(error) => given_back_or(refused(error)),
            }
        })
    }

    fn confirm<'a>(&'a self, pair: &'a Pair, purpose: &'a Purpose) -> PortFuture<'a, What> {
        Box::pin(async move {
            let claim = purpose.token.claim.as_ref();
            let claim = claim.ok_or_else(|| CallError::Unreadable("no claim of the shop".to_owned()))?;
            let found = self.client(pair)?.search(&claim.reference).await?;
            // The index is late: what it does not show yet is no other story, nor is what it shows in part.
            if !found.is_complete {
                return Err(CallError::NotShownYet);
            }
            records::confirmed(purpose, &found.transactions, &claim.reference).ok_or(CallError::NotShownYet)
        })
    }

    fn await_capture<'a>(&'a self, pair: &'a Pair, call: &'a FollowOn) -> PortFuture<'a, What> {
        Box::pin(async move {
            let client = self.client(pair)?;
            for id in client.detail(&call.gateway_request_id).await.map_err(not_shown_yet)?.related {
                let summary = client.detail(&id).await.map_err(not_shown_yet)?.summary;
                let is_taken = summary.outcome_of("ics_bill") == Some(ApplicationOutcome::Done);
                if let (true, Some(amount)) = (is_taken, summary.amount) {
                    return Ok(What::Captured { amount, gateway_request_id: summary.request_id });
                }
            }
            Err(CallError::NotShownYet)
        })
    }

    fn inquire<'a>(&'a self, pair: &'a Pair, question: &'a Question) -> PortFuture<'a, Sought> {
        Box::pin(async move {
            let client = self.client(pair)?;
            let found = client.search(question.reference.as_str()).await?;
            if !found.is_complete {
                return Ok(Sought::Unclear("the gateway has more records than it shows".to_owned()));
            }
            let sought = records::sought(question, &found.transactions, None);
            // How much of a partial approval was approved, only the detail knows.
            if let (Sought::Differs(_), Operation::Authorize, [one]) =
                (&sought, question.operation, &found.transactions[..])
            {
                let approved = client.detail(&one.request_id).await?.approved;
                return Ok(records::sought(question, &found.transactions, approved));
            }
            Ok(sought)
        })
    }

    fn search<'a>(&'a self, pair: &'a Pair, reference: &'a MerchantReference) -> PortFuture<'a, Vec<Sighting>> {
        Box::pin(async move {
            let found = self.client(pair)?.search(reference.as_str()).await?;
            Ok(found.transactions.into_iter().map(records::sighting).collect())
        })
    }

    fn window<'a>(&'a self, pair: &'a Pair, stretch: Stretch) -> PortFuture<'a, Page> {
        Box::pin(async move {
            let Stretch { from, to, offset, limit } = stretch;
            let page = self.client(pair)?.search_window(&Window { prefix: None, from, to, offset, limit }).await?;
            let sightings = page.transactions.into_iter().map(records::sighting).collect();
            Ok(Page { sightings, total: page.total })
        })
    }
}

/// A refusal is an answer and is kept as evidence like one: a process that dies right after it knows it again.
fn refused(error: GatewayError) -> Result<What, CallError> {
    match error {
        GatewayError::Refused { reason, fields, .. } => {
            let named = if fields.is_empty() { String::new() } else { format!(" ({})", fields.join(", ")) };
            Ok(What::Refused(Reason::new(reason, format!("the card gateway refused the request{named}"))))
        }
        GatewayError::NotFound { .. } => {
            Ok(What::Refused(Reason::new("NOT_FOUND", "the card gateway does not know the payment")))
        }
        error => Err(error.into()),
    }
}

/// What the index does not show yet says nothing: it is looked at again.
fn not_shown_yet(error: GatewayError) -> CallError {
    match error {
        GatewayError::Inquiry(cause) if matches!(*cause, GatewayError::NotFound { .. }) => CallError::NotShownYet,
        error => error.into(),
    }
}

/// Why giving back is refused: done before, too late for this way, or no.
fn given_back_or(answer: Result<What, CallError>) -> Result<What, CallError> {
    match answer {
        Ok(What::Refused(reason)) => Ok(match reason.code.as_str() {
            "AUTH_ALREADY_REVERSED" | "CAPTURE_ALREADY_VOIDED" => What::Gone,
            "TRANSACTION_ALREADY_SETTLED" | "TRANSACTION_ALREADY_REVERSED_OR_SETTLED" | "NOT_VOIDABLE" => {
                What::MovedOn { capture: None, reason }
            }
            _ => What::Refused(reason),
        }),
        other => other,
    }
}

/// An answer that names another attempt says nothing about ours.
fn same(asked: &MerchantReference, told: Option<String>) -> Result<(), CallError> {
    match told {
        Some(told) if told != asked.as_str() => Err(CallError::OtherReference { asked: asked.clone(), told }),
        _ => Ok(()),
    }
}
