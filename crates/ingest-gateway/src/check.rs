//! Judges a canonical order: everything that could make it fail later is said now, all at once, in the shop's words.
//!
//! The shop's numbers are the contract. Tax is never computed again: we only check that what the shop says adds up.

mod address;
mod sums;
#[cfg(test)]
mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use contracts::r#type::v1::Personal;
use ids::ShopId;
use ingest_domain::order::{Line, Order, PaymentMode, PaymentToken};
use money::{Amount, AmountError, Currency};
use rust_decimal::Decimal;
use sealed::SealedBox;
use uuid::Uuid;

use crate::{
    canonical::{self, CanonicalOrder, Errors, FieldError},
    token,
};

/// SYSPRO's customer purchase order number: our prefix and the order number must fit, because it is what we search by.
pub const CUSTOMER_PO_MAX: usize = 30;
/// SYSPRO's stock code.
pub const SKU_MAX: usize = 30;
/// SYSPRO's customer code.
pub const CUSTOMER_CODE_MAX: usize = 15;
/// SYSPRO's names of customers and companies.
pub const NAME_MAX: usize = 50;
/// SYSPRO's tax number of a company.
pub const TAX_NUMBER_MAX: usize = 30;
/// A description; SYSPRO keeps 50 of it, and cutting a description is harmless.
pub const DESCRIPTION_MAX: usize = 255;
/// Names of shipping methods and fees: a comment line in SYSPRO.
pub const CHARGE_NAME_MAX: usize = 100;
/// The shop's id of a line.
pub const LINE_ID_MAX: usize = 64;
/// Keys and values of attributes.
pub const ATTRIBUTE_MAX: usize = 255;
/// A browser's name for itself.
pub const USER_AGENT_MAX: usize = 512;
/// The gateway's session id of a device fingerprint.
pub const FINGERPRINT_MAX: usize = 88;
/// SYSPRO's quantity has twelve digits before the point and six behind.
const QUANTITY_DIGITS: (usize, u32) = (12, 6);
/// SYSPRO's price has ten digits before the point and five behind.
const PRICE_DIGITS: (usize, u32) = (10, 5);
/// SYSPRO's values have twelve digits before the point.
const VALUE_DIGITS: usize = 12;
/// A transient token with less than this left would expire on the way.
pub const TOKEN_LEFT_MIN: TimeDelta = TimeDelta::minutes(1);
/// A shop's clock may be ahead of ours by this much.
const AHEAD_MAX: TimeDelta = TimeDelta::hours(1);
/// The year 2000: no shop that we know sold anything before.
const PLACED_AFTER_S: i64 = 946_684_800;

/// What the shop's settings say.
#[derive(Debug, Clone)]
pub struct Rules {
    /// The shop.
    pub shop: ShopId,
    /// Stands before its order numbers in SYSPRO.
    pub order_prefix: String,
    /// The price basis.
    pub prices_include_tax: bool,
}

/// An order that can be accepted.
#[derive(Debug)]
pub struct Checked {
    /// The order, its personal part still outside.
    pub order: Order,
    /// What is to be sealed.
    pub personal: Personal,
    /// Whose data it is: `email:…` or `code:…`, normalised.
    pub person: String,
    /// The texts of [`ingest_domain::order::MARKED_FIELDS`], in that order.
    pub marked: Vec<Option<String>>,
    /// Set when the card token ended or is about to: fatal for a new order, no matter for one that stands already.
    pub stale_token: Option<FieldError>,
}

/// Judges an order. `errors` holds what reading it found.
///
/// # Errors
/// Every mistake found.
pub fn check(
    given: &CanonicalOrder,
    rules: &Rules,
    now: DateTime<Utc>,
    errors: Errors,
) -> Result<Checked, Vec<FieldError>> {
    let mut check = Check { given, rules, now, errors, currency: None };
    let checked = check.run();
    match checked {
        Some(checked) if check.errors.is_empty() => Ok(checked),
        _ => Err(check.errors.into_list()),
    }
}

struct Check<'a> {
    given: &'a CanonicalOrder,
    rules: &'a Rules,
    now: DateTime<Utc>,
    errors: Errors,
    currency: Option<Currency>,
}

