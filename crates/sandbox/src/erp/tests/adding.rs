//! Adding an order.

use http::StatusCode;
use serde_json::json;

use super::{Erp, codes, order, with};
use crate::erp::{Company, ErpConfig, Mischief};

#[test]
fn an_order_stands_with_its_lines_its_net_total_and_its_allocation() {
    let mut erp = Erp::new();
    let (status, body) = erp.add(&order("WEB-1"));
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["Success"], true);
    assert_eq!(body["Outcome"], "Applied");
    assert_eq!(body["Result"]["SalesOrder"], "016201");
    assert_eq!(body["Result"]["SalesOrderRaw"], "000000000016201");
    assert_eq!(body["Warnings"], json!([]));

    let stands = erp.order("016201");
    assert_eq!(stands.status, "S");
    assert_eq!(stands.net_total, "262.95");
    assert_eq!(stands.net_amount().unwrap().minor(), 26_295);
    assert_eq!(stands.lines[0].allocated, "2.000000");
    assert_eq!(erp.available("GRILL-01"), "999998.000000");
}

#[test]
fn the_same_purchase_order_number_of_the_same_customer_is_refused() {
    let mut erp = Erp::new();
    erp.added(&order("WEB-1"));
    let (status, body) = erp.add(&order("WEB-1"));
    assert_eq!(status, StatusCode::CONFLICT);
    assert_eq!(body["Code"], "DUPLICATE_PO");
    assert_eq!(body["Message"], "Customer purchase order number 'WEB-1' already exists on sales order '016201'");
    assert_eq!(erp.world.books().orders.len(), 1);

    erp.added(&with(order("WEB-1"), "/AllowDuplicatePo", json!(true)));
    erp.added(&with(order("WEB-1"), "/CustomerCode", json!("WEB002")));
    assert_eq!(erp.world.books().orders.len(), 3);
}

#[test]
fn a_cancelled_order_keeps_its_purchase_order_number_unless_the_company_says_otherwise() {
    for (keeps, expected) in [(true, StatusCode::CONFLICT), (false, StatusCode::OK)] {
        let mut config = ErpConfig::default();
        config.company.cancelled_orders_keep_their_po = keeps;
        let mut erp = Erp::with(config);
        let number = erp.added(&order("WEB-1"));
        erp.update(&json!({"OrderNumber": number, "Action": "CancelOrder"}));
        assert_eq!(erp.add(&order("WEB-1")).0, expected);
    }
}

#[test]
fn a_customer_on_hold_or_beyond_the_limit_gets_nothing() {
    let mut erp = Erp::new();
    let (status, body) = erp.add(&with(order("WEB-1"), "/CustomerCode", json!("HOLD01")));
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("CUSTOMER_ON_HOLD")));
    let (status, body) = erp.add(&with(order("WEB-1"), "/CustomerCode", json!("LIMIT1")));
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("CREDIT_LIMIT")));
    let (status, body) = erp.add(&with(order("WEB-1"), "/CustomerCode", json!("NOBODY")));
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("CUSTOMER_NOT_FOUND")));
    assert_eq!(erp.world.books().orders, []);
    assert_eq!(erp.available("GRILL-01"), "1000000.000000");
}

#[test]
fn an_item_on_hold_is_refused_although_the_shelf_is_full() {
    let mut erp = Erp::new();
    assert_eq!(erp.available("STOP-66"), "1000000.000000");
    let wish = with(order("WEB-1"), "/LineItems/0/StockCode", json!("STOP-66"));
    let (status, body) = erp.add(&wish);
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("STOCK_ON_HOLD")));
    assert_eq!(body["Outcome"], "NotApplied");
    assert_eq!(body["Errors"][0]["Line"], 1);
}

#[test]
fn all_objections_are_told_at_once_in_their_order_and_nothing_is_written() {
    let mut erp = Erp::new();
    erp.added(&order("WEB-1"));
    let mut wish = with(order("WEB-1"), "/OrderStatus", json!("7"));
    wish["OrderTotal"] = json!(null);
    wish["LineItems"] = json!([
        {"LineNumber": 1, "StockCode": "NO-SUCH", "Quantity": "1"},
        {"LineNumber": 3, "StockCode": "GRILL-01", "Quantity": "1", "Uom": "KG", "Warehouse": "NORTH", "TaxCode": "Q"},
    ]);
    let before = erp.world.books();
    let (status, body) = erp.add(&wish);
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    let expected = ["OrderStatus", "CustomerPoNumber", "StockCode", "OrderUom", "Warehouse", "StockTaxCode"];
    assert_eq!(codes(&body), expected);
    assert_eq!(body["Errors"][2]["Number"], "240004");
    assert_eq!(body["Errors"][2]["Message"], "Stock code 'NO-SUCH' not found");
    let after = erp.world.books();
    assert_eq!((before.orders, before.stock, before.customers), (after.orders, after.stock, after.customers));
}

