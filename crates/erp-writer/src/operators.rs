//! Who may log on to SYSPRO. No lease, no logon; one call at a time per operator.
//!
//! A second logon by the same operator ends the first one's session, so an operator belongs to one process at a time: the one
//! that holds its lease. Leases are taken with the first calls that need them and kept, renewed in the background, for
//! as long as the process lives; a call in between costs the database nothing. A lease is short, so that an operator
//! whose process died is soon had again: it is renewed while calls are under way, and a call starts only with enough of it
//! left. Every lease begins with a logon, which ends the session of whoever held the operator before: what that one had under
//! way has an unknown outcome, and what it still tries fails.

mod leases;
mod memory;
mod postgres;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use ids::Pair;
use node::Node;
use syspro::{ReadError, Syspro};
use tokio::{
    sync::{Mutex as Gate, OwnedMutexGuard},
    time::Instant,
};

pub use self::{
    leases::{Hold, LeaseError, LeaseFuture, Leased, OperatorLeases},
    memory::MemoryLeases,
    postgres::PostgresLeases,
};

/// The migration that makes the table of leases: number, name, SQL.
pub const MIGRATION: (i64, &str, &str) = (100, "operator", include_str!("../migrations/0100_operator.sql"));

/// When every operator is leased elsewhere, the database is not asked again before this.
const ASK_AGAIN: Duration = Duration::from_millis(500);
/// Giving a seat back may take this long; it falls asleep by itself otherwise.
const LOG_OFF_LIMIT: Duration = Duration::from_secs(3);

/// Why no operator could be had. Nothing has left this machine.
#[derive(Debug, thiserror::Error)]
pub enum NoOperator {
    /// All are leased by other processes.
    #[error("every operator of pair {0} is leased by another process")]
    AllTaken(Pair),
    /// The one that was announced for this call is leased by another process.
    #[error("operator {0} is leased by another process")]
    Taken(String),
    /// The leases could not be read.
    #[error("the operators' leases cannot be read")]
    Leases(#[from] LeaseError),
    /// The operator could not log on afresh.
    #[error("operator {0} could not log on")]
    LogOn(String, #[source] ReadError),
    /// The process is being stopped.
    #[error("the process is stopping: no new call to SYSPRO")]
    Stopping,
}

/// The operators of one pair in this process. Cloning shares them.
#[derive(Clone)]
pub struct Operators(Arc<Inner>);

struct Inner {
    pair: Pair,
    node: Node,
    leases: Arc<dyn OperatorLeases>,
    /// This incarnation of this process.
    holder: String,
    /// How long a lease lasts without renewal.
    lasts: Duration,
    seats: Vec<Seat>,
    /// As how many operators this process logs on of its own accord.
    most: usize,
    turn: AtomicUsize,
    /// One task at a time asks for a lease; `Some`: not before this instant.
    asking: Gate<Option<Instant>>,
    is_kept: AtomicBool,
    is_closed: AtomicBool,
}

/// One operator, leased or not.
struct Seat {
    syspro: Arc<dyn Syspro>,
    /// Held for the whole of a call.
    gate: Arc<Gate<()>>,
    held: Mutex<Option<Held>>,
}

#[derive(Clone)]
struct Held {
    lease: Leased,
    until: Instant,
}

/// The right to make one call as one operator.
pub struct Session {
    /// SYSPRO, as this operator.
    pub syspro: Arc<dyn Syspro>,
    _gate: OwnedMutexGuard<()>,
}

impl Seat {
    fn name(&self) -> &str {
        self.syspro.operator()
    }

    fn held(&self) -> Option<Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn hold(&self, held: Option<Held>) {
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = held;
    }

    fn session(&self, gate: OwnedMutexGuard<()>) -> Session {
        Session { syspro: self.syspro.clone(), _gate: gate }
    }
}

impl Operators {
    /// The operators of a pair, each with its client. Nothing is leased yet.
    pub fn new(
        node: &Node,
        pair: Pair,
        leases: Arc<dyn OperatorLeases>,
        lasts: Duration,
        clients: Vec<Arc<dyn Syspro>>,
    ) -> Self {
        let seat = |syspro| Seat { syspro, gate: Arc::default(), held: Mutex::default() };
        Self(Arc::new(Inner {
            pair,
            holder: format!("{}/{}", node.name(), node.new_nonce()),
            node: node.clone(),
            leases,
            lasts,
            seats: clients.into_iter().map(seat).collect(),
            most: usize::MAX,
            turn: AtomicUsize::new(0),
            asking: Gate::default(),
            is_kept: AtomicBool::new(false),
            is_closed: AtomicBool::new(false),
        }))
    }

    /// Leaves operators to other processes: logs on as at most so many of its own accord. For the fresh, before they are shared.
    #[must_use]
    pub fn at_most(mut self, most: usize) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            inner.most = most.max(1);
        }
        self
    }

