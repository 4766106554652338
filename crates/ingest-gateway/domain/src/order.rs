//! An order as intake keeps it: checked, exact, its personal part sealed; and how two orders differ.

use std::{collections::BTreeMap, fmt};

use ids::ShopId;
use money::Amount;
use sealed::SealedBox;

/// How the card is handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PaymentMode {
    /// A token of the checkout page, good for minutes.
    Transient,
    /// A token of an earlier payment.
    Stored,
}

impl PaymentMode {
    /// The word in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Stored => "stored",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Transient, Self::Stored].into_iter().find(|mode| mode.as_str() == word)
    }
}

/// A card token and what may be shown of the card.
#[derive(Clone, PartialEq, Eq)]
pub struct PaymentToken {
    /// How it is handed over.
    pub mode: PaymentMode,
    /// `jti` of a transient token, or the id of a stored one. Whoever has it can pay with it.
    pub token: String,
    /// The brand's code at the gateway, empty when unknown.
    pub brand: String,
    /// First digits, empty when unknown.
    pub bin: String,
    /// Last four digits, empty when unknown.
    pub last_four: String,
    /// When a transient token ends, milliseconds since 1970; 0 for a stored one.
    pub expires_at_ms: i64,
}

impl fmt::Debug for PaymentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PaymentToken({}, brand {}, ends {})", self.mode.as_str(), self.brand, self.last_four)
    }
}

/// One line. `total` is after discounts, on the order's price basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The shop's id of the line, empty when it has none.
    pub id: String,
    /// Stock code.
    pub sku: String,
    /// What it is called.
    pub description: String,
    /// Decimal text without trailing zeros.
    pub quantity: String,
    /// Decimal text without trailing zeros, possibly finer than the currency.
    pub unit_price: String,
    /// Taken off the line, not off the unit.
    pub discount: Amount,
    /// Tax of the line: beside the total on the net basis, contained in it on the gross basis.
    pub tax: Amount,
    /// What the line costs.
    pub total: Amount,
}

/// Shipping, or a fee.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Charge {
    /// Method or name.
    pub name: String,
    /// What it costs, on the order's price basis. A fee may be negative: shops use it as a discount.
    pub amount: Amount,
    /// Its tax.
    pub tax: Amount,
}

/// What a shop sold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which shop.
    pub shop: ShopId,
    /// As printed for the buyer.
    pub order_number: String,
    /// The shop's prefix and the order number: what SYSPRO holds as customer purchase order number.
    pub customer_po: String,
    /// SYSPRO customer code, empty when the customer is found by the sealed e-mail address.
    pub customer_code: String,
    /// Whether line totals, shipping and fees contain their tax.
    pub prices_include_tax: bool,
    /// At least one.
    pub lines: Vec<Line>,
    /// Shipping.
    pub shipping: Option<Charge>,
    /// Fees.
    pub fees: Vec<Charge>,
    /// All tax.
    pub tax: Amount,
    /// What is to be paid.
    pub total: Amount,
    /// The card token.
    pub payment: PaymentToken,
    /// Names, addresses, device.
    pub personal: SealedBox,
    /// Free key-values.
    pub attributes: BTreeMap<String, String>,
    /// When the buyer placed it, or when we took it.
    pub placed_at_ms: i64,
}

/// Fields that intake cannot compare in the clear, because they are sealed or not kept: each has a keyed mark instead.
/// Stored marks follow this order: names are only ever appended.
pub const MARKED_FIELDS: &[&str] = &[
    "placed_at",
    "customer.email",
    "customer.name",
    "customer.company",
    "customer.tax_number",
    "device.ip",
    "device.user_agent",
    "device.fingerprint",
    "bill_to.first_name",
    "bill_to.last_name",
    "bill_to.company",
    "bill_to.line1",
    "bill_to.line2",
    "bill_to.city",
    "bill_to.region",
    "bill_to.postal_code",
    "bill_to.country",
    "bill_to.phone",
    "bill_to.email",
    "ship_to.first_name",
    "ship_to.last_name",
    "ship_to.company",
    "ship_to.line1",
    "ship_to.line2",
    "ship_to.city",
    "ship_to.region",
    "ship_to.postal_code",
    "ship_to.country",
    "ship_to.phone",
    "ship_to.email",
];

