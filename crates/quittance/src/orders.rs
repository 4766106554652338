//! Orders as a shop sends them, and the shop that sends them: for the demo, the bench and the drills.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::ports::Ports;

/// API key of the laptop's shop that posts our own JSON.
pub const DEMO_SHOP_KEY: &str = "demo-shop-key";
/// API key of the laptop's WooCommerce shop.
pub const WOO_SHOP_KEY: &str = "woo-shop-key";
/// Under which the WooCommerce shop signs.
const WOO_SECRET: &str = "woo-webhook-secret";
/// An order as WooCommerce posts it, with marks where a number, an id and a card token go.
const WOO_ORDER: &str = include_str!("../samples/woocommerce-order.json");
/// What the WooCommerce order comes to, in minor units.
pub const WOO_TOTAL: i64 = 19_056;
/// Shipping of every other order, and the tax on it, in minor units.
const SHIPPING: (i64, i64) = (490, 93);
/// The tax rate of the lines, in percent.
const TAX_PERCENT: i64 = 19;
/// The longest answer is that to `Prefer: wait`; a little more than the service's own limit.
const CALL_LIMIT: Duration = Duration::from_secs(40);

/// One line, the price in minor units.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// Stock code.
    pub sku: &'static str,
    /// For people.
    pub description: &'static str,
    /// How many.
    pub quantity: i64,
    /// Net price of one.
    pub unit_price: i64,
}

impl Line {
    fn net(&self) -> i64 {
        self.quantity * self.unit_price
    }

    fn tax(&self) -> i64 {
        (self.net() * TAX_PERCENT + 50) / 100
    }

    /// What an order of this line comes to.
    pub fn total(&self) -> i64 {
        self.net() + self.tax() + SHIPPING.0 + SHIPPING.1
    }
}

/// Two grills.
pub const GRILLS: Line = Line { sku: "GRILL-01", description: "Charcoal grill", quantity: 2, unit_price: 5_000 };

/// Minor units of a currency with two decimals as decimal text.
pub fn decimal(minor: i64) -> String {
    format!("{}{}.{:02}", if minor < 0 { "-" } else { "" }, minor.abs() / 100, minor.abs() % 100)
}

/// An order of one line as our own JSON; `payment` as the shop hands it over.
pub fn order(number: &str, line: &Line, payment: &Value) -> Value {
    let address = json!({
        "first_name": "Ada", "last_name": "Example", "line1": "1 High Street", "city": "Berlin", "postal_code": "10115",
        "country": "DE", "phone": "+49 30 5550100", "email": "ada@example.test"
    });
    json!({
        "order_number": number,
        "customer": {"email": "ada@example.test", "name": "Ada Example"},
        "currency": "EUR",
        "lines": [{
            "sku": line.sku, "description": line.description, "quantity": line.quantity.to_string(),
            "unit_price": decimal(line.unit_price), "tax": decimal(line.tax()), "total": decimal(line.net())
        }],
        "shipping": {"method": "parcel", "amount": decimal(SHIPPING.0), "tax": decimal(SHIPPING.1)},
        "tax": decimal(line.tax() + SHIPPING.1),
        "total": decimal(line.total()),
        "bill_to": address,
        "ship_to": address,
        "payment": payment,
        "device": {"ip": "198.51.100.7", "user_agent": "Mozilla/5.0"}
    })
}

/// An order of [`GRILLS`] with a transient token.
pub fn plain(number: &str, jwt: &str) -> Value {
    order(number, &GRILLS, &transient(jwt))
}

/// A payment with the token of a checkout page.
pub fn transient(jwt: &str) -> Value {
    json!({"mode": "transient", "token": jwt})
}

/// A payment with a token of an earlier one.
pub fn stored(id: &str) -> Value {
    json!({"mode": "stored", "token": id})
}

/// An answer of the shop API.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Status code.
    pub status: u16,
    /// Parsed body; null when there is none.
    pub body: Value,
}

impl Answer {
    /// The order's id.
    ///
    /// # Errors
    /// When the answer is not about an order.
    pub fn id(&self) -> anyhow::Result<String> {
        self.text("order_id")
    }