    /// Who would make the next call: a leased operator, a free one first.
    pub fn next(&self) -> Option<String> {
        let seats = self.in_turn();
        let leased = |seat: &&Seat| seat.held().is_some_and(|held| held.until > Instant::now());
        let free = seats.iter().copied().find(|seat| leased(seat) && seat.gate.try_lock().is_ok());
        free.or_else(|| seats.iter().copied().find(leased)).map(|seat| seat.name().to_owned())
    }

    /// Waits for an operator, the named one if one is named, whose lease lasts for a call of at most `longest`.
    ///
    /// # Errors
    /// See [`NoOperator`].
    pub async fn take(&self, named: Option<&str>, longest: Duration) -> Result<Session, NoOperator> {
        if self.0.is_closed.load(Ordering::Acquire) {
            return Err(NoOperator::Stopping);
        }
        let named = named.and_then(|name| self.0.seats.iter().find(|seat| seat.name() == name));
        let seat = match named {
            Some(seat) => seat,
            None => return self.take_any(longest).await,
        };
        let gate = seat.gate.clone().lock_owned().await;
        self.lease(seat, longest).await?;
        Ok(seat.session(gate))
    }

    async fn take_any(&self, longest: Duration) -> Result<Session, NoOperator> {
        let seats = self.in_turn();
        for seat in seats.iter().filter(|seat| seat.held().is_some()) {
            if let Ok(gate) = seat.gate.clone().try_lock_owned() {
                self.lease(seat, longest).await?;
                return Ok(seat.session(gate));
            }
        }
        // All that we hold are busy: perhaps one more is free.
        let seat = match self.lease_another().await? {
            Some(seat) => seat,
            None => {
                let held = seats.iter().copied().find(|seat| seat.held().is_some());
                held.ok_or_else(|| NoOperator::AllTaken(self.0.pair.clone()))?
            }
        };
        let gate = seat.gate.clone().lock_owned().await;
        self.lease(seat, longest).await?;
        Ok(seat.session(gate))
    }

    /// The seats, another one first each time.
    fn in_turn(&self) -> Vec<&Seat> {
        let count = self.0.seats.len().max(1);
        let first = self.0.turn.fetch_add(1, Ordering::Relaxed) % count;
        self.0.seats.iter().cycle().skip(first).take(self.0.seats.len()).collect()
    }

    /// Makes sure that the lease of a seat lasts for a call. The seat's gate is held.
    async fn lease(&self, seat: &Seat, longest: Duration) -> Result<(), NoOperator> {
        if let Some(held) = seat.held()
            && (held.until > Instant::now() + longest.min(self.0.lasts / 3) || self.renew(seat, &held).await?)
        {
            return Ok(());
        }
        let _one_at_a_time = self.0.asking.lock().await;
        if self.0.is_closed.load(Ordering::Acquire) {
            return Err(NoOperator::Stopping);
        }
        let candidates = [seat.name().to_owned()];
        match self.acquire(&candidates).await? {
            Some(_) => self.afresh(seat).await,
            None => Err(NoOperator::Taken(seat.name().to_owned())),
        }
    }

