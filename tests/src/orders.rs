//! Orders to send, and what should become of them.

use sandbox::Sandbox;
use serde_json::{Value, json};

/// The stories that a workload mixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Story {
    /// Everything goes well.
    Good,
    /// The issuer says no.
    Declined,
    /// More is wanted than there is.
    Short,
    /// SYSPRO refuses the order for good, after the money was held.
    Refused,
}

impl Story {
    /// Where the order may end when nothing stays unknown.
    pub fn ends(self) -> &'static [&'static str] {
        match self {
            Self::Good => &["completed"],
            Self::Declined => &["declined"],
            // When screening is silent until its deadline, the money is held first, and released when it does answer.
            Self::Short => &["refused", "cancelled"],
            Self::Refused => &["cancelled"],
        }
    }
}

/// SKU that SYSPRO takes at look-up and refuses at the order; see [`crate::cluster::Cluster::prepare`].
pub const REFUSED_SKU: &str = "APRON-03";

/// One order as canonical JSON.
///
/// # Panics
/// When the sandbox does not know its own test cards.
pub fn order(sandbox: &Sandbox, number: &str, story: Story) -> Value {
    let card = if story == Story::Declined { "visa_declined" } else { "visa" };
    let token = sandbox.mint_token(card).expect("a test card").jwt;
    let (sku, quantity) = match story {
        Story::Good | Story::Declined => ("GRILL-01", "2"),
        Story::Short => ("RARE-09", "5"),
        Story::Refused => (REFUSED_SKU, "2"),
    };
    with(number, sku, quantity, if quantity == "5" { "250.00" } else { "100.00" }, &token)
}

/// An order of one line at 50.00 a piece, 19 % tax on top, 4.90 shipping.
pub fn with(number: &str, sku: &str, quantity: &str, net: &str, token: &str) -> Value {
    let (tax, total) = if net == "250.00" { ("47.50", "303.33") } else { ("19.00", "124.83") };
    let whole_tax = if net == "250.00" { "48.43" } else { "19.93" };
    let address = json!({
        "first_name": "Ada", "last_name": "Sample", "line1": "1 Test Way", "city": "Berlin", "postal_code": "10115", "country": "DE",
        "phone": "+49 30 5550100", "email": "ada@example.test"
    });
    json!({
        "order_number": number,
        "customer": {"email": "ada@example.test", "name": "Ada Sample"},
        "currency": "EUR",
        "lines": [{"sku": sku, "description": "A thing for the garden", "quantity": quantity, "unit_price": "50.00", "tax": tax, "total": net}],
        "shipping": {"method": "parcel", "amount": "4.90", "tax": "0.93"},
        "tax": whole_tax,
        "total": total,
        "bill_to": address,
        "ship_to": address,
        "payment": {"mode": "transient", "token": token},
        "device": {"ip": "198.51.100.7", "user_agent": "test"}
    })
}
