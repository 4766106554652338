//! Looks at the broker's streams and consumers and puts right what lacks. Only the topology role applies.

use async_nats::jetstream::{
    self, Context, ErrorCode,
    consumer::{self, PullConsumer},
    context::{CreateStreamError, CreateStreamErrorKind, GetStreamError, GetStreamErrorKind, RequestErrorKind},
    stream::{self, ConsumerError, ConsumerErrorKind, ConsumerUpdateErrorKind},
};

use crate::{
    error::BusError,
    jetstream::{
        ANSWER_LIMIT,
        stream_config::{
            consumer_config, consumer_oddities, consumer_spec, stream_config, stream_oddities, stream_spec,
        },
    },
    topology::{
        Consumer, StreamSpec, Topology, consumer_differences, merged_consumer, merged_stream, stream_differences,
    },
};

pub(super) async fn apply(context: &Context, topology: &Topology) -> Result<(), BusError> {
    for wanted in &topology.streams {
        apply_stream(context, wanted).await?;
    }
    for wanted in &topology.consumers {
        apply_consumer(context, wanted).await?;
    }
    Ok(())
}

pub(super) async fn differences(context: &Context, topology: &Topology) -> Result<Vec<String>, BusError> {
    let mut words = Vec::new();
    for wanted in &topology.streams {
        match find_stream(context, &wanted.name).await? {
            None => words.push(format!("stream {}: missing", wanted.name)),
            Some(found) => words.extend(lacking_stream(wanted, &found)),
        }
    }
    for wanted in &topology.consumers {
        match find_consumer(context, wanted).await? {
            None => words.push(format!("consumer {}: missing", wanted.name)),
            Some(found) => words.extend(lacking_consumer(wanted, &found)),
        }
    }
    Ok(words)
}

/// What lacks in a consumer as the broker has it.
pub(super) fn lacking_consumer(wanted: &Consumer, found: &PullConsumer) -> Vec<String> {
    let config = pull_config(found);
    let spec = consumer_spec(&wanted.bus_stream, &wanted.name, config);
    let mut words = consumer_differences(wanted, &spec);
    words.extend(consumer_oddities(&wanted.name, config));
    words
}

/// The consumer, or `None` when it or its stream does not exist.
pub(super) async fn find_consumer(context: &Context, wanted: &Consumer) -> Result<Option<PullConsumer>, BusError> {
    match context.get_consumer_from_stream(&wanted.name, &wanted.bus_stream).await {
        Ok(found) => Ok(Some(found)),
        Err(error) => match error.kind() {
            ConsumerErrorKind::JetStream(refusal) if is_missing(&refusal) => Ok(None),
            _ => Err(from_consumer(&wanted.name, &error)),
        },
    }
}

/// True when the broker says that there is no such stream or consumer.
pub(super) fn is_missing(refusal: &jetstream::Error) -> bool {
    matches!(refusal.error_code(), ErrorCode::STREAM_NOT_FOUND | ErrorCode::CONSUMER_NOT_FOUND)
}

pub(super) fn from_get_stream(name: &str, error: &GetStreamError) -> BusError {
    match error.kind() {
        GetStreamErrorKind::JetStream(refusal) => from_refusal(name, &refusal),
        GetStreamErrorKind::EmptyName | GetStreamErrorKind::InvalidStreamName => {
            BusError::Misconfigured { detail: format!("{name:?} cannot be the name of a stream") }
        }
        GetStreamErrorKind::Request => from_request(name, error),
    }
}

async fn apply_stream(context: &Context, wanted: &StreamSpec) -> Result<(), BusError> {
    match find_stream(context, &wanted.name).await? {
        None => {
            context
                .create_stream(stream_config(wanted, None))
                .await
                .map_err(|error| from_create_stream(&wanted.name, &error))?;
        }
        Some(found) if !lacking_stream(wanted, &found).is_empty() => {
            let merged = merged_stream(wanted, &stream_spec(&found));
            context
                .update_stream(stream_config(&merged, Some(found)))
                .await
                .map_err(|error| from_create_stream(&wanted.name, &error))?;
        }
        Some(_) => {}
    }
    Ok(())
}

