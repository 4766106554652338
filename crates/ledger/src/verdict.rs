//! Whether a commit may go through, given what is stored. Pure, and shared by Postgres and the twin, so that both
//! refuse the same commit for the same reason.

use ids::StreamId;

use crate::{
    error::LedgerError,
    types::{Commit, Committed, EffectState, Finished, Head, InboxRow, KeyClaim, RowId},
};

/// What is stored about the things a commit touches.
pub(crate) trait Facts {
    /// The message was handled before.
    fn is_seen(&self, row: &InboxRow) -> bool;
    /// Who owns a key.
    fn owner(&self, claim: &KeyClaim) -> Option<StreamId>;
    /// The end of a stream and whether it is parked; `None` when it does not exist.
    fn head(&self, stream: StreamId) -> Option<(Head, bool)>;
    /// State and epoch of an effect.
    fn effect(&self, id: RowId) -> Option<(EffectState, i64)>;
    /// An effect of that name exists.
    fn has_reference(&self, reference: &str) -> bool;
}

/// The reason for refusing `commit`, or `None` when it may go through. The order of reasons is a promise: a message
/// seen before is reported as seen whatever else moved on meanwhile.
pub(crate) fn verdict(commit: &Commit, facts: &impl Facts) -> Result<Option<Committed>, LedgerError> {
    if commit.inbox.as_ref().is_some_and(|row| facts.is_seen(row)) {
        return Ok(Some(Committed::Seen));
    }
    for claim in &commit.keys {
        if let Some(owner) = facts.owner(claim).filter(|owner| *owner != claim.stream) {
            return Ok(Some(Committed::KeyTaken { claim: claim.clone(), owner }));
        }
    }
    // One commit may claim a key for two streams of its own; the second is as late as anybody else's.
    for pair in commit.keys.windows(2) {
        if let [one, two] = pair
            && (&one.pair, &one.kind, &one.key) == (&two.pair, &two.kind, &two.key)
        {
            return Ok(Some(Committed::KeyTaken { claim: two.clone(), owner: one.stream }));
        }
    }
    if let Some(append) = commit.appends.iter().find(|a| facts.head(a.stream).is_some_and(|(_, parked)| parked)) {
        return Ok(Some(Committed::Parked(append.stream)));
    }
    let end = |stream| facts.head(stream).map(|(head, _)| head).unwrap_or_default();
    if let Some(append) = commit.appends.iter().find(|append| end(append.stream) != append.after) {
        return Ok(Some(Committed::Conflict(append.stream)));
    }
    if is_fenced(commit, facts) {
        return Ok(Some(Committed::Fenced));
    }
    let names: Vec<&str> = commit.effects.iter().filter_map(|effect| effect.reference.as_deref()).collect();
    for (place, name) in names.iter().enumerate() {
        if facts.has_reference(name) || names[..place].contains(name) {
            return Err(LedgerError::refused(format!("an effect named `{name}` exists")));
        }
    }
    Ok(None)
}

fn is_fenced(commit: &Commit, facts: &impl Facts) -> bool {
    let finish = commit.finish.as_ref().is_some_and(|finish| match facts.effect(finish.id) {
        Some((state, epoch)) => epoch != finish.epoch || !may_finish(state, finish.to),
        None => true,
    });
    let announce =
        commit.announce.as_ref().is_some_and(|(id, epoch, _)| facts.effect(*id) != Some((EffectState::Ready, *epoch)));
    finish || announce
}

/// Whether a row in `state` may become `to`. A row whose outcome is unknown is never tried again: that takes another row.
pub(crate) fn may_finish(state: EffectState, to: Finished) -> bool {
    match (state, to) {
        (EffectState::Ready | EffectState::Sent, _) => true,
        (EffectState::Unknown, Finished::Again(_)) => false,
        (EffectState::Unknown, Finished::Done | Finished::Unknown(_) | Finished::Parked) => true,
        (EffectState::Done | EffectState::Parked, _) => false,
    }
}
