//! Messages in: seen before? else one decision, one commit; acknowledged after it, never before.

use std::{panic::AssertUnwindSafe, time::Duration};

use bus::{Consumer, Delivery, InMessage, topology};
use bytes::Bytes;
use contracts::{Role, envelope::Envelope, kinds, subjects};
use fault::{Backoff, Class, Classify};
use futures_util::FutureExt as _;
use ledger::{DeadLetter, InboxRow};
use prost::Message as _;
use tokio::sync::mpsc;

use crate::{
    engine::{Engine, Verdict, Work},
    error::EngineError,
    service::{CodecError, Inbound, Routed, Service},
};

/// Messages that wait for one worker.
const QUEUED_PER_WORKER: usize = 8;
/// The broker hears from us this often while a message is worked on.
const STILL_AT_IT: Duration = Duration::from_secs(10);
/// A message that this binary does not know yet is left this long for one that does.
const NEWER_AGAIN: Duration = Duration::from_secs(30);
/// Delays after a technical failure.
const AGAIN: Backoff = Backoff { first: Duration::from_millis(500), most: Duration::from_secs(60) };
/// From this delivery on the delay is [`LATE_AGAIN`].
const MANY: u64 = 8;
/// See [`MANY`].
const LATE_AGAIN: Duration = Duration::from_secs(300);
/// A message at which the process panicked this often is a dead letter.
const PANICS_MAX: i32 = 2;

/// The consumers of one service: one for events, one for commands, where it listens to any.
pub fn consumers(service: &str, listens_to: &[&contracts::MessageKind]) -> Vec<Consumer> {
    let of = |role: Role, name: &str, bus_stream: &str| {
        let filters: Vec<String> =
            listens_to.iter().filter(|kind| kind.role == role).map(|kind| subjects::filter(kind)).collect();
        (!filters.is_empty()).then(|| Consumer::new(format!("{service}-{name}"), bus_stream, filters))
    };
    [of(Role::Event, "events", topology::EVENTS), of(Role::Command, "commands", topology::COMMANDS)]
        .into_iter()
        .flatten()
        .collect()
}

/// Reads one consumer for as long as the node lives.
pub(crate) async fn read<S: Service>(engine: Engine<S>, consumer: Consumer) {
    let node = engine.0.context.node.clone();
    let workers: Vec<_> = (0..engine.0.settings.workers.max(1))
        .map(|_| {
            let (send, receive) = mpsc::channel(QUEUED_PER_WORKER);
            node.spawn(work(engine.clone(), receive));
            send
        })
        .collect();
    let mut pause = Duration::from_millis(200);
    let mut reader = loop {
        match engine.0.bus.reader(&consumer).await {
            Ok(reader) => break reader,
            Err(error) => {
                tracing::warn!(%error, consumer = consumer.name, "cannot read yet");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(10));
            }
        }
    };
    loop {
        let delivery = tokio::select! {
            biased;
            () = node.stopping() => return,
            delivery = reader.next() => delivery,
        };
        node.at("consume.received").await;
        // One order, one worker: its messages are handled in the order they came.
        let key = delivery.message.headers.get("ce-subject").map_or(0, |subject| place(subject));
        let worker = &workers[key % workers.len()];
        if worker.send(delivery).await.is_err() {
            return;
        }
    }
}

fn place(subject: &str) -> usize {
    subject.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(byte)))
}

async fn work<S: Service>(engine: Engine<S>, mut deliveries: mpsc::Receiver<Delivery>) {
    while let Some(delivery) = deliveries.recv().await {
        let handling = AssertUnwindSafe(handle(&engine, &delivery.message)).catch_unwind();
        tokio::pin!(handling);
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut handling => break answer,
                () = tokio::time::sleep(STILL_AT_IT) => {
                    let _ = delivery.acker.in_progress().await;
                }
            }
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(_) => panicked(&engine, &delivery.message).await,
        };
        // A lost acknowledgement costs a duplicate, which the inbox knows.
        let sent = match answer {
            Answer::Ack => delivery.acker.ack().await,
            Answer::Again(delay) => delivery.acker.nak(delay).await,
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "the broker did not hear our answer");
        }
        engine.0.context.node.at("consume.after_ack").await;
    }
}

