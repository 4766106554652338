//! Looking things up, and adding a customer.

use http::StatusCode;
use serde_json::json;

use super::{Erp, order, with};

#[test]
fn an_order_is_found_by_customer_and_purchase_order_number_in_any_state() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB/1 ä+&"));
    erp.added(&order("WEB-2"));
    erp.update(&json!({"OrderNumber": number, "Action": "CancelOrder"}));
    let asked = "SalesOrderService/FindSalesOrders?CustomerCode=web001&CustomerPoNumber=WEB%2F1+%C3%A4%2B%26";
    let (status, body) = erp.get(asked);
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["SalesOrders"].as_array().unwrap().len(), 1);
    assert_eq!(body["SalesOrders"][0]["OrderNumber"], number);
    assert_eq!(body["SalesOrders"][0]["OrderStatus"], "\\");
    let (_, body) = erp.get(&format!("{asked}&IncludeCancelled=false"));
    assert_eq!(body["SalesOrders"], json!([]));
    let (status, body) = erp.get("SalesOrderService/FindSalesOrders?CustomerCode=WEB001&CustomerPoNumber=NONE");
    assert_eq!((status, &body["SalesOrders"]), (StatusCode::OK, &json!([])));
}

#[test]
fn a_long_list_is_paged() {
    let mut erp = Erp::new();
    for number in 0..5 {
        erp.added(&order(&format!("WEB-{number}")));
    }
    let (_, body) = erp.get("SalesOrderService/FindSalesOrders?CustomerCode=WEB001&Limit=3");
    assert_eq!(body["SalesOrders"].as_array().unwrap().len(), 3);
    let next = body["NextStartAt"].as_str().unwrap();
    let (_, body) = erp.get(&format!("SalesOrderService/FindSalesOrders?StatusList=S,1&StartAt={next}&Limit=3"));
    assert_eq!(body["SalesOrders"].as_array().unwrap().len(), 2);
    assert_eq!(body["NextStartAt"], json!(null));
}

#[test]
fn a_whole_order_shows_lines_and_total_in_the_erps_formats() {
    let mut erp = Erp::new();
    let number = erp.added(&order("WEB-1"));
    let (status, body) = erp.get(&format!("SalesOrderService/GetSalesOrder?OrderNumber=000000000{number}"));
    assert_eq!(status, StatusCode::OK);
    assert_eq!(body["OrderTotal"], "262.95");
    assert_eq!(body["LineItems"][0]["Quantity"], "2.000000");
    assert_eq!(body["LineItems"][0]["UnitPrice"], "129.00000");
    assert_eq!(body["LineItems"][0]["QuantityShipped"], "2.000000");
    assert_eq!(body["LineItems"][1]["LineType"], "Freight");
    assert_eq!(body["LineItems"][1]["Value"], "4.95");
    let (status, body) = erp.get("SalesOrderService/GetSalesOrder?OrderNumber=1");
    assert_eq!((status, &body["Code"]), (StatusCode::NOT_FOUND, &json!("NOT_FOUND")));
}

#[test]
fn stock_is_told_by_warehouse() {
    let mut erp = Erp::new();
    let (_, body) = erp.get("InventoryService/GetStockBalance?StockCode=GRILL-01");
    assert_eq!(body["Balances"].as_array().unwrap().len(), 2);
    let (_, body) = erp.get("InventoryService/GetStockBalance?StockCode=GRILL-01&Warehouse=EAST,NORTH");
    assert_eq!(body["Balances"].as_array().unwrap().len(), 1);
    let (_, body) = erp.get("InventoryService/GetStockBalance?StockCode=APRON-03&Warehouse=EAST");
    assert_eq!(body["Balances"], json!([]));
    let (_, body) = erp.get("InventoryService/GetStockBalance?StockCode=STOP-66");
    assert_eq!(body["StockOnHold"], "Y");
    assert_eq!(erp.get("InventoryService/GetStockBalance?StockCode=NO-SUCH").0, StatusCode::NOT_FOUND);
    assert_eq!(erp.get("InventoryService/GetStockBalance").1["Code"], "MISSING_FIELD");
}

#[test]
fn customers_are_found_by_code_and_by_mail() {
    let mut erp = Erp::new();
    let (_, body) = erp.get("CustomerService/GetCustomer?CustomerCode=web001");
    assert_eq!((&body["Email"], &body["OnHold"]), (&json!("ada@example.test"), &json!(false)));
    let (_, body) = erp.get("CustomerService/FindCustomers?Email=Lukasz.Wisniewski-Zak%40poczta.example");
    assert_eq!(body["Customers"][0]["CustomerCode"], "WEB002");
    let (_, body) = erp.get("CustomerService/FindCustomers?Email=nobody%40example.test");
    assert_eq!(body["Customers"], json!([]));
    assert_eq!(erp.get("CustomerService/GetCustomer?CustomerCode=NOBODY").0, StatusCode::NOT_FOUND);
    let (_, body) = erp.get("CustomerService/GetCustomer?CustomerCode=LIMIT1");
    assert_eq!((&body["CreditLimit"], &body["CreditCheckFlag"]), (&json!("100"), &json!("L")));
}

#[test]
fn a_customer_is_added_once() {
    let mut erp = Erp::new();
    let customer = json!({"CustomerCode": "4", "Name": "Jane Doe", "Email": "jane@example.test", "ExternalId": "77"});
    let (status, body) = erp.post("CustomerService/AddCustomer", &customer);
    assert_eq!(status, StatusCode::OK, "{body}");
    assert_eq!(body["Result"], json!({"CustomerCode": "4", "CustomerCodeRaw": "000000000000004"}));
    let (status, body) = erp.post("CustomerService/AddCustomer", &with(customer, "/CustomerCode", json!("0004")));
    assert_eq!((status, &body["Code"]), (StatusCode::CONFLICT, &json!("DUPLICATE_CUSTOMER")));
    let (status, body) = erp.post("CustomerService/AddCustomer", &json!({"Name": "No Code"}));
    assert_eq!((status, &body["Code"]), (StatusCode::BAD_REQUEST, &json!("MISSING_FIELD")));
    let (_, body) = erp.get("CustomerService/FindCustomers?ExternalId=77");
    assert_eq!(body["Customers"][0]["CustomerCodeRaw"], "000000000000004");
}

#[test]
fn books_count_calls_and_answers_and_survive_json() {
    let mut erp = Erp::new();
    erp.added(&order("WEB-1"));
    erp.add(&order("WEB-1"));
    erp.get("Nonsense/FromSomebody");
    let books = erp.world.books();
    assert_eq!(books.calls["AddSalesOrder"], 2);
    assert_eq!(books.answers["AddSalesOrder OK"], 1);
    assert_eq!(books.answers["AddSalesOrder DUPLICATE_PO"], 1);
    assert_eq!(books.answers["other NOT_FOUND"], 1);
    let text = serde_json::to_string(&books).unwrap();
    assert_eq!(serde_json::from_str::<crate::erp::ErpBooks>(&text).unwrap(), books);
}
