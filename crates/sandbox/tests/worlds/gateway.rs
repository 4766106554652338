//! Authorize, capture and reverse: the rules of amounts and states.

use sandbox::{SandboxConfig, gateway::GatewayConfig};
use serde_json::{Value, json};

use crate::caller::{authorization, authorized, base, capture_of, post, refused, reversal_of, sandbox};

fn with_gateway(gateway: GatewayConfig) -> SandboxConfig {
    SandboxConfig { gateway, ..SandboxConfig::default() }
}

#[tokio::test]
async fn an_authorization_holds_what_was_asked() {
    let world = sandbox(SandboxConfig::default());
    let (status, answer) = post(&world, "/pts/v2/payments", authorization(&world, "visa", "DEMO-1-A1", "102.21")).await;
    assert_eq!(status, 201);
    let id = answer["id"].as_str().unwrap();
    assert!(id.len() == 22 && id.bytes().all(|b| b.is_ascii_digit()), "{id}");
    assert_eq!(answer["clientReferenceInformation"]["code"], "DEMO-1-A1");
    assert_eq!(answer["orderInformation"]["amountDetails"], json!({"authorizedAmount": "102.21", "currency": "USD"}));
    assert_eq!(answer["_links"]["capture"]["href"], format!("/pts/v2/payments/{id}/captures"));
    let books = world.books().gateway;
    let payment = books.by_reference("DEMO-1-A1").next().unwrap();
    assert_eq!((payment.authorized_minor, payment.held_minor()), (10221, 10221));
    assert_eq!((payment.card_prefix.as_str(), payment.card_suffix.as_str()), ("411111", "1111"));
}

#[tokio::test]
async fn the_same_request_twice_makes_two_payments() {
    let world = sandbox(SandboxConfig::default());
    let body = authorization(&world, "visa", "DEMO-1-A1", "10.00");
    let (first, second) =
        (post(&world, "/pts/v2/payments", body.clone()).await, post(&world, "/pts/v2/payments", body).await);
    assert_eq!((first.0, second.0), (201, 201));
    assert_ne!(first.1["id"], second.1["id"]);
    assert_eq!(world.books().gateway.by_reference("DEMO-1-A1").count(), 2);
}

#[tokio::test]
async fn a_decline_is_created_like_any_answer() {
    let world = sandbox(SandboxConfig::default());
    for (card, amount, reason) in [
        ("visa", "10.51", "INSUFFICIENT_FUND"),
        ("visa", "10.54", "EXPIRED_CARD"),
        ("visa", "10.05", "PROCESSOR_DECLINED"),
        ("visa", "10.43", "STOLEN_LOST_CARD"),
        ("visa_declined", "10.00", "PROCESSOR_DECLINED"),
    ] {
        let (status, answer) = post(&world, "/pts/v2/payments", authorization(&world, card, reason, amount)).await;
        assert_eq!((status, &answer["status"]), (201, &json!("DECLINED")));
        assert_eq!(answer["errorInformation"]["reason"], reason);
        let id = answer["id"].as_str().unwrap();
        let (status, answer) = post(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("C", "10.00")).await;
        assert_eq!((status, &answer["reason"]), (400, &json!("MISSING_AUTH")));
    }
    assert_eq!(world.books().gateway.payments.iter().map(|payment| payment.authorized_minor).sum::<i64>(), 0);
}

#[tokio::test]
async fn triggers_can_be_switched_off() {
    let world = sandbox(with_gateway(GatewayConfig { are_triggers_on: false, ..GatewayConfig::default() }));
    authorized(&world, "DEMO-1-A1", "10.51").await;
}

#[tokio::test]
async fn the_trigger_table_holds() {
    let world = sandbox(SandboxConfig::default());
    let (_, partial) = post(&world, "/pts/v2/payments", authorization(&world, "visa", "P", "20.10")).await;
    assert_eq!(partial["status"], "PARTIAL_AUTHORIZED");
    assert_eq!(partial["orderInformation"]["amountDetails"]["authorizedAmount"], "10.05");
    let (_, review) = post(&world, "/pts/v2/payments", authorization(&world, "visa", "R", "20.80")).await;
    assert_eq!(
        (&review["status"], &review["errorInformation"]["reason"]),
        (&json!("AUTHORIZED_PENDING_REVIEW"), &json!("DECISION_PROFILE_REVIEW"))
    );
    let (_, risk) = post(&world, "/pts/v2/payments", authorization(&world, "visa", "K", "20.81")).await;
    assert_eq!(risk["status"], "AUTHORIZED_RISK_DECLINED");
    for (amount, made) in [("20.91", 1), ("20.92", 0)] {
        let (status, answer) = post(&world, "/pts/v2/payments", authorization(&world, "visa", amount, amount)).await;
        assert_eq!(
            (status, &answer["status"], &answer["reason"]),
            (502, &json!("SERVER_ERROR"), &json!("SERVER_TIMEOUT"))
        );
        assert_eq!(world.books().gateway.by_reference(amount).count(), made);
    }
}

