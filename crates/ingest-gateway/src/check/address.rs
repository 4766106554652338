//! Addresses, and what of an order is personal.

use contracts::r#type::v1 as wire;

use super::{Check, NAME_MAX};
use crate::canonical::{Address, CanonicalOrder};

/// SYSPRO's address lines; cutting one would send goods elsewhere.
const ADDRESS_LINE_MAX: usize = 40;
/// SYSPRO's postal code.
const POSTAL_CODE_MAX: usize = 10;
/// State or province.
const REGION_MAX: usize = 20;
/// The longest telephone number with its punctuation.
const PHONE_MAX: usize = 20;
/// SYSPRO's e-mail address of an order.
const EMAIL_MAX: usize = 255;

/// One @ between two parts without spaces, a dot in the second. More than that only the mail server knows.
pub(super) fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else { return false };
    let is_dotted = domain.split('.').count() >= 2 && domain.split('.').all(|label| !label.is_empty());
    text.chars().count() <= EMAIL_MAX
        && !local.is_empty()
        && is_dotted
        && !domain.contains('@')
        && !text.chars().any(|c| c.is_whitespace() || "<>(),;:\"".contains(c))
}

impl Check<'_> {
    pub(super) fn addresses(&mut self) {
        let given = self.given;
        match &given.bill_to {
            Some(address) => self.address("bill_to", address),
            None if !self.errors.names("bill_to") => {
                self.errors.add("bill_to", "is missing: the card's issuer is asked about it")
            }
            None => {}
        }
        if let Some(address) = &given.ship_to {
            self.address("ship_to", address);
        }
    }

    fn address(&mut self, path: &str, address: &Address) {
        let at = |name: &str| format!("{path}.{name}");
        let full: usize =
            [&address.first_name, &address.last_name].into_iter().flatten().map(|n| n.chars().count() + 1).sum();
        if full > NAME_MAX + 1 {
            self.errors
                .add(at("last_name"), format!("first and last name are longer than {NAME_MAX} characters together"));
        }
        if path == "bill_to" {
            self.required(&at("first_name"), address.first_name.as_deref());
            self.required(&at("last_name"), address.last_name.as_deref());
        } else if address.last_name.is_none() && address.company.is_none() {
            self.errors.add(at("last_name"), "is missing: a parcel needs a name or a company");
        }
        self.width(&at("company"), address.company.as_deref(), NAME_MAX);
        self.required(&at("line1"), address.line1.as_deref());
        self.width(&at("line1"), address.line1.as_deref(), ADDRESS_LINE_MAX);
        self.width(&at("line2"), address.line2.as_deref(), ADDRESS_LINE_MAX);
        self.required(&at("city"), address.city.as_deref());
        self.width(&at("city"), address.city.as_deref(), ADDRESS_LINE_MAX);
        self.width(&at("region"), address.region.as_deref(), REGION_MAX);
        self.width(&at("postal_code"), address.postal_code.as_deref(), POSTAL_CODE_MAX);
        self.width(&at("phone"), address.phone.as_deref(), PHONE_MAX);
        if address.email.as_deref().is_some_and(|email| !is_email(email)) {
            self.errors.add(at("email"), "is not an e-mail address");
        }
        let Some(country) = self.required(&at("country"), address.country.as_deref()) else { return };
        if rust_iso3166::from_alpha2(country).is_none() {
            self.errors.add(at("country"), "is not a country: two capital letters of ISO 3166-1, such as DE");
        }
        // Card networks and carriers cannot do without these two there.
        if matches!(country, "US" | "CA") {
            self.required(&at("region"), address.region.as_deref());
            self.required(&at("postal_code"), address.postal_code.as_deref());
        }
    }
}

/// What is to be sealed.
pub(super) fn personal(given: &CanonicalOrder) -> wire::Personal {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    wire::Personal {
        email: text(&given.customer.email),
        name: text(&given.customer.name),
        company: text(&given.customer.company),
        tax_number: text(&given.customer.tax_number),
        bill_to: given.bill_to.as_ref().map(wire_address),
        ship_to: given.ship_to.as_ref().map(wire_address),
        ip_address: text(&given.device.ip),
        user_agent: text(&given.device.user_agent),
        fingerprint: text(&given.device.fingerprint),
    }
}

fn wire_address(address: &Address) -> wire::Address {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    wire::Address {
        first_name: text(&address.first_name),
        last_name: text(&address.last_name),
        company: text(&address.company),
        line1: text(&address.line1),
        line2: text(&address.line2),
        city: text(&address.city),
        region: text(&address.region),
        postal_code: text(&address.postal_code),
        country: text(&address.country),
        phone: text(&address.phone),
        email: text(&address.email),
    }
}

/// The texts of the domain's marked fields, in its order.
pub(super) fn marked(given: &CanonicalOrder) -> Vec<Option<String>> {
    let (customer, device) = (&given.customer, &given.device);
    let mut texts = vec![
        given.placed_at.clone(),
        customer.email.clone(),
        customer.name.clone(),
        customer.company.clone(),
        customer.tax_number.clone(),
        device.ip.clone(),
        device.user_agent.clone(),
        device.fingerprint.clone(),
    ];
    let nowhere = Address::default();
    for address in [given.bill_to.as_ref(), given.ship_to.as_ref()] {
        let address = address.unwrap_or(&nowhere).clone();
        texts.extend([
            address.first_name,
            address.last_name,
            address.company,
            address.line1,
            address.line2,
            address.city,
            address.region,
            address.postal_code,
            address.country,
            address.phone,
            address.email,
        ]);
    }
    texts
}
