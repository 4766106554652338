//! One incarnation of one process.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use rand::{RngCore, SeedableRng, rngs::StdRng};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use uuid::Uuid;

use crate::{
    fault_points::{Action, FaultPoints},
    http::{HttpFuture, Limits, Request, Response, Transport, TransportError},
};

/// One incarnation of one process: it lives, is asked to stop, or dies. Cloning shares it.
#[derive(Clone)]
pub struct Node(Arc<Inner>);

struct Inner {
    name: String,
    clock: Clock,
    random: Mutex<StdRng>,
    faults: FaultPoints,
    transport: Arc<dyn Transport>,
    stopping: CancellationToken,
    dead: CancellationToken,
    tasks: TaskTracker,
}

enum Clock {
    System,
    /// Wall time that moves with tokio's clock, which a test can pause.
    Simulated {
        base: DateTime<Utc>,
        since: Instant,
    },
}

/// What a node is made of.
pub struct NodeBuilder {
    name: String,
    clock: Clock,
    random: StdRng,
    faults: FaultPoints,
    transport: Arc<dyn Transport>,
}

impl NodeBuilder {
    /// A real machine: system clock, operating system's randomness. Needs a transport, usually [`crate::RealTransport`].
    pub fn real(name: impl Into<String>, transport: Arc<dyn Transport>) -> Self {
        Self {
            name: name.into(),
            clock: Clock::System,
            random: StdRng::from_os_rng(),
            faults: FaultPoints::none(),
            transport,
        }
    }

    /// A simulated machine: its clock starts at `base` when tokio's clock shows `since`; all randomness comes from `seed`.
    pub fn simulated(
        name: impl Into<String>,
        base: DateTime<Utc>,
        since: Instant,
        seed: u64,
        transport: Arc<dyn Transport>,
    ) -> Self {
        let clock = Clock::Simulated { base, since };
        Self { name: name.into(), clock, random: StdRng::seed_from_u64(seed), faults: FaultPoints::none(), transport }
    }

    /// Uses this plan of faults.
    #[must_use]
    pub fn faults(mut self, faults: FaultPoints) -> Self {
        self.faults = faults;
        self
    }

    /// Starts the incarnation.
    pub fn build(self) -> Node {
        Node(Arc::new(Inner {
            name: self.name,
            clock: self.clock,
            random: Mutex::new(self.random),
            faults: self.faults,
            transport: self.transport,
            stopping: CancellationToken::new(),
            dead: CancellationToken::new(),
            tasks: TaskTracker::new(),
        }))
    }
}

impl Node {
    /// The name of the service that runs here.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Wall time in UTC, cut to microseconds: what a ledger can hold.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the system clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0.clock {
            Clock::System => Utc::now().trunc_subsecs(6),
            Clock::Simulated { base, since } => {
                let passed = TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX);
                (*base + passed).trunc_subsecs(6)
            }
        }
    }

    /// 64 random bits.
    pub fn random(&self) -> u64 {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner).next_u64()
    }

    /// Fills a buffer with random bytes, good enough for keys on a real machine.
    pub fn fill_random(&self, buffer: &mut [u8]) {
        self.0.random.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer);
    }

    /// A new id: a version 7 UUID, so that rows named by it append in time order.
    pub fn new_id(&self) -> Uuid {
        let mut bits = [0_u8; 10];
        self.fill_random(&mut bits);
        let millis = u64::try_from(self.now().timestamp_millis()).unwrap_or(0);
        uuid::Builder::from_unix_timestamp_millis(millis, &bits).into_uuid()
    }

    /// A random version 4 UUID, for nonces that outside systems want to see.
    pub fn new_nonce(&self) -> Uuid {
        let mut bits = [0_u8; 16];
        self.fill_random(&mut bits);
        uuid::Builder::from_random_bytes(bits).into_uuid()
    }

    /// Runs a task of this node. It ends with the node's death, at whatever await it stands.
    /// The handle gives `None` when death came first.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that spawns")]
    pub fn spawn<F>(&self, task: F) -> JoinHandle<Option<F::Output>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let dead = self.0.dead.clone();
        tokio::spawn(self.0.tasks.track_future(async move {
            tokio::select! {
                biased;
                () = dead.cancelled() => None,
                output = task => Some(output),
            }
        }))
    }

    /// A named place where a test may end this node. Free of cost when no plan is set.
    pub async fn at(&self, point: &'static str) {
        match self.0.faults.reach(point) {
            None => {}
            Some(Action::Die) => {
                self.kill();
                std::future::pending::<()>().await;
            }
            Some(Action::Pause(long)) => tokio::time::sleep(long).await,
        }
    }

    /// Sends one HTTP request over this node's network.
    ///
    /// # Errors
    /// See [`TransportError`].
    pub fn http(&self, request: Request, limits: Limits) -> HttpFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            self.at("effect.connected").await;
            let answer = self.0.transport.send(request, limits).await;
            // Whatever the outside did is done; a death here learns nothing of it.
            self.at("effect.written").await;
            answer
        })
    }

    /// Dies: every task is dropped where it stands.
    pub fn kill(&self) {
        self.0.dead.cancel();
    }

    /// True after [`Node::kill`].
    pub fn is_dead(&self) -> bool {
        self.0.dead.is_cancelled()
    }

    /// Resolves at death.
    pub async fn dead(&self) {
        self.0.dead.cancelled().await;
    }

    /// Asks every task to finish what it does and take nothing new.
    pub fn stop(&self) {
        self.0.stopping.cancel();
    }

    /// True once asked to stop.
    pub fn is_stopping(&self) -> bool {
        self.0.stopping.is_cancelled()
    }

    /// Resolves when asked to stop.
    pub async fn stopping(&self) {
        self.0.stopping.cancelled().await;
    }

    /// Waits until all tasks have ended, at most `limit`; false when some had not.
    pub async fn drained(&self, limit: Duration) -> bool {
        self.0.tasks.close();
        tokio::time::timeout(limit, self.0.tasks.wait()).await.is_ok()
    }
}