#[tokio::test]
async fn nothing_follows_on_a_review_and_a_risk_decline_can_only_be_reversed() {
    let world = sandbox(SandboxConfig::default());
    for (card, reverses) in [("visa_review", false), ("visa_risk_declined", true)] {
        let (_, answer) = post(&world, "/pts/v2/payments", authorization(&world, card, card, "10.00")).await;
        let payment = format!("/pts/v2/payments/{}", answer["id"].as_str().unwrap());
        let (status, _) = post(&world, &format!("{payment}/captures"), capture_of("C", "10.00")).await;
        assert_eq!(status, 400);
        let (status, _) = post(&world, &format!("{payment}/reversals"), reversal_of("R", "10.00")).await;
        assert_eq!(status == 201, reverses);
    }
}

#[tokio::test]
async fn a_capture_takes_what_is_held_once() {
    let world = sandbox(SandboxConfig::default());
    let payment = format!("/pts/v2/payments/{}", authorized(&world, "A", "100.00").await);
    let captures = format!("{payment}/captures");
    assert_eq!(refused(&world, &captures, capture_of("C1", "100.01")).await, "EXCEEDS_AUTH_AMOUNT");
    let (status, answer) = post(&world, &captures, capture_of("C1", "60.00")).await;
    assert_eq!((status, &answer["status"]), (201, &json!("PENDING")));
    assert_eq!(refused(&world, &captures, capture_of("C2", "40.00")).await, "MISSING_AUTH");
    assert_eq!(
        refused(&world, &format!("{payment}/reversals"), reversal_of("R", "100.00")).await,
        "TRANSACTION_ALREADY_SETTLED"
    );
    let books = world.books().gateway;
    let record = books.by_reference("A").next().unwrap();
    assert_eq!((record.captured_minor(), record.reversed_minor()), (6000, 0));
    assert_eq!(record.captures[0].reference, "C1");
}

#[tokio::test]
async fn parts_are_taken_and_released_when_the_account_may() {
    let config =
        GatewayConfig { allows_multiple_captures: true, allows_partial_reversals: true, ..GatewayConfig::default() };
    let world = sandbox(with_gateway(config));
    let payment = format!("/pts/v2/payments/{}", authorized(&world, "A", "100.00").await);
    let (captures, reversals) = (format!("{payment}/captures"), format!("{payment}/reversals"));
    for reference in ["C1", "C2"] {
        assert_eq!(post(&world, &captures, capture_of(reference, "30.00")).await.0, 201);
    }
    assert_eq!(refused(&world, &reversals, reversal_of("R", "40.01")).await, "INVALID_AMOUNT");
    assert_eq!(post(&world, &reversals, reversal_of("R", "40.00")).await.0, 201);
    assert_eq!(refused(&world, &captures, capture_of("C3", "0.01")).await, "EXCEEDS_AUTH_AMOUNT");
    let books = world.books().gateway;
    assert_eq!(books.payments[0].held_minor(), 0);
}

#[tokio::test]
async fn a_reversal_releases_the_whole_hold_once() {
    let world = sandbox(SandboxConfig::default());
    let payment = format!("/pts/v2/payments/{}", authorized(&world, "A", "100.00").await);
    let reversals = format!("{payment}/reversals");
    assert_eq!(refused(&world, &reversals, reversal_of("R", "99.99")).await, "INVALID_AMOUNT");
    let (status, answer) = post(&world, &reversals, reversal_of("R", "100.00")).await;
    assert_eq!((status, &answer["status"]), (201, &json!("REVERSED")));
    assert_eq!(answer["reversalAmountDetails"], json!({"reversedAmount": "100.00", "currency": "USD"}));
    assert_eq!(refused(&world, &reversals, reversal_of("R", "100.00")).await, "AUTH_ALREADY_REVERSED");
    assert_eq!(
        refused(&world, &format!("{payment}/captures"), capture_of("C", "100.00")).await,
        "AUTH_ALREADY_REVERSED"
    );
}

