//! Canonical order → payment request: one file, so that a document can take its place.

use contracts::r#type::v1::{Address, Personal};
use cybersource::{Authentication, AuthenticationScheme, Authorize, BillTo, Device, PaymentSource};
use ids::MerchantReference;
use payment_domain::{TokenMode, payment::Purpose};
use secrecy::SecretString;

/// The gateway takes this many characters of a telephone number.
const PHONE_MAX: usize = 15;

/// What the gateway is asked for.
pub(super) fn authorize(reference: &MerchantReference, purpose: &Purpose, personal: &Personal) -> Authorize {
    let token = SecretString::from(purpose.token.token.clone());
    Authorize {
        reference: reference.to_string(),
        amount: purpose.amount,
        payment: match purpose.token.mode {
            TokenMode::Transient => PaymentSource::TransientJti(token),
            // What the shop's plugin did is confirmed and never asked for.
            TokenMode::Stored | TokenMode::Adopt | TokenMode::Taken => PaymentSource::Stored(token),
        },
        bill_to: bill_to(personal),
        device: Device {
            ip_address: personal.ip_address.clone(),
            fingerprint_session_id: personal.fingerprint.clone(),
        },
        transaction_id: purpose.has_transaction_ids.then(|| transaction_id(reference)),
        authentication: purpose.token.authentication.as_ref().map(|proof| proof_of(&purpose.token.brand, proof)),
    }
}

/// The buyer's proof, by the scheme of the card's brand.
fn proof_of(brand: &str, proof: &payment_domain::Authentication) -> Authentication {
    Authentication {
        scheme: match brand {
            "001" => AuthenticationScheme::Visa,
            "002" => AuthenticationScheme::Mastercard,
            "003" => AuthenticationScheme::Amex,
            _ => AuthenticationScheme::Other,
        },
        cavv: proof.cavv.clone(),
        eci: proof.eci.clone(),
        xid: proof.xid.clone(),
        directory_server_id: proof.directory_server_id.clone(),
        version: proof.version.clone(),
    }
}

/// Our id of a request: its reference without the pair's prefix, which is what fits and is as unique.
pub(super) fn transaction_id(reference: &MerchantReference) -> String {
    let mut parts = reference.as_str().rsplitn(3, '-');
    let (attempt, order) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    format!("{order}{attempt}")
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
        phone_number: phone_number(&phone),
    }
}

/// Digits alone, with the plus before them where there is room: people write spaces and brackets, which the gateway counts.
fn phone_number(written: &str) -> String {
    let digits: String = written.chars().filter(char::is_ascii_digit).take(PHONE_MAX).collect();
    let is_international = written.trim_start().starts_with('+') && digits.len() < PHONE_MAX;
    if is_international { format!("+{digits}") } else { digits }
}

#[cfg(test)]
mod tests {
    use super::phone_number;

    #[test]
    fn a_telephone_number_fits_the_gateway_however_it_is_written() {
        for (written, sent) in [
            ("+48 58 555 01 23", "+48585550123"),
            ("(058) 555-0123", "0585550123"),
            ("+123456789012345", "123456789012345"),
            ("", ""),
        ] {
            assert_eq!(phone_number(written), sent);
        }
    }
}