    /// Leases an operator that this process does not hold yet.
    async fn lease_another(&self) -> Result<Option<&Seat>, NoOperator> {
        let mut not_before = self.0.asking.lock().await;
        let candidates: Vec<String> =
            self.0.seats.iter().filter(|seat| seat.held().is_none()).map(|seat| seat.name().to_owned()).collect();
        let is_enough = self.0.seats.len() - candidates.len() >= self.0.most;
        if candidates.is_empty()
            || is_enough
            || self.0.is_closed.load(Ordering::Acquire)
            || not_before.is_some_and(|instant| instant > Instant::now())
        {
            return Ok(None);
        }
        let Some(name) = self.acquire(&candidates).await? else {
            *not_before = Some(Instant::now() + ASK_AGAIN);
            return Ok(None);
        };
        let Some(seat) = self.0.seats.iter().find(|seat| seat.name() == name) else { return Ok(None) };
        self.afresh(seat).await?;
        Ok(Some(seat))
    }

    /// Ends the session of whoever held the operator before, and does without our own from before a lost lease.
    async fn afresh(&self, seat: &Seat) -> Result<(), NoOperator> {
        if let Err(error) = seat.syspro.log_on().await {
            // Not held for our purposes, or the next call would go out in the old session without a word.
            seat.hold(None);
            return Err(NoOperator::LogOn(seat.name().to_owned(), error));
        }
        Ok(())
    }

    async fn acquire(&self, candidates: &[String]) -> Result<Option<String>, NoOperator> {
        // Counted from before the question: the database counts from after it.
        let until = Instant::now() + self.0.lasts;
        let Some(lease) = self.0.leases.acquire(self.hold(), candidates).await? else { return Ok(None) };
        let name = lease.name.clone();
        tracing::info!(pair = %self.0.pair, operator = name, epoch = lease.epoch, "operator leased");
        if let Some(seat) = self.0.seats.iter().find(|seat| seat.name() == name) {
            seat.hold(Some(Held { lease, until }));
        }
        self.keep();
        Ok(Some(name))
    }

    async fn renew(&self, seat: &Seat, held: &Held) -> Result<bool, LeaseError> {
        let until = Instant::now() + self.0.lasts;
        let is_ours = self.0.leases.renew(self.hold(), &held.lease).await?;
        if !is_ours {
            tracing::warn!(pair = %self.0.pair, operator = seat.name(), "the lease of an operator is lost");
        }
        // Leased anew meanwhile: what we learnt is about an older lease.
        if seat.held().is_some_and(|now| now.lease.epoch == held.lease.epoch) {
            seat.hold(is_ours.then(|| Held { lease: held.lease.clone(), until }));
        }
        Ok(is_ours)
    }

    fn hold(&self) -> Hold<'_> {
        Hold { pair: &self.0.pair, holder: &self.0.holder, lasts: self.0.lasts }
    }

    /// Starts the task that renews leases and gives them back at the end. Once.
    fn keep(&self) {
        if self.0.is_kept.swap(true, Ordering::AcqRel) {
            return;
        }
        let operators = self.clone();
        self.0.node.spawn(async move {
            let every = operators.0.lasts / 3;
            loop {
                tokio::select! {
                    biased;
                    () = operators.0.node.stopping() => break,
                    () = tokio::time::sleep(every) => operators.renew_all().await,
                }
            }
            operators.give_back().await;
        });
    }

    async fn renew_all(&self) {
        for seat in &self.0.seats {
            let Some(held) = seat.held() else { continue };
            if let Err(error) = self.renew(seat, &held).await {
                tracing::warn!(%error, operator = seat.name(), "a lease could not be renewed; it is tried again before it ends");
            }
        }
    }

    /// Calls that already wait for an operator are made first; then seats and leases are given back.
    async fn give_back(&self) {
        for seat in &self.0.seats {
            let _gate = seat.gate.lock().await;
            self.0.is_closed.store(true, Ordering::Release);
            let Some(held) = seat.held() else { continue };
            if tokio::time::timeout(LOG_OFF_LIMIT, seat.syspro.log_off()).await.is_err() {
                tracing::debug!(operator = seat.name(), "no answer to the logoff");
            }
            seat.hold(None);
            if let Err(error) = self.0.leases.release(self.hold(), &held.lease).await {
                tracing::warn!(%error, operator = seat.name(), "a lease could not be given back; it ends by itself");
            }
        }
    }
}