    /// The order's state.
    ///
    /// # Errors
    /// When the answer is not about an order.
    pub fn state(&self) -> anyhow::Result<String> {
        self.text("state")
    }

    fn text(&self, name: &str) -> anyhow::Result<String> {
        let text = self.body[name].as_str().map(str::to_owned);
        text.with_context(|| format!("the shop API answered {}: {}", self.status, self.body))
    }
}

/// A shop that talks to the shop API.
#[derive(Clone)]
pub struct Shop {
    client: reqwest::Client,
    base: String,
    key: &'static str,
}

impl Shop {
    /// The shop that posts our own JSON, on a world of these ports.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn api(ports: &Ports) -> anyhow::Result<Self> {
        Self::at(ports.shop_api, DEMO_SHOP_KEY)
    }

    /// A shop with this key at the shop API of this address.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn at(address: SocketAddr, key: &'static str) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(CALL_LIMIT).build().context("no HTTP client")?;
        Ok(Self { client, base: format!("http://{address}"), key })
    }

    /// Posts an order; `wait_s` above zero waits for its end.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, order: &Value, wait_s: u64) -> anyhow::Result<Answer> {
        let request = self.client.post(format!("{}/v1/orders", self.base)).json(order);
        self.ask(request, wait_s).await
    }

    /// Asks how an order stands; `wait_s` above zero waits for its end.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn look(&self, id: &str, wait_s: u64) -> anyhow::Result<Answer> {
        self.ask(self.client.get(format!("{}/v1/orders/{id}", self.base)), wait_s).await
    }

    /// Posts an order in WooCommerce's own format, signed as its webhook signs.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send_woo(&self, shop: &str, body: String) -> anyhow::Result<Answer> {
        let signature = {
            let mut mac = Hmac::<Sha256>::new_from_slice(WOO_SECRET.as_bytes()).context("HMAC takes any key")?;
            mac.update(body.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        };
        let request = self
            .client
            .post(format!("{}/v1/shops/{shop}/orders", self.base))
            .header("content-type", "application/json")
            .header("user-agent", "WooCommerce/10.0.4 Hookshot (WordPress/6.8.3)")
            .header("x-wc-webhook-source", "https://obchod.example/")
            .header("x-wc-webhook-topic", "order.updated")
            .header("x-wc-webhook-resource", "order")
            .header("x-wc-webhook-event", "updated")
            .header("x-wc-webhook-id", "12")
            .header("x-wc-webhook-signature", signature)
            .body(body);
        self.ask(request, 0).await
    }

    async fn ask(&self, request: reqwest::RequestBuilder, wait_s: u64) -> anyhow::Result<Answer> {
        let request = request.bearer_auth(self.key);
        let request = if wait_s > 0 { request.header("prefer", format!("wait={wait_s}")) } else { request };
        let answer = request.send().await.context("the shop API does not answer")?;
        let status = answer.status().as_u16();
        let body = answer.bytes().await.context("the shop API's answer broke off")?;
        Ok(Answer { status, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
    }
}

/// The body of a WooCommerce order with this id and number, paid with this token. The bytes are the shop's own.
pub fn woo(id: u64, number: &str, jwt: &str) -> String {
    WOO_ORDER.replace("@ID@", &id.to_string()).replace("@NUMBER@", number).replace("@TOKEN@", jwt)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_of_orders_are_exact() {
        assert_eq!(GRILLS.total(), 12_483);
        let order = plain("1", "a.b.c");
        assert_eq!((order["total"].as_str(), order["tax"].as_str()), (Some("124.83"), Some("19.93")));
        assert_eq!(decimal(-5), "-0.05");
    }

    #[test]
    fn the_shops_own_order_is_json_with_everything_filled_in() {
        let body = woo(7, "CZ-7", "a.b.c");
        assert!(!body.contains('@') || !body.contains("@TOKEN@"));
        let order: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((order["id"].as_u64(), order["number"].as_str()), (Some(7), Some("CZ-7")));
        assert_eq!(order["total"].as_str(), Some(decimal(WOO_TOTAL).as_str()));
    }
}