#[test]
fn short_stock_goes_to_back_order_with_a_warning_as_the_allocation_says() {
    for (action, allocated, back_order) in [("F", "0", "5"), ("A", "3", "2"), ("B", "0", "5")] {
        let mut erp = Erp::new();
        let mut wish = with(order("WEB-1"), "/AllocationAction", json!(action));
        wish["LineItems"] = json!([{"LineNumber": 1, "StockCode": "RARE-09", "Quantity": "5", "UnitPrice": "51.6"}]);
        let (status, body) = erp.add(&wish);
        assert_eq!(status, StatusCode::OK, "{body}");
        assert_eq!(body["Warnings"][0]["Message"], "Line 0001 for stock code 'RARE-09' was placed on back order");
        let comment = "One or more lines have been placed on back order for order '000000000016201'";
        assert_eq!(body["Result"]["BackOrderComment"], comment);
        assert_eq!(body["StatusOfItems"]["ItemsProcessedWithWarnings"], 1);
        let line = &erp.order("016201").lines[0];
        assert_eq!(line.allocated, format!("{allocated}.000000"));
        assert_eq!(line.back_order, format!("{back_order}.000000"));
    }
}

#[test]
fn two_lines_of_one_item_share_what_is_left() {
    let mut erp = Erp::new();
    let mut wish = with(order("WEB-1"), "/OrderTotal", json!(null));
    wish["LineItems"] = json!([
        {"LineNumber": 1, "StockCode": "RARE-09", "Quantity": "2"},
        {"LineNumber": 3, "StockCode": "rare-09", "Quantity": "2"},
    ]);
    erp.added(&wish);
    let lines = erp.order("016201").lines;
    assert_eq!((lines[0].allocated.as_str(), lines[1].allocated.as_str()), ("2.000000", "0.000000"));
    assert_eq!(erp.available("RARE-09"), "1.000000");
}

#[test]
fn a_warning_rejects_returns_or_is_silent_as_the_caller_wishes() {
    let mut erp = Erp::new();
    let mut wish = with(order("WEB-1"), "/OrderTotal", json!(null));
    wish["LineItems"] = json!([{"LineNumber": 1, "StockCode": "RARE-09", "Quantity": "4"}]);
    wish["Options"] = json!({});
    let (status, body) = erp.add(&wish);
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("WARNING_REJECTED")));
    assert_eq!(erp.world.books().orders, []);
    wish["Options"] = json!({"WarningMode": "Ignore"});
    let (status, body) = erp.add(&wish);
    assert_eq!((status, &body["Warnings"]), (StatusCode::OK, &json!([])));
}

