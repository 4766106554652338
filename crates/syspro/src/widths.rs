//! How much each field of SYSPRO holds. What does not fit is found before an order is accepted, not when it is posted.

/// A decimal field: digits before the dot, digits after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalWidth {
    /// Digits before the dot.
    pub whole: u32,
    /// Digits after the dot.
    pub scale: u32,
}

impl DecimalWidth {
    /// True when the value fits exactly: nothing would be rounded or cut.
    pub fn holds(self, value: rust_decimal::Decimal) -> bool {
        let value = value.normalize();
        value.scale() <= self.scale && value.trunc().abs() < rust_decimal::Decimal::from(10_u64.pow(self.whole.min(18)))
    }
}

/// Customer code.
pub const CUSTOMER: usize = 15;
/// Customer's purchase order number.
pub const CUSTOMER_PO: usize = 30;
/// Sales order number.
pub const SALES_ORDER: usize = 20;
/// Stock code.
pub const STOCK_CODE: usize = 30;
/// Warehouse.
pub const WAREHOUSE: usize = 10;
/// Unit of measure.
pub const UOM: usize = 10;
/// Name of a customer or of the person a parcel goes to.
pub const NAME: usize = 50;
/// One line of an address.
pub const ADDRESS_LINE: usize = 40;
/// Postal code.
pub const POSTAL_CODE: usize = 10;
/// E-mail address on a sales order.
pub const ORDER_EMAIL: usize = 255;
/// E-mail address on a customer.
pub const CUSTOMER_EMAIL: usize = 50;
/// Shipping and special instructions.
pub const INSTRUCTIONS: usize = 50;
/// A comment line, or the description of a charge.
pub const COMMENT: usize = 100;
/// Telephone.
pub const TELEPHONE: usize = 20;
/// Currency.
pub const CURRENCY: usize = 3;
/// Tax code.
pub const TAX_CODE: usize = 3;
/// Reason for a cancellation.
pub const CANCEL_REASON: usize = 6;
/// Who answers for the credit of an order that leaves suspense.
pub const CREDIT_AUTHORITY: usize = 20;
/// An id of another system on a customer.
pub const EXTERNAL_ID: usize = 10;
/// Lines of one sales order.
pub const LINES_MAX: usize = 9999;

/// Quantity.
pub const QUANTITY: DecimalWidth = DecimalWidth { whole: 12, scale: 6 };
/// Unit price, net of tax.
pub const PRICE: DecimalWidth = DecimalWidth { whole: 10, scale: 5 };
/// Value of a line, a charge or an order.
pub const VALUE: DecimalWidth = DecimalWidth { whole: 12, scale: 2 };
/// Percent of discount.
pub const PERCENT: DecimalWidth = DecimalWidth { whole: 3, scale: 2 };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_has_ten_digits_and_five_decimals() {
        for (text, fits) in [
            ("42.19", true),
            ("9999999999.99999", true),
            ("10000000000", false),
            ("0.000001", false),
            ("1.500000", true),
        ] {
            assert_eq!(PRICE.holds(text.parse().unwrap()), fits, "{text}");
        }
    }
}
