//! The canonical order as text: what a shop wrote, field by field, before anybody judges it.
//!
//! Reading finds wrong types, unknown fields and unusable characters; [`crate::check`] judges what remains. Both add to one
//! list, so that a caller learns every mistake from one answer. Text is trimmed, put into Unicode form NFC, and an empty
//! text counts as left out. Amounts and quantities must be JSON strings: a JSON number has lost its decimals in half of
//! the world's parsers before it reaches us.

mod json;
mod reader;

use std::collections::BTreeMap;

pub use json::{BodyError, DEPTH_MAX, read};
pub use reader::order;
pub(crate) use reader::{clean, is_unusable};

/// Mistakes reported at once; beyond it the caller has a systematic problem and knows enough.
pub const ERRORS_MAX: usize = 100;
/// Lines of one order.
pub const LINES_MAX: usize = 500;
/// Fees of one order.
pub const FEES_MAX: usize = 50;
/// Free key-values of one order.
pub const ATTRIBUTES_MAX: usize = 50;

/// One mistake in one field, in the caller's words.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where, as in `lines[0].quantity`.
    pub field: String,
    /// What is wrong and what would be right.
    pub message: String,
}

/// Mistakes found so far.
#[derive(Debug, Default)]
pub struct Errors(Vec<FieldError>);

impl Errors {
    /// One more mistake.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        if self.0.len() < ERRORS_MAX {
            self.0.push(FieldError { field: field.into(), message: message.into() });
        }
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True when this field has a mistake already: a second complaint about it would only confuse.
    pub fn names(&self, field: &str) -> bool {
        self.0.iter().any(|error| error.field == field)
    }

    /// True when something about a field or inside it was complained about.
    pub fn touches(&self, field: &str) -> bool {
        self.0.iter().any(|error| {
            error.field.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    }

    /// The list.
    pub fn into_list(self) -> Vec<FieldError> {
        self.0
    }
}

/// The order as written. `None` is a field that was left out, or found unusable and complained about.
#[derive(Debug, Clone, PartialEq, Eq, Default, utoipa::ToSchema)]
pub struct CanonicalOrder {
    /// As printed for the buyer.
    #[schema(required = true, nullable = false)]
    pub order_number: Option<String>,
    /// When the buyer placed it, RFC 3339.
    pub placed_at: Option<String>,
    /// Who bought.
    pub customer: Customer,
    /// ISO 4217.
    #[schema(required = true, nullable = false)]
    pub currency: Option<String>,
    /// Only to be compared with the shop's setting.
    pub prices_include_tax: Option<bool>,
    /// What was bought.
    #[schema(required = true, nullable = false)]
    pub lines: Vec<Line>,
    /// Shipping.
    #[schema(value_type = Option<crate::http::openapi::Shipping>)]
    pub shipping: Option<Charge>,
    /// Fees.
    #[schema(value_type = Vec<crate::http::openapi::Fee>)]
    pub fees: Vec<Charge>,
    /// All tax.
    pub tax: Option<String>,
    /// What is to be paid.
    #[schema(required = true, nullable = false)]
    pub total: Option<String>,
    /// Where the bill goes.
    #[schema(required = true, nullable = false)]
    pub bill_to: Option<Address>,
    /// Where the goods go, when elsewhere.
    pub ship_to: Option<Address>,
    /// The card.
    #[schema(required = true, nullable = false)]
    pub payment: Option<Payment>,
    /// The buyer's device.
    pub device: Device,
    /// Free key-values.
    pub attributes: BTreeMap<String, String>,
}

/// Who bought.
#[derive(Debug, Clone, PartialEq, Eq, Default, utoipa::ToSchema)]
pub struct Customer {
    /// SYSPRO customer code.
    pub code: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Tax number.
    pub tax_number: Option<String>,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Default, utoipa::ToSchema)]
pub struct Line {
    /// The shop's id.
    pub id: Option<String>,
    /// Stock code.
    #[schema(required = true, nullable = false)]
    pub sku: Option<String>,
    /// What it is called.
    pub description: Option<String>,
    /// Decimal text.
    #[schema(required = true, nullable = false)]
    pub quantity: Option<String>,
    /// Decimal text.
    #[schema(required = true, nullable = false)]
    pub unit_price: Option<String>,
    /// Decimal text.
    pub discount: Option<String>,
    /// Decimal text.
    pub tax: Option<String>,
    /// Decimal text.
    #[schema(required = true, nullable = false)]
    pub total: Option<String>,
}

/// Shipping (its `method`) or a fee (its `name`).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Charge {
    /// Method or name.
    pub name: Option<String>,
    /// Decimal text.
    pub amount: Option<String>,
    /// Decimal text.
    pub tax: Option<String>,
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Default, utoipa::ToSchema)]
pub struct Address {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Company.
    pub company: Option<String>,
    /// Street and number.
    #[schema(required = true, nullable = false)]
    pub line1: Option<String>,
    /// What else the carrier needs.
    pub line2: Option<String>,
    /// City.
    #[schema(required = true, nullable = false)]
    pub city: Option<String>,
    /// State or province.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// ISO 3166-1, two letters.
    #[schema(required = true, nullable = false)]
    pub country: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
}

/// The card hand-over. Its token is a bearer secret, so it is in no `Debug`.
#[derive(Clone, PartialEq, Eq, Default, utoipa::ToSchema)]
pub struct Payment {
    /// `transient` or `stored`.
    #[schema(required = true, nullable = false)]
    pub mode: Option<String>,
    /// A transient token's whole JWT, or a stored token's id.
    #[schema(required = true, nullable = false)]
    pub token: Option<String>,
}

impl std::fmt::Debug for Payment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Payment").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The buyer's device.
#[derive(Debug, Clone, PartialEq, Eq, Default, utoipa::ToSchema)]
pub struct Device {
    /// IP address.
    pub ip: Option<String>,
    /// Browser.
    pub user_agent: Option<String>,
    /// Session id of a fingerprint.
    pub fingerprint: Option<String>,
}