/// Keyed marks of the fields of [`MARKED_FIELDS`]; 0 for a field that was left out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks(pub Vec<u64>);

/// The fields in which two orders differ, in the words of the order's JSON; empty when they are the same order.
///
/// What we derive ourselves (sealed bytes, prefix, card brand, the hour we took it) is no difference.
pub fn differences(one: (&Order, &Marks), other: (&Order, &Marks)) -> Vec<String> {
    let mut found = Differences(Vec::new());
    let ((a, a_marks), (b, b_marks)) = (one, other);
    found.unless(a.order_number == b.order_number, || "order_number".to_owned());
    found.unless(a.customer_code == b.customer_code, || "customer.code".to_owned());
    found.unless(a.total.currency() == b.total.currency(), || "currency".to_owned());
    found.lines(&a.lines, &b.lines);
    found.charge(a.shipping.as_ref(), b.shipping.as_ref(), "shipping", "method");
    found.unless(a.fees.len() == b.fees.len(), || "fees".to_owned());
    for (index, (x, y)) in a.fees.iter().zip(&b.fees).enumerate() {
        found.charge(Some(x), Some(y), &format!("fees[{index}]"), "name");
    }
    found.unless(a.tax.minor() == b.tax.minor(), || "tax".to_owned());
    found.unless(a.total.minor() == b.total.minor(), || "total".to_owned());
    found.unless(a.payment.mode == b.payment.mode, || "payment.mode".to_owned());
    found.unless(a.payment.token == b.payment.token, || "payment.token".to_owned());
    let keys = a.attributes.keys().chain(b.attributes.keys().filter(|key| !a.attributes.contains_key(*key)));
    for key in keys {
        found.unless(a.attributes.get(key) == b.attributes.get(key), || format!("attributes.{key}"));
    }
    let mark = |marks: &Marks, index: usize| marks.0.get(index).copied().unwrap_or(0);
    for (index, field) in MARKED_FIELDS.iter().enumerate() {
        found.unless(mark(a_marks, index) == mark(b_marks, index), || (*field).to_owned());
    }
    found.0
}

struct Differences(Vec<String>);

impl Differences {
    fn unless(&mut self, is_same: bool, field: impl FnOnce() -> String) {
        if !is_same {
            self.0.push(field());
        }
    }

    fn lines(&mut self, a: &[Line], b: &[Line]) {
        self.unless(a.len() == b.len(), || "lines".to_owned());
        for (index, (x, y)) in a.iter().zip(b).enumerate() {
            let at = |field: &str| format!("lines[{index}].{field}");
            self.unless(x.id == y.id, || at("id"));
            self.unless(x.sku == y.sku, || at("sku"));
            self.unless(x.description == y.description, || at("description"));
            self.unless(x.quantity == y.quantity, || at("quantity"));
            self.unless(x.unit_price == y.unit_price, || at("unit_price"));
            self.unless(x.discount.minor() == y.discount.minor(), || at("discount"));
            self.unless(x.tax.minor() == y.tax.minor(), || at("tax"));
            self.unless(x.total.minor() == y.total.minor(), || at("total"));
        }
    }

    fn charge(&mut self, a: Option<&Charge>, b: Option<&Charge>, field: &str, name: &str) {
        match (a, b) {
            (Some(x), Some(y)) => {
                self.unless(x.name == y.name, || format!("{field}.{name}"));
                self.unless(x.amount.minor() == y.amount.minor(), || format!("{field}.amount"));
                self.unless(x.tax.minor() == y.tax.minor(), || format!("{field}.tax"));
            }
            (None, None) => {}
            _ => self.0.push(field.to_owned()),
        }
    }
}
