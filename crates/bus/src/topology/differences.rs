//! Compares what the broker has with what is needed.
//!
//! Only a lack counts: a newer release may already have widened a limit or added a subject, and an old replica must
//! still be able to start beside it. For the same reason a repair changes only what lacks and narrows nothing.

use crate::{
    subject::{covers, overlap},
    topology::{Consumer, StreamSpec},
};

/// Where `found` offers less than `wanted`, in words.
pub(crate) fn stream_differences(wanted: &StreamSpec, found: &StreamSpec) -> Vec<String> {
    let mut list = Differences::of(format!("stream {}", wanted.name));
    for subject in &wanted.subjects {
        list.lacks(has(&found.subjects, subject), "subjects", &found.subjects, &wanted.subjects);
    }
    list.lacks(found.retention == wanted.retention, "retention", &found.retention, &wanted.retention);
    list.lacks(found.discard == wanted.discard, "discard", &found.discard, &wanted.discard);
    list.lacks(reaches(found.max_age, wanted.max_age), "max_age", &found.max_age, &wanted.max_age);
    // Without a limit the stream fills the disk, so here "more" is not better when it is endless.
    let has_room = found.max_bytes.is_some_and(|have| wanted.max_bytes.is_none_or(|want| have >= want));
    list.lacks(has_room || wanted.max_bytes.is_none(), "max_bytes", &found.max_bytes, &wanted.max_bytes);
    let window = (found.duplicate_window, wanted.duplicate_window);
    list.lacks(window.0 >= window.1, "duplicate_window", &window.0, &window.1);
    let size = (found.max_message_bytes, wanted.max_message_bytes);
    list.lacks(reaches(size.0, size.1), "max_message_bytes", &size.0, &size.1);
    list.lacks(found.replicas >= wanted.replicas, "replicas", &found.replicas, &wanted.replicas);
    list.lacks(found.deny_delete || !wanted.deny_delete, "deny_delete", &found.deny_delete, &wanted.deny_delete);
    list.lacks(found.deny_purge || !wanted.deny_purge, "deny_purge", &found.deny_purge, &wanted.deny_purge);
    list.lacks(found.allow_direct || !wanted.allow_direct, "allow_direct", &found.allow_direct, &wanted.allow_direct);
    list.words
}

/// Where `found` offers less than `wanted`, in words.
pub(crate) fn consumer_differences(wanted: &Consumer, found: &Consumer) -> Vec<String> {
    let mut list = Differences::of(format!("consumer {}", wanted.name));
    // No filter at all means everything.
    let has_all = found.filters.is_empty() || wanted.filters.iter().all(|filter| has(&found.filters, filter));
    list.lacks(has_all, "filters", &found.filters, &wanted.filters);
    list.lacks(found.ack_wait >= wanted.ack_wait, "ack_wait", &found.ack_wait, &wanted.ack_wait);
    let pending = (found.max_ack_pending, wanted.max_ack_pending);
    list.lacks(pending.0 >= pending.1, "max_ack_pending", &pending.0, &pending.1);
    list.words
}

/// What the broker has, with everything that lacks put right.
pub(crate) fn merged_stream(wanted: &StreamSpec, found: &StreamSpec) -> StreamSpec {
    StreamSpec {
        name: wanted.name.clone(),
        subjects: union(&found.subjects, &wanted.subjects),
        retention: wanted.retention,
        discard: wanted.discard,
        max_age: found.max_age.zip(wanted.max_age).map(|(have, want)| have.max(want)),
        max_bytes: found.max_bytes.max(wanted.max_bytes),
        duplicate_window: found.duplicate_window.max(wanted.duplicate_window),
        max_message_bytes: found.max_message_bytes.zip(wanted.max_message_bytes).map(|(have, want)| have.max(want)),
        replicas: found.replicas.max(wanted.replicas),
        deny_delete: found.deny_delete || wanted.deny_delete,
        deny_purge: found.deny_purge || wanted.deny_purge,
        allow_direct: found.allow_direct || wanted.allow_direct,
    }
}