enum Answer {
    Ack,
    Again(Duration),
}

async fn handle<S: Service>(engine: &Engine<S>, message: &InMessage) -> Answer {
    let inbound = match open(message) {
        Ok(Some(inbound)) => inbound,
        // Newer than this binary: another replica may know it.
        Ok(None) => return Answer::Again(NEWER_AGAIN),
        Err(why) => return bury(engine, message, None, "undecodable", &why).await,
    };
    let (place, command, subject_keys) = match engine.0.service.inbound(&inbound) {
        Ok(Routed::Command { place, command, subject_keys }) => (place, command, subject_keys),
        Ok(Routed::Ignored) => {
            resolved(engine, message).await;
            return Answer::Ack;
        }
        Err(error) => return bury(engine, message, None, "undecodable", &error.to_string()).await,
    };
    let stream = place.stream;
    let span = tracing::info_span!("handle", service = engine.0.service.name(), message = inbound.kind.ce_type, order_id = %place.order);
    telemetry::set_parent(&span, inbound.envelope.traceparent.as_deref());
    let work = Work {
        place,
        command,
        claims: Vec::new(),
        subject_keys,
        inbox: Some(InboxRow { stream, message_id: inbound.envelope.id.clone() }),
        finish: None,
        caused_by: inbound.envelope.id.clone(),
        actor: None,
        answer_repetition: inbound.kind.role == Role::Command,
        points: ("consume.before_commit", "consume.after_commit"),
    };
    let verdict = tracing::Instrument::instrument(engine.work(work), span).await;
    if let Ok(Verdict::Done { .. } | Verdict::Seen | Verdict::Rejected(_)) = &verdict {
        resolved(engine, message).await;
    }
    match verdict {
        Ok(Verdict::Done { .. } | Verdict::Seen | Verdict::Fenced | Verdict::KeyTaken { .. }) => Answer::Ack,
        Ok(Verdict::Rejected(why)) => {
            tracing::info!(message = inbound.kind.ce_type, %stream, %why, "refused");
            Answer::Ack
        }
        Ok(Verdict::Parked(stream)) => {
            bury(engine, message, Some(stream), "parked", "its stream waits for a person").await
        }
        Err(EngineError::Codec { source: CodecError::Newer { .. }, .. }) => Answer::Again(NEWER_AGAIN),
        Err(error) if error.class() == Class::Permanent => {
            let why = error.to_string();
            if let Err(error) = engine.0.context.ledger.park(stream, &why).await {
                tracing::error!(%error, %stream, "a broken stream could not be parked");
                return again(engine, message);
            }
            tracing::error!(%stream, why, "parked");
            bury(engine, message, Some(stream), "invariant", &why).await
        }
        Err(error) => {
            tracing::warn!(%error, %stream, delivered = message.delivered, "again later");
            again(engine, message)
        }
    }
}

fn again<S: Service>(engine: &Engine<S>, message: &InMessage) -> Answer {
    if message.delivered >= MANY {
        return Answer::Again(LATE_AGAIN);
    }
    let failures = u32::try_from(message.delivered).unwrap_or(1);
    Answer::Again(fault::jittered(AGAIN.delay(failures), engine.0.context.node.random()))
}

/// Opens the envelope; `None` for a message that is newer than this binary.
fn open(message: &InMessage) -> Result<Option<Inbound>, String> {
    let envelope = Envelope::read(&message.headers).map_err(|error| error.to_string())?;
    let pair =
        subjects::pair_of(&message.subject).ok_or_else(|| format!("no pair in the subject `{}`", message.subject))?;
    let Some(kind) = kinds::by_type(&envelope.ce_type).filter(|kind| envelope.shape <= kind.shape) else {
        return Ok(None);
    };
    if subjects::subject(&pair, kind) != message.subject {
        return Err(format!("`{}` does not belong on `{}`", envelope.ce_type, message.subject));
    }
    Ok(Some(Inbound { envelope, kind, pair, payload: message.payload.clone() }))
}

