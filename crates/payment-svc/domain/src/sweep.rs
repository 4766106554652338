//! The gateway's list of what it did against ours: one stream per pair and day.
//!
//! Every window is asked for, compared and written down with its counts, so that a day's coverage can be shown: how many of
//! the pair's gateway transactions there were, how many of them are ours and known, how many turned up without an order, how
//! many are another's. Most windows are short and close together; every so often one reaches back a day, for what the
//! gateway's index shows late. A window that could not be read whole says so and is read again.
//!
//! The sweep itself undoes nothing. What is ours and not known is told to its payment, which knows the order: there it is
//! adopted, or listed as an orphan and given back at the policy's limit. What is another's is only counted.

use std::time::Duration;

use ids::OrderId;

use crate::{DAY_MS, payment::Seen};

/// At most so many foreign references are named; the count is always whole.
pub const NAMED_MAX: usize = 20;

/// How a pair is swept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// From one window to the next.
    pub every_ms: i64,
    /// How far back a short window reaches.
    pub span_ms: i64,
    /// Each so many windows one reaches back a day.
    pub day_each: u32,
    /// How long an orphan may stand before it is given back.
    pub undo_after_ms: i64,
}

impl Default for Rhythm {
    fn default() -> Self {
        Self { every_ms: 120_000, span_ms: 900_000, day_each: 30, undo_after_ms: 900_000 }
    }
}

/// A stretch of time to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Which of its day, from 1.
    pub number: u32,
    /// From then, milliseconds since 1970.
    pub from_ms: i64,
    /// Until then.
    pub to_ms: i64,
}

/// What a window showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Everything that the gateway listed.
    pub seen: u32,
    /// Ours, and known to our ledger.
    pub known: u32,
    /// Ours, and told to their payments.
    pub told: u32,
    /// Not ours: another's prefix, or no attempt in our ledger.
    pub foreign: u32,
    /// Some of the foreign references.
    pub named: Vec<String>,
    /// Whether the gateway's whole list was compared.
    pub is_complete: bool,
}

/// A success of ours that its payment shall hear of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The order that it was asked for.
    pub order: OrderId,
    /// What.
    pub seen: Seen,
}

/// What a sweep may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Sweep from now on.
    Begin {
        /// How.
        rhythm: Rhythm,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
    /// The next window is due.
    Wake {
        /// Which.
        number: u32,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
    /// What a window showed.
    RecordSwept {
        /// Which.
        number: u32,
        /// How many.
        counts: Counts,
        /// Those that somebody must hear of.
        sightings: Vec<Sighting>,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
}

/// A sweep refuses nothing: what does not fit is old news.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {}

/// What has happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The day's sweep began.
    Begun {
        /// How.
        rhythm: Rhythm,
        /// Now, milliseconds since 1970.
        at_ms: i64,
    },
    /// A window shall be compared.
    Asked {
        /// Which.
        window: Window,
    },
    /// A window was compared.
    Swept {
        /// Which.
        window: Window,
        /// How many.
        counts: Counts,
        /// Those that somebody must hear of.
        sightings: Vec<Sighting>,
        /// Now, milliseconds since 1970.
        at_ms: i64,
    },
}

impl Event {
    /// The stored kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Begun { .. } => "begun",
            Self::Asked { .. } => "asked",
            Self::Swept { .. } => "swept",
        }
    }
}

/// What to ask of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Look: everything in this window.
    Look(Window),
    /// Wake the sweep up for a window.
    Rest {
        /// Which window.
        number: u32,
        /// For how long.
        after: Duration,
    },
    /// Tell the payment of an order.
    Tell {
        /// What.
        sighting: Sighting,
        /// How long it may stand.
        undo_in_ms: i64,
        /// Now, milliseconds since 1970.
        at_ms: i64,
    },
    /// A new day has a stream of its own.
    BeginDay {
        /// How.
        rhythm: Rhythm,
        /// Now, milliseconds since 1970.
        now_ms: i64,
    },
}

