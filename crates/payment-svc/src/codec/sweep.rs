//! A sweep's events, its looks and what they show: one function each way.

use bytes::Bytes;
use contracts::payment::ledger::v1 as stored;
use payment_domain::sweep::{Counts, Event, Rhythm, Sighting, Window};
use prost::Message as _;

use super::{
    Corrupt, body, missing,
    parts::order_id,
    payment::{seen_from_wire, seen_to_wire},
};

/// What a window showed, and whom it concerns.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    /// How many.
    pub counts: Counts,
    /// Those that somebody must hear of.
    pub sightings: Vec<Sighting>,
}

pub(super) fn encode(event: &Event) -> Bytes {
    match event {
        Event::Begun { rhythm, at_ms } => {
            body(&stored::SweepBegun { rhythm: Some(rhythm_to_wire(*rhythm)), at_ms: *at_ms })
        }
        Event::Asked { window } => write_window(*window),
        Event::Swept { window, counts, sightings, at_ms } => body(&stored::Swept {
            window: Some(window_to_wire(*window)),
            result: Some(result(counts, sightings)),
            at_ms: *at_ms,
        }),
    }
}

/// `None` for a kind that this binary does not know.
pub(super) fn decode(kind: &str, bytes: &[u8]) -> Result<Option<Event>, Corrupt> {
    Ok(Some(match kind {
        "begun" => {
            let begun = stored::SweepBegun::decode(bytes)?;
            Event::Begun { rhythm: rhythm(begun.rhythm)?, at_ms: begun.at_ms }
        }
        "asked" => Event::Asked { window: read_window(bytes)? },
        "swept" => {
            let swept = stored::Swept::decode(bytes)?;
            let Compared { counts, sightings } = compared(swept.result.unwrap_or_default())?;
            let window = window(&swept.window.ok_or_else(|| missing("window"))?);
            Event::Swept { window, counts, sightings, at_ms: swept.at_ms }
        }
        _ => return Ok(None),
    }))
}

/// The request of a `sweep` effect.
pub fn write_window(window: Window) -> Bytes {
    body(&window_to_wire(window))
}

/// Reads it back.
///
/// # Errors
/// When the bytes are none.
pub fn read_window(bytes: &[u8]) -> Result<Window, Corrupt> {
    Ok(window(&stored::Window::decode(bytes)?))
}

/// The answer to a `sweep` effect.
pub fn write_compared(compared: &Compared) -> Bytes {
    body(&result(&compared.counts, &compared.sightings))
}

/// Reads it back.
///
/// # Errors
/// When the bytes are none.
pub fn read_compared(bytes: &[u8]) -> Result<Compared, Corrupt> {
    compared(stored::SweepResult::decode(bytes)?)
}

fn window_to_wire(window: Window) -> stored::Window {
    stored::Window { number: window.number, from_ms: window.from_ms, to_ms: window.to_ms }
}

fn window(window: &stored::Window) -> Window {
    Window { number: window.number, from_ms: window.from_ms, to_ms: window.to_ms }
}

fn rhythm_to_wire(rhythm: Rhythm) -> stored::Rhythm {
    let Rhythm { every_ms, span_ms, day_each, undo_after_ms } = rhythm;
    stored::Rhythm { every_ms, span_ms, day_each, undo_after_ms }
}

fn rhythm(rhythm: Option<stored::Rhythm>) -> Result<Rhythm, Corrupt> {
    let stored::Rhythm { every_ms, span_ms, day_each, undo_after_ms } = rhythm.ok_or_else(|| missing("rhythm"))?;
    Ok(Rhythm { every_ms, span_ms, day_each, undo_after_ms })
}

fn result(counts: &Counts, sightings: &[Sighting]) -> stored::SweepResult {
    let sighting = |sighting: &Sighting| stored::Sighting {
        order_id: sighting.order.to_string(),
        seen: Some(seen_to_wire(&sighting.seen)),
    };
    stored::SweepResult {
        seen: counts.seen,
        known: counts.known,
        told: counts.told,
        foreign: counts.foreign,
        named: counts.named.clone(),
        is_complete: counts.is_complete,
        sightings: sightings.iter().map(sighting).collect(),
    }
}

fn compared(result: stored::SweepResult) -> Result<Compared, Corrupt> {
    let sighting = |sighting: stored::Sighting| {
        Ok::<_, Corrupt>(Sighting { order: order_id(&sighting.order_id)?, seen: seen_from_wire(sighting.seen)? })
    };
    let counts = Counts {
        seen: result.seen,
        known: result.known,
        told: result.told,
        foreign: result.foreign,
        named: result.named,
        is_complete: result.is_complete,
    };
    Ok(Compared { counts, sightings: result.sightings.into_iter().map(sighting).collect::<Result<_, _>>()? })
}
