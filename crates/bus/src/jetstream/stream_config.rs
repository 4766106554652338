//! Our streams and consumers in the broker's words, and back.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{self, AckPolicy, DeliverPolicy, ReplayPolicy},
    stream::{self, DiscardPolicy, RetentionPolicy, StorageType},
};

use crate::topology::{Consumer, Discard, Retention, StreamSpec, WAITING_MAX};

/// `found`, or the broker's defaults, with everything that `spec` says.
pub(super) fn stream_config(spec: &StreamSpec, found: Option<stream::Config>) -> stream::Config {
    let base = found.unwrap_or_default();
    stream::Config {
        name: spec.name.clone(),
        subjects: spec.subjects.clone(),
        retention: match spec.retention {
            Retention::Limits => RetentionPolicy::Limits,
            Retention::WorkQueue => RetentionPolicy::WorkQueue,
        },
        discard: match spec.discard {
            Discard::Old => DiscardPolicy::Old,
            Discard::New => DiscardPolicy::New,
        },
        max_age: spec.max_age.unwrap_or(Duration::ZERO),
        max_bytes: spec.max_bytes.map_or(-1, |most| i64::try_from(most).unwrap_or(i64::MAX)),
        max_messages: -1,
        max_messages_per_subject: -1,
        duplicate_window: spec.duplicate_window,
        max_message_size: spec.max_message_bytes.map_or(-1, |most| i32::try_from(most).unwrap_or(i32::MAX)),
        storage: StorageType::File,
        num_replicas: spec.replicas as usize,
        deny_delete: spec.deny_delete,
        deny_purge: spec.deny_purge,
        allow_direct: spec.allow_direct,
        ..base
    }
}

/// What the broker has, in our words.
pub(super) fn stream_spec(config: &stream::Config) -> StreamSpec {
    StreamSpec {
        name: config.name.clone(),
        subjects: config.subjects.clone(),
        retention: match config.retention {
            RetentionPolicy::WorkQueue => Retention::WorkQueue,
            RetentionPolicy::Limits | RetentionPolicy::Interest => Retention::Limits,
        },
        discard: match config.discard {
            DiscardPolicy::Old => Discard::Old,
            DiscardPolicy::New => Discard::New,
        },
        max_age: Some(config.max_age).filter(|age| !age.is_zero()),
        max_bytes: u64::try_from(config.max_bytes).ok().filter(|most| *most > 0),
        duplicate_window: config.duplicate_window,
        max_message_bytes: u32::try_from(config.max_message_size).ok().filter(|most| *most > 0),
        replicas: u32::try_from(config.num_replicas).unwrap_or(u32::MAX),
        deny_delete: config.deny_delete,
        deny_purge: config.deny_purge,
        allow_direct: config.allow_direct,
    }
}

/// What we rely on and never choose.
pub(super) fn stream_oddities(config: &stream::Config) -> Vec<String> {
    let mut words = Vec::new();
    let mut must = |is_so: bool, what: &str| {
        if !is_so {
            words.push(format!("stream {}: {what}", config.name));
        }
    };
    must(config.storage == StorageType::File, "it is not kept in files");
    must(config.retention != RetentionPolicy::Interest, "retention is by interest");
    must(config.max_messages <= 0 && config.max_messages_per_subject <= 0, "the number of messages is limited");
    words
}

/// A consumer in the broker's words. Several filters always go into the list: one field, one meaning.
pub(super) fn consumer_config(spec: &Consumer) -> consumer::pull::Config {
    consumer::pull::Config {
        durable_name: Some(spec.name.clone()),
        name: Some(spec.name.clone()),
        deliver_policy: DeliverPolicy::All,
        ack_policy: AckPolicy::Explicit,
        ack_wait: spec.ack_wait,
        max_deliver: -1,
        filter_subjects: spec.filters.clone(),
        replay_policy: ReplayPolicy::Instant,
        max_waiting: i64::from(WAITING_MAX),
        max_ack_pending: i64::from(spec.max_ack_pending),
        ..consumer::pull::Config::default()
    }
}

/// What the broker has, in our words.
pub(super) fn consumer_spec(bus_stream: &str, name: &str, config: &consumer::Config) -> Consumer {
    let single = Some(&config.filter_subject).filter(|filter| !filter.is_empty()).cloned();
    Consumer {
        name: name.to_owned(),
        bus_stream: bus_stream.to_owned(),
        filters: single.into_iter().chain(config.filter_subjects.iter().cloned()).collect(),
        ack_wait: config.ack_wait,
        // The broker says "no limit" with a number that is not positive.
        max_ack_pending: u32::try_from(config.max_ack_pending).ok().filter(|most| *most > 0).unwrap_or(u32::MAX),
    }
}

/// What we rely on and never choose.
pub(super) fn consumer_oddities(name: &str, config: &consumer::Config) -> Vec<String> {
    let mut words = Vec::new();
    let mut must = |is_so: bool, what: &str| {
        if !is_so {
            words.push(format!("consumer {name}: {what}"));
        }
    };
    must(config.deliver_subject.is_none(), "the broker pushes to it");
    must(config.ack_policy == AckPolicy::Explicit, "acknowledgement is not explicit");
    must(config.deliver_policy == DeliverPolicy::All, "it does not start at the first message");
    must(config.max_deliver <= 0, "deliveries are limited");
    must(config.backoff.is_empty(), "it has a backoff list");
    must(config.inactive_threshold.is_zero(), "it goes away when unused");
    must(!config.headers_only, "it delivers headers only");
    must(config.max_waiting <= 0 || config.max_waiting >= i64::from(WAITING_MAX), "too few fetches may wait");
    words
}
