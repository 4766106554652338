//! `/livez`, `/readyz` and `/metrics` of one process.

use std::{sync::Arc, time::Duration};

use axum::{Router, extract::State, http::StatusCode, routing::get};
use node::{HttpFuture, Node};
use tokio::net::TcpListener;

use crate::{Engine, Service};

/// Longest wait for the database's answer to a readiness probe.
const READY_LIMIT: Duration = Duration::from_secs(2);

/// Something that may be ready or not, with a reason.
pub trait Readiness: Send + Sync {
    /// `None` when ready, else why not.
    fn unready(&self) -> HttpFuture<'_, Option<String>>;
    /// Whether a call to the outside is under way, which a stop should let finish.
    fn is_calling(&self) -> bool;
    /// Lets go of everything this process holds in the ledger, once it has stopped: nobody need wait for its leases.
    fn let_go(&self) -> HttpFuture<'_, ()>;
}

impl<S: Service> Readiness for Engine<S> {
    fn unready(&self) -> HttpFuture<'_, Option<String>> {
        Box::pin(async move {
            let name = self.service().name();
            if self.context().node.is_stopping() {
                return Some(format!("{name}: stopping"));
            }
            // The broker is not asked: intake depends on the ledger alone, and the outbox waits.
            match tokio::time::timeout(READY_LIMIT, self.context().ledger.ping()).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(format!("{name}: {error}")),
                Err(_) => Some(format!("{name}: the ledger does not answer")),
            }
        })
    }

    fn is_calling(&self) -> bool {
        self.0.lanes.are_busy()
    }

    fn let_go(&self) -> HttpFuture<'_, ()> {
        Box::pin(async move {
            let service = self.service().name();
            match tokio::time::timeout(READY_LIMIT, self.context().ledger.release(&self.0.incarnation)).await {
                Ok(Ok(count)) => tracing::info!(service, count, "leases released"),
                Ok(Err(error)) => tracing::warn!(%error, service, "leases could not be released; they will end"),
                Err(_) => tracing::warn!(service, "the ledger does not answer; the leases will end"),
            }
        })
    }
}

/// The routes over everything that runs in this process.
pub fn router(parts: Vec<Arc<dyn Readiness>>) -> Router {
    Router::new()
        .route("/livez", get(|| async { "alive\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(|| async { telemetry::render_metrics() }))
        .with_state(Arc::new(parts))
}

async fn ready(State(parts): State<Arc<Vec<Arc<dyn Readiness>>>>) -> (StatusCode, String) {
    let mut reasons = Vec::new();
    for part in parts.iter() {
        reasons.extend(part.unready().await);
    }
    if reasons.is_empty() {
        (StatusCode::OK, "ready\n".to_owned())
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n") + "\n")
    }
}

/// Serves routes on a listener until the node is asked to stop.
pub fn serve(node: &Node, listener: TcpListener, router: Router) {
    let stopping = node.clone();
    node.spawn(async move {
        let served =
            axum::serve(listener, router).with_graceful_shutdown(async move { stopping.stopping().await }).await;
        if let Err(error) = served {
            tracing::error!(%error, "a listener ended");
        }
    });
}
