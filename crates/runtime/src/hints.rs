//! Hints between the replicas of a service: these streams changed. A hint may be lost; whoever waits looks into the ledger at
//! the end of his wait anyway.

use std::time::Duration;

use bytes::{BufMut as _, Bytes, BytesMut};
use ids::StreamId;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::{engine::Engine, service::Service};

/// Streams told in one message.
const STREAMS_MAX: usize = 256;
/// Between two attempts to listen.
const LISTEN_AGAIN: Duration = Duration::from_secs(2);
/// Bytes of an id.
const ID: usize = 16;

/// Tells the other replicas what was committed here; what gathered meanwhile goes in one message. The first id of a message
/// names the process that sends it.
pub(crate) async fn send<S: Service>(engine: Engine<S>, mut changed: mpsc::Receiver<StreamId>) {
    let subject = contracts::subjects::hint(engine.0.service.name());
    let mut streams = Vec::with_capacity(STREAMS_MAX);
    while changed.recv_many(&mut streams, STREAMS_MAX).await > 0 {
        if let Err(error) = engine.0.bus.hint(&subject, written(engine.0.nonce, &streams)).await {
            tracing::debug!(%error, "hint not sent");
        }
        streams.clear();
    }
}

/// Passes hints from other replicas on to watchers in this process.
pub(crate) async fn listen<S: Service>(engine: Engine<S>) {
    let subject = contracts::subjects::hint(engine.0.service.name());
    loop {
        match engine.0.bus.hints(&subject).await {
            Ok(mut hints) => {
                while let Some((_, payload)) = hints.next().await {
                    read(engine.0.nonce, &payload).for_each(|stream| engine.changed_elsewhere(stream));
                }
            }
            Err(error) => tracing::debug!(%error, "no hints yet"),
        }
        tokio::time::sleep(LISTEN_AGAIN).await;
    }
}

fn written(sender: Uuid, streams: &[StreamId]) -> Bytes {
    let mut payload = BytesMut::with_capacity(ID * (1 + streams.len()));
    payload.put_slice(sender.as_bytes());
    streams.iter().for_each(|stream| payload.put_slice(stream.0.as_bytes()));
    payload.freeze()
}

/// The streams of a message; none when we sent it ourselves.
fn read(own: Uuid, payload: &[u8]) -> impl Iterator<Item = StreamId> + '_ {
    let is_own = payload.get(..ID) == Some(own.as_bytes());
    let streams = if is_own { &[] } else { payload.get(ID..).unwrap_or_default() };
    streams.chunks_exact(ID).filter_map(|id| Uuid::from_slice(id).ok()).map(StreamId)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hint_tells_others_and_not_oneself() {
        let (me, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let streams = [StreamId(Uuid::from_u128(7)), StreamId(Uuid::from_u128(8))];
        let payload = written(me, &streams);
        assert_eq!(read(other, &payload).collect::<Vec<_>>(), streams);
        assert_eq!(read(me, &payload).count(), 0);
        assert_eq!(read(other, b"too short").count(), 0);
    }
}
