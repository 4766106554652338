//! One order as one ledger tells it.

use contracts::{
    ledger::v1 as stored,
    query::v1::{EffectRecord, EventRecord, OrderRecord, OrderSummary, StreamRecord},
};
use ids::{OrderId, StreamId};
use ledger::{EffectRow, EffectState};
use prost::Message as _;

use crate::{
    Engine, Place, Service,
    effect::{ASK, later},
};

/// The order behind an id or a number.
pub(super) async fn find<S: Service>(engine: &Engine<S>, order: &str, shop: &str) -> Result<Option<OrderId>, String> {
    for (pair, kind, key) in engine.service().order_keys(order, shop) {
        let found = engine.context().ledger.find_key(&pair, &kind, &key).await.map_err(|error| error.to_string())?;
        if let Some(stream) = found {
            return Ok(Some(OrderId(stream.0)));
        }
    }
    Ok(None)
}

/// Everything about one order.
pub(super) async fn order<S: Service>(engine: &Engine<S>, order: OrderId) -> Result<Option<OrderRecord>, String> {
    let mut record = OrderRecord {
        service: engine.service().name().to_owned(),
        order_id: order.to_string(),
        ..OrderRecord::default()
    };
    let mut summary = OrderSummary { order_id: order.to_string(), ..OrderSummary::default() };
    for (index, kind) in engine.service().stream_kinds().iter().enumerate() {
        // The first kind lives in the stream named by the order itself, the others beside it.
        let stream = if index == 0 { order.stream() } else { order.stream_of(kind) };
        if let Some(told) = one_stream(engine, order, stream, kind, &mut summary).await? {
            record.streams.push(told);
        }
    }
    if record.streams.is_empty() {
        return Ok(None);
    }
    record.summary = Some(summary);
    Ok(Some(record))
}

async fn one_stream<S: Service>(
    engine: &Engine<S>,
    order: OrderId,
    stream: StreamId,
    kind: &'static str,
    summary: &mut OrderSummary,
) -> Result<Option<StreamRecord>, String> {
    let ledger = &engine.context().ledger;
    let history = ledger.load(stream).await.map_err(|error| error.to_string())?;
    let Some((pair, _)) = history.owner else { return Ok(None) };
    let place = Place { stream, pair: pair.clone(), order, kind };
    summary.pair = pair.to_string();
    engine.service().summarize(&place, &history.events, summary);
    let events = history.events.iter().map(|event| EventRecord {
        version: event.version,
        kind: event.kind.clone(),
        at_ms: event.at.timestamp_millis(),
        n: event.n.unwrap_or(0),
        detail: engine.service().describe(&place, event),
        caused_by: stored::Meta::decode(event.meta.clone()).map(|meta| meta.caused_by).unwrap_or_default(),
    });
    let effects = ledger.effects_of(stream).await.map_err(|error| error.to_string())?;
    if summary.waits_for.is_empty()
        && let Some(open) = effects.iter().find(|effect| effect.state != EffectState::Done && effect.kind != ASK)
    {
        summary.waits_for = format!("{} ({})", open.kind, open.state.as_str());
        summary.due_at_ms = open.due_at.timestamp_millis();
    }
    let now_ms = engine.context().node.now().timestamp_millis();
    // An hour that has passed is none: the row knows the next one.
    if !summary.waits_for.is_empty()
        && summary.due_at_ms <= now_ms
        && let Some(next) = next_hour(&effects)
    {
        summary.due_at_ms = summary.due_at_ms.max(next);
    }
    let effects = effects.into_iter().map(|effect| told(engine, effect));
    Ok(Some(StreamRecord {
        stream: stream.to_string(),
        kind: kind.to_owned(),
        pair: pair.to_string(),
        state: summary.state.clone(),
        parked: history.parked.unwrap_or_default(),
        events: events.collect(),
        effects: effects.collect(),
    }))
}

/// One attempt, timer or question, with everything that says what comes next and when.
fn told<S: Service>(engine: &Engine<S>, effect: EffectRow) -> EffectRecord {
    let lag = engine.service().profile(&effect.kind).map(|profile| engine.0.lanes.get(profile.lane).spec.search_lag);
    let proof_at = effect.dead_after.zip(lag).map(|(dead_after, lag)| later(dead_after, lag));
    let is_unknown = effect.state == EffectState::Unknown;
    EffectRecord {
        version: effect.id.version,
        kind: effect.kind,
        state: effect.state.as_str().to_owned(),
        due_at_ms: effect.due_at.timestamp_millis(),
        tries: effect.tries,
        reference: effect.reference.unwrap_or_default(),
        sent_at_ms: effect.sent_at.map_or(0, |at| at.timestamp_millis()),
        outcome: effect.outcome.map(|outcome| format!("{} bytes", outcome.len())).unwrap_or_default(),
        dead_after_ms: effect.dead_after.map_or(0, |at| at.timestamp_millis()),
        absence_is_proof: is_unknown && proof_at.is_some_and(|proof_at| proof_at <= effect.due_at),
        in_hand: effect.holder.is_some(),
    }
}

/// When something happens next to an order: the inquiry about an unknown outcome first, a repeated question last.
fn next_hour(effects: &[EffectRow]) -> Option<i64> {
    let open = effects
        .iter()
        .filter(|effect| matches!(effect.state, EffectState::Ready | EffectState::Sent | EffectState::Unknown));
    open.min_by_key(|effect| (effect.state != EffectState::Unknown, effect.kind == ASK, effect.due_at))
        .map(|effect| effect.due_at.timestamp_millis())
}
