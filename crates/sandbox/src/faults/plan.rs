//! The rules in force, when each is due, and what came of it.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::Request;
use rand::{Rng, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

use super::{FaultKind, FaultRule};
use crate::WorldName;

/// At most this many rules are kept.
pub const RULES_MAX: usize = 1000;
/// So many of a rule's last deeds are kept.
const HITS_MAX: usize = 20;

/// One thing that a rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    /// When, by the worlds' time.
    pub at: DateTime<Utc>,
    /// To which operation.
    pub operation: String,
    /// About what: a merchant reference, a purchase order number, an event.
    pub about: String,
    /// What was done and what was sent.
    pub did: String,
}

/// A rule and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultRecord {
    /// The rule.
    pub rule: FaultRule,
    /// How many calls it concerned.
    pub seen: u32,
    /// How many of them it hit.
    pub fired: u32,
    /// What it did last, oldest first.
    #[serde(default)]
    pub hits: VecDeque<Hit>,
}

/// How often a kind of fault fired at an operation since the worlds were made. Forgetting the rules does not forget it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultTally {
    /// Which world.
    pub world: WorldName,
    /// Which operation was hit.
    pub operation: String,
    /// [`FaultKind::name`].
    pub kind: String,
    /// How often.
    pub fired: u64,
}

/// What hits a call, and by which rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strike {
    pub(crate) kind: FaultKind,
    pub(crate) operation: String,
    rule: u64,
}

/// All rules, in the order they were added; the first that hits a call wins.
pub(crate) struct FaultPlan {
    records: Vec<(u64, FaultRecord)>,
    added: u64,
    tally: BTreeMap<(WorldName, String, &'static str), u64>,
    random: StdRng,
}

impl FaultPlan {
    /// No rules; `seed` decides about chances.
    pub(crate) fn new(seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed ^ 0x4641_554c_5453);
        Self { records: Vec::new(), added: 0, tally: BTreeMap::new(), random }
    }

    /// Adds a rule; false when the plan is full or the kind cannot happen in that world.
    pub(crate) fn add(&mut self, rule: FaultRule) -> bool {
        if self.records.len() >= RULES_MAX || !rule.kind.suits(rule.world) {
            return false;
        }
        self.added += 1;
        self.records.push((self.added, FaultRecord { rule, seen: 0, fired: 0, hits: VecDeque::new() }));
        true
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
    }

    pub(crate) fn records(&self) -> Vec<FaultRecord> {
        self.records.iter().map(|(_, record)| record.clone()).collect()
    }

    pub(crate) fn tally(&self) -> Vec<FaultTally> {
        let row = |((world, operation, kind), fired): (&(WorldName, String, &'static str), &u64)| FaultTally {
            world: *world,
            operation: operation.clone(),
            kind: (*kind).to_owned(),
            fired: *fired,
        };
        self.tally.iter().map(row).collect()
    }

    /// Counts a call in every rule that concerns it and tells what hits it.
    pub(crate) fn strike(&mut self, world: WorldName, operation: &str, request: &Request<Bytes>) -> Option<Strike> {
        let mut strike: Option<Strike> = None;
        for (id, record) in &mut self.records {
            if !record.rule.concerns(world, operation, request) {
                continue;
            }
            record.seen = record.seen.saturating_add(1);
            let mut is_due = record.seen >= record.rule.nth && record.fired < record.rule.times;
            if let (true, Some(one_in)) = (is_due, record.rule.one_in) {
                is_due = self.random.random_range(0..one_in.max(1)) == 0;
            }
            if is_due && strike.is_none() {
                record.fired += 1;
                strike = Some(Strike { kind: record.rule.kind, operation: operation.to_owned(), rule: *id });
            }
        }
        if let Some(Strike { kind, operation, .. }) = &strike {
            *self.tally.entry((world, operation.clone(), kind.name())).or_default() += 1;
        }
        strike
    }

    /// Keeps what came of a strike, unless its rule is forgotten by now.
    pub(crate) fn note(&mut self, strike: &Strike, about: String, did: String, at: DateTime<Utc>) {
        let Some((_, record)) = self.records.iter_mut().find(|(id, _)| *id == strike.rule) else { return };
        if record.hits.len() >= HITS_MAX {
            record.hits.pop_front();
        }
        record.hits.push_back(Hit { at, operation: strike.operation.clone(), about, did });
    }
}
