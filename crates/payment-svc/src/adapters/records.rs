//! The gateway's records, read: what an attempt came to, what the shop's plugin did, what happened in a stretch of time.

use cybersource::{ApplicationOutcome, TransactionSummary};
use money::Amount;
use payment_domain::{
    Reason,
    payment::{Operation, Purpose},
};

use crate::{
    codec::What,
    ports::{Question, Sighting, Sought},
};

/// The part of a record that an operation makes.
fn part_of(operation: Operation) -> &'static str {
    match operation {
        Operation::Authorize => "ics_auth",
        Operation::Capture => "ics_bill",
        Operation::Reverse | Operation::TimeoutReverse => "ics_auth_reversal",
        Operation::Void | Operation::TimeoutVoid => "ics_void",
        Operation::Refund => "ics_credit",
    }
}

/// A record in our words. A record of several parts is named by the one that goes furthest.
pub(super) fn sighting(record: TransactionSummary) -> Sighting {
    let furthest = [Operation::Refund, Operation::Void, Operation::Capture, Operation::Reverse, Operation::Authorize];
    let part = furthest.into_iter().find_map(|operation| Some((operation, record.outcome_of(part_of(operation))?)));
    Sighting {
        operation: part.map(|(operation, _)| operation),
        reference: record.reference.unwrap_or_default(),
        gateway_request_id: record.request_id,
        amount: record.amount,
        is_done: match part.map(|(_, outcome)| outcome) {
            Some(ApplicationOutcome::Done) => Some(true),
            Some(ApplicationOutcome::Declined | ApplicationOutcome::Failed) => Some(false),
            Some(ApplicationOutcome::NotTold) | None => None,
        },
    }
}

/// What became of an attempt, from the records under its reference. A success counts before a failure: a reference is used
/// once, so two records are a finding of their own.
pub(super) fn sought(question: &Question, records: &[TransactionSummary], approved: Option<Amount>) -> Sought {
    let name = part_of(question.operation);
    let parts: Vec<_> = records.iter().filter_map(|record| Some((record, record.outcome_of(name)?))).collect();
    let done = parts.iter().filter(|(_, outcome)| *outcome == ApplicationOutcome::Done).collect::<Vec<_>>();
    match (&done[..], parts.first()) {
        ([(record, _)], _) => done_as(question, record, approved),
        ([_, _, ..], _) => Sought::Differs(format!("{} records under {}", done.len(), question.reference)),
        ([], Some((record, ApplicationOutcome::Declined | ApplicationOutcome::Failed))) => {
            let code = record.reason_code.clone().unwrap_or_default();
            let text = "the gateway's records show that it was refused";
            Sought::Found(What::Refused(Reason::new(word_of(&code), text)))
        }
        ([], Some(_)) => Sought::Unclear(format!("the record of {} does not say how it went", question.reference)),
        ([], None) if records.is_empty() => Sought::Absent,
        ([], None) => Sought::Differs(format!("under {} the gateway did something else", question.reference)),
    }
}

fn done_as(question: &Question, record: &TransactionSummary, approved: Option<Amount>) -> Sought {
    let Some(amount) = record.amount else {
        return Sought::Unclear(format!("the record of {} names no amount", question.reference));
    };
    if amount != question.amount {
        return Sought::Differs(format!(
            "{} of {amount} stands under {} where {} was asked",
            question.operation.word(),
            question.reference,
            question.amount
        ));
    }
    let gateway_request_id = record.request_id.clone();
    Sought::Found(match question.operation {
        Operation::Authorize => return held(question, record, approved),
        Operation::Capture => What::Captured { amount, gateway_request_id },
        Operation::Reverse | Operation::Void | Operation::Refund => What::Reversed { amount, gateway_request_id },
        Operation::TimeoutReverse | Operation::TimeoutVoid => What::Undone,
    })
}

fn held(question: &Question, record: &TransactionSummary, approved: Option<Amount>) -> Sought {
    let gateway_request_id = record.request_id.clone();
    let approval_code = record.approval_code.clone().unwrap_or_default();
    let decision = record.applications.iter().find(|part| part.name == "ics_decision");
    let flag = decision.and_then(|part| part.flag.as_deref()).unwrap_or_default();
    let is_partial =
        record.applications.iter().any(|part| part.name == "ics_auth" && part.reason_code.as_deref() == Some("110"));
    // A record shows what was asked for; how much of it was approved, only its detail knows.
    let amount = match (is_partial, approved) {
        (false, _) => question.amount,
        (true, Some(approved)) => approved,
        (true, None) => {
            return Sought::Differs(format!("only a part was approved under {}: see its detail", question.reference));
        }
    };
    Sought::Found(match flag {
        "DREVIEW" => What::UnderReview { amount: Some(amount), gateway_request_id },
        "DREJECT" => {
            let risk = Some(Reason::new("DECISION_PROFILE_REJECT", "the gateway's risk rules said no"));
            What::Held { amount, gateway_request_id, approval_code, risk }
        }
        _ => What::Held { amount, gateway_request_id, approval_code, risk: None },
    })
}

/// Records carry numbers where answers carry words.
fn word_of(code: &str) -> &str {
    match code {
        "475" | "478" => "authentication_wanted",
        other => {
            let known = cybersource::status::reason_of_code(other).map(|row| row.word);
            known.filter(|word| !word.is_empty()).unwrap_or(other)
        }
    }
}

/// The shop's claim against the records under the shop's reference.
pub(super) fn confirmed(purpose: &Purpose, records: &[TransactionSummary], merchant_reference: &str) -> Option<What> {
    let claim = purpose.token.claim.as_ref()?;
    let record = records.iter().find(|record| record.request_id == claim.gateway_request_id)?;
    let has = |name: &str| records.iter().any(|record| record.outcome_of(name) == Some(ApplicationOutcome::Done));
    let not = |code: &str, text: String| Some(What::NotConfirmed(Reason::new(code, text)));
    if record.reference.as_deref().is_some_and(|told| told != merchant_reference) {
        return not("claim_reference", format!("request {} has another merchant reference", record.request_id));
    }
    let Some(amount) = record.amount else {
        return not("claim_amount", format!("the record of request {} names no amount", record.request_id));
    };
    if has("ics_auth_reversal") || has("ics_void") || has("ics_credit") {
        return not("claim_undone", format!("what request {} did has been undone", record.request_id));
    }
    let bill = records.iter().find(|record| record.outcome_of("ics_bill") == Some(ApplicationOutcome::Done));
    match (purpose.token.mode, bill, record.outcome_of("ics_auth")) {
        (payment_domain::TokenMode::Taken, Some(bill), _) => {
            let amount = bill.amount.unwrap_or(amount);
            Some(What::Captured { amount, gateway_request_id: bill.request_id.clone() })
        }
        (payment_domain::TokenMode::Taken, None, _) => {
            not("claim_not_taken", format!("nothing was taken under request {}", record.request_id))
        }
        (_, Some(_), _) => not("claim_taken", format!("the money of request {} was taken already", record.request_id)),
        (_, None, Some(ApplicationOutcome::Done)) => Some(What::Held {
            amount,
            gateway_request_id: record.request_id.clone(),
            approval_code: record.approval_code.clone().unwrap_or_default(),
            risk: None,
        }),
        (_, None, _) => not("claim_not_held", format!("request {} holds nothing", record.request_id)),
    }
}
