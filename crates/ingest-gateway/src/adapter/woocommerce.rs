//! WooCommerce's `order.*` webhooks.
//!
//! The signature is HMAC-SHA256 over the raw body; no other header proves anything. A delivery is a hint that an order
//! changed: its own status and payment data decide, not the topic. Line amounts are always net with their tax beside them,
//! whatever `prices_include_tax` says (that flag tells how prices were typed in), so the canonical order is on the net basis.
//!
//! | status | what we do |
//! |---|---|
//! | `on-hold` with a card token in its meta | take it |
//! | `on-hold`, `processing`, `completed`, or `pending` for review, when the shop's plugin authorized or captured | refuse, in words |
//! | everything else | success and a note: a shop switches a webhook off that fails too often |

mod payment;
#[cfg(test)]
mod tests;
mod text;

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::Value;
use sha2::Sha256;

use super::Adapted;
use crate::canonical::{Address, CanonicalOrder, Charge, Customer, Device, Errors, Line, Payment};

/// The header with the signature.
pub const SIGNATURE_HEADER: &str = "x-wc-webhook-signature";
/// Unit prices are given with as many decimals as SYSPRO keeps.
const UNIT_PRICE_DECIMALS: u32 = 5;

/// What the shop's settings say about its format.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The meta key under which the checkout leaves the card token.
    pub token_meta_key: String,
    /// The meta key of a tax number; WooCommerce has no field of its own for it.
    pub tax_number_meta_key: Option<String>,
}

/// True when the header is the base64 of the HMAC over the raw body. Compared in constant time.
pub fn is_signed(secret: &str, signature: &[u8], raw_body: &[u8]) -> bool {
    let Ok(given) = STANDARD.decode(signature) else { return false };
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else { return false };
    mac.update(raw_body);
    mac.verify_slice(&given).is_ok()
}

/// True for the unsigned form that WooCommerce posts when a webhook is made: `webhook_id=12`.
pub fn is_ping(body: &[u8]) -> bool {
    let Some(id) = body.strip_prefix(b"webhook_id=") else { return false };
    (1..=20).contains(&id.len()) && id.iter().all(u8::is_ascii_digit)
}

/// Maps a delivery. The signature was checked before.
pub fn adapt(value: &Value, settings: &Settings) -> Adapted {
    let nothing = |note: &str| Adapted::Nothing { note: note.to_owned() };
    if value.get("code").is_some() && value.get("message").is_some() {
        let why = "the shop sent an error instead of an order: the user who owns the webhook may no longer read orders";
        return Adapted::Refused { field: "code".to_owned(), why: why.to_owned() };
    }
    let Some(status) = value.get("status").and_then(Value::as_str) else {
        return nothing("no status in it: nothing to do");
    };
    let meta = meta(value);
    let acts = matches!(status, "on-hold" | "processing" | "completed")
        || (status == "pending" && payment::is_held_for_review(&meta));
    if acts && let Some((field, why)) = payment::taken_by_plugin(&meta, status) {
        return Adapted::Refused { field, why };
    }
    let token =
        meta.get(settings.token_meta_key.as_str()).and_then(|value| value.as_str()).filter(|token| !token.is_empty());
    match (status, token) {
        ("on-hold", Some(token)) => take(value, &meta, settings, token),
        ("on-hold", None) => nothing("on hold without a card token: not paid by a card that we handle"),
        ("processing" | "completed", _) => {
            nothing("only an order on hold is started; this one has gone on in the shop")
        }
        ("cancelled" | "refunded", _) => nothing("cancellations and refunds are not taken over from the shop yet"),
        ("checkout-draft" | "auto-draft" | "trash" | "failed" | "pending", _) => nothing("not an order to act on yet"),
        _ => nothing("a status that we do not act on"),
    }
}

/// Meta values by key; where a key repeats, the last one counts, as in the shop itself.
fn meta(value: &Value) -> BTreeMap<&str, &Value> {
    let entries = value.get("meta_data").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    entries.iter().filter_map(|entry| Some((entry.get("key")?.as_str()?, entry.get("value")?))).collect()
}

fn take(value: &Value, meta: &BTreeMap<&str, &Value>, settings: &Settings, token: &str) -> Adapted {
    let mut errors = Errors::default();
    let id = value.get("id").and_then(Value::as_u64).map(|id| id.to_string());
    if id.is_none() {
        errors.add("id", "is missing");
    }
    let billing = value.get("billing").unwrap_or(&Value::Null);
    let first_last = [text::of(billing, "first_name"), text::of(billing, "last_name")];
    let name = first_last.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let tax_number =
        settings.tax_number_meta_key.as_deref().and_then(|key| meta.get(key)).and_then(|value| value.as_str());
    let mut lines = rows(value, "line_items", line);
    let mut shipping = shipping(value);
    let mut fees = rows(value, "fee_lines", |row| Charge {
        name: text::of(row, "name"),
        amount: money(row, "total"),
        tax: money(row, "total_tax"),
    });
    let tax = money(value, "total_tax");
    settle_tax(&mut lines, shipping.as_mut(), &mut fees, tax.as_deref());
    let order = CanonicalOrder {
        order_number: text::of(value, "number").or_else(|| id.clone()),
        // WooCommerce writes UTC without a letter for it.
        placed_at: text::of(value, "date_created_gmt").map(|at| format!("{at}Z")),
        customer: Customer {
            code: None,
            email: text::of(billing, "email"),
            name: Some(name).filter(|name| !name.is_empty()),
            company: text::of(billing, "company"),
            tax_number: tax_number.and_then(text::cleaned),
        },
        currency: text::of(value, "currency"),
        prices_include_tax: None,
        lines,
        shipping,
        fees,
        tax,
        total: money(value, "total"),
        bill_to: address(billing),
        ship_to: value.get("shipping").and_then(address),
        payment: Some(Payment { mode: Some("transient".to_owned()), token: Some(token.trim().to_owned()) }),
        device: Device {
            ip: text::of(value, "customer_ip_address"),
            user_agent: text::of(value, "customer_user_agent")
                .map(|agent| text::cut(&agent, crate::check::USER_AGENT_MAX)),
            fingerprint: None,
        },
        attributes: attributes(value),
    };
    Adapted::Order { order: Box::new(order), shop_order_id: id.unwrap_or_default(), errors }
}