async fn apply_consumer(context: &Context, wanted: &Consumer) -> Result<(), BusError> {
    let found = find_consumer(context, wanted).await?;
    let stream = context
        .get_stream_no_info(&wanted.bus_stream)
        .await
        .map_err(|error| from_get_stream(&wanted.bus_stream, &error))?;
    match found {
        None => {
            stream
                .create_consumer(consumer_config(wanted))
                .await
                .map_err(|error| from_consumer(&wanted.name, &error))?;
        }
        Some(found) if !lacking_consumer(wanted, &found).is_empty() => {
            let spec = consumer_spec(&wanted.bus_stream, &wanted.name, pull_config(&found));
            let merged = merged_consumer(wanted, &spec);
            stream.update_consumer(consumer_config(&merged)).await.map_err(|error| match error.kind() {
                ConsumerUpdateErrorKind::JetStream(refusal) => from_refusal(&wanted.name, &refusal),
                ConsumerUpdateErrorKind::TimedOut => timeout(&wanted.name),
                _ => BusError::Refused { detail: error.to_string() },
            })?;
        }
        Some(_) => {}
    }
    Ok(())
}

async fn find_stream(context: &Context, name: &str) -> Result<Option<stream::Config>, BusError> {
    match context.get_stream(name).await {
        Ok(found) => Ok(Some(found.cached_info().config.clone())),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(refusal) if is_missing(&refusal) => Ok(None),
            _ => Err(from_get_stream(name, &error)),
        },
    }
}

/// `PullConsumer` keeps its configuration to itself; what the broker echoed is the better source anyway.
fn pull_config(found: &PullConsumer) -> &consumer::Config {
    &found.cached_info().config
}

fn lacking_stream(wanted: &StreamSpec, found: &stream::Config) -> Vec<String> {
    let mut words = stream_differences(wanted, &stream_spec(found));
    words.extend(stream_oddities(found));
    words
}

fn from_create_stream(name: &str, error: &CreateStreamError) -> BusError {
    match error.kind() {
        CreateStreamErrorKind::JetStream(refusal) => from_refusal(name, &refusal),
        CreateStreamErrorKind::TimedOut => timeout(name),
        CreateStreamErrorKind::JetStreamUnavailable => BusError::NoResponders,
        _ => BusError::Refused { detail: format!("{name}: {error}") },
    }
}

fn from_consumer(name: &str, error: &ConsumerError) -> BusError {
    match error.kind() {
        ConsumerErrorKind::JetStream(refusal) => from_refusal(name, &refusal),
        ConsumerErrorKind::TimedOut => timeout(name),
        ConsumerErrorKind::Request => from_request(name, error),
        ConsumerErrorKind::InvalidConsumerType | ConsumerErrorKind::InvalidName | ConsumerErrorKind::Other => {
            BusError::Refused { detail: format!("{name}: {error}") }
        }
    }
}

fn from_request(name: &str, error: &dyn std::error::Error) -> BusError {
    let request = error.source().and_then(|cause| cause.downcast_ref::<jetstream::context::RequestError>());
    match request.map(|request| request.kind()) {
        Some(RequestErrorKind::TimedOut) => timeout(name),
        Some(RequestErrorKind::NoResponders) => BusError::NoResponders,
        _ => BusError::Refused { detail: format!("{name}: {error}") },
    }
}

fn from_refusal(name: &str, refusal: &jetstream::Error) -> BusError {
    if is_missing(refusal) {
        return BusError::NoStream { what: name.to_owned() };
    }
    match refusal.error_code() {
        ErrorCode::STORAGE_RESOURCES_EXCEEDED | ErrorCode::INSUFFICIENT_RESOURCES | ErrorCode::STREAM_STORE_FAILED => {
            BusError::Full { detail: format!("{name}: {refusal}") }
        }
        _ => BusError::Refused { detail: format!("{name}: {refusal}") },
    }
}

fn timeout(name: &str) -> BusError {
    BusError::Timeout { what: name.to_owned(), limit: ANSWER_LIMIT }
}
