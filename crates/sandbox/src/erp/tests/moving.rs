//! Moving an order from status to status, and cancelling it.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Erp, order};
use crate::erp::Mischief;

fn release(number: &str) -> Value {
    json!({"OrderNumber": number, "Action": "ChangeStatus", "ExpectedStatus": "S", "NewStatus": "1", "CreditAuthority": "OTC"})
}

#[test]
fn an_order_leaves_suspense_only_with_somebodys_authority() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    let mut wish = release(&number);
    wish["CreditAuthority"] = json!("");
    let (status, body) = erp.update(&wish);
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("BUSINESS_ERROR")));
    assert_eq!(erp.order(&number).status, "S");

    let (status, body) = erp.update(&release(&number));
    assert_eq!((status, &body["Result"]["OrderStatus"]), (StatusCode::OK, &json!("1")));
    let history = erp.order(&number).history;
    assert_eq!(history.iter().map(|change| change.to.as_str()).collect::<Vec<_>>(), ["S", "1"]);
    assert_eq!(history[1].operator, "QT1");
}

#[test]
fn an_expected_status_that_is_not_there_is_a_conflict() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    erp.update(&release(&number));
    let (status, body) = erp.update(&release(&number));
    assert_eq!((status, &body["Code"]), (StatusCode::CONFLICT, &json!("STATUS_CONFLICT")));
    assert_eq!(erp.order(&number).history.len(), 2);
}

#[test]
fn only_the_ways_of_the_table_are_open() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    erp.update(&release(&number));
    let to = |status: &str| json!({"OrderNumber": number, "Action": "ChangeStatus", "NewStatus": status});
    assert_eq!(erp.update(&to("3")).1["Code"], "STATUS_CONFLICT");
    assert_eq!(erp.update(&to("9")).1["Code"], "BUSINESS_ERROR");
    for status in ["4", "8", "4", "S"] {
        assert_eq!(erp.update(&to(status)).0, StatusCode::OK, "{status}");
    }
}

#[test]
fn cancelling_gives_back_stock_and_credit_once() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    let wish =
        json!({"OrderNumber": format!("000000000{number}"), "Action": "CancelOrder", "CancelReasonCode": "NOPAY"});
    let (status, body) = erp.update(&wish);
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["Result"], json!({"OrderNumber": number, "OrderStatus": "\\", "Cancelled": [1, 2]}));
    assert_eq!(erp.available("GRILL-01"), "1000000.000000");
    assert_eq!(erp.world.books().customers.iter().find(|it| it.code == "WEB001").unwrap().outstanding_orders, "0.00");

    let (status, body) = erp.update(&wish);
    assert_eq!((status, &body["Code"]), (StatusCode::CONFLICT, &json!("STATUS_CONFLICT")));
    assert_eq!(erp.update(&release(&number)).0, StatusCode::CONFLICT);
    assert_eq!(erp.available("GRILL-01"), "1000000.000000");
}

#[test]
fn an_order_open_in_an_editor_is_locked() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    assert!(erp.world.strike(&Mischief::EditOrder { order: number.clone(), status: "0".to_owned() }));
    let (status, body) = erp.update(&release(&number));
    assert_eq!((status, &body["Code"]), (StatusCode::CONFLICT, &json!("ORDER_LOCKED")));
}

#[test]
fn what_is_not_built_says_so() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    assert_eq!(erp.update(&json!({"OrderNumber": number})).1["Code"], "BUSINESS_ERROR");
    assert_eq!(erp.update(&json!({"OrderNumber": number, "Action": "Destroy"})).1["Code"], "BAD_REQUEST");
    assert_eq!(erp.update(&json!({"OrderNumber": "99", "Action": "CancelOrder"})).0, StatusCode::NOT_FOUND);
}