fn rows<T>(value: &Value, name: &str, read: impl Fn(&Value) -> T) -> Vec<T> {
    value.get(name).and_then(Value::as_array).map(|rows| rows.iter().map(read).collect()).unwrap_or_default()
}

/// Amounts are strings in this format. A number would be a plugin's doing, its decimals unknown: left out, so complained about.
fn money(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn decimal(text: Option<&str>) -> Option<Decimal> {
    text.and_then(|text| text.parse().ok())
}

/// `price` is a float after discount and is not read: the unit price comes from the subtotal, which is exact.
fn line(row: &Value) -> Line {
    let quantity = row.get("quantity").and_then(|quantity| match quantity {
        // Whole numbers as a rule. With plugins also decimals, whose shortest text is what the shop wrote.
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    });
    let (subtotal, total) = (money(row, "subtotal"), money(row, "total"));
    let unit_price = decimal(subtotal.as_deref())
        .zip(decimal(quantity.as_deref()))
        .and_then(|(subtotal, quantity)| subtotal.checked_div(quantity))
        .map(|price| {
            price.round_dp_with_strategy(UNIT_PRICE_DECIMALS, RoundingStrategy::MidpointAwayFromZero).normalize()
        });
    let discount = decimal(subtotal.as_deref()).zip(decimal(total.as_deref())).and_then(|(s, t)| s.checked_sub(t));
    Line {
        id: row.get("id").and_then(Value::as_u64).map(|id| id.to_string()),
        sku: text::of(row, "sku"),
        description: text::of(row, "name").map(|name| text::cut(&name, crate::check::DESCRIPTION_MAX)),
        quantity,
        unit_price: unit_price.map(|price| price.to_string()),
        discount: discount.map(|discount| discount.to_string()),
        tax: money(row, "total_tax"),
        total,
    }
}

fn shipping(value: &Value) -> Option<Charge> {
    let titles: Vec<String> =
        rows(value, "shipping_lines", |row| text::of(row, "method_title")).into_iter().flatten().collect();
    let amount = money(value, "shipping_total");
    let is_free = decimal(amount.as_deref()).is_none_or(|amount| amount.is_zero());
    if titles.is_empty() && is_free {
        return None;
    }
    let name = Some(text::cut(&titles.join(", "), crate::check::CHARGE_NAME_MAX)).filter(|name| !name.is_empty());
    Some(Charge { name, amount, tax: money(value, "shipping_tax") })
}

/// A shop may round tax at the subtotal while it shows rows rounded one by one: then the rows miss the order's tax by less
/// than a minor unit each. The order's tax is the contract, so the difference goes to the largest line. More than that is
/// left alone, and the sums will complain.
fn settle_tax(lines: &mut [Line], shipping: Option<&mut Charge>, fees: &mut [Charge], tax: Option<&str>) {
    let charges = shipping.iter().map(|charge| charge.tax.as_deref()).chain(fees.iter().map(|fee| fee.tax.as_deref()));
    let rows: Vec<Decimal> = lines.iter().map(|line| line.tax.as_deref()).chain(charges).filter_map(decimal).collect();
    let (Some(tax), false) = (decimal(tax), rows.is_empty()) else { return };
    let taxed = rows.iter().filter(|row| !row.is_zero()).count();
    let minor = Decimal::new(1, rows.iter().map(Decimal::scale).max().unwrap_or(2).max(tax.scale()));
    let Some(sum) = rows.iter().try_fold(Decimal::ZERO, |sum, row| sum.checked_add(*row)) else { return };
    let residual = tax - sum;
    if residual.is_zero() || residual.abs() > minor * Decimal::from(taxed) {
        return;
    }
    let largest = lines.iter_mut().max_by_key(|line| decimal(line.tax.as_deref()));
    if let Some(line) = largest
        && let Some(own) = decimal(line.tax.as_deref())
    {
        line.tax = Some((own + residual).to_string());
    }
}

/// All empty means: the same as the bill's.
fn address(given: &Value) -> Option<Address> {
    let of = |name: &str| text::of(given, name);
    let address = Address {
        first_name: of("first_name"),
        last_name: of("last_name"),
        company: of("company"),
        line1: of("address_1"),
        line2: of("address_2"),
        city: of("city"),
        region: of("state"),
        postal_code: of("postcode"),
        country: of("country"),
        phone: of("phone"),
        email: of("email"),
    };
    (address != Address::default()).then_some(address)
}

/// Two things a colleague may want to see. A buyer's note is personal and other meta may be a secret: neither is taken.
fn attributes(value: &Value) -> BTreeMap<String, String> {
    let mut attributes = BTreeMap::new();
    if let Some(flag) = value.get("prices_include_tax").and_then(Value::as_bool) {
        attributes.insert("woocommerce_prices_include_tax".to_owned(), flag.to_string());
    }
    let codes: Vec<String> = rows(value, "coupon_lines", |row| text::of(row, "code")).into_iter().flatten().collect();
    if !codes.is_empty() {
        attributes.insert("discount_codes".to_owned(), text::cut(&codes.join(","), crate::check::ATTRIBUTE_MAX));
    }
    attributes
}