/// What the broker has, with everything that lacks put right.
pub(crate) fn merged_consumer(wanted: &Consumer, found: &Consumer) -> Consumer {
    let filters =
        if found.filters.is_empty() { wanted.filters.clone() } else { union(&found.filters, &wanted.filters) };
    Consumer {
        name: wanted.name.clone(),
        bus_stream: wanted.bus_stream.clone(),
        filters,
        ack_wait: found.ack_wait.max(wanted.ack_wait),
        max_ack_pending: found.max_ack_pending.max(wanted.max_ack_pending),
    }
}

/// A limit that is at least as wide; none at all is the widest.
fn reaches<T: Ord>(found: Option<T>, wanted: Option<T>) -> bool {
    match (found, wanted) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(have), Some(want)) => have >= want,
    }
}

fn has(found: &[String], wanted: &str) -> bool {
    found.iter().any(|pattern| covers(pattern, wanted))
}

/// What is there and what is missing; the broker refuses patterns that overlap, so what is missing displaces them.
fn union(found: &[String], wanted: &[String]) -> Vec<String> {
    let missing: Vec<_> = wanted.iter().filter(|subject| !has(found, subject)).collect();
    let kept = found.iter().filter(|pattern| !missing.iter().any(|new| overlap(pattern, new)));
    kept.chain(missing.iter().copied()).cloned().collect()
}

struct Differences {
    what: String,
    words: Vec<String>,
}

impl Differences {
    fn of(what: String) -> Self {
        Self { what, words: Vec::new() }
    }

    fn lacks<T: std::fmt::Debug>(&mut self, is_enough: bool, field: &str, found: &T, wanted: &T) {
        if !is_enough {
            self.words.push(format!("{}: {field} is {found:?}, needed {wanted:?}", self.what));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::topology::{EVENTS, Sizes, Topology};

    fn events() -> StreamSpec {
        Topology::new(Sizes::default(), Vec::new()).streams.swap_remove(0)
    }

    #[test]
    fn a_wider_stream_is_no_difference() {
        let wanted = events();
        let mut found = wanted.clone();
        found.subjects.push("otc2.>".to_owned());
        found.max_age = None;
        found.max_bytes = Some(1 << 40);
        found.replicas = 3;
        assert_eq!(stream_differences(&wanted, &found), Vec::<String>::new());
    }

    #[test]
    fn every_lack_is_named_and_put_right_without_narrowing_the_rest() {
        let wanted = events();
        let mut found = wanted.clone();
        found.max_bytes = None;
        found.duplicate_window = Duration::from_secs(1);
        found.replicas = 3;
        let words = stream_differences(&wanted, &found);
        assert_eq!(words.len(), 2, "{words:?}");
        assert!(words[0].starts_with("stream OTC_EVENTS: max_bytes is None"), "{words:?}");
        let merged = merged_stream(&wanted, &found);
        assert_eq!(stream_differences(&wanted, &merged), Vec::<String>::new());
        assert_eq!(merged.replicas, 3);
    }

    #[test]
    fn a_consumer_that_reads_more_is_fine_and_one_that_reads_less_is_not() {
        let wanted = Consumer::new("a", EVENTS, vec!["x.>".to_owned()]);
        let mut found = wanted.clone();
        found.filters.push("y.>".to_owned());
        assert_eq!(consumer_differences(&wanted, &found), Vec::<String>::new());
        found.filters = vec!["y.>".to_owned()];
        assert_eq!(consumer_differences(&wanted, &found).len(), 1);
        assert_eq!(merged_consumer(&wanted, &found).filters, ["y.>", "x.>"]);
        found.filters = vec!["x.a".to_owned(), "y.>".to_owned()];
        assert_eq!(merged_consumer(&wanted, &found).filters, ["y.>", "x.>"]);
    }
}
