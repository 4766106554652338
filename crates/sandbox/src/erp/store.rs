//! Everything the ERP remembers. Both transports (the JSON facade now, the XML one later) work on this one store.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use crate::world::View;

use super::{customers::Customers, orders::Orders, sessions::Sessions, stock::Stock};

/// Choices that a site makes once for its company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Company {
    /// Its code, at most four letters.
    pub code: String,
    /// Its currency, ISO 4217.
    pub currency: String,
    /// What does not fit from stock goes to back order; otherwise it refuses the order.
    pub back_orders_allowed: bool,
    /// A back order is a warning, which rejects an order whose caller wants warnings to reject.
    pub back_order_is_a_warning: bool,
    /// A price of zero is accepted.
    pub zero_price_allowed: bool,
    /// A cancelled order still counts as a duplicate of its purchase order number.
    pub cancelled_orders_keep_their_po: bool,
    /// A tax code on a line wins over the item's; otherwise it is silently ignored, as some sites do.
    pub tax_code_override: bool,
    /// Cancelling needs a reason code.
    pub cancel_reason_required: bool,
    /// New customers get the next number; otherwise the caller must bring a code.
    pub customers_numbered_automatically: bool,
    /// Tax codes that exist.
    pub tax_codes: BTreeSet<String>,
}

/// The state store.
pub(crate) struct Store {
    pub(crate) company: Company,
    pub(crate) customers: Customers,
    pub(crate) stock: Stock,
    pub(crate) orders: Orders,
    pub(crate) sessions: Sessions,
    /// How much of the truth queries show.
    pub(crate) view: View,
}

impl Store {
    /// The company's date at this instant. The demo company keeps its books in UTC.
    pub(crate) fn today(now: DateTime<Utc>) -> NaiveDate {
        now.date_naive()
    }
}
