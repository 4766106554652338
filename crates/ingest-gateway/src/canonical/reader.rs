//! From JSON to the canonical order as text.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization as _;

use super::{
    ATTRIBUTES_MAX, Address, CanonicalOrder, Charge, Customer, Device, Errors, FEES_MAX, LINES_MAX, Line, Payment,
};

/// The longest text we look at, a token's JWT aside.
const TEXT_MAX: usize = 1024;
/// The longest token: real ones have some two thousand characters.
const TOKEN_MAX: usize = 16 * 1024;

/// Reads the canonical JSON of an order. What cannot be read is complained about and left out.
pub fn order(value: &Value, errors: &mut Errors) -> CanonicalOrder {
    let Value::Object(map) = value else {
        errors.add("", "the body must be a JSON object");
        return CanonicalOrder::default();
    };
    let mut at = Reader { map, path: String::new(), known: Vec::new(), errors };
    let order = CanonicalOrder {
        order_number: at.text("order_number"),
        placed_at: at.text("placed_at"),
        customer: at.object("customer", customer).unwrap_or_default(),
        currency: at.text("currency"),
        prices_include_tax: at.boolean("prices_include_tax"),
        lines: at.list("lines", LINES_MAX, line),
        shipping: at.object("shipping", |at| charge(at, "method")),
        fees: at.list("fees", FEES_MAX, |at| charge(at, "name")),
        tax: at.decimal("tax"),
        total: at.decimal("total"),
        bill_to: at.object("bill_to", address),
        ship_to: at.object("ship_to", address),
        payment: at.object("payment", payment),
        device: at.object("device", device).unwrap_or_default(),
        attributes: at.attributes(),
    };
    at.refuse_unknown();
    order
}

fn customer(at: &mut Reader<'_>) -> Customer {
    Customer {
        code: at.text("code"),
        email: at.text("email"),
        name: at.text("name"),
        company: at.text("company"),
        tax_number: at.text("tax_number"),
    }
}

fn line(at: &mut Reader<'_>) -> Line {
    Line {
        id: at.text("id"),
        sku: at.text("sku"),
        description: at.text("description"),
        quantity: at.decimal("quantity"),
        unit_price: at.decimal("unit_price"),
        discount: at.decimal("discount"),
        tax: at.decimal("tax"),
        total: at.decimal("total"),
    }
}

fn charge(at: &mut Reader<'_>, name: &'static str) -> Charge {
    Charge { name: at.text(name), amount: at.decimal("amount"), tax: at.decimal("tax") }
}

fn address(at: &mut Reader<'_>) -> Address {
    Address {
        first_name: at.text("first_name"),
        last_name: at.text("last_name"),
        company: at.text("company"),
        line1: at.text("line1"),
        line2: at.text("line2"),
        city: at.text("city"),
        region: at.text("region"),
        postal_code: at.text("postal_code"),
        country: at.text("country"),
        phone: at.text("phone"),
        email: at.text("email"),
    }
}

fn payment(at: &mut Reader<'_>) -> Payment {
    Payment { mode: at.text("mode"), token: at.token("token") }
}

fn device(at: &mut Reader<'_>) -> Device {
    Device { ip: at.text("ip"), user_agent: at.text("user_agent"), fingerprint: at.text("fingerprint") }
}

/// Trimmed, in form NFC; `None` when nothing is left.
///
/// # Errors
/// When a character in it cannot be part of a name, number or address.
pub(crate) fn clean(text: &str) -> Result<Option<String>, char> {
    if let Some(bad) = text.chars().find(|c| is_unusable(*c)) {
        return Err(bad);
    }
    let text: String = text.trim().nfc().collect();
    Ok(Some(text).filter(|text| !text.is_empty()))
}

/// Control characters, marks that reverse the reading direction, a byte order mark, and code points that are no characters.
pub(crate) fn is_unusable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
        || matches!(c, '\u{fdd0}'..='\u{fdef}')
        || (u32::from(c) & 0xfffe) == 0xfffe
}

/// One object and where it stands.
struct Reader<'a> {
    map: &'a Map<String, Value>,
    path: String,
    known: Vec<&'static str>,
    errors: &'a mut Errors,
}

