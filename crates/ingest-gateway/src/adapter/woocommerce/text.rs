//! Texts as WordPress keeps them: with HTML entities, and sometimes with control characters from a paste.

use serde_json::Value;

use crate::canonical::{clean, is_unusable};

/// A text field; empty counts as left out.
pub(super) fn of(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).and_then(cleaned)
}

/// Entities decoded, unusable characters dropped, trimmed, NFC.
pub(super) fn cleaned(text: &str) -> Option<String> {
    let decoded = decode(text);
    let usable: String =
        decoded.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c }).filter(|c| !is_unusable(*c)).collect();
    clean(&usable).ok().flatten()
}

/// The first so many characters.
pub(super) fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// Decodes the entities that WordPress writes, once.
fn decode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('&') {
        out.push_str(&rest[..start]);
        rest = &rest[start..];
        let entity = rest[1..].find(';').filter(|end| *end <= 8).map(|end| &rest[1..=end]);
        match entity.and_then(|name| Some((name, named(name)?))) {
            Some((name, c)) => {
                out.push(c);
                rest = &rest[name.len() + 2..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn named(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "ndash" => '–',
        "mdash" => '—',
        "hellip" => '…',
        "lsquo" => '‘',
        "rsquo" => '’',
        "ldquo" => '“',
        "rdquo" => '”',
        "times" => '×',
        "deg" => '°',
        "euro" => '€',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_decoded_once_and_broken_ones_left() {
        assert_eq!(cleaned("Cup &ndash; blue").as_deref(), Some("Cup – blue"));
        assert_eq!(cleaned("Tom &amp;amp; Jerry &#039;s &#x41;").as_deref(), Some("Tom &amp; Jerry 's A"));
        assert_eq!(cleaned("A & B &unknown; &#xD800; &").as_deref(), Some("A & B &unknown; &#xD800; &"));
        assert_eq!(cleaned("a\u{0}b\r\nc").as_deref(), Some("ab c"));
        assert_eq!(cleaned("  "), None);
    }
}
