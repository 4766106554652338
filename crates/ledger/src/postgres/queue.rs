//! The line of commits that wait for the writer, and which of them may go together.

use std::{
    collections::{BTreeSet, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
};

use ids::StreamId;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use crate::{
    error::LedgerError,
    prepare::Prepared,
    types::{Commit, Committed, Finished, RowId},
};

/// What a commit touches. Two commits that touch the same thing never go together: the second must see the first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Touch {
    Stream(Uuid),
    Key(String, String, String),
    Effect(RowId),
    Name(String),
    /// It settles names that do not say whose they are.
    Settling,
    /// It makes a row ready again, which such a settlement must see.
    Reviving,
}

/// One waiting commit.
pub(super) struct Job {
    pub(super) prepared: Prepared,
    pub(super) answer: oneshot::Sender<Result<Committed, LedgerError>>,
    /// Its place in the line, given back with the answer.
    pub(super) _place: OwnedSemaphorePermit,
}

impl Job {
    /// Tells the caller, who may have gone away.
    pub(super) fn tell(self, answer: Result<Committed, LedgerError>) {
        let _ = self.answer.send(answer);
    }
}

/// Everything one commit touches, and what it must not meet.
fn touches(commit: &Commit) -> Vec<Touch> {
    let mut all: Vec<Touch> = Vec::with_capacity(8);
    let finish = commit.finish.as_ref().map(|finish| finish.id);
    let announce = commit.announce.map(|(id, _, _)| id);
    let streams = commit.appends.iter().map(|append| append.stream);
    let streams = streams.chain(commit.inbox.iter().map(|row| row.stream)).chain(commit.reannounce.iter().copied());
    let streams = streams.chain(finish.iter().chain(&announce).map(|id| id.stream));
    all.extend(streams.map(|stream| Touch::Stream(stream.0)));
    all.extend(finish.into_iter().chain(announce).map(Touch::Effect));
    let key = |k: &crate::types::KeyClaim| Touch::Key(k.pair.as_str().to_owned(), k.kind.clone(), k.key.clone());
    all.extend(commit.keys.iter().map(key));
    all.extend(commit.effects.iter().filter_map(|effect| effect.reference.clone()).map(Touch::Name));
    for name in &commit.settle {
        // Timers and questions are named after their stream, whose touch covers all changes to them.
        match name.split_once('/').and_then(|(stream, _)| stream.parse::<StreamId>().ok()) {
            Some(stream) => all.push(Touch::Stream(stream.0)),
            None => all.push(Touch::Settling),
        }
        all.push(Touch::Name(name.clone()));
    }
    if commit.finish.as_ref().is_some_and(|finish| matches!(finish.to, Finished::Again(_))) {
        all.push(Touch::Reviving);
    }
    all
}

fn meets(taken: &BTreeSet<Touch>, touch: &Touch) -> bool {
    match touch {
        Touch::Settling => taken.contains(&Touch::Reviving),
        Touch::Reviving => taken.contains(&Touch::Settling),
        Touch::Stream(_) | Touch::Key(..) | Touch::Effect(_) | Touch::Name(_) => taken.contains(touch),
    }
}

/// The line.
#[derive(Default)]
pub(super) struct Queue(Mutex<Line>);

#[derive(Default)]
pub(super) struct Line {
    pub(super) waiting: VecDeque<Job>,
    /// A writer is at work and will look at the line again before it ends.
    pub(super) has_writer: bool,
    /// How many went together last.
    pub(super) last_size: usize,
}

impl Queue {
    pub(super) fn lock(&self) -> MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Line {
    /// Takes the next group: from the front, whoever touches nothing that an earlier one in the line touches.
    pub(super) fn take(&mut self, most: usize) -> Vec<Job> {
        let mut group = Vec::new();
        let mut left = VecDeque::new();
        let mut taken = BTreeSet::new();
        while let Some(job) = self.waiting.pop_front() {
            if group.len() == most {
                left.push_back(job);
                continue;
            }
            let touches = touches(&job.prepared.commit);
            let is_free = !touches.iter().any(|touch| meets(&taken, touch));
            taken.extend(touches);
            if is_free {
                group.push(job);
            } else {
                left.push_back(job);
            }
        }
        self.waiting = left;
        self.last_size = group.len();
        group
    }
}
