//! The sweep's shell: where it lives, how it begins, and how a window of the gateway's list is compared with the ledger.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use chrono::{DateTime, Utc};
use ids::{MerchantReference, OrderId, Pair, derived, order_of};
use ledger::Ledger;
use payment_domain::{
    DAY_MS,
    payment::{Operation, Payment, Seen},
    sweep::{self, Command as Sweep, Counts, NAMED_MAX, Window},
};
use runtime::{Aggregate as _, Engine, EngineError, Place, Request};
use uuid::Uuid;

use crate::{
    Command, Config, PaymentService,
    codec::{Compared, PaymentStream, SweepStream},
    error::CallError,
    ports::{CardGateway, Sighting, Stretch},
};

/// Records a page.
const PAGE: usize = 200;
/// Streams that are read for one window at most; beyond it the window is not whole, and says so.
const STREAMS_MAX: usize = 400;
/// Gateway transactions that are remembered as known.
const KNOWN_MAX: usize = 100_000;

/// The order under which a pair's sweeps are kept: no order has this id.
pub(crate) fn sweep_order(pair: &Pair) -> OrderId {
    OrderId(derived(Uuid::nil(), &format!("sweep/{pair}")))
}

/// A pair's sweep of the day of this hour.
pub(crate) fn sweep_place(pair: &Pair, now_ms: i64) -> Place {
    let order = sweep_order(pair);
    let stream = order.stream_of(&format!("sweep/{}", now_ms.div_euclid(DAY_MS)));
    Place { stream, pair: pair.clone(), order, kind: SweepStream::KIND }
}

/// Begins the sweeps of all pairs that want one; one that has begun goes on. A pair that cannot be read is none of this
/// process: it would not have started.
///
/// # Errors
/// When the ledger does not take it.
pub async fn begin_sweeps(engine: &Engine<PaymentService>, config: &Config) -> Result<(), EngineError> {
    let rhythms =
        config.pairs.iter().filter_map(|(name, pair)| Some((name.parse::<Pair>().ok()?, pair.sweep.rhythm()?)));
    for (pair, rhythm) in rhythms {
        let now_ms = engine.context().node.now().timestamp_millis();
        let request = Request {
            place: sweep_place(&pair, now_ms),
            command: Command::Sweep(Sweep::Begin { rhythm, now_ms }),
            claims: Vec::new(),
            subject_keys: Vec::new(),
            caused_by: "start".to_owned(),
            actor: None,
        };
        engine.handle(request).await?;
    }
    Ok(())
}

/// What was compared before and is known: neither asked nor read again.
#[derive(Default)]
pub(crate) struct Known(Mutex<BTreeSet<String>>);

impl Known {
    fn has(&self, gateway_request_id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(gateway_request_id)
    }

    fn add(&self, gateway_request_id: String) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN_MAX {
            // Gateway ids grow: the first ones are the oldest.
            known.pop_first();
        }
        known.insert(gateway_request_id);
    }
}

/// Compares one window.
pub(crate) async fn compare(
    gateway: &dyn CardGateway,
    ledger: &Ledger,
    known: &Known,
    (pair, prefix): (&Pair, &str),
    window: Window,
) -> Result<Compared, CallError> {
    let instant = |ms: i64| DateTime::<Utc>::from_timestamp_millis(ms).unwrap_or(DateTime::UNIX_EPOCH);
    let (from, to) = (instant(window.from_ms), instant(window.to_ms));
    let (mut compared, mut offset, mut streams) = (Compared::default(), 0, 0);
    loop {
        let page = gateway.window(pair, Stretch { from, to, offset, limit: PAGE }).await?;
        let shown = page.sightings.len();
        for sighting in page.sightings {
            if streams >= STREAMS_MAX {
                return Ok(compared);
            }
            streams += usize::from(one(ledger, known, prefix, sighting, &mut compared).await?);
        }
        offset += shown;
        if offset >= page.total || shown == 0 {
            compared.counts.is_complete = offset >= page.total;
            return Ok(compared);
        }
    }
}

/// Compares one gateway transaction. True when a stream had to be read for it.
async fn one(
    ledger: &Ledger,
    known: &Known,
    prefix: &str,
    sighting: Sighting,
    compared: &mut Compared,
) -> Result<bool, CallError> {
    let Compared { counts, sightings } = compared;
    counts.seen = counts.seen.saturating_add(1);
    let Some(order) = order_of(prefix, &sighting.reference) else {
        foreign(counts, sighting.reference);
        return Ok(false);
    };
    if known.has(&sighting.gateway_request_id) {
        counts.known = counts.known.saturating_add(1);
        return Ok(false);
    }
    let history = ledger.load(order.stream_of("payment")).await.map_err(CallError::Ledger)?;
    if history.events.is_empty() {
        // Our prefix, but nothing that our ledger ever asked for.
        foreign(counts, sighting.reference);
        return Ok(true);
    }
    let state = crate::view::fold::<PaymentStream>(&history.events);
    let state: Payment = state.map_err(|error| CallError::Unreadable(error.to_string()))?;
    match news(&state, &sighting) {
        Some(seen) => {
            counts.told = counts.told.saturating_add(1);
            sightings.push(sweep::Sighting { order, seen });
        }
        None => {
            counts.known = counts.known.saturating_add(1);
            // An open attempt is not settled yet, nor is a record that does not say what came of it: looked at again.
            if state.open.is_none() && sighting.is_done.is_some() {
                known.add(sighting.gateway_request_id);
            }
        }
    }
    Ok(true)
}

fn foreign(counts: &mut Counts, reference: String) {
    counts.foreign = counts.foreign.saturating_add(1);
    if counts.named.len() < NAMED_MAX {
        counts.named.push(reference);
    }
}

/// A success that the payment has to decide about: it would not, if it knew it.
fn news(state: &Payment, sighting: &Sighting) -> Option<Seen> {
    let operation = sighting.operation?;
    if sighting.is_done != Some(true) || !matches!(operation, Operation::Authorize | Operation::Capture) {
        return None;
    }
    let seen = Seen {
        operation,
        reference: MerchantReference::parse(&sighting.reference).ok()?,
        gateway_request_id: sighting.gateway_request_id.clone(),
        amount: sighting.amount?,
    };
    state.is_news(&seen).then_some(seen)
}
