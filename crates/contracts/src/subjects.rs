//! Subjects: `otc.<pair>.<context>.event.<name>.v1` is public, `otc.<pair>.<context>.command.<name>.v1` internal.
//! Built here and nowhere else. Ids never go into subjects.

use ids::Pair;

use crate::kinds::{MessageKind, Role};

fn role(kind: &MessageKind) -> &'static str {
    match kind.role {
        Role::Event => "event",
        Role::Command => "command",
    }
}

/// The subject of one kind of message for one pair.
pub fn subject(pair: &Pair, kind: &MessageKind) -> String {
    format!("otc.{pair}.{}.{}.{}.v1", kind.context, role(kind), kind.name)
}

/// The filter for one kind of message of all pairs.
pub fn filter(kind: &MessageKind) -> String {
    format!("otc.*.{}.{}.{}.v1", kind.context, role(kind), kind.name)
}

/// The pair in a subject; `None` when it is none of ours.
pub fn pair_of(subject: &str) -> Option<Pair> {
    let mut parts = subject.split('.');
    if parts.next() != Some("otc") {
        return None;
    }
    parts.next()?.parse().ok()
}

/// Where hints about changed streams of a service go: plain messages that may be lost.
pub fn hint(service: &str) -> String {
    format!("otc-hint.{service}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::{ALL, Contract};

    #[test]
    fn a_subject_names_pair_context_role_and_name() {
        let pair: Pair = "demo".parse().unwrap();
        let kind = crate::payment::v1::PaymentCaptured::KIND;
        assert_eq!(subject(&pair, kind), "otc.demo.payment.event.captured.v1");
        assert_eq!(pair_of(&subject(&pair, kind)), Some(pair));
        assert_eq!(pair_of("orders.demo.x"), None);
    }

    #[test]
    fn no_two_kinds_share_a_subject() {
        let mut filters: Vec<_> = ALL.iter().map(|kind| filter(kind)).collect();
        filters.sort();
        filters.dedup();
        assert_eq!(filters.len(), ALL.len());
    }
}