impl Check<'_> {
    fn run(&mut self) -> Option<Checked> {
        let given = self.given;
        self.basis();
        let customer_po = self.order_number();
        let placed_at = self.placed_at();
        self.currency = self.currency();
        let person = self.customer();
        let lines = self.lines();
        let shipping = given.shipping.as_ref().and_then(|charge| self.charge(charge, "shipping", "method"));
        let fees: Vec<_> = given
            .fees
            .iter()
            .enumerate()
            .filter_map(|(index, fee)| self.charge(fee, &format!("fees[{index}]"), "name"))
            .collect();
        let tax = self.amount_or_zero("tax", given.tax.as_deref());
        let total = self.total();
        self.addresses();
        self.device();
        self.attributes();
        let payment = self.payment();
        let order = Order {
            shop: self.rules.shop.clone(),
            order_number: given.order_number.clone()?,
            customer_po: customer_po?,
            customer_code: given.customer.code.clone().unwrap_or_default(),
            prices_include_tax: self.rules.prices_include_tax,
            lines: lines?,
            shipping,
            fees,
            tax: tax?,
            total: total?,
            payment: payment?,
            personal: SealedBox { subject: Uuid::nil(), wrapped_key: Vec::new(), ciphertext: Vec::new() },
            attributes: given.attributes.clone(),
            placed_at_ms: placed_at.unwrap_or(self.now).timestamp_millis(),
        };
        // Parts that could not be read would only make sums that come out wrong.
        let are_parts_read = !["lines", "shipping", "fees", "tax"].iter().any(|part| self.errors.touches(part));
        let has_taxes = given.lines.iter().any(|line| line.tax.is_some());
        if are_parts_read {
            sums::check(&order, has_taxes, &mut self.errors);
        }
        let stale_token = self.stale_token(&order.payment);
        Some(Checked {
            order,
            personal: address::personal(given),
            person: person?,
            marked: address::marked(given),
            stale_token,
        })
    }

    fn basis(&mut self) {
        let setting = self.rules.prices_include_tax;
        if self.given.prices_include_tax.is_some_and(|basis| basis != setting) {
            self.errors.add(
                "prices_include_tax",
                format!("is {setting} for this shop; it is a setting of the shop, not of an order"),
            );
        }
    }

    fn order_number(&mut self) -> Option<String> {
        let number = self.required("order_number", self.given.order_number.as_deref())?;
        if !number.bytes().all(|b| b.is_ascii_graphic()) {
            self.errors.add(
                "order_number",
                "must be letters, digits and signs of ASCII without spaces: it is what people search by",
            );
            return None;
        }
        let po = format!("{}{number}", self.rules.order_prefix);
        if po.chars().count() > CUSTOMER_PO_MAX {
            let room = CUSTOMER_PO_MAX.saturating_sub(self.rules.order_prefix.chars().count());
            self.errors.add(
                "order_number",
                format!("is longer than the {room} characters that the purchase order number in SYSPRO leaves"),
            );
            return None;
        }
        Some(po)
    }

    fn placed_at(&mut self) -> Option<DateTime<Utc>> {
        let text = self.given.placed_at.as_deref()?;
        let Ok(at) = DateTime::parse_from_rfc3339(text).map(|at| at.with_timezone(&Utc)) else {
            self.errors.add("placed_at", "is not a date and time with offset, such as 2026-11-24T13:05:00Z");
            return None;
        };
        if at > self.now + AHEAD_MAX {
            self.errors.add("placed_at", "lies in the future");
        }
        if at.timestamp() < PLACED_AFTER_S {
            self.errors.add("placed_at", "lies before the year 2000");
        }
        Some(at)
    }

    fn currency(&mut self) -> Option<Currency> {
        let text = self.required("currency", self.given.currency.as_deref())?;
        text.parse()
            .map_err(|error: money::CurrencyError| self.errors.add("currency", shortened(&error.to_string())))
            .ok()
    }

    /// Whose order it is.
    fn customer(&mut self) -> Option<String> {
        let customer = &self.given.customer;
        self.width("customer.name", customer.name.as_deref(), NAME_MAX);
        self.width("customer.company", customer.company.as_deref(), NAME_MAX);
        self.width("customer.tax_number", customer.tax_number.as_deref(), TAX_NUMBER_MAX);
        self.width("customer.code", customer.code.as_deref(), CUSTOMER_CODE_MAX);
        let email = customer.email.as_deref();
        if email.is_some_and(|email| !address::is_email(email)) {
            self.errors.add("customer.email", "is not an e-mail address");
        }
        match (email, customer.code.as_deref()) {
            (Some(email), _) => Some(format!("email:{}", email.to_lowercase())),
            (None, Some(code)) => {
                if !code.bytes().all(|b| b.is_ascii_graphic()) {
                    self.errors.add("customer.code", "must be letters and digits without spaces");
                }
                Some(format!("code:{code}"))
            }
            (None, None) => {
                if !self.errors.names("customer.email")
                    && !self.errors.names("customer.code")
                    && !self.errors.names("customer")
                {
                    self.errors
                        .add("customer", "needs a `code` or an `email`: without one nobody knows whose order it is");
                }
                None
            }
        }
    }

    fn lines(&mut self) -> Option<Vec<Line>> {
        let given = self.given;
        if given.lines.is_empty() && !self.errors.touches("lines") {
            self.errors.add("lines", "an order needs at least one line");
        }
        let lines: Vec<_> = given.lines.iter().enumerate().map(|(index, line)| self.line(index, line)).collect();
        lines.into_iter().collect()
    }

    fn line(&mut self, index: usize, line: &canonical::Line) -> Option<Line> {
        let at = |name: &str| format!("lines[{index}].{name}");
        let sku = self.required(&at("sku"), line.sku.as_deref()).map(str::to_owned);
        self.width(&at("sku"), line.sku.as_deref(), SKU_MAX);
        self.width(&at("id"), line.id.as_deref(), LINE_ID_MAX);
        self.width(&at("description"), line.description.as_deref(), DESCRIPTION_MAX);
        let quantity = self.decimal(&at("quantity"), line.quantity.as_deref(), QUANTITY_DIGITS);
        if quantity.is_some_and(|quantity| quantity.is_zero()) {
            self.errors.add(at("quantity"), "must be more than nothing");
        }
        let unit_price = self.decimal(&at("unit_price"), line.unit_price.as_deref(), PRICE_DIGITS);
        let discount = self.amount_or_zero(&at("discount"), line.discount.as_deref());
        let tax = self.amount_or_zero(&at("tax"), line.tax.as_deref());
        let total = self.required(&at("total"), line.total.as_deref());
        let total = total.and_then(|total| self.amount(&at("total"), total));
        self.not_negative(&at("discount"), discount);
        self.not_negative(&at("tax"), tax);
        self.not_negative(&at("total"), total);
        Some(Line {
            id: line.id.clone().unwrap_or_default(),
            sku: sku?,
            description: line.description.clone().unwrap_or_default(),
            quantity: quantity?.normalize().to_string(),
            unit_price: unit_price?.normalize().to_string(),
            discount: discount?,
            tax: tax?,
            total: total?,
        })
    }

    fn charge(&mut self, charge: &canonical::Charge, path: &str, name: &str) -> Option<ingest_domain::order::Charge> {
        self.width(&format!("{path}.{name}"), charge.name.as_deref(), CHARGE_NAME_MAX);
        let amount = self.required(&format!("{path}.amount"), charge.amount.as_deref());
        let amount = amount.and_then(|amount| self.amount(&format!("{path}.amount"), amount));
        let tax = self.amount_or_zero(&format!("{path}.tax"), charge.tax.as_deref());
        if path == "shipping" {
            self.not_negative("shipping.amount", amount);
            self.not_negative("shipping.tax", tax);
        }
        Some(ingest_domain::order::Charge { name: charge.name.clone().unwrap_or_default(), amount: amount?, tax: tax? })
    }

    fn total(&mut self) -> Option<Amount> {
        let text = self.required("total", self.given.total.as_deref())?;
        let total = self.amount("total", text)?;
        if !total.is_positive() {
            self.errors.add("total", "must be more than nothing: there is no money to hold otherwise");
        }
        Some(total)
    }

    fn payment(&mut self) -> Option<PaymentToken> {
        let Some(payment) = &self.given.payment else {
            if !self.errors.names("payment") {
                self.errors.add("payment", "is missing");
            }
            return None;
        };
        let mode = self.required("payment.mode", payment.mode.as_deref())?;
        let read = match mode {
            "adopt" | "taken" => {
                let done = if mode == "adopt" { "an authorization" } else { "a capture" };
                let text = format!(
                    "`{mode}` is refused for now: {done} that the shop's plugin took cannot be carried on yet; hand over the card token instead"
                );
                self.errors.add("payment.mode", text);
                return None;
            }
            "transient" => token::read(self.required("payment.token", payment.token.as_deref())?),
            "stored" => token::stored(self.required("payment.token", payment.token.as_deref())?)
                .ok_or("is not the id of a stored token: letters and digits"),
            _ => {
                self.errors.add("payment.mode", "must be `transient` or `stored`");
                return None;
            }
        };
        read.map_err(|message| self.errors.add("payment.token", message)).ok()
    }

    fn stale_token(&self, payment: &PaymentToken) -> Option<FieldError> {
        if payment.mode == PaymentMode::Stored {
            return None;
        }
        let ends = DateTime::from_timestamp_millis(payment.expires_at_ms)?;
        (ends - self.now < TOKEN_LEFT_MIN).then(|| FieldError {
            field: "payment.token".to_owned(),
            message: if ends <= self.now {
                "has expired: let the buyer enter the card again".to_owned()
            } else {
                "has less than a minute left: let the buyer enter the card again".to_owned()
            },
        })
    }

    fn device(&mut self) {
        let device = &self.given.device;
        if device.ip.as_deref().is_some_and(|ip| ip.parse::<std::net::IpAddr>().is_err()) {
            self.errors.add("device.ip", "is not an IP address");
        }
        self.width("device.user_agent", device.user_agent.as_deref(), USER_AGENT_MAX);
        self.width("device.fingerprint", device.fingerprint.as_deref(), FINGERPRINT_MAX);
    }

    fn attributes(&mut self) {
        for (key, value) in &self.given.attributes {
            if key.chars().count() > ATTRIBUTE_MAX || value.chars().count() > ATTRIBUTE_MAX {
                let shown: String = key.chars().take(40).collect();
                self.errors.add(format!("attributes.{shown}"), format!("is longer than {ATTRIBUTE_MAX} characters"));
            }
        }
    }

    fn required<'t>(&mut self, field: &str, text: Option<&'t str>) -> Option<&'t str> {
        if text.is_none() && !self.errors.names(field) {
            self.errors.add(field, "is missing");
        }
        text
    }

    fn width(&mut self, field: &str, text: Option<&str>, most: usize) {
        if text.is_some_and(|text| text.chars().count() > most) {
            self.errors.add(field, format!("is longer than {most} characters"));
        }
    }

    fn not_negative(&mut self, field: &str, amount: Option<Amount>) {
        if amount.is_some_and(|amount| amount.minor() < 0) {
            self.errors.add(field, "must not be negative");
        }
    }

    /// A plain decimal that is not negative, within so many digits.
    fn decimal(&mut self, field: &str, text: Option<&str>, (before, behind): (usize, u32)) -> Option<Decimal> {
        let text = self.required(field, text)?;
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let is_plain = !whole.is_empty()
            && text.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && text.bytes().filter(|b| *b == b'.').count() <= 1
            && !text.ends_with('.');
        if !is_plain {
            self.errors.add(field, "is not a plain decimal of zero or more, such as 2 or 2.5");
            return None;
        }
        let significant = fraction.trim_end_matches('0').len();
        if whole.trim_start_matches('0').len() > before || significant > behind as usize {
            self.errors.add(field, format!("has more than {before} digits before or {behind} behind the point"));
            return None;
        }
        let trimmed = if significant == 0 { whole.to_owned() } else { format!("{whole}.{}", &fraction[..significant]) };
        trimmed.parse().map_err(|_| self.errors.add(field, "is too large")).ok()
    }

    fn amount_or_zero(&mut self, field: &str, text: Option<&str>) -> Option<Amount> {
        match text {
            Some(text) => self.amount(field, text),
            None => self.currency.map(Amount::zero),
        }
    }

    fn amount(&mut self, field: &str, text: &str) -> Option<Amount> {
        // Without a currency its decimals are unknown, but a text that is no number is none in any currency.
        let stand_in = "EUR".parse().ok()?;
        let read = Amount::parse(text, self.currency.unwrap_or(stand_in));
        match read {
            Ok(amount) if amount.to_decimal().abs().trunc().to_string().len() > VALUE_DIGITS => {
                self.errors.add(field, format!("has more than {VALUE_DIGITS} digits before the point"));
                None
            }
            Ok(amount) => self.currency.map(|_| amount),
            Err(AmountError::TooPrecise { .. }) if self.currency.is_none() => None,
            Err(error) => {
                self.errors.add(field, shortened(&error.to_string()));
                None
            }
        }
    }
}

/// A message that repeats what was sent, cut before it becomes a burden.
fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}
