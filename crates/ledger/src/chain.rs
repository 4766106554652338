//! The hash chain: every event names its predecessor, so that a changed, moved or missing row shows.
//!
//! Pure. The stream is inside the hash, so that a row cannot move; every field that says who, what and when is
//! inside with its length before it, so that no two different events have the same bytes.

use chrono::SubsecRound;
use ids::StreamId;
use sha2::{Digest, Sha256};

use crate::{
    error::LedgerError,
    types::{Append, Hash, Head, History, NewEvent, StoredEvent},
};

fn field(digest: &mut Sha256, bytes: &[u8]) {
    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    digest.update(length.to_be_bytes());
    digest.update(bytes);
}

/// The hash of one event; its `hash` and `n` do not count.
pub fn hash(previous: &Hash, stream: StreamId, event: &StoredEvent) -> Hash {
    let mut digest = Sha256::new();
    field(&mut digest, previous);
    field(&mut digest, stream.0.as_bytes());
    field(&mut digest, &event.version.to_be_bytes());
    field(&mut digest, event.kind.as_bytes());
    field(&mut digest, &event.shape.to_be_bytes());
    field(&mut digest, &event.at.timestamp_micros().to_be_bytes());
    field(&mut digest, &event.meta);
    field(&mut digest, &event.body);
    digest.finalize().into()
}

/// Numbers and chains the events of an append: the events as they will be stored, and the new end of the stream.
pub fn seal(append: &Append) -> (Vec<StoredEvent>, Head) {
    let mut head = append.after;
    let events = append.events.iter().map(|event| seal_one(append.stream, &mut head, event)).collect();
    (events, head)
}

fn seal_one(stream: StreamId, head: &mut Head, new: &NewEvent) -> StoredEvent {
    if new.is_public {
        head.n += 1;
    }
    let mut event = StoredEvent {
        version: head.version + 1,
        kind: new.kind.clone(),
        shape: new.shape,
        // What the database cannot hold must not be in the hash either.
        at: new.at.trunc_subsecs(6),
        meta: new.meta.clone(),
        body: new.body.clone(),
        n: new.is_public.then_some(head.n),
        hash: Hash::default(),
    };
    event.hash = hash(&head.hash, stream, &event);
    head.version = event.version;
    head.hash = event.hash;
    event
}

/// Checks a loaded stream: versions and `n` dense from 1, every hash right, the head at the last event.
///
/// # Errors
/// [`LedgerError::Corrupt`] naming the first version that does not fit.
pub fn verify(stream: StreamId, history: &History) -> Result<(), LedgerError> {
    let mut head = Head::default();
    for event in &history.events {
        let is_next = event.version == head.version + 1;
        let is_counted = event.n.is_none_or(|n| n == head.n + 1);
        if !is_next || !is_counted || hash(&head.hash, stream, event) != event.hash {
            return Err(LedgerError::Corrupt { stream, version: head.version + 1 });
        }
        head = Head { version: event.version, n: event.n.unwrap_or(head.n), hash: event.hash };
    }
    if head == history.head {
        Ok(())
    } else {
        Err(LedgerError::Corrupt { stream, version: head.version.min(history.head.version) })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use chrono::DateTime;
    use uuid::Uuid;

    use super::*;

    const STREAM: StreamId = StreamId(Uuid::from_u128(0x0193_5e7a_1234_7abc_8def_0123_4567_89ab));

    fn new(kind: &str, body: &'static [u8], is_public: bool) -> NewEvent {
        NewEvent {
            kind: kind.to_owned(),
            shape: 1,
            at: DateTime::from_timestamp_micros(1_790_000_000_123_456).expect("a time"),
            meta: Bytes::from_static(b"who"),
            body: Bytes::from_static(body),
            is_public,
        }
    }

    fn append(events: Vec<NewEvent>) -> Append {
        Append {
            stream: STREAM,
            pair: "demo".parse().expect("a pair"),
            kind: "payment".to_owned(),
            after: Head::default(),
            events,
        }
    }

    fn history(append: &Append) -> History {
        let (events, head) = seal(append);
        History { owner: Some((append.pair.clone(), append.kind.clone())), head, parked: None, events }
    }

    #[test]
    fn the_hash_of_released_events_never_changes() {
        let (events, head) = seal(&append(vec![new("authorized", b"body one", true), new("noted", b"", false)]));
        let hex = |hash: &Hash| hash.iter().map(|b| format!("{b:02x}")).collect::<String>();
        assert_eq!(hex(&events[0].hash), GOLDEN_1);
        assert_eq!(hex(&events[1].hash), GOLDEN_2);
        assert_eq!((head.version, head.n, events[0].n, events[1].n), (2, 1, Some(1), None));
        assert_eq!(head.hash, events[1].hash);
    }

    /// Computed apart from this code, with Python's hashlib over the layout described above.
    const GOLDEN_1: &str = "c7c827a44b461609d81af1a0e519e936c073a96eac7b871e00e881323fc01fcf";
    const GOLDEN_2: &str = "e8b6ce185bc8d5ac74a6a90839e939722ac07082d38e8273d664baff968c9157";

    #[test]
    fn every_field_is_inside() {
        let good = history(&append(vec![new("a", b"x", true), new("b", b"y", true), new("c", b"z", false)]));
        assert_eq!(verify(STREAM, &good), Ok(()));
        type Edit = fn(&mut StoredEvent);
        let edits: [Edit; 7] = [
            |e| e.kind.push('!'),
            |e| e.shape += 1,
            |e| e.at += chrono::TimeDelta::microseconds(1),
            |e| e.meta = Bytes::from_static(b"whom"),
            |e| e.body = Bytes::from_static(b"yy"),
            |e| e.n = Some(7),
            |e| e.hash[0] ^= 1,
        ];
        for edit in edits {
            let mut bad = good.clone();
            edit(&mut bad.events[1]);
            assert_eq!(verify(STREAM, &bad), Err(LedgerError::Corrupt { stream: STREAM, version: 2 }));
        }
        assert!(verify(StreamId(Uuid::nil()), &good).is_err(), "a stream cannot move");
    }

    #[test]
    fn a_missing_row_shows_at_either_end() {
        let good = history(&append(vec![new("a", b"x", true), new("b", b"y", true)]));
        let mut cut = good.clone();
        cut.events.pop();
        assert_eq!(verify(STREAM, &cut), Err(LedgerError::Corrupt { stream: STREAM, version: 1 }));
        let mut headless = good.clone();
        headless.events.remove(0);
        assert_eq!(verify(STREAM, &headless), Err(LedgerError::Corrupt { stream: STREAM, version: 1 }));
        assert_eq!(verify(STREAM, &History { events: vec![], head: Head::default(), ..good }), Ok(()));
    }
}
