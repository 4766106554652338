//! The loss detector: is this still the broker that acknowledged our messages?
//!
//! A wiped or rolled-back broker does not say so. What it acknowledged last (stream created, sequence, message id) is
//! kept in the ledger and compared at every connect and each minute; when it does not fit, public events are published
//! again. Commands need no help: whoever waits for an answer asks again.

use std::{sync::Arc, time::Duration};

use bus::topology;
use chrono::SubsecRound as _;
use ledger::BusSeen;

use crate::{engine::Engine, relay::Acknowledged, service::Service};

/// Streams of the broker that we compare.
const STREAMS: [&str; 2] = [topology::EVENTS, topology::COMMANDS];
/// Events put into the outbox again per step.
const PAGE: i64 = 256;
/// Pause between steps: bounds the rate of a great republication.
const PAGE_PAUSE: Duration = Duration::from_millis(100);
/// While the broker is away or empty it is looked at this often.
const AWAY: Duration = Duration::from_secs(1);

/// Compares for as long as the node lives.
pub(crate) async fn detect<S: Service>(engine: Engine<S>, acknowledged: Arc<Acknowledged>) {
    let mut was_connected = false;
    let mut waited = Duration::MAX;
    loop {
        let connected = engine.0.bus.is_connected();
        if connected && (!was_connected || waited >= engine.0.settings.compare_bus_every) {
            match compare(&engine, &acknowledged).await {
                Ok(true) => {
                    was_connected = true;
                    waited = Duration::ZERO;
                }
                Ok(false) => {}
                Err(error) => tracing::debug!(error, "the broker could not be compared yet"),
            }
        }
        was_connected &= connected;
        tokio::time::sleep(AWAY).await;
        waited = waited.saturating_add(AWAY);
    }
}

/// True when all streams exist and were compared.
async fn compare<S: Service>(engine: &Engine<S>, acknowledged: &Acknowledged) -> Result<bool, String> {
    let ledger = &engine.0.context.ledger;
    let seen = ledger.bus_seen().await.map_err(|error| error.to_string())?;
    for name in STREAMS {
        // Asked before the broker is: what was acknowledged until now must be there.
        let newest = acknowledged.newest(name);
        let Some(mut mark) = engine.0.bus.mark(name).await.map_err(|error| error.to_string())? else {
            // The topology role has not made it yet.
            return Ok(false);
        };
        // The broker counts nanoseconds, the ledger keeps microseconds: untrimmed, every look would find a new stream.
        mark.created = mark.created.trunc_subsecs(6);
        let before = seen.iter().find(|seen| seen.bus_stream == name);
        // The ledger's mark is up to a minute old; what this process heard since is the better witness.
        let witness = newest.or_else(|| before.map(|before| (before.last_seq, before.last_id.clone())));
        let witness = witness.filter(|(seq, _)| *seq > 0);
        let lost = if before.is_some_and(|before| before.created != mark.created) {
            Some("it was created anew")
        } else {
            match &witness {
                Some((seq, _)) if mark.last_seq < *seq => Some("it ends before what it had acknowledged"),
                Some((seq, id)) if is_another(engine, name, *seq, id).await? => {
                    Some("another message stands where ours stood")
                }
                _ => None,
            }
        };
        if let Some(why) = lost {
            tracing::error!(bus_stream = name, why, "bus lost: public events are published again");
            metrics::counter!("quittance_bus_lost_total").increment(1);
            if name == topology::EVENTS {
                republish(engine).await?;
            }
            acknowledged.forget(name);
        }
        let (last_seq, last_id) = witness.filter(|_| lost.is_none()).unwrap_or_default();
        let now = BusSeen { bus_stream: name.to_owned(), created: mark.created, last_seq, last_id };
        if before != Some(&now) {
            ledger.saw_bus(now).await.map_err(|error| error.to_string())?;
        }
    }
    Ok(true)
}

async fn is_another<S: Service>(engine: &Engine<S>, name: &str, seq: u64, ours: &str) -> Result<bool, String> {
    let there = engine.0.bus.id_at(name, seq).await.map_err(|error| error.to_string())?;
    // A consumed command and an event past its age leave no message: that is no sign of loss.
    Ok(there.is_some_and(|there| there != ours))
}

async fn republish<S: Service>(engine: &Engine<S>) -> Result<(), String> {
    let mut cursor = None;
    loop {
        let younger_than = engine.0.settings.republish_younger_than;
        cursor = engine
            .0
            .context
            .ledger
            .reannounce_page(younger_than, cursor, PAGE)
            .await
            .map_err(|error| error.to_string())?;
        if cursor.is_none() {
            return Ok(());
        }
        tokio::time::sleep(PAGE_PAUSE).await;
    }
}
