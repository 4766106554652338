//! One operator, one session, one call at a time.

use std::time::Duration;

use sandbox::{
    erp::{ErpConfig, Mischief, MischiefRule},
    faults::FaultKind,
};
use syspro::{AuthMode, Code, Outcome, ReadError};

use crate::world::{order, with_erp, world};

fn before(operation: &str, mischief: Mischief) -> MischiefRule {
    MischiefRule { operation: operation.to_owned(), matching: None, nth: 1, mischief }
}

#[tokio::test(start_paused = true)]
async fn a_session_lost_during_a_question_is_renewed_once() {
    for mischief in [Mischief::ExpireSession, Mischief::EvictSession, Mischief::Restart] {
        let world = world();
        let client = world.client(1);
        assert!(client.customer("WEB001").await.unwrap().is_some());
        world.sandbox.with_erp(|erp| erp.plan(before("GetCustomer", mischief.clone())));
        assert!(client.customer("WEB001").await.unwrap().is_some(), "{mischief:?}");
        assert_eq!(world.answered("GetToken", "OK"), 2, "{mischief:?}");
    }
    let world = world();
    let client = world.client(1);
    for _ in 0..2 {
        world.sandbox.with_erp(|erp| erp.plan(before("GetCustomer", Mischief::ExpireSession)));
        world.fault("GetCustomer", FaultKind::Unauthorized);
    }
    let error = client.customer("WEB001").await.unwrap_err();
    assert!(matches!(&error, ReadError::Refused { refusal, .. } if refusal.code == Code::TokenExpired), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_session_lost_during_a_write_leaves_a_doubt() {
    for mischief in [Mischief::ExpireSession, Mischief::EvictSession] {
        let world = world();
        let client = world.client(1);
        world.sandbox.with_erp(|erp| erp.plan(before("AddSalesOrder", mischief.clone())));
        assert!(matches!(client.add_sales_order(&order("WEB-1001")).await, Outcome::Unknown(_)), "{mischief:?}");
        assert!(client.find_sales_orders("WEB001", "WEB-1001").await.unwrap().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_write_after_a_long_rest_has_a_fresh_session() {
    let world = world();
    let client = world.client(1);
    assert!(client.customer("WEB001").await.unwrap().is_some());
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert!(matches!(client.add_sales_order(&order("WEB-1001")).await, Outcome::Applied(_)));
}

#[tokio::test(start_paused = true)]
async fn logging_on_again_ends_the_frozen_session() {
    let world = world();
    let (frozen, successor) = (world.client(1), world.client(1));
    assert!(frozen.customer("WEB001").await.unwrap().is_some());
    successor.log_on().await.unwrap();
    assert!(matches!(frozen.add_sales_order(&order("WEB-1001")).await, Outcome::Unknown(_)));
    assert_eq!(world.orders("WEB-1001"), 0, "the frozen session can write no more");
    // The doubt made the first client distrust its session; it logs on again and evicts the successor in its turn.
    assert!(matches!(frozen.add_sales_order(&order("WEB-1001")).await, Outcome::Applied(_)));
}

#[tokio::test(start_paused = true)]
async fn a_call_dropped_half_way_leaves_no_session_behind() {
    let world = world();
    let client = world.client(1);
    assert!(client.customer("WEB001").await.unwrap().is_some());
    world.fault("AddSalesOrder", FaultKind::Hang);
    let dropped = tokio::time::timeout(Duration::from_secs(1), client.add_sales_order(&order("WEB-1001"))).await;
    assert!(dropped.is_err());
    assert_eq!(client.find_sales_orders("WEB001", "WEB-1001").await.unwrap().len(), 1);
    assert_eq!(world.answered("GetToken", "OK"), 2);
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_operator_wait_for_each_other() {
    let world = world();
    let client = world.client(1);
    world.fault("GetCustomer", FaultKind::AnswerLate(5000));
    let start = tokio::time::Instant::now();
    let (slow, quick) = (client.customer("WEB001"), client.stock("GRILL-01", None));
    let (slow, quick) = tokio::join!(slow, quick);
    assert!(slow.unwrap().is_some() && quick.unwrap().is_some());
    assert_eq!(start.elapsed(), Duration::from_secs(5));
    assert_eq!(world.answered("GetToken", "OK"), 1);
}

#[tokio::test(start_paused = true)]
async fn a_seat_is_given_back() {
    let world = world();
    let client = world.client(1);
    client.log_off().await;
    assert!(client.customer("WEB001").await.unwrap().is_some());
    client.log_off().await;
    assert_eq!(world.answered("ReleaseToken", "OK"), 1);
    assert!(client.customer("WEB001").await.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_site_with_keys_has_no_sessions() {
    let world = with_erp(ErpConfig { auth_mode: sandbox::erp::AuthMode::Key, ..ErpConfig::default() });
    let client = world.client_by(2, AuthMode::Key);
    client.log_on().await.unwrap();
    assert!(matches!(client.add_sales_order(&order("WEB-1001")).await, Outcome::Applied(_)));
    assert_eq!(world.answered("GetToken", "OK"), 0);
    let stranger = world.client_by(9, AuthMode::Key);
    let Outcome::NotApplied(refusal) = stranger.add_sales_order(&order("WEB-1002")).await else {
        panic!("a wrong key")
    };
    assert_eq!(refusal.code, Code::BadApiKey);
}
