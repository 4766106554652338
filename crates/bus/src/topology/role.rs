//! The one task that makes streams and consumers, and makes them again when they are gone.

use std::time::Duration;

use node::Node;
use tokio::time::Instant;

use crate::{Bus, BusError, topology::Topology};

/// Between two looks while everything is in its place.
const LOOK_CALM: Duration = Duration::from_secs(15);
/// Between two looks while something was wrong lately.
const LOOK_BUSY: Duration = Duration::from_secs(2);
/// How long "lately" is.
const LATELY: Duration = Duration::from_secs(30);

/// Keeps the broker as `topology` says until the node is asked to stop: looks at the start, after every connection and
/// every few seconds, and applies what lacks. Never purges and never deletes: a stream that cannot be put right is
/// reported on and on, and a person decides.
pub async fn role(bus: Bus, node: Node, topology: Topology) {
    let mut connections = bus.connections();
    let mut wrong_at = Instant::now();
    loop {
        connections.borrow_and_update();
        match look(&bus, &topology).await {
            Ok(true) => {}
            Ok(false) => wrong_at = Instant::now(),
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
            Ok(()) = connections.changed() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

/// True when nothing lacked.
async fn look(bus: &Bus, topology: &Topology) -> Result<bool, BusError> {
    let lacking = bus.differences(topology).await?;
    if lacking.is_empty() {
        return Ok(true);
    }
    tracing::info!(?lacking, "putting the topology of the bus right");
    metrics::counter!("bus_topology_applied_total").increment(1);
    bus.apply(topology).await?;
    Ok(false)
}