#[tokio::test]
async fn a_sale_is_authorized_and_captured_in_one() {
    let world = sandbox(SandboxConfig::default());
    let mut body = authorization(&world, "amex", "S", "15.00");
    body["processingInformation"]["capture"] = json!(true);
    let (_, answer) = post(&world, "/pts/v2/payments", body).await;
    assert_eq!((&answer["status"], &answer["_links"]["capture"]), (&json!("AUTHORIZED"), &Value::Null));
    let books = world.books().gateway;
    assert!(books.payments[0].is_sale);
    assert_eq!(books.payments[0].captured_minor(), 1500);
}

#[tokio::test]
async fn a_follow_on_needs_its_original() {
    let world = sandbox(SandboxConfig::default());
    assert_eq!(refused(&world, "/pts/v2/payments/1/captures", capture_of("C", "1.00")).await, "INVALID_PAYMENT_ID");
    let id = authorized(&world, "A", "10.00").await;
    world.advance(std::time::Duration::from_secs(181 * 24 * 3600));
    assert_eq!(
        refused(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("C", "10.00")).await,
        "INVALID_DATA"
    );
}

#[tokio::test]
async fn a_transient_token_serves_often_and_for_fifteen_minutes() {
    let world = sandbox(SandboxConfig::default());
    let token = world.mint_token("mastercard").unwrap();
    assert!(token.jti.len() == 64 && token.jti.bytes().all(|b| b.is_ascii_alphanumeric()));
    let body = |information: Value| {
        json!({"clientReferenceInformation": {"code": "T"}, "tokenInformation": information,
            "orderInformation": {"amountDetails": {"totalAmount": "5.00", "currency": "usd"}}})
    };
    let (by_jwt, by_jti) = (body(json!({"transientTokenJwt": token.jwt})), body(json!({"jti": token.jti})));
    world.advance(std::time::Duration::from_secs(899));
    for body in [&by_jwt, &by_jti] {
        let (status, answer) = post(&world, "/pts/v2/payments", body.clone()).await;
        assert_eq!(status, 201, "{answer}");
        assert_eq!(answer["orderInformation"]["amountDetails"]["currency"], "usd");
        assert_eq!(answer["paymentInformation"]["card"]["type"], "002");
    }
    world.advance(std::time::Duration::from_secs(1));
    for (body, field) in [(by_jwt, "tokenInformation.transientTokenJwt"), (by_jti, "tokenInformation.jti")] {
        let (status, answer) = post(&world, "/pts/v2/payments", body).await;
        assert_eq!((status, &answer["reason"]), (400, &json!("INVALID_DATA")));
        assert_eq!(answer["details"][0]["field"], field);
    }
    let mut forged = world.mint_token("visa").unwrap().jwt;
    forged.replace_range(..2, "xx");
    assert_eq!(post(&world, "/pts/v2/payments", body(json!({"transientTokenJwt": forged}))).await.0, 400);
}

#[tokio::test]
async fn a_stored_token_pays() {
    let world = sandbox(SandboxConfig::default());
    let mut body = authorization(&world, "visa", "T", "5.00");
    body["tokenInformation"] = Value::Null;
    body["paymentInformation"] = json!({"customer": {"id": world.mint_stored_token("amex").unwrap().to_lowercase()}});
    let (status, answer) = post(&world, "/pts/v2/payments", body.clone()).await;
    assert_eq!((status, &answer["paymentInformation"]["card"]["type"]), (201, &json!("003")));
    body["paymentInformation"]["customer"]["id"] = json!("AB695DA801DD1BB6E05341588E0A3BDC");
    let (status, answer) = post(&world, "/pts/v2/payments", body).await;
    assert_eq!((status, &answer["details"][0]["field"]), (400, &json!("paymentInformation.customer.id")));
}

const RAW: &str = "4111111111111111";

fn raw_card(number: &str, month: &str, year: &str, amount: &str) -> Value {
    json!({"clientReferenceInformation": {"code": "RAW"},
        "paymentInformation": {"card": {"number": number, "expirationMonth": month, "expirationYear": year, "securityCode": "123"}},
        "orderInformation": {"amountDetails": {"totalAmount": amount, "currency": "USD"}}})
}

#[tokio::test]
async fn a_card_number_pays_and_is_kept_nowhere() {
    let world = sandbox(SandboxConfig::default());
    let (status, answer) = post(&world, "/pts/v2/payments", raw_card(RAW, "12", "2031", "1")).await;
    assert_eq!((status, &answer["status"]), (201, &json!("AUTHORIZED")), "{answer}");
    let books = world.books();
    let shown =
        [format!("{books:?}"), serde_json::to_string(&books).unwrap(), format!("{world:?}"), answer.to_string()];
    assert!(shown.iter().all(|text| !text.contains(RAW)));
}

