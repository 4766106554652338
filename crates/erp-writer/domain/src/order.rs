//! What a shop sold, as far as SYSPRO is concerned: no card token, no free key-values, the personal part sealed.

use ids::ShopId;
use money::Amount;
use sealed::SealedBox;

/// One line. `total` is after discounts, on the order's price basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Stock code.
    pub sku: String,
    /// What it is called.
    pub description: String,
    /// Exact decimal text.
    pub quantity: String,
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
    /// What it costs, on the order's price basis. May be negative: shops use fees as discounts.
    pub amount: Amount,
    /// Its tax.
    pub tax: Amount,
}

/// What a shop sold. All amounts are of one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Which shop.
    pub shop: ShopId,
    /// As printed for the buyer.
    pub order_number: String,
    /// What SYSPRO holds as customer purchase order number: by it the sales order is found again.
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
    /// Names, addresses, e-mail. Without the wrapped key: that is kept where it can be forgotten.
    pub personal: SealedBox,
    /// When the buyer placed it, milliseconds since 1970.
    pub placed_at_ms: i64,
}
