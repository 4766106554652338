//! Canonical order → payment request: one file, so that a document can take its place.

use contracts::r#type::v1::{Address, Personal};
use cybersource::{Authorize, BillTo, Device, PaymentSource};
use ids::MerchantReference;
use payment_domain::{TokenMode, payment::Purpose};
use secrecy::SecretString;

/// What the gateway is asked for.
pub(super) fn authorize(reference: &MerchantReference, purpose: &Purpose, personal: &Personal) -> Authorize {
    let token = SecretString::from(purpose.token.token.clone());
    Authorize {
        reference: reference.to_string(),
        amount: purpose.amount,
        payment: match purpose.token.mode {
            TokenMode::Transient => PaymentSource::TransientJti(token),
            TokenMode::Stored => PaymentSource::Stored(token),
        },
        bill_to: bill_to(personal),
        device: Device {
            ip_address: personal.ip_address.clone(),
            fingerprint_session_id: personal.fingerprint.clone(),
        },
    }
}

fn bill_to(personal: &Personal) -> BillTo {
    let Address { first_name, last_name, company, line1, line2, city, region, postal_code, country, phone, email } =
        personal.bill_to.clone().unwrap_or_default();
    let or = |text: String, other: &str| if text.trim().is_empty() { other.to_owned() } else { text };
    // A shop that knows only one name field: the last word is the family name, as far as an issuer's check cares.
    let (given, family) = personal.name.trim().rsplit_once(' ').unwrap_or(("", personal.name.trim()));
    BillTo {
        first_name: or(first_name, given),
        last_name: or(last_name, family),
        company: or(company, &personal.company),
        address1: line1,
        address2: line2,
        locality: city,
        administrative_area: region,
        postal_code,
        country,
        email: or(email, &personal.email),
        phone_number: phone,
    }
}
