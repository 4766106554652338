//! Subjects: dot-separated tokens; `*` stands for one token and a last `>` for one or more.

use crate::error::BusError;

/// Longest subject that we publish on.
const SUBJECT_BYTES_MAX: usize = 256;

/// True when a subject falls under a pattern.
pub fn matches(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    let mut wanted = pattern.split('.').peekable();
    loop {
        match (wanted.next(), tokens.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) => return wanted.peek().is_none(),
            (Some("*"), Some(_)) => {}
            (Some(want), Some(have)) if want == have => {}
            _ => return false,
        }
    }
}

/// True when some subject falls under both patterns.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let mut left = one.split('.');
    let mut right = other.split('.');
    loop {
        match (left.next(), right.next()) {
            (None, None) => return true,
            (Some(">"), Some(_)) | (Some(_), Some(">")) => return true,
            (Some("*"), Some(_)) | (Some(_), Some("*")) => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// True when everything that falls under `narrow` falls under `wide`.
pub(crate) fn covers(wide: &str, narrow: &str) -> bool {
    let mut inner = narrow.split('.');
    let mut outer = wide.split('.');
    loop {
        match (outer.next(), inner.next()) {
            (None, None) | (Some(">"), Some(_)) => return true,
            (Some("*"), Some(token)) if token != ">" => {}
            (Some(a), Some(b)) if a == b => {}
            _ => return false,
        }
    }
}

/// Refuses what cannot be published on: empty tokens, wildcards, blanks, control characters, excessive length.
pub(crate) fn check_publishable(subject: &str) -> Result<(), BusError> {
    let is_fine = subject.len() <= SUBJECT_BYTES_MAX
        && subject.split('.').all(|token| {
            !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'*' && byte != b'>')
        });
    if is_fine { Ok(()) } else { Err(BusError::InvalidSubject { subject: subject.to_owned() }) }
}

/// Refuses header names and values that would break the message's frame.
pub(crate) fn check_header(name: &str, value: &str) -> Result<(), BusError> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    let is_value = value.bytes().all(|byte| byte != b'\r' && byte != b'\n' && byte != 0);
    if is_name && is_value { Ok(()) } else { Err(BusError::InvalidHeader { name: name.to_owned() }) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_whole_tokens() {
        for (pattern, subject, expected) in [
            ("otc.*.*.event.>", "otc.demo.order.event.order_accepted.v1", true),
            ("otc.*.*.event.>", "otc.demo.order.command.x.v1", false),
            ("otc.*.*.event.>", "otc.demo.order.event", false),
            ("a.*.c", "a.b.c", true),
            ("a.*.c", "a.b.c.d", false),
            ("a.b", "a", false),
            (">", "a.b", true),
        ] {
            assert_eq!(matches(pattern, subject), expected, "{pattern} against {subject}");
        }
    }

    #[test]
    fn overlapping_patterns_are_noticed() {
        assert!(overlap("otc.*.payment.command.>", "otc.demo.*.command.capture.v1"));
        assert!(!overlap("otc.*.payment.command.>", "otc.*.erp.command.>"));
    }

    #[test]
    fn a_wider_pattern_covers_a_narrower_one() {
        assert!(covers("otc.*.order.event.>", "otc.*.order.event.cancelled.v1"));
        assert!(covers("a.*", "a.b") && covers("a.>", "a.>") && covers("a.>", "a.*"));
        assert!(!covers("a.*", "a.>") && !covers("a.b", "a.*") && !covers("a.>", "a"));
    }

    #[test]
    fn subjects_with_wildcards_or_holes_cannot_be_published_on() {
        for subject in ["", "a..b", "a.*", "a.>", "a b", "a.b\r\n", "ä"] {
            assert!(check_publishable(subject).is_err(), "{subject:?}");
        }
        assert!(check_publishable("otc.demo.order.event.order_accepted.v1").is_ok());
    }
}
