//! A sales order from suspense to release, and its other ends.

use fault::{Class, Classify};
use rust_decimal::Decimal;
use sandbox::erp::Mischief;
use syspro::{Cancellation, Code, OrderStatus, Outcome, StatusChange, same_key};

use crate::world::{order, world};

fn release(number: &str) -> StatusChange {
    StatusChange {
        order_number: number.to_owned(),
        expected_status: OrderStatus::Suspense,
        new_status: OrderStatus::Open,
        credit_authority: "QUITTANCE".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn an_order_is_added_in_suspense_found_and_released() {
    let world = world();
    let client = world.client(1);
    let Outcome::Applied(added) = client.add_sales_order(&order("WEB-1001")).await else { panic!("it is added") };
    let number = added.result.order_number;
    let found = client.find_sales_orders("WEB001", "WEB-1001").await.unwrap();
    assert_eq!(found.len(), 1);
    assert!(same_key(&found[0].order_number, &number));
    assert_eq!(found[0].order_status, OrderStatus::Suspense);
    let whole = client.sales_order(&number).await.unwrap().unwrap();
    assert_eq!((whole.net_total, whole.lines.len()), (Decimal::new(25_800, 2), 1));
    assert_eq!(
        (whole.lines[0].stock_code.as_deref(), whole.lines[0].quantity),
        (Some("GRILL-01"), Some(Decimal::from(2)))
    );
    let Outcome::Applied(changed) = client.change_status(&release(&number)).await else { panic!("it is released") };
    assert_eq!(changed.result.order_status, OrderStatus::Open);
    let Outcome::NotApplied(refusal) = client.change_status(&release(&number)).await else { panic!("once only") };
    assert_eq!((refusal.code, refusal.class()), (Code::StatusConflict, Class::Permanent));
    assert!(client.sales_order("999999").await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_purchase_order_number_serves_once() {
    let world = world();
    let client = world.client(1);
    assert!(matches!(client.add_sales_order(&order("WEB-1001")).await, Outcome::Applied(_)));
    let Outcome::NotApplied(refusal) = client.add_sales_order(&order("WEB-1001")).await else { panic!("a double") };
    assert_eq!((refusal.code, refusal.class()), (Code::DuplicatePo, Class::Permanent));
    assert_eq!(world.orders("WEB-1001"), 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_refused_for_good_names_what_is_wrong() {
    let world = world();
    let client = world.client(1);
    let mut wrong = order("WEB-1001");
    wrong.order_total = None;
    wrong.line_items[0].stock_code = "STOP-66".to_owned();
    let Outcome::NotApplied(refusal) = client.add_sales_order(&wrong).await else { panic!("a recalled product") };
    assert_eq!((refusal.code, refusal.class()), (Code::StockOnHold, Class::Permanent));
    assert_eq!(refusal.lines[0].line, Some(1));
    wrong.customer = "HOLD01".to_owned();
    let Outcome::NotApplied(refusal) = client.add_sales_order(&wrong).await else { panic!("a customer on hold") };
    assert_eq!(refusal.code, Code::CustomerOnHold);
    assert!(refusal.lines.len() >= 2, "all objections come together");
    let mut other_sum = order("WEB-1001");
    other_sum.order_total = Some(Decimal::new(1, 2));
    let Outcome::NotApplied(refusal) = client.add_sales_order(&other_sum).await else { panic!("another sum") };
    assert_eq!(refusal.code, Code::BadRequest);
    assert_eq!(world.orders("WEB-1001"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_order_gives_its_stock_back_once() {
    let world = world();
    let client = world.client(1);
    let Outcome::Applied(added) = client.add_sales_order(&order("WEB-1001")).await else { panic!("it is added") };
    let cancellation = Cancellation { order_number: added.result.order_number.clone(), reason: None };
    let Outcome::Applied(cancelled) = client.cancel_order(&cancellation).await else { panic!("it is cancelled") };
    assert_eq!(cancelled.result.lines, [1]);
    let found = client.find_sales_orders("WEB001", "WEB-1001").await.unwrap();
    assert_eq!(found[0].order_status, OrderStatus::Cancelled);
    let Outcome::NotApplied(refusal) = client.cancel_order(&cancellation).await else { panic!("once only") };
    assert_eq!(refusal.code, Code::StatusConflict);
}

#[tokio::test(start_paused = true)]
async fn an_order_that_somebody_edits_may_be_released_later() {
    let world = world();
    let client = world.client(1);
    let Outcome::Applied(added) = client.add_sales_order(&order("WEB-1001")).await else { panic!("it is added") };
    let number = added.result.order_number;
    let edit = |status: &str| Mischief::EditOrder { order: number.clone(), status: status.to_owned() };
    assert!(world.sandbox.with_erp(|erp| erp.strike(&edit("0"))));
    let Outcome::NotApplied(refusal) = client.change_status(&release(&number)).await else { panic!("it is locked") };
    assert_eq!((refusal.code, refusal.class()), (Code::OrderLocked, Class::Transient));
    assert!(world.sandbox.with_erp(|erp| erp.strike(&edit("S"))));
    assert!(matches!(client.change_status(&release(&number)).await, Outcome::Applied(_)));
}
