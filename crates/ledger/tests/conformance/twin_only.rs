//! What only the twin can do: misbehave on purpose, and prove that two runs are one.

use std::sync::Arc;

use chrono::DateTime;
use ledger::{Committed, LedgerError, MemoryFaults, MemoryLedger, MemoryState};
use node::{NodeBuilder, SimNetwork};
use tokio::time::Instant;

use crate::world::*;

/// A run under bad weather: commits until each went in. Gives the state's hash and how often each fault struck.
fn stormy(seed: u64) -> (ledger::Hash, u32, u32) {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().expect("a runtime");
    runtime.block_on(async {
        let state = MemoryState::new();
        state.set_faults(MemoryFaults { commit_refused: 200, commit_unknown: 200, latency_ms_max: 20 });
        let base = DateTime::from_timestamp(1_790_000_000, 0).expect("a time");
        let node = NodeBuilder::simulated("twin", base, Instant::now(), seed, Arc::new(SimNetwork::new(seed))).build();
        let ledger = MemoryLedger::attach(state.clone(), node.clone());
        let (mut refused, mut unknown) = (0, 0);
        for _ in 0..100 {
            let stream = ids::StreamId(node.new_id());
            loop {
                match ledger.commit(first(stream)).await {
                    Ok(Committed::Done(_)) => break,
                    // Applied the time before, when its caller could not be told.
                    Ok(Committed::Conflict(_)) => break,
                    Err(LedgerError::Unavailable { .. }) => refused += 1,
                    Err(LedgerError::LostInCommit { .. }) => unknown += 1,
                    other => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(state.all_events().len(), 100);
        assert_eq!(state.all_streams().len(), 100);
        (state.hash(), refused, unknown)
    })
}

#[test]
fn one_seed_is_one_history() {
    let one = stormy(7);
    assert_eq!(one, stormy(7));
    assert_ne!(one.0, stormy(8).0);
    assert!(one.1 > 5 && one.2 > 5, "a storm without faults proves nothing: {one:?}");
}
