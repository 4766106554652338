//! The one task that makes streams and consumers, and makes them again when they are gone.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use node::Node;
use tokio::time::Instant;

use crate::{Bus, BusError, topology::Topology};

/// Between two looks while everything is in its place.
const LOOK_CALM: Duration = Duration::from_secs(15);
/// Between two looks while something was wrong lately.
const LOOK_BUSY: Duration = Duration::from_secs(2);
/// How long "lately" is.
const LATELY: Duration = Duration::from_secs(30);
/// While nothing was wrong, only each of these looks compares everything; the others see whether the streams are the
/// same, so that an idle world stays idle.
const LOOKS_PER_COMPARISON: u32 = 4;

/// Keeps the broker as `topology` says until the node is asked to stop: looks at the start, after every connection and
/// every few seconds, and applies what lacks. Never purges and never deletes: a stream that cannot be put right is
/// reported on and on, and a person decides.
pub async fn role(bus: Bus, node: Node, topology: Topology) {
    let mut connections = bus.connections();
    connections.mark_unchanged();
    let mut wrong_at = Instant::now();
    let mut known = Known::default();
    loop {
        match look(&bus, &topology, &mut known).await {
            Ok(true) => {}
            Ok(false) => wrong_at = Instant::now(),
            // Nothing to say while it is away: the connection tells that itself, and its return wakes us.
            Err(BusError::Disconnected) => wrong_at = Instant::now(),
            Err(error) => {
                wrong_at = Instant::now();
                metrics::counter!("bus_topology_failures_total").increment(1);
                tracing::warn!(%error, "the topology of the bus could not be looked at or put right; trying again");
            }
        }
        let pause = if wrong_at.elapsed() < LATELY { LOOK_BUSY } else { LOOK_CALM };
        tokio::select! {
            biased;
            () = node.stopping() => return,
            Ok(()) = connections.changed() => known = Known::default(),
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// What the last comparison found to be right.
#[derive(Default)]
struct Known {
    created: BTreeMap<String, DateTime<Utc>>,
    looks_left: u32,
}

/// True when nothing lacked.
async fn look(bus: &Bus, topology: &Topology, known: &mut Known) -> Result<bool, BusError> {
    if known.looks_left > 0 {
        known.looks_left -= 1;
        if streams(bus, topology).await? == known.created {
            return Ok(true);
        }
    }
    *known = Known::default();
    let lacking = bus.differences(topology).await?;
    if !lacking.is_empty() {
        tracing::info!(?lacking, "putting the topology of the bus right");
        metrics::counter!("bus_topology_applied_total").increment(1);
        bus.apply(topology).await?;
        return Ok(false);
    }
    *known = Known { created: streams(bus, topology).await?, looks_left: LOOKS_PER_COMPARISON - 1 };
    Ok(true)
}

async fn streams(bus: &Bus, topology: &Topology) -> Result<BTreeMap<String, DateTime<Utc>>, BusError> {
    let mut created = BTreeMap::new();
    for stream in &topology.streams {
        if let Some(mark) = bus.mark(&stream.name).await? {
            created.insert(stream.name.clone(), mark.created);
        }
    }
    Ok(created)
}
