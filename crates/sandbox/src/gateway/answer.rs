//! The bodies of successful answers, in the gateway's spelling. Links name only what is possible next in this sandbox.

use chrono::{DateTime, SecondsFormat, Utc};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::{
    Answer,
    books::{FollowOn, PaymentStatus},
    fields::Money,
    state::Payment,
};

/// `2026-10-14T09:30:01Z`.
pub(super) fn utc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// 502, whether or not anything was made.
pub(super) fn server_timeout(now: DateTime<Utc>) -> Answer {
    let body = json!({"submitTimeUtc": utc(now), "status": "SERVER_ERROR", "reason": "SERVER_TIMEOUT",
        "message": "Error - The request was received but there was a server timeout.", "details": []});
    Answer { status: StatusCode::BAD_GATEWAY, ..Answer::created(body) }
}

/// The answer to an authorization or a sale.
pub(super) fn payment(payment: &Payment) -> Value {
    let record = &payment.record;
    let mut body = json!({
        "_links": links(payment),
        "id": record.id, "submitTimeUtc": utc(record.at), "status": record.status.as_str(),
        "reconciliationId": payment.reconciliation_id,
        "clientReferenceInformation": {"code": record.reference},
        "orderInformation": {"amountDetails": {"currency": payment.requested.currency_text}},
        "paymentAccountInformation": {"card": {"type": record.card_type}},
        "paymentInformation": {"card": {"type": record.card_type}, "tokenizedCard": {"type": record.card_type}},
        "processorInformation": {"responseCode": payment.response_code},
    });
    let is_approved = record.status != PaymentStatus::Declined;
    if is_approved {
        body["orderInformation"]["amountDetails"]["authorizedAmount"] = json!(payment.number(record.authorized_minor));
        if record.is_sale {
            body["orderInformation"]["amountDetails"]["totalAmount"] = json!(payment.number(record.authorized_minor));
        }
        body["processorInformation"] = json!({
            "approvalCode": "831000", "responseCode": payment.response_code, "transactionId": payment.network_id,
            "networkTransactionId": payment.network_id, "avs": {"code": "Y", "codeRaw": "Y"},
            "cardVerification": {"resultCode": "M"}});
    }
    if let Some(reason) = &record.reason {
        body["errorInformation"] = json!({"reason": reason, "message": payment.message, "details": []});
    }
    if matches!(record.status, PaymentStatus::AuthorizedPendingReview | PaymentStatus::AuthorizedRiskDeclined) {
        body["riskInformation"] = json!({"profile": {"name": "Standard", "desinationQueue": "Review Queue"},
            "score": {"result": "77", "factorCodes": ["F", "Z"]}, "casePriority": 3});
    }
    body
}

fn links(payment: &Payment) -> Value {
    let record = &payment.record;
    let here = format!("/pts/v2/payments/{}", record.id);
    let mut links = Map::new();
    links.insert("self".to_owned(), json!({"method": "GET", "href": here}));
    let is_held = record.captures.is_empty() && record.held_minor() > 0;
    let (may_capture, may_reverse) = match record.status {
        PaymentStatus::Authorized | PaymentStatus::PartialAuthorized => (is_held, is_held),
        PaymentStatus::AuthorizedRiskDeclined => (false, is_held),
        PaymentStatus::AuthorizedPendingReview | PaymentStatus::Declined => (false, false),
    };
    if may_capture {
        links.insert("capture".to_owned(), json!({"method": "POST", "href": format!("{here}/captures")}));
    }
    if may_reverse {
        links.insert("authReversal".to_owned(), json!({"method": "POST", "href": format!("{here}/reversals")}));
    }
    if record.captures.iter().any(|capture| capture.id == record.id) {
        links.insert("void".to_owned(), json!({"method": "POST", "href": format!("{here}/voids")}));
        links.insert("refund".to_owned(), json!({"method": "POST", "href": format!("{here}/refunds")}));
    }
    Value::Object(links)
}

/// The answer to a capture.
pub(super) fn capture(capture: &FollowOn, money: &Money, reconciliation_id: &str) -> Value {
    json!({
        "_links": {"self": {"method": "GET", "href": format!("/pts/v2/captures/{}", capture.id)},
            "void": {"method": "POST", "href": format!("/pts/v2/captures/{}/voids", capture.id)},
            "refund": {"method": "POST", "href": format!("/pts/v2/captures/{}/refunds", capture.id)}},
        "id": capture.id, "submitTimeUtc": utc(capture.at), "status": "PENDING", "reconciliationId": reconciliation_id,
        "clientReferenceInformation": {"code": capture.reference},
        "orderInformation": {"amountDetails": {"totalAmount": money.amount.number(), "currency": money.currency_text}},
    })
}

/// The answer to an authorization reversal.
pub(super) fn reversal(reversal: &FollowOn, money: &Money) -> Value {
    json!({
        "_links": {"self": {"method": "GET", "href": format!("/pts/v2/reversals/{}", reversal.id)}},
        "id": reversal.id, "submitTimeUtc": utc(reversal.at), "status": "REVERSED",
        "clientReferenceInformation": {"code": reversal.reference},
        "reversalAmountDetails": {"reversedAmount": money.amount.number(), "currency": money.currency_text},
        "processorInformation": {"responseCode": "00"},
    })
}

/// The answer to a refund.
pub(super) fn refund(refund: &FollowOn, money: &Money, reconciliation_id: &str) -> Value {
    json!({
        "_links": {"self": {"method": "GET", "href": format!("/pts/v2/refunds/{}", refund.id)},
            "void": {"method": "POST", "href": format!("/pts/v2/refunds/{}/voids", refund.id)}},
        "id": refund.id, "submitTimeUtc": utc(refund.at), "status": "PENDING", "reconciliationId": reconciliation_id,
        "clientReferenceInformation": {"code": refund.reference},
        "refundAmountDetails": {"refundAmount": money.amount.number(), "currency": money.currency_text},
    })
}

/// The answer to a void of a capture or a refund of this payment.
pub(super) fn void(void: &FollowOn, payment: &Payment) -> Value {
    json!({
        "_links": {"self": {"method": "GET", "href": format!("/pts/v2/voids/{}", void.id)}},
        "id": void.id, "submitTimeUtc": utc(void.at), "status": "VOIDED",
        "clientReferenceInformation": {"code": void.reference},
        "voidAmountDetails": {"voidAmount": payment.number(void.amount_minor),
            "currency": payment.requested.currency_text},
    })
}