#[tokio::test]
async fn the_common_triggers_hold() {
    let world = sandbox(SandboxConfig::default());
    let amount = "orderInformation.amountDetails.totalAmount";
    let number = "paymentInformation.card.number";
    for (body, field) in [
        (raw_card(RAW, "12", "2031", "-1"), amount),
        (raw_card(RAW, "12", "2031", "100000000000"), amount),
        (raw_card(RAW, "13", "2031", "1"), "paymentInformation.card.expirationMonth"),
        (raw_card("4111111111111112", "12", "2031", "1"), number),
        (raw_card("411111111111111111111", "12", "2031", "1"), number),
    ] {
        let (status, answer) = post(&world, "/pts/v2/payments", body).await;
        assert_eq!((status, &answer["reason"]), (400, &json!("INVALID_DATA")));
        assert_eq!(answer["details"], json!([{"field": field, "reason": "INVALID_DATA"}]));
        assert!(!answer.to_string().contains("41111111"), "a refusal repeats no number");
    }
    let (status, answer) = post(&world, "/pts/v2/payments", raw_card(RAW, "01", "1998", "1")).await;
    assert_eq!((status, &answer["errorInformation"]["reason"]), (201, &json!("EXPIRED_CARD")));
}

#[tokio::test]
async fn missing_and_malformed_members_are_named() {
    let world = sandbox(SandboxConfig::default());
    let (status, answer) = post(&world, "/pts/v2/payments", json!({"clientReferenceInformation": {"code": "X"}})).await;
    assert_eq!((status, &answer["reason"]), (400, &json!("MISSING_FIELD")));
    let named: Vec<_> =
        answer["details"].as_array().unwrap().iter().map(|detail| detail["field"].as_str().unwrap()).collect();
    assert_eq!(
        named,
        [
            "orderInformation.amountDetails.currency",
            "orderInformation.amountDetails.totalAmount",
            "paymentInformation.card.number"
        ]
    );
    for (pointer, value, field) in [
        ("/orderInformation/amountDetails/totalAmount", json!(10.5), "orderInformation.amountDetails.totalAmount"),
        ("/orderInformation/amountDetails/totalAmount", json!("10.505"), "orderInformation.amountDetails.totalAmount"),
        ("/orderInformation/amountDetails/currency", json!("XXY"), "orderInformation.amountDetails.currency"),
        ("/processingInformation/capture", json!("no"), "processingInformation.capture"),
        ("/clientReferenceInformation/code", json!("x".repeat(51)), "clientReferenceInformation.code"),
        ("/clientReferenceInformation", json!("x"), "clientReferenceInformation"),
    ] {
        let mut body = authorization(&world, "visa", "X", "10.00");
        *body.pointer_mut(pointer).unwrap() = value;
        let (status, answer) = post(&world, "/pts/v2/payments", body).await;
        assert_eq!((status, &answer["reason"]), (400, &json!("INVALID_DATA")), "{answer}");
        assert_eq!(answer["details"][0]["field"], field);
    }
    assert!(world.books().gateway.payments.is_empty());
}

#[tokio::test]
async fn account_switches_refuse_repeats() {
    let config = GatewayConfig {
        refuses_repeated_transaction_id: true,
        blocks_duplicate_reference: true,
        ..GatewayConfig::default()
    };
    let world = sandbox(with_gateway(config));
    let mut body = authorization(&world, "visa", "X", "10.00");
    body["clientReferenceInformation"]["transactionId"] = json!("T1");
    assert_eq!(post(&world, "/pts/v2/payments", body.clone()).await.0, 201);
    assert_eq!(refused(&world, "/pts/v2/payments", body.clone()).await, "DUPLICATE_REQUEST");
    world.advance(std::time::Duration::from_secs(16 * 60));
    body["tokenInformation"]["jti"] = json!(world.mint_token("visa").unwrap().jti);
    assert_eq!(refused(&world, "/pts/v2/payments", body.clone()).await, "DUPLICATE_REQUEST");
    body["clientReferenceInformation"]["transactionId"] = json!("T2");
    assert_eq!(post(&world, "/pts/v2/payments", body).await.0, 201);
}

#[tokio::test]
async fn one_seed_gives_one_history() {
    let history = |seed| async move {
        let world = sandbox(SandboxConfig { seed, ..SandboxConfig::default() });
        let id = authorized(&world, "A", "10.00").await;
        (id, world.mint_token("visa").unwrap().jti)
    };
    assert_eq!(history(7).await, history(7).await);
    assert_ne!(history(7).await, history(8).await);
    assert_eq!(base().timestamp(), 1_791_970_200);
}