impl Reader<'_> {
    fn at(&self, name: &str) -> String {
        if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) }
    }

    /// The value of a field that was given; JSON's null is a field left out.
    fn value(&mut self, name: &'static str) -> Option<&Value> {
        self.known.push(name);
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn wrong(&mut self, name: &str, message: impl Into<String>) {
        let field = self.at(name);
        self.errors.add(field, message);
    }

    fn text(&mut self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => {
                let text = text.clone();
                self.cleaned(name, &text, TEXT_MAX)
            }
            other => {
                let message = format!("must be a string, not {}", kind(other));
                self.wrong(name, message);
                None
            }
        }
    }

    fn token(&mut self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => {
                let text = text.clone();
                self.cleaned(name, &text, TOKEN_MAX)
            }
            _ => {
                self.wrong(name, "must be a string");
                None
            }
        }
    }

    fn decimal(&mut self, name: &'static str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => {
                let text = text.clone();
                self.cleaned(name, &text, TEXT_MAX)
            }
            Value::Number(_) => {
                self.wrong(
                    name,
                    "must be a decimal in a string such as \"12.50\": a JSON number can lose decimals on its way",
                );
                None
            }
            other => {
                let message = format!("must be a decimal in a string such as \"12.50\", not {}", kind(other));
                self.wrong(name, message);
                None
            }
        }
    }

    fn cleaned(&mut self, name: &str, text: &str, most: usize) -> Option<String> {
        if text.chars().count() > most {
            self.wrong(name, format!("is longer than {most} characters"));
            return None;
        }
        match clean(text) {
            Ok(text) => text,
            Err(bad) => {
                self.wrong(name, format!("holds a character that cannot be used here: U+{:04X}", u32::from(bad)));
                None
            }
        }
    }

    fn boolean(&mut self, name: &'static str) -> Option<bool> {
        match self.value(name)? {
            Value::Bool(value) => Some(*value),
            _ => {
                self.wrong(name, "must be true or false");
                None
            }
        }
    }

    fn object<T>(&mut self, name: &'static str, read: impl FnOnce(&mut Reader<'_>) -> T) -> Option<T> {
        self.known.push(name);
        let path = self.at(name);
        match self.map.get(name)? {
            Value::Null => None,
            Value::Object(map) => Some(inside(map, path, self.errors, read)),
            other => {
                self.errors.add(path, format!("must be an object, not {}", kind(other)));
                None
            }
        }
    }

    fn list<T>(&mut self, name: &'static str, most: usize, read: impl Fn(&mut Reader<'_>) -> T) -> Vec<T> {
        self.known.push(name);
        let path = self.at(name);
        let items = match self.map.get(name) {
            None | Some(Value::Null) => return Vec::new(),
            Some(Value::Array(items)) => items,
            Some(other) => {
                self.errors.add(path, format!("must be an array, not {}", kind(other)));
                return Vec::new();
            }
        };
        if items.len() > most {
            self.errors.add(path, format!("has {} entries; at most {most} are taken", items.len()));
            return Vec::new();
        }
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let path = format!("{path}[{index}]");
            match item {
                Value::Object(map) => list.push(inside(map, path, self.errors, &read)),
                other => self.errors.add(path, format!("must be an object, not {}", kind(other))),
            }
        }
        list
    }

    fn attributes(&mut self) -> BTreeMap<String, String> {
        self.known.push("attributes");
        let map = match self.map.get("attributes") {
            None | Some(Value::Null) => return BTreeMap::new(),
            Some(Value::Object(map)) => map,
            Some(other) => {
                self.errors.add("attributes", format!("must be an object, not {}", kind(other)));
                return BTreeMap::new();
            }
        };
        if map.len() > ATTRIBUTES_MAX {
            self.errors.add("attributes", format!("has {} entries; at most {ATTRIBUTES_MAX} are taken", map.len()));
            return BTreeMap::new();
        }
        let mut attributes = BTreeMap::new();
        for (key, value) in map {
            let field = format!("attributes.{}", key.chars().take(40).collect::<String>());
            match (clean(key), value) {
                (Err(_) | Ok(None), _) => self.errors.add("attributes", "a key is empty or holds a control character"),
                (Ok(Some(key)), Value::String(text)) => match clean(text) {
                    Ok(text) => drop(attributes.insert(key, text.unwrap_or_default())),
                    Err(_) => self.errors.add(field, "holds a character that cannot be used here"),
                },
                (Ok(Some(_)), _) => self.errors.add(field, "must be a string"),
            }
        }
        attributes
    }

    /// A field that we do not know is a misspelt one more often than a harmless one.
    fn refuse_unknown(&mut self) {
        for key in self.map.keys().filter(|key| !self.known.contains(&key.as_str())) {
            let shown: String = key.chars().filter(|c| !is_unusable(*c)).take(40).collect();
            let field = if self.path.is_empty() { shown } else { format!("{}.{shown}", self.path) };
            self.errors.add(field, "is not a field of an order; free values go into `attributes`");
        }
    }
}

fn inside<T>(
    map: &Map<String, Value>,
    path: String,
    errors: &mut Errors,
    read: impl FnOnce(&mut Reader<'_>) -> T,
) -> T {
    let mut at = Reader { map, path, known: Vec::new(), errors };
    let value = read(&mut at);
    at.refuse_unknown();
    value
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
