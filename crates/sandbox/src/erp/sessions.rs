//! Operators and their sessions: one live session per operator, a number of seats, and sessions that fall asleep.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use serde::{Deserialize, Serialize};

/// So many ended sessions are remembered with their reason; older ones are merely invalid.
const ENDED_KEPT_MAX: usize = 1000;

/// Someone who may log on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// The operator's code.
    pub code: String,
    /// The key by which a program logs on as this operator.
    pub api_key: String,
    /// Business objects this operator is not licensed for.
    pub not_licensed: BTreeSet<String>,
}

/// How long sessions last and how many there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionRules {
    /// A session unused for longer than this is gone.
    pub idle_limit: TimeDelta,
    /// Live sessions at a time.
    pub seats: usize,
    /// When all seats are taken, a session idle for longer than this makes room.
    pub seat_idle_limit: TimeDelta,
}

impl Default for SessionRules {
    fn default() -> Self {
        Self { idle_limit: TimeDelta::minutes(20), seats: 10, seat_idle_limit: TimeDelta::minutes(10) }
    }
}

/// How a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Released,
    Expired,
    Evicted,
}

/// Why a logon or a call was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    BadKey,
    NoSeat,
    Unknown,
    Expired,
    Evicted,
}

/// Counts of what happened to sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionCounts {
    /// Sessions that were opened.
    pub logons: u64,
    /// Sessions that were closed by their holder.
    pub released: u64,
    /// Sessions that fell asleep or were ended by an accident.
    pub expired: u64,
    /// Sessions that ended because their operator logged on again, or their seat was needed.
    pub evicted: u64,
    /// Logons that were refused.
    pub refused: u64,
    /// Sessions alive now.
    pub live: u64,
}

struct Session {
    operator: String,
    used_at: DateTime<Utc>,
}

/// All sessions.
pub(crate) struct Sessions {
    rules: SessionRules,
    operators: Vec<Operator>,
    live: BTreeMap<String, Session>,
    ended: BTreeMap<String, Ended>,
    ended_order: VecDeque<String>,
    random: StdRng,
    counts: SessionCounts,
}

impl Sessions {
    /// Nobody logged on yet; `seed` decides the tokens.
    pub(crate) fn new(operators: Vec<Operator>, rules: SessionRules, seed: u64) -> Self {
        Self {
            rules,
            operators,
            live: BTreeMap::new(),
            ended: BTreeMap::new(),
            ended_order: VecDeque::new(),
            random: StdRng::seed_from_u64(seed ^ 0x5953_5052_4f31),
            counts: SessionCounts::default(),
        }
    }

    /// What happened so far.
    pub(crate) fn counts(&self) -> SessionCounts {
        SessionCounts { live: self.live.len() as u64, ..self.counts }
    }

    /// The operator of this code.
    pub(crate) fn operator(&self, code: &str) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.code == code)
    }

    /// The operator behind a key.
    pub(crate) fn operator_of_key(&self, api_key: &str) -> Option<&Operator> {
        self.operators.iter().find(|operator| operator.api_key == api_key)
    }

    /// Opens a session; an earlier one of the same operator ends.
    pub(crate) fn log_on(&mut self, api_key: &str, now: DateTime<Utc>) -> Result<(String, String), Denied> {
        let Some(operator) = self.operator_of_key(api_key).map(|operator| operator.code.clone()) else {
            self.counts.refused += 1;
            return Err(Denied::BadKey);
        };
        self.expire_idle(now);
        self.end_operator(&operator, Ended::Evicted);
        if self.live.len() >= self.rules.seats && !self.make_room(now) {
            self.counts.refused += 1;
            return Err(Denied::NoSeat);
        }
        let token = self.new_token();
        self.live.insert(token.clone(), Session { operator: operator.clone(), used_at: now });
        self.counts.logons += 1;
        Ok((token, operator))
    }

    /// Closes a session.
    pub(crate) fn log_off(&mut self, token: &str, now: DateTime<Utc>) -> Result<(), Denied> {
        self.touch(token, now)?;
        self.end(token, Ended::Released);
        Ok(())
    }

    /// Uses a session; gives its operator.
    pub(crate) fn touch(&mut self, token: &str, now: DateTime<Utc>) -> Result<String, Denied> {
        let idle_limit = self.rules.idle_limit;
        if let Some(session) = self.live.get_mut(token) {
            if now - session.used_at <= idle_limit {
                session.used_at = now;
                return Ok(session.operator.clone());
            }
            self.end(token, Ended::Expired);
        }
        Err(match self.ended.get(token) {
            Some(Ended::Expired) => Denied::Expired,
            Some(Ended::Evicted) => Denied::Evicted,
            Some(Ended::Released) | None => Denied::Unknown,
        })
    }

    /// Ends the session of this operator, if there is one.
    pub(crate) fn end_operator(&mut self, operator: &str, how: Ended) {
        let token = self.live.iter().find(|(_, session)| session.operator == operator).map(|(token, _)| token.clone());
        if let Some(token) = token {
            self.end(&token, how);
        }
    }

    /// Ends every session, as a restart of the service does.
    pub(crate) fn end_all(&mut self, how: Ended) {
        for token in self.live.keys().cloned().collect::<Vec<_>>() {
            self.end(&token, how);
        }
    }

    /// The live session's operator, without using the session.
    pub(crate) fn operator_of(&self, token: &str) -> Option<&str> {
        self.live.get(token).map(|session| session.operator.as_str())
    }

    fn expire_idle(&mut self, now: DateTime<Utc>) {
        let limit = self.rules.idle_limit;
        let asleep = |session: &Session| now - session.used_at > limit;
        let tokens: Vec<String> =
            self.live.iter().filter(|(_, session)| asleep(session)).map(|(token, _)| token.clone()).collect();
        for token in tokens {
            self.end(&token, Ended::Expired);
        }
    }

    fn make_room(&mut self, now: DateTime<Utc>) -> bool {
        let Some((token, session)) = self.live.iter().min_by_key(|(_, session)| session.used_at) else { return false };
        if now - session.used_at <= self.rules.seat_idle_limit {
            return false;
        }
        let token = token.clone();
        self.end(&token, Ended::Evicted);
        true
    }

    fn end(&mut self, token: &str, how: Ended) {
        if self.live.remove(token).is_none() {
            return;
        }
        match how {
            Ended::Released => self.counts.released += 1,
            Ended::Expired => self.counts.expired += 1,
            Ended::Evicted => self.counts.evicted += 1,
        }
        self.ended.insert(token.to_owned(), how);
        self.ended_order.push_back(token.to_owned());
        if self.ended_order.len() > ENDED_KEPT_MAX
            && let Some(oldest) = self.ended_order.pop_front()
        {
            self.ended.remove(&oldest);
        }
    }

    /// 32 hexadecimal digits and two more, as the real session ids.
    fn new_token(&mut self) -> String {
        format!("{:016X}{:016X}00", self.random.next_u64(), self.random.next_u64())
    }
}
