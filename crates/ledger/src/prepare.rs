//! What happens to a commit before any ledger sees it: its shape is checked and its events are sealed, on the
//! caller's time, so that the writer only writes.

use std::collections::{BTreeMap, BTreeSet};

use ids::StreamId;

use crate::{
    chain,
    error::LedgerError,
    types::{Commit, Durable, Head, OutboxItem, RowId, StoredEvent},
};

/// A commit whose events are sealed.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) commit: Commit,
    /// New ends, in the order of the appends.
    pub(crate) heads: Vec<(StreamId, Head)>,
    /// All events, in the order of the appends.
    pub(crate) events: Vec<(StreamId, StoredEvent)>,
}

impl Prepared {
    /// Checks and seals.
    pub(crate) fn new(mut commit: Commit) -> Result<Self, LedgerError> {
        commit.keys.sort();
        commit.keys.dedup();
        check_text(&commit)?;
        let mut heads = Vec::with_capacity(commit.appends.len());
        let mut events = Vec::new();
        for append in &commit.appends {
            if append.after.version <= 0 && append.after != Head::default() {
                return Err(LedgerError::refused(format!("append to {} after an end that cannot be", append.stream)));
            }
            if append.events.is_empty() {
                return Err(LedgerError::refused(format!("append to {} without events", append.stream)));
            }
            if heads.iter().any(|(stream, _)| *stream == append.stream) {
                return Err(LedgerError::refused(format!("two appends to {} in one commit", append.stream)));
            }
            let (sealed, head) = chain::seal(append);
            heads.push((append.stream, head));
            events.extend(sealed.into_iter().map(|event| (append.stream, event)));
        }
        let prepared = Self { commit, heads, events };
        prepared.check_rows()?;
        Ok(prepared)
    }

    fn check_rows(&self) -> Result<(), LedgerError> {
        let born: BTreeSet<(StreamId, i64)> = self.events.iter().map(|(s, e)| (*s, e.version)).collect();
        let outbox = self.commit.outbox.iter().map(|row| row.id);
        let effects = self.commit.effects.iter().map(|effect| effect.id);
        for ids in [outbox.collect::<Vec<RowId>>(), effects.collect()] {
            let mut seen = BTreeSet::new();
            for id in ids {
                if !born.contains(&(id.stream, id.version)) {
                    let RowId { stream, version, .. } = id;
                    return Err(LedgerError::refused(format!(
                        "a row is caused by {stream}/{version}, not in this commit"
                    )));
                }
                if !seen.insert(id) {
                    return Err(LedgerError::refused(format!("two rows of one commit are called {id:?}")));
                }
            }
        }
        match (&self.commit.finish, &self.commit.announce) {
            (Some(finish), Some((announced, _, _))) if finish.id == *announced => {
                Err(LedgerError::refused("one commit announces and finishes the same effect"))
            }
            _ => Ok(()),
        }
    }

    /// The answer to a commit that went through, without reading anything back.
    pub(crate) fn durable(&self) -> Durable {
        let mut events: BTreeMap<(StreamId, i64), usize> = BTreeMap::new();
        if !self.commit.outbox.is_empty() {
            events = self.events.iter().enumerate().map(|(i, (s, e))| ((*s, e.version), i)).collect();
        }
        let kinds = |stream: StreamId| self.commit.appends.iter().find(|a| a.stream == stream).map(|a| a.kind.clone());
        let item = |row: &crate::types::OutboxRow| {
            let (_, event) = &self.events[*events.get(&(row.id.stream, row.id.version))?];
            Some(OutboxItem { row: row.clone(), event: event.clone(), stream_kind: kinds(row.id.stream)? })
        };
        let mut outbox: Vec<OutboxItem> = self.commit.outbox.iter().filter_map(item).collect();
        outbox.sort_by_key(|item| item.row.id);
        Durable { heads: self.heads.clone(), events: self.events.clone(), outbox }
    }
}

/// Names are short: an index cannot hold a long one.
const TEXT_BYTES_MAX: usize = 1024;

/// Postgres cannot hold a zero character in a text, nor a long one in an index; the twin must not either.
fn check_text(commit: &Commit) -> Result<(), LedgerError> {
    let keys = commit.keys.iter().flat_map(|key| [&key.kind, &key.key]);
    let inbox = commit.inbox.iter().map(|row| &row.message_id);
    let appends = commit.appends.iter().flat_map(|a| a.events.iter().map(|e| &e.kind).chain([&a.kind]));
    let outbox = commit.outbox.iter().map(|row| &row.subject);
    let effects = commit.effects.iter().flat_map(|e| [Some(&e.kind), e.reference.as_ref(), e.operator.as_ref()]);
    let mut all = keys.chain(inbox).chain(appends).chain(outbox).chain(effects.flatten()).chain(&commit.settle);
    match all.find(|text| text.len() > TEXT_BYTES_MAX || text.contains('\0')) {
        Some(text) => {
            let start: String = text.chars().take(40).collect();
            Err(LedgerError::refused(format!("a name is too long or holds a zero character: {start:?}")))
        }
        None => Ok(()),
    }
}