/// A pair's sweep of one day.
///
/// Invariant: one window at a time; a window's number is used once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sweep {
    /// How; `None` before it began.
    pub rhythm: Option<Rhythm>,
    /// When it began, milliseconds since 1970.
    pub began_ms: i64,
    /// The last window that was asked for.
    pub last: Option<Window>,
    /// Whether it is being compared.
    pub is_looking: bool,
    /// The windows that were compared whole.
    pub complete: u32,
    /// Whether the next day has taken over.
    pub is_over: bool,
}

impl Sweep {
    fn next(&self) -> u32 {
        self.last.map_or(1, |window| window.number.saturating_add(1))
    }

    fn window(&self, rhythm: Rhythm, now_ms: i64) -> Window {
        let number = self.next();
        let reaches_a_day = number.is_multiple_of(rhythm.day_each.max(1));
        let from_ms = now_ms.saturating_sub(if reaches_a_day { DAY_MS } else { rhythm.span_ms });
        // Nothing falls between two windows, unless the second one comes more than a day late.
        let gap = self.last.map_or(from_ms, |last| last.to_ms.saturating_sub(rhythm.span_ms).min(from_ms));
        Window { number, from_ms: gap.max(now_ms.saturating_sub(DAY_MS)), to_ms: now_ms }
    }
}

fn day(ms: i64) -> i64 {
    ms.div_euclid(DAY_MS)
}

impl decider::Decider for Sweep {
    type State = Self;
    type Command = Command;
    type Event = Event;
    type Effect = Effect;
    type Rejection = Rejection;

    fn decide(state: &Self, command: Command) -> Result<Vec<Event>, Rejection> {
        Ok(match (command, state.rhythm) {
            (Command::Begin { rhythm, now_ms }, None) => {
                vec![Event::Begun { rhythm, at_ms: now_ms }, Event::Asked { window: state.window(rhythm, now_ms) }]
            }
            (Command::Wake { number, now_ms }, Some(rhythm))
                if number == state.next() && !state.is_looking && !state.is_over =>
            {
                vec![Event::Asked { window: state.window(rhythm, now_ms) }]
            }
            (Command::RecordSwept { number, counts, sightings, now_ms }, Some(_)) => match state.last {
                Some(window) if window.number == number && state.is_looking => {
                    vec![Event::Swept { window, counts, sightings, at_ms: now_ms }]
                }
                _ => Vec::new(),
            },
            _ => Vec::new(),
        })
    }

    fn evolve(state: Self, event: &Event) -> Self {
        match event {
            Event::Begun { rhythm, at_ms } => Self { rhythm: Some(*rhythm), began_ms: *at_ms, ..state },
            Event::Asked { window } => Self { last: Some(*window), is_looking: true, ..state },
            Event::Swept { counts, at_ms, .. } => Self {
                is_looking: false,
                complete: state.complete.saturating_add(u32::from(counts.is_complete)),
                is_over: day(*at_ms) != day(state.began_ms),
                ..state
            },
        }
    }

    fn react(state: &Self, event: &Event) -> Vec<Effect> {
        match (event, state.rhythm) {
            (Event::Asked { window }, _) => vec![Effect::Look(*window)],
            (Event::Swept { sightings, at_ms, .. }, Some(rhythm)) => {
                let tell = |sighting: &Sighting| Effect::Tell {
                    sighting: sighting.clone(),
                    undo_in_ms: rhythm.undo_after_ms,
                    at_ms: *at_ms,
                };
                let after = Duration::from_millis(u64::try_from(rhythm.every_ms).unwrap_or(1));
                let next = if state.is_over {
                    Effect::BeginDay { rhythm, now_ms: *at_ms }
                } else {
                    Effect::Rest { number: state.next(), after }
                };
                sightings.iter().map(tell).chain([next]).collect()
            }
            (Event::Begun { .. } | Event::Swept { .. }, _) => Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests;
