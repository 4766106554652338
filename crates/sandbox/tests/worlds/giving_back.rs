//! Void, refund, undoing by the caller's own id, batches and holds that end.

use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};
use sandbox::{
    Sandbox, SandboxConfig,
    gateway::{Account, Calendar, DEFAULT_MERCHANT, GatewayConfig, PaymentRecord},
};
use serde_json::{Value, json};

use crate::caller::{authorization, authorized, call, capture_of, post, refused, reversal_of, sandbox};

fn only(world: &Sandbox) -> PaymentRecord {
    world.books().gateway.payments.remove(0)
}

fn of(reference: &str) -> Value {
    json!({"clientReferenceInformation": {"code": reference}})
}

async fn captured(world: &Sandbox, amount: &str) -> (String, String) {
    let id = authorized(world, "DEMO-1-A1", amount).await;
    let (status, answer) =
        post(world, &format!("/pts/v2/payments/{id}/captures"), capture_of("DEMO-1-C1", amount)).await;
    assert_eq!(status, 201, "{answer}");
    (id, answer["id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn a_voided_capture_leaves_the_hold_which_is_then_reversed() {
    let world = sandbox(SandboxConfig::default());
    let (payment, capture) = captured(&world, "50.00").await;
    let voids = format!("/pts/v2/captures/{capture}/voids");
    let (status, answer) = post(&world, &voids, of("DEMO-1-V1")).await;
    assert_eq!((status, &answer["status"]), (201, &json!("VOIDED")), "{answer}");
    assert_eq!(answer["voidAmountDetails"], json!({"voidAmount": "50.00", "currency": "USD"}));
    let record = only(&world);
    assert_eq!((record.captured_minor(), record.held_minor(), record.voids.len()), (0, 5000, 1));
    assert_eq!(refused(&world, &voids, of("DEMO-1-V2")).await, "NOT_VOIDABLE");
    let refunds = format!("/pts/v2/captures/{capture}/refunds");
    assert_eq!(refused(&world, &refunds, capture_of("DEMO-1-F1", "50.00")).await, "CAPTURE_ALREADY_VOIDED");
    let reversals = format!("/pts/v2/payments/{payment}/reversals");
    assert_eq!(post(&world, &reversals, reversal_of("DEMO-1-R1", "50.00")).await.0, 201);
    assert_eq!(only(&world).held_minor(), 0);
}

#[tokio::test]
async fn after_the_batch_closed_only_a_refund_helps() {
    let world = sandbox(SandboxConfig::default());
    let (_, capture) = captured(&world, "50.00").await;
    assert_eq!(world.close_batch(), 1);
    let (voids, refunds) = (format!("/pts/v2/captures/{capture}/voids"), format!("/pts/v2/captures/{capture}/refunds"));
    assert_eq!(refused(&world, &voids, of("DEMO-1-V1")).await, "NOT_VOIDABLE");
    let (status, answer) = post(&world, &refunds, capture_of("DEMO-1-F1", "20.00")).await;
    assert_eq!((status, &answer["status"]), (201, &json!("PENDING")), "{answer}");
    assert_eq!(answer["refundAmountDetails"], json!({"refundAmount": "20.00", "currency": "USD"}));
    assert_eq!(refused(&world, &refunds, capture_of("DEMO-1-F2", "30.01")).await, "INVALID_AMOUNT");
    assert_eq!(post(&world, &refunds, capture_of("DEMO-1-F3", "30.00")).await.0, 201);
    let record = only(&world);
    assert_eq!((record.captured_minor(), record.refunded_minor(), record.standing_minor()), (5000, 5000, 0));
    assert_eq!(world.close_batch(), 2, "refunds travel in batches too");
}

#[tokio::test]
async fn a_refund_can_be_withdrawn_while_its_batch_is_open() {
    let world = sandbox(SandboxConfig::default());
    let (_, capture) = captured(&world, "50.00").await;
    let (_, refund) = post(&world, &format!("/pts/v2/captures/{capture}/refunds"), capture_of("F", "50.00")).await;
    let refund = refund["id"].as_str().unwrap();
    assert_eq!(refused(&world, &format!("/pts/v2/captures/{capture}/voids"), of("V")).await, "NOT_VOIDABLE");
    assert_eq!(post(&world, &format!("/pts/v2/refunds/{refund}/voids"), of("V")).await.0, 201);
    assert_eq!(only(&world).standing_minor(), 5000);
    assert_eq!(post(&world, &format!("/pts/v2/captures/{capture}/voids"), of("V2")).await.0, 201);
}

#[tokio::test]
async fn batches_close_by_themselves_once_a_day() {
    // The worlds start at 09:30 UTC.
    let calendar = Calendar { batch_closes_at: NaiveTime::from_hms_opt(10, 0, 0), ..Calendar::default() };
    let gateway = GatewayConfig { calendar, ..GatewayConfig::default() };
    let world = sandbox(SandboxConfig { gateway, ..SandboxConfig::default() });
    let (_, capture) = captured(&world, "50.00").await;
    world.advance(Duration::from_secs(29 * 60));
    assert_eq!(only(&world).captures[0].batched_at, None);
    world.advance(Duration::from_secs(60));
    let closed_at = only(&world).captures[0].batched_at.unwrap();
    assert_eq!(closed_at.time(), NaiveTime::from_hms_opt(10, 0, 0).unwrap());
    let (status, answer) = call(
        &world.gateway_handler(),
        http::Method::POST,
        &format!("/pts/v2/captures/{capture}/voids"),
        of("DEMO-1-V1"),
    )
    .await
    .unwrap();
    assert_eq!((status, &answer["reason"]), (400, &json!("NOT_VOIDABLE")));
}

#[tokio::test]
async fn a_sale_is_voided_and_refunded_by_its_own_id() {
    let world = sandbox(SandboxConfig::default());
    let mut body = authorization(&world, "visa", "S", "15.00");
    body["processingInformation"]["capture"] = json!(true);
    let (_, sale) = post(&world, "/pts/v2/payments", body).await;
    let here = format!("/pts/v2/payments/{}", sale["id"].as_str().unwrap());
    assert_eq!(sale["_links"]["void"]["href"], json!(format!("{here}/voids")));
    assert_eq!(post(&world, &format!("{here}/refunds"), capture_of("F", "5.00")).await.0, 201);
    assert_eq!(only(&world).standing_minor(), 1000);
    let held = authorized(&world, "A", "10.00").await;
    assert_eq!(refused(&world, &format!("/pts/v2/payments/{held}/voids"), of("V")).await, "NOT_VOIDABLE");
    assert_eq!(
        refused(&world, &format!("/pts/v2/payments/{held}/refunds"), capture_of("F", "5.00")).await,
        "INVALID_PAYMENT_ID"
    );
}

fn named(mut body: Value, transaction_id: &str) -> Value {
    body["clientReferenceInformation"]["transactionId"] = json!(transaction_id);
    body
}

#[tokio::test]
async fn a_silent_authorization_is_undone_by_its_id() {
    let world = sandbox(SandboxConfig::default());
    assert!(world.set_account(DEFAULT_MERCHANT, Account::TransactionIds));
    let ask = named(authorization(&world, "visa", "DEMO-1-A1", "10.00"), "T1");
    assert_eq!(post(&world, "/pts/v2/payments", ask.clone()).await.0, 201);
    assert_eq!(refused(&world, "/pts/v2/payments", ask).await, "DUPLICATE_REQUEST");
    let undo = |amount: &str, id: &str| named(reversal_of("DEMO-1-T1", amount), id);
    assert_eq!(refused(&world, "/pts/v2/reversals", undo("9.00", "T1")).await, "INVALID_AMOUNT");
    assert_eq!(refused(&world, "/pts/v2/reversals", undo("10.00", "T9")).await, "INVALID_DATA");
    let (status, answer) = post(&world, "/pts/v2/reversals", undo("10.00", "T1")).await;
    assert_eq!((status, &answer["status"]), (201, &json!("REVERSED")), "{answer}");
    assert_eq!(refused(&world, "/pts/v2/reversals", undo("10.00", "T1")).await, "AUTH_ALREADY_REVERSED");
    let record = only(&world);
    assert_eq!((record.held_minor(), record.reversals[0].is_by_transaction_id), (0, true));
    // A declined original held nothing, which is told apart.
    let ask = named(authorization(&world, "visa_declined", "DEMO-2-A1", "10.00"), "T2");
    assert_eq!(post(&world, "/pts/v2/payments", ask).await.0, 201);
    let (status, answer) = post(&world, "/pts/v2/reversals", undo("10.00", "T2")).await;
    assert_eq!((status, &answer["reversalAmountDetails"]["originalTransactionAmount"]), (201, &json!("10.00")));
}

#[tokio::test]
async fn a_silent_capture_or_refund_is_withdrawn_by_its_id() {
    let world = sandbox(SandboxConfig::default());
    world.set_account(DEFAULT_MERCHANT, Account::TransactionIds);
    let payment = authorized(&world, "DEMO-1-A1", "10.00").await;
    let captures = format!("/pts/v2/payments/{payment}/captures");
    let (_, capture) = post(&world, &captures, named(capture_of("DEMO-1-C1", "10.00"), "T2")).await;
    let refunds = format!("/pts/v2/captures/{}/refunds", capture["id"].as_str().unwrap());
    assert_eq!(post(&world, &refunds, named(capture_of("DEMO-1-F1", "4.00"), "T3")).await.0, 201);
    assert_eq!(refused(&world, "/pts/v2/voids", named(of("DEMO-1-U1"), "T2")).await, "NOT_VOIDABLE");
    for (id, standing) in [("T3", 1000), ("T2", 0)] {
        let (status, answer) = post(&world, "/pts/v2/voids", named(of("DEMO-1-U1"), id)).await;
        assert_eq!((status, &answer["status"]), (201, &json!("VOIDED")), "{answer}");
        assert_eq!(only(&world).standing_minor(), standing);
    }
    assert_eq!(only(&world).held_minor(), 1000);
    assert_eq!(refused(&world, "/pts/v2/reversals", named(reversal_of("X", "10.00"), "T2")).await, "INVALID_DATA");
}

#[tokio::test]
async fn an_account_without_ids_undoes_nothing_by_id_and_minds_no_repeat() {
    let world = sandbox(SandboxConfig::default());
    let ask = named(authorization(&world, "visa", "DEMO-1-A1", "10.00"), "T1");
    for _ in 0..2 {
        assert_eq!(post(&world, "/pts/v2/payments", ask.clone()).await.0, 201);
    }
    assert_eq!(refused(&world, "/pts/v2/reversals", named(reversal_of("T", "10.00"), "T1")).await, "INVALID_DATA");
    assert_eq!(refused(&world, "/pts/v2/voids", named(of("U"), "T1")).await, "INVALID_DATA");
    assert_eq!(world.books().gateway.payments.iter().map(PaymentRecord::held_minor).sum::<i64>(), 2000);
}

#[tokio::test]
async fn issuers_drop_holds_and_the_gateway_does_not_hear_of_it() {
    let calendar = Calendar { hold_life: TimeDelta::days(7), ..Calendar::default() };
    let gateway = GatewayConfig { calendar, ..GatewayConfig::default() };
    let world = sandbox(SandboxConfig { gateway, ..SandboxConfig::default() });
    let id = authorized(&world, "DEMO-1-A1", "10.00").await;
    world.advance(Duration::from_secs(7 * 24 * 3600 - 1));
    assert_eq!(only(&world).held_minor(), 1000);
    world.advance(Duration::from_secs(1));
    let record = only(&world);
    assert_eq!((record.held_minor(), record.expired_minor), (0, 1000));
    assert_eq!(post(&world, &format!("/pts/v2/payments/{id}/captures"), capture_of("C", "10.00")).await.0, 201);
    let record = only(&world);
    assert!(record.captures[0].is_after_expiry);
    assert_eq!((record.held_minor(), record.captured_minor(), record.expired_minor), (0, 1000, 0));
}

#[tokio::test]
async fn the_books_say_it_by_order() {
    let world = sandbox(SandboxConfig::default());
    let declined = authorization(&world, "visa_declined", "DEMO-1-A0", "50.00");
    assert_eq!(post(&world, "/pts/v2/payments", declined).await.0, 201);
    let (_, capture) = captured(&world, "50.00").await;
    world.close_batch();
    refused(&world, &format!("/pts/v2/captures/{capture}/voids"), of("DEMO-1-V1")).await;
    post(&world, &format!("/pts/v2/captures/{capture}/refunds"), capture_of("DEMO-1-F1", "50.00")).await;
    authorized(&world, "DEMO-2-A1", "7.00").await;
    let books = world.books().gateway;
    let order = books.order("DEMO-1").unwrap();
    assert_eq!((order.attempts, order.declines, order.holds, order.captures, order.refunds), (5, 1, 1, 1, 1));
    assert_eq!(
        (order.captured_minor, order.refunded_minor, order.standing_minor, order.held_minor),
        (5000, 5000, 0, 0)
    );
    assert_eq!(order.refused[0].reason, "NOT_VOIDABLE");
    assert_eq!(books.order("DEMO-2").unwrap().held_minor, 700);
    assert_eq!(books.orders().len(), 2);
}
