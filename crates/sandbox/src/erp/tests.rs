//! The ERP's rules, asked through its front door: a request in, an answer out, and the books to judge by.

mod adding;
mod looking;
mod moving;
mod sessions;
mod wire;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{ErpConfig, ErpWorld, OrderRecord};
use crate::world::World;

/// An ERP with somebody logged on as QT1.
struct Erp {
    world: ErpWorld,
    now: DateTime<Utc>,
    token: String,
}

impl Erp {
    fn new() -> Self {
        Self::with(ErpConfig::default())
    }

    fn with(config: ErpConfig) -> Self {
        let now = "2026-11-24T10:00:00Z".parse().unwrap();
        let mut erp = Self { world: ErpWorld::new(config), now, token: String::new() };
        erp.token = erp.log_on("sim-operator-key-1");
        erp
    }

    fn log_on(&mut self, key: &str) -> String {
        let request = Request::post("http://erp/APIServices/AuthService/GetToken").header("X-Api-Key", key);
        let (status, body) = self.send(request.body(Bytes::new()).unwrap());
        assert_eq!(status, StatusCode::OK, "{body}");
        body["Result"]["Token"].as_str().unwrap().to_owned()
    }

    fn send(&mut self, request: Request<Bytes>) -> (StatusCode, Value) {
        let reply = self.world.handle(&request, self.now);
        (reply.response.status(), serde_json::from_slice(reply.response.body()).unwrap())
    }

    fn post(&mut self, operation: &str, body: &Value) -> (StatusCode, Value) {
        let request = Request::post(format!("http://erp/APIServices/{operation}"))
            .header("Authorization", format!("Bearer {}", self.token));
        self.send(request.body(Bytes::from(body.to_string())).unwrap())
    }

    fn get(&mut self, operation: &str) -> (StatusCode, Value) {
        let request = Request::get(format!("http://erp/APIServices/{operation}"))
            .header("Authorization", format!("Bearer {}", self.token));
        self.send(request.body(Bytes::new()).unwrap())
    }

    fn add(&mut self, order: &Value) -> (StatusCode, Value) {
        self.post("SalesOrderService/AddSalesOrder", order)
    }

    /// Adds an order that must be taken; gives its number.
    fn added(&mut self, order: &Value) -> String {
        let (status, body) = self.add(order);
        assert_eq!(status, StatusCode::OK, "{body}");
        body["Result"]["OrderNumber"].as_str().unwrap().to_owned()
    }

    fn update(&mut self, body: &Value) -> (StatusCode, Value) {
        self.post("SalesOrderService/UpdateSalesOrder", body)
    }

    fn order(&self, number: &str) -> OrderRecord {
        self.world.books().orders.into_iter().find(|order| order.number == number).unwrap()
    }

    fn available(&mut self, stock_code: &str) -> String {
        let (_, body) = self.get(&format!("InventoryService/GetStockBalance?StockCode={stock_code}&Warehouse=MAIN"));
        body["Balances"][0]["AvailableQty"].as_str().unwrap().to_owned()
    }

    fn pass(&mut self, by: TimeDelta) {
        self.now += by;
    }
}

/// An order in suspense: two grills and the freight, 262.95 net.
fn order(po: &str) -> Value {
    json!({
        "CustomerPoNumber": po, "CustomerCode": "WEB001", "OrderDate": "2026-11-24", "Warehouse": "MAIN",
        "OrderStatus": "S", "AllocationAction": "F", "OrderTotal": "262.95",
        "LineItems": [{"LineNumber": 1, "StockCode": "GRILL-01", "Quantity": "2", "Uom": "EA", "UnitPrice": "129.00"}],
        "Freight": [{"LineNumber": 2, "Value": "4.95"}],
        "Options": {"WarningMode": "Return"},
    })
}

fn with(mut order: Value, pointer: &str, value: Value) -> Value {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    order.pointer_mut(parent).unwrap()[name] = value;
    order
}

fn codes(body: &Value) -> Vec<&str> {
    body["Errors"].as_array().unwrap().iter().map(|error| error["Element"].as_str().unwrap()).collect()
}
