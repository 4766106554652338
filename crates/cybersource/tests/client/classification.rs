//! Every answer the gateway may give, and what we then know.

use cybersource::{AuthorizationStatus, CaptureStatus, GatewayError, SchemeAdvice};
use fault::{Class, Classify};
use node::TransportError;

use super::{answer, authorize, canned, capture, eur, refund, reverse, timeout_reverse, timeout_void, void};

const REFUSAL: &str = r#"{"status":"INVALID_REQUEST","reason":"REASON","message":"m",
    "details":[{"field":"orderInformation.amountDetails.currency","reason":"MISSING_FIELD"}]}"#;

fn refusal(reason: &str) -> String {
    REFUSAL.replace("REASON", reason)
}

fn paid(status: &str, more: &str) -> String {
    format!(
        r#"{{"id":"7919702000000000000001","submitTimeUtc":"2026-10-14T09:30:01Z","status":"{status}",
        "newMember":{{"x":[1]}},"clientReferenceInformation":{{"code":"OTC-1001-A1"}},{more}"_links":{{}}}}"#
    )
}

const HELD: &str = r#""orderInformation":{"amountDetails":{"authorizedAmount":"102.21","currency":"eur"}},"#;

/// Every row: HTTP status, body, class.
fn failures() -> Vec<(u16, String, Class)> {
    use Class::{Permanent, Transient, UnknownOutcome};
    let mut rows = vec![
        (401, r#"{"response":{"rmsg":"Authentication Failed"}}"#.to_owned(), Transient),
        (403, String::new(), Transient),
        (404, String::new(), Permanent),
        (429, String::new(), Transient),
        (400, "<html>".to_owned(), UnknownOutcome),
        (400, "{}".to_owned(), UnknownOutcome),
        (400, refusal("DUPLICATE_REQUEST"), UnknownOutcome),
        (400, refusal("PROCESSOR_UNAVAILABLE"), UnknownOutcome),
        (400, refusal("A_REASON_OF_TOMORROW"), UnknownOutcome),
        (201, refusal("INVALID_DATA"), Permanent),
        (201, r#"{"status":"INVALID_REQUEST","errorInformation":{"reason":"MISSING_FIELD"}}"#.to_owned(), Permanent),
        (201, String::new(), UnknownOutcome),
        (201, "[]".to_owned(), UnknownOutcome),
        (201, "{\"id\":\"79".to_owned(), UnknownOutcome),
        (201, r#"{"id":"1"}"#.to_owned(), UnknownOutcome),
        (201, r#"{"status":"AUTHORIZED"}"#.to_owned(), UnknownOutcome),
        (201, paid("SOMETHING_NEW", HELD), UnknownOutcome),
        (201, paid("201", ""), UnknownOutcome),
        (200, String::new(), UnknownOutcome),
    ];
    for status in [500, 502, 503, 504] {
        rows.push((status, r#"{"status":"SERVER_ERROR","reason":"SERVER_TIMEOUT"}"#.to_owned(), UnknownOutcome));
        rows.push((status, "upstream".to_owned(), UnknownOutcome));
    }
    for status in [301, 302, 405, 408, 409, 410, 413, 415, 422, 501] {
        rows.push((status, String::new(), UnknownOutcome));
    }
    for reason in [
        "MISSING_FIELD",
        "INVALID_DATA",
        "INVALID_CARD",
        "INVALID_MERCHANT_CONFIGURATION",
        "INVALID_AMOUNT",
        "INVALID_PAYMENT_ID",
        "EXCEEDS_AUTH_AMOUNT",
        "AUTH_ALREADY_REVERSED",
        "TRANSACTION_ALREADY_SETTLED",
        "MISSING_AUTH",
        "TRANSACTION_ALREADY_REVERSED_OR_SETTLED",
    ] {
        rows.push((400, refusal(reason), Permanent));
    }
    rows
}

#[tokio::test]
async fn every_operation_that_moves_money_classifies_every_answer_alike() {
    for (status, body, class) in failures() {
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.authorize(&authorize(eur("102.21"), "J")).await.unwrap_err();
        assert_eq!(error.class(), class, "authorize {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.capture(&capture("7919702", eur("102.21"))).await.unwrap_err();
        assert_eq!(error.class(), class, "capture {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.reverse(&reverse("7919702", eur("102.21"))).await.unwrap_err();
        assert_eq!(error.class(), class, "reverse {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.sale(&authorize(eur("102.21"), "J")).await.unwrap_err();
        assert_eq!(error.class(), class, "sale {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.void(&void("7919702")).await.unwrap_err();
        assert_eq!(error.class(), class, "void {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.refund(&refund("7919702", eur("102.21"))).await.unwrap_err();
        assert_eq!(error.class(), class, "refund {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.timeout_reverse(&timeout_reverse("OTC1001A1", eur("102.21"))).await.unwrap_err();
        assert_eq!(error.class(), class, "timeout_reverse {status} {body}: {error}");
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.timeout_void(&timeout_void("OTC1001C1")).await.unwrap_err();
        assert_eq!(error.class(), class, "timeout_void {status} {body}: {error}");
        assert_eq!(error.is_retriable(), class == Class::Transient);
    }
}

#[tokio::test]
async fn a_question_may_always_be_asked_again_unless_it_is_refused() {
    for (status, body, class) in failures() {
        if body.contains("AUTHORIZED") || body.contains("SOMETHING_NEW") {
            continue;
        }
        let (client, _) = canned(Ok(answer(status, &body)));
        let error = client.search("OTC-1001-A1").await.unwrap_err();
        // A refusal inside a success is a thing of payments; a search has no status and is merely unreadable.
        let is_refusal = class == Class::Permanent && status != 201;
        assert_eq!(error.class(), if is_refusal { Class::Permanent } else { Class::Transient }, "{status} {body}");
    }
}

#[tokio::test]
async fn the_network_tells_whether_anything_was_sent() {
    let (host, detail) = ("h".to_owned(), "d".to_owned());
    let (client, _) = canned(Err(TransportError::NotSent { host: host.clone(), detail: detail.clone() }));
    let error = client.authorize(&authorize(eur("1.00"), "J")).await.unwrap_err();
    assert_eq!(error.class(), Class::Transient);
    let (client, _) = canned(Err(TransportError::MaybeSent { host, detail }));
    let error = client.authorize(&authorize(eur("1.00"), "J")).await.unwrap_err();
    assert_eq!(error.class(), Class::UnknownOutcome);
    assert_eq!(error.to_string(), "no answer from the card gateway to OTC-1001-A1");
}

#[tokio::test]
async fn a_refusal_names_its_reason_and_its_fields() {
    let (client, _) = canned(Ok(answer(400, &refusal("MISSING_FIELD"))));
    let error = client.authorize(&authorize(eur("1.00"), "J")).await.unwrap_err();
    let GatewayError::Refused { reason, fields, .. } = error else { panic!("{error}") };
    assert_eq!(reason, "MISSING_FIELD");
    assert_eq!(fields, ["orderInformation.amountDetails.currency"]);
}

#[tokio::test]
async fn every_status_of_an_authorization_is_read() {
    let amount = eur("102.21");
    let declined = |reason: &str, more: &str| format!(r#""errorInformation":{{"reason":"{reason}"}},{more}"#);
    let never = r#""paymentInsightsInformation":{"responseInsights":{"categoryCode":"01"}},"#;
    let limited = r#""paymentInsightsInformation":{"responseInsights":{"categoryCode":"97"}},"#;
    let score = "SCORE_EXCEEDS_THRESHOLD".to_owned();
    let refused = |reason: &str, advice| AuthorizationStatus::Declined { reason: reason.to_owned(), advice };
    let rows = [
        ("AUTHORIZED", HELD.to_owned(), AuthorizationStatus::Authorized { amount }),
        ("PARTIAL_AUTHORIZED", HELD.to_owned(), AuthorizationStatus::Partial { amount }),
        ("AUTHORIZED_PENDING_REVIEW", HELD.to_owned(), AuthorizationStatus::PendingReview { held: Some(amount) }),
        ("PENDING_REVIEW", String::new(), AuthorizationStatus::PendingReview { held: None }),
        (
            "AUTHORIZED_RISK_DECLINED",
            declined(&score, HELD),
            AuthorizationStatus::RiskDeclined { amount, reason: score.clone() },
        ),
        ("PENDING_AUTHENTICATION", String::new(), AuthorizationStatus::PendingAuthentication),
        ("DECLINED", declined("STOLEN_LOST_CARD", never), refused("STOLEN_LOST_CARD", SchemeAdvice::Never)),
        ("DECLINED", declined("INSUFFICIENT_FUND", limited), refused("INSUFFICIENT_FUND", SchemeAdvice::Limited)),
        ("DECLINED", String::new(), refused("NOT_TOLD", SchemeAdvice::NotTold)),
        // The issuer had approved: what may be held must be let go.
        (
            "DECLINED",
            declined("AVS_FAILED", ""),
            AuthorizationStatus::RiskDeclined { amount: eur("200.00"), reason: "AVS_FAILED".to_owned() },
        ),
    ];
    for (word, more, expected) in rows {
        let (client, _) = canned(Ok(answer(201, &paid(word, &more))));
        let told = client.authorize(&authorize(eur("200.00"), "J")).await.unwrap();
        assert_eq!(told.status, expected, "{word} {more}");
        assert_eq!(told.request_id, "7919702000000000000001");
    }
}

#[tokio::test]
async fn money_held_without_a_readable_amount_is_no_answer() {
    for details in [
        r#"{"currency":"EUR"}"#,
        r#"{"authorizedAmount":"102.213","currency":"EUR"}"#,
        r#"{"authorizedAmount":"1e2","currency":"EUR"}"#,
        r#"{"authorizedAmount":"102.21","currency":"LOT"}"#,
    ] {
        let more = format!(r#""orderInformation":{{"amountDetails":{details}}},"#);
        let (client, _) = canned(Ok(answer(201, &paid("AUTHORIZED", &more))));
        let error = client.authorize(&authorize(eur("102.21"), "J")).await.unwrap_err();
        assert_eq!(error.class(), Class::UnknownOutcome, "{details}");
    }
}

#[tokio::test]
async fn another_amount_or_currency_is_kept_as_told() {
    let more = r#""orderInformation":{"amountDetails":{"authorizedAmount":"99","currency":"USD"}},"#;
    let (client, _) = canned(Ok(answer(201, &paid("AUTHORIZED", more))));
    let told = client.authorize(&authorize(eur("102.21"), "J")).await.unwrap();
    let AuthorizationStatus::Authorized { amount } = told.status else { panic!("{told:?}") };
    assert_eq!(amount.to_string(), "99.00 USD");
}

#[tokio::test]
async fn captures_and_reversals_are_read() {
    for (word, expected) in [("PENDING", CaptureStatus::Pending), ("TRANSMITTED", CaptureStatus::Transmitted)] {
        let more = r#""orderInformation":{"amountDetails":{"totalAmount":"102.21","currency":"EUR"}},"#;
        let (client, _) = canned(Ok(answer(201, &paid(word, more))));
        let told = client.capture(&capture("7919702", eur("102.21"))).await.unwrap();
        assert_eq!((told.status, told.amount), (expected, Some(eur("102.21"))));
    }
    let more = r#""reversalAmountDetails":{"reversedAmount":"102.21","currency":"EUR"},"#;
    let (client, _) = canned(Ok(answer(201, &paid("REVERSED", more))));
    let told = client.reverse(&reverse("7919702", eur("102.21"))).await.unwrap();
    assert_eq!(told.amount, Some(eur("102.21")));
}