async fn panicked<S: Service>(engine: &Engine<S>, message: &InMessage) -> Answer {
    metrics::counter!("quittance_panics_total").increment(1);
    let id = message_id(message);
    match engine.0.context.ledger.failures(&message.subject, &id).await {
        Ok(failures) if failures + 1 >= PANICS_MAX => {
            bury(engine, message, None, "panic", "the handler panicked").await
        }
        _ => {
            // Counted in the ledger, not by the broker, whose count restarts with its consumer.
            let _ = bury(engine, message, None, "panic", "the handler panicked").await;
            Answer::Again(Duration::from_secs(5))
        }
    }
}

/// A message that was handled needs nobody any more, however it failed before. Only one that comes again can have failed,
/// so that the others cost nothing. Its own note may be lost: then a person sees that it was handled.
async fn resolved<S: Service>(engine: &Engine<S>, message: &InMessage) {
    if message.delivered <= 1 {
        return;
    }
    let ledger = &engine.0.context.ledger;
    match ledger
        .resolve(&message.subject, &message_id(message), engine.0.service.name(), "handled when it came again")
        .await
    {
        Ok(true) => tracing::info!(subject = message.subject, "a dead letter was handled after all"),
        Ok(false) => {}
        Err(error) => tracing::warn!(%error, subject = message.subject, "a dead letter could not be resolved"),
    }
}

fn message_id(message: &InMessage) -> String {
    match message.headers.get("ce-id") {
        Some(id) if id.len() <= 200 => id.clone(),
        _ => format!("seq {}", message.seq),
    }
}

/// Stores a message that nobody can handle; only then it is acknowledged.
async fn bury<S: Service>(
    engine: &Engine<S>,
    message: &InMessage,
    stream: Option<ids::StreamId>,
    class: &str,
    why: &str,
) -> Answer {
    let headers = message.headers.iter().map(|(name, value)| format!("{name}: {value}\n")).collect::<String>();
    let body = contracts::ledger::v1::StoredCommand {
        subject: message.subject.clone(),
        ce_type: headers,
        payload: without_card(&without_key(message)),
        order_id: message.headers.get("ce-subject").cloned().unwrap_or_default(),
    };
    let letter = DeadLetter {
        id: engine.0.context.node.new_id(),
        pair: subjects::pair_of(&message.subject),
        origin: message.subject.clone(),
        message_id: message_id(message),
        why: why.to_owned(),
        class: class.to_owned(),
        body: body.encode_to_vec().into(),
        failures: 1,
        stream,
    };
    tracing::error!(subject = message.subject, class, why, "dead letter");
    metrics::counter!("quittance_dead_letters_total", "class" => class.to_owned()).increment(1);
    match engine.0.context.ledger.bury(letter).await {
        Ok(_) => Answer::Ack,
        Err(error) => {
            tracing::warn!(%error, "a dead letter could not be stored");
            again(engine, message)
        }
    }
}

/// A message about a person travels with the person's wrapped key; stored it must not have it, or forgetting the key in
/// its own table would not forget the person.
fn without_key(message: &InMessage) -> Bytes {
    let kind = message.headers.get("ce-type").and_then(|ce_type| kinds::by_type(ce_type));
    match kind {
        Some(kind) => contracts::personal::with_key(kind, message.payload.clone(), b""),
        None => message.payload.clone(),
    }
}

/// A foreign message may hold anything; one that holds a card number is kept without its body.
fn without_card(payload: &Bytes) -> Bytes {
    match telemetry::find_card(&String::from_utf8_lossy(payload)) {
        Some(_) => Bytes::new(),
        None => payload.clone(),
    }
}
