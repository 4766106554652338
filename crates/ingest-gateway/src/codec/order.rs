//! The order: in a stored event, and in the message that starts the saga.

use contracts::r#type::v1 as wire;
use ingest_domain::order::{Charge, Line, Order, PaymentMode, PaymentToken};
use sealed::SealedBox;
use uuid::Uuid;

use super::amount;

/// The order as a message. The person's wrapped key is never in it: the relay puts it on when it publishes.
pub fn to_wire(order: &Order, order_id: &str) -> wire::Order {
    wire::Order {
        order_id: order_id.to_owned(),
        shop: order.shop.to_string(),
        order_number: order.order_number.clone(),
        customer_po: order.customer_po.clone(),
        customer_code: order.customer_code.clone(),
        prices_include_tax: order.prices_include_tax,
        lines: order.lines.iter().map(line_to_wire).collect(),
        shipping: order.shipping.as_ref().map(charge_to_wire),
        fees: order.fees.iter().map(charge_to_wire).collect(),
        tax: Some(order.tax.into()),
        total: Some(order.total.into()),
        payment: Some(wire::PaymentToken {
            mode: order.payment.mode.as_str().to_owned(),
            token: order.payment.token.clone(),
            brand: order.payment.brand.clone(),
            bin: order.payment.bin.clone(),
            last_four: order.payment.last_four.clone(),
            expires_at_ms: order.payment.expires_at_ms,
            ..wire::PaymentToken::default()
        }),
        personal: Some(wire::Sealed {
            subject: order.personal.subject.to_string(),
            wrapped_key: bytes::Bytes::new(),
            ciphertext: order.personal.ciphertext.clone().into(),
        }),
        attributes: order.attributes.clone(),
        placed_at_ms: order.placed_at_ms,
        captured_by: String::new(),
    }
}

/// The order of a stored event.
///
/// # Errors
/// Which part cannot be read.
pub fn from_wire(order: wire::Order) -> Result<Order, String> {
    let payment = order.payment.ok_or("no payment")?;
    let personal = order.personal.ok_or("no personal part")?;
    Ok(Order {
        shop: order.shop.parse().map_err(|error: ids::ShopIdError| error.to_string())?,
        order_number: order.order_number,
        customer_po: order.customer_po,
        customer_code: order.customer_code,
        prices_include_tax: order.prices_include_tax,
        lines: order.lines.into_iter().map(line_from_wire).collect::<Result<_, _>>()?,
        shipping: order.shipping.map(charge_from_wire).transpose()?,
        fees: order.fees.into_iter().map(charge_from_wire).collect::<Result<_, _>>()?,
        tax: amount(order.tax.as_ref())?,
        total: amount(order.total.as_ref())?,
        payment: PaymentToken {
            mode: PaymentMode::parse(&payment.mode).ok_or_else(|| format!("payment mode `{}`", payment.mode))?,
            token: payment.token,
            brand: payment.brand,
            bin: payment.bin,
            last_four: payment.last_four,
            expires_at_ms: payment.expires_at_ms,
        },
        personal: SealedBox {
            subject: Uuid::parse_str(&personal.subject).map_err(|error| error.to_string())?,
            wrapped_key: Vec::new(),
            ciphertext: personal.ciphertext.to_vec(),
        },
        attributes: order.attributes,
        placed_at_ms: order.placed_at_ms,
    })
}

fn line_to_wire(line: &Line) -> wire::OrderLine {
    wire::OrderLine {
        id: line.id.clone(),
        sku: line.sku.clone(),
        description: line.description.clone(),
        quantity: line.quantity.clone(),
        unit_price: line.unit_price.clone(),
        discount: Some(line.discount.into()),
        tax: Some(line.tax.into()),
        total: Some(line.total.into()),
    }
}

fn line_from_wire(line: wire::OrderLine) -> Result<Line, String> {
    Ok(Line {
        id: line.id,
        sku: line.sku,
        description: line.description,
        quantity: line.quantity,
        unit_price: line.unit_price,
        discount: amount(line.discount.as_ref())?,
        tax: amount(line.tax.as_ref())?,
        total: amount(line.total.as_ref())?,
    })
}

fn charge_to_wire(charge: &Charge) -> wire::Charge {
    wire::Charge { name: charge.name.clone(), amount: Some(charge.amount.into()), tax: Some(charge.tax.into()) }
}

fn charge_from_wire(charge: wire::Charge) -> Result<Charge, String> {
    Ok(Charge { name: charge.name, amount: amount(charge.amount.as_ref())?, tax: amount(charge.tax.as_ref())? })
}