#[test]
fn a_company_without_back_orders_refuses_short_stock() {
    let company = Company { back_orders_allowed: false, ..ErpConfig::default().company };
    let mut erp = Erp::with(ErpConfig { company, ..ErpConfig::default() });
    let mut wish = with(order("WEB-1"), "/OrderTotal", json!(null));
    wish["LineItems"] = json!([{"LineNumber": 1, "StockCode": "RARE-09", "Quantity": "4"}]);
    let (status, body) = erp.add(&wish);
    assert_eq!((status, &body["Code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("INSUFFICIENT_STOCK")));
}

#[test]
fn widths_scales_and_missing_fields_are_objected_to_before_the_erp_is_asked() {
    let cases = [
        ("/CustomerPoNumber", json!("P".repeat(31)), "FIELD_TOO_LONG"),
        ("/CustomerPoNumber", json!("  "), "MISSING_FIELD"),
        ("/CustomerCode", json!(null), "MISSING_FIELD"),
        ("/OrderDate", json!("24.11.2026"), "BAD_REQUEST"),
        ("/LineItems", json!([]), "MISSING_FIELD"),
        ("/LineItems/0/UnitPrice", json!("129.000001"), "BAD_SCALE"),
        ("/LineItems/0/Quantity", json!("2.0000001"), "BAD_SCALE"),
        ("/LineItems/0/UnitPrice", json!("12345678901.00"), "FIELD_TOO_LONG"),
        ("/LineItems/0/UnitPrice", json!("1e2"), "NOT_NUMERIC"),
        ("/LineItems/0/Quantity", json!(null), "MISSING_FIELD"),
        ("/LineItems/0/LineNumber", json!(2), "BAD_REQUEST"),
        ("/LineItems/0/Discount", json!("100.01"), "BAD_REQUEST"),
        ("/OrderTotal", json!("262.94"), "BAD_REQUEST"),
        ("/Options/WarningMode", json!("Maybe"), "BAD_REQUEST"),
    ];
    for (field, value, code) in cases {
        let mut erp = Erp::new();
        let (status, body) = erp.add(&with(order("WEB-1"), field, value));
        assert_eq!(body["Code"], code, "{field}: {body}");
        assert_eq!(status.as_u16(), if code == "NOT_NUMERIC" { 422 } else { 400 }, "{field}");
        assert_eq!(erp.world.books().orders, [], "{field}");
    }
}

#[test]
fn numbers_may_come_as_json_numbers_and_a_width_counts_characters() {
    let mut erp = Erp::new();
    let mut wish = with(order("WEB-1"), "/OrderTotal", json!(262.95));
    wish["LineItems"][0]["Quantity"] = json!(2);
    wish["ShipToAddress"] = json!({"Name": "Ł".repeat(50), "Line1": "ř".repeat(40), "Anything": "is ignored"});
    erp.added(&wish);
}

#[test]
fn discounts_come_off_the_line_and_off_the_goods_of_the_order() {
    let mut erp = Erp::new();
    let mut wish = order("WEB-1");
    wish["LineItems"][0]["Discount"] = json!("10.00");
    wish["OrderDiscounts"] = json!(["50.00"]);
    wish["OrderTotal"] = json!("121.05");
    erp.added(&wish);
    assert_eq!(erp.order("016201").net_total, "121.05");
}

#[test]
fn what_is_validated_only_leaves_nothing_behind() {
    let mut erp = Erp::new();
    let (status, body) = erp.add(&with(order("WEB-1"), "/Options/ValidateOnly", json!(true)));
    assert_eq!((status, &body["Outcome"]), (StatusCode::OK, &json!("Validated")));
    assert_eq!(erp.world.books().orders, []);
    assert_eq!(erp.added(&order("WEB-1")), "016201");
}

#[test]
fn credit_counts_the_orders_that_are_open() {
    let mut erp = Erp::new();
    let small = |po: &str| {
        let mut wish = with(order(po), "/CustomerCode", json!("LIMIT1"));
        wish["LineItems"] = json!([{"LineNumber": 1, "StockCode": "TONGS-02", "Quantity": "4", "UnitPrice": "12.50"}]);
        with(wish, "/OrderTotal", json!(null))
    };
    let first = erp.added(&small("WEB-1"));
    assert_eq!(erp.add(&small("WEB-2")).1["Code"], "CREDIT_LIMIT");
    erp.update(&json!({"OrderNumber": first, "Action": "CancelOrder"}));
    erp.added(&small("WEB-2"));
}

#[test]
fn somebody_else_may_take_the_stock_first() {
    let mut erp = Erp::new();
    let mischief =
        Mischief::StockShift { stock_code: "RARE-09".to_owned(), warehouse: "MAIN".to_owned(), quantity: -3 };
    erp.world.plan(crate::erp::MischiefRule {
        operation: "AddSalesOrder".to_owned(),
        matching: Some("WEB-1".to_owned()),
        nth: 1,
        mischief,
    });
    assert_eq!(erp.available("RARE-09"), "3.000000");
    let mut wish = with(order("WEB-1"), "/OrderTotal", json!(null));
    wish["LineItems"] = json!([{"LineNumber": 1, "StockCode": "RARE-09", "Quantity": "1"}]);
    let (_, body) = erp.add(&wish);
    assert_eq!(body["Warnings"][0]["Element"], "StockLine");
    assert_eq!(erp.world.books().mischief.len(), 1);
}
