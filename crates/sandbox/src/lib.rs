//! The outside worlds, simulated: Cybersource, SYSPRO and a shop. A product feature and the fake of every test.
//!
//! Each world is a pure state machine ([`World::handle`]): a request and the time go in, an answer and how it is to be
//! delivered come out. A thin HTTP shell ([`shell`]) or the simulated network of [`node`] carries them; both drive the
//! same worlds, and the [`Books`] tell what really happened in them.

pub mod books;
pub mod clock;
pub mod control;
pub mod erp;
pub mod faults;
pub mod gateway;
pub mod shell;
pub mod shop;
pub mod world;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use http::Request;
use serde::{Deserialize, Serialize};

pub use crate::{
    books::Books,
    clock::Clock,
    faults::{FaultRecord, FaultRule},
    gateway::tokens::{MintError, MintedToken},
    shell::{Listeners, serve},
    world::{Caller, Delivery, Reply, View, World},
};
use crate::{
    erp::{ErpConfig, ErpWorld},
    faults::{FaultPlan, Strike},
    gateway::{Account, GatewayConfig, GatewayWorld, Plant, Planted},
    shop::{ShopConfig, ShopWorld},
};

/// The three outside worlds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorldName {
    /// The card gateway (Cybersource).
    Gateway,
    /// The ERP (SYSPRO).
    Erp,
    /// The shop that receives callbacks.
    Shop,
}

/// How the worlds are set up. `SandboxConfig::default()` is what `quittance sandbox` runs.
#[derive(Debug, Clone, Default)]
pub struct SandboxConfig {
    /// Decides every number and token that the worlds give out.
    pub seed: u64,
    /// Every answer of every world takes at least this long.
    pub latency: Duration,
    /// The card gateway.
    pub gateway: GatewayConfig,
    /// The ERP.
    pub erp: ErpConfig,
    /// The shop.
    pub shop: ShopConfig,
}

/// The set of worlds behind one lock. Cloning shares it.
#[derive(Clone)]
pub struct Sandbox(Arc<Shared>);

struct Shared {
    config: SandboxConfig,
    clock: Clock,
    worlds: Mutex<Worlds>,
}

struct Worlds {
    gateway: GatewayWorld,
    erp: ErpWorld,
    shop: ShopWorld,
    faults: FaultPlan,
}

impl Worlds {
    fn new(config: &SandboxConfig) -> Self {
        Self {
            gateway: GatewayWorld::new(config.gateway.clone(), config.seed),
            erp: ErpWorld::new(ErpConfig { seed: config.seed.wrapping_add(config.erp.seed), ..config.erp.clone() }),
            shop: ShopWorld::new(config.shop.clone()),
            faults: FaultPlan::new(config.seed),
        }
    }
}

impl Worlds {
    /// A world that knows how far it is ahead of its callers' clocks.
    fn named(&mut self, name: WorldName, clock_offset: TimeDelta) -> &mut dyn World {
        match name {
            WorldName::Gateway => {
                self.gateway.set_clock_offset(clock_offset);
                &mut self.gateway
            }
            WorldName::Erp => &mut self.erp,
            WorldName::Shop => {
                self.shop.set_clock_offset(clock_offset);
                &mut self.shop
            }
        }
    }
}

/// A request that was let in and whose work is still to be written.
pub(crate) struct Begun {
    caller: Caller,
    arrived: DateTime<Utc>,
}

impl Sandbox {
    /// Fresh worlds that live by `clock`: a [`node::Node`], or [`Clock::from_fn`].
    pub fn new(config: SandboxConfig, clock: impl Into<Clock>) -> Self {
        let worlds = Mutex::new(Worlds::new(&config));
        Self(Arc::new(Shared { config, clock: clock.into(), worlds }))
    }

    /// The card gateway as a handler for [`node::SimNetwork`].
    pub fn gateway_handler(&self) -> Arc<dyn node::Handler> {
        self.handler(shell::Side::World(WorldName::Gateway))
    }

    /// The ERP as a handler for [`node::SimNetwork`].
    pub fn erp_handler(&self) -> Arc<dyn node::Handler> {
        self.handler(shell::Side::World(WorldName::Erp))
    }

    /// The shop as a handler for [`node::SimNetwork`].
    pub fn shop_handler(&self) -> Arc<dyn node::Handler> {
        self.handler(shell::Side::World(WorldName::Shop))
    }

    /// The control as a handler for [`node::SimNetwork`].
    pub fn control_handler(&self) -> Arc<dyn node::Handler> {
        self.handler(shell::Side::Control)
    }

    fn handler(&self, side: shell::Side) -> Arc<dyn node::Handler> {
        Arc::new(shell::SimHandler { sandbox: self.clone(), side })
    }

    /// The worlds' time.
    pub fn now(&self) -> DateTime<Utc> {
        self.0.clock.now()
    }

    /// Moves the worlds' time forward.
    pub fn advance(&self, by: Duration) {
        self.0.clock.advance(by);
    }

    /// What each world really did.
    pub fn books(&self) -> Books {
        let now = self.now();
        let mut worlds = self.lock();
        Books {
            at: now,
            gateway: worlds.gateway.books(now),
            erp: worlds.erp.books(),
            shop: worlds.shop.books(),
            faults: worlds.faults.records(),
            tally: worlds.faults.tally(),
        }
    }

    /// Adds a fault rule; false when there are already [`faults::RULES_MAX`] of them, or when its kind cannot happen in
    /// its world.
    pub fn add_fault(&self, rule: FaultRule) -> bool {
        self.lock().faults.add(rule)
    }

    /// Forgets all fault rules and their counts.
    pub fn clear_faults(&self) {
        self.lock().faults.clear();
    }

    /// Mints a token for one of the named test cards of [`gateway::cards`]: what the checkout page would hand to the shop.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn mint_token(&self, card: &str) -> Result<MintedToken, MintError> {
        let now = self.now();
        self.lock().gateway.mint_transient(card, now)
    }

    /// Mints a stored token (a customer id of the token vault) for a named test card: what an earlier payment left.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn mint_stored_token(&self, card: &str) -> Result<String, MintError> {
        self.lock().gateway.mint_stored(card)
    }

    /// Lets the token vault know a named test card under an id of the caller's choice: a vault that was moved here.
    ///
    /// # Errors
    /// When no test card has this name.
    pub fn keep_stored_token(&self, card: &str, id: &str) -> Result<(), MintError> {
        self.lock().gateway.keep_stored(card, id)
    }

    /// Closes the card gateway's batch now: what it takes along can no more be voided. Returns how many items.
    pub fn close_batch(&self) -> usize {
        let now = self.now();
        self.lock().gateway.close_batch(now)
    }

    /// Changes what kind of account a merchant has; false when there is no such merchant.
    pub fn set_account(&self, merchant: &str, account: Account) -> bool {
        self.lock().gateway.set_account(merchant, account)
    }

    /// Plants a transaction that no signed request made: another system's, or a shop plugin's.
    ///
    /// # Errors
    /// In words, when the merchant, the card or the money does not exist.
    pub fn plant(&self, plant: &Plant) -> Result<Planted, String> {
        let now = self.now();
        self.lock().gateway.plant(plant, now)
    }

    /// Starts all over: empty books, no faults, the clock where its source is.
    pub fn reset(&self) {
        *self.lock() = Worlds::new(&self.0.config);
        self.0.clock.reset();
    }

    /// Looks into the ERP, or changes its data, under the lock.
    pub fn with_erp<R>(&self, look: impl FnOnce(&mut ErpWorld) -> R) -> R {
        look(&mut self.lock().erp)
    }

    /// Looks into the card gateway under the lock.
    pub fn with_gateway<R>(&self, look: impl FnOnce(&mut GatewayWorld) -> R) -> R {
        look(&mut self.lock().gateway)
    }

    /// Looks into the shop under the lock.
    pub fn with_shop<R>(&self, look: impl FnOnce(&mut ShopWorld) -> R) -> R {
        look(&mut self.lock().shop)
    }

    /// Decides which fault hits this request. Counted once per request, before any work.
    pub(crate) fn strike(&self, world: WorldName, request: &Request<Bytes>) -> Option<Strike> {
        let operation = operation_of(world, request);
        self.lock().faults.strike(world, &operation, request)
    }

    /// Lets a world handle a request under this fault, at the worlds' present time.
    pub(crate) fn perform(&self, name: WorldName, request: &Request<Bytes>, strike: Option<&Strike>) -> Reply {
        let now = self.now();
        let mut worlds = self.lock();
        let world = worlds.named(name, self.0.clock.offset());
        let Some(strike) = strike else { return world.handle(request, now) };
        let (reply, did) = faults::carry_out(strike.kind, name, now, world, request);
        worlds.faults.note(strike, about(name, request), did, now);
        reply
    }

    /// Lets a request in whose work is written later. `None` when it was refused, or given up at once.
    pub(crate) fn begin(&self, name: WorldName, request: &Request<Bytes>, strike: &Strike) -> Option<Begun> {
        let now = self.now();
        let mut worlds = self.lock();
        let world = worlds.named(name, self.0.clock.offset());
        let admitted = world.admit(request, now);
        let refusal = match &admitted {
            Ok(caller) => world.refuses(request, caller, now),
            Err(refusal) => Some(refusal.clone()),
        };
        let did = match &refusal {
            Some(refusal) => format!("refused {}; closed without a byte", faults::word_of(&refusal.response)),
            None => "let in; closed without a byte".to_owned(),
        };
        worlds.faults.note(strike, about(name, request), did, now);
        let caller = admitted.ok().filter(|_| refusal.is_none())?;
        Some(Begun { caller, arrived: now })
    }

    /// Writes the work of a request that was let in before.
    pub(crate) fn commit(&self, name: WorldName, request: &Request<Bytes>, strike: &Strike, begun: &Begun) {
        let now = self.now();
        let mut worlds = self.lock();
        let world = worlds.named(name, self.0.clock.offset());
        let did = match world.commit(request, &begun.caller, begun.arrived, now) {
            Some(reply) => format!("written: {}", faults::word_of(&reply.response)),
            None => "given up: it took longer than anything may take".to_owned(),
        };
        worlds.faults.note(strike, about(name, request), did, now);
    }

    pub(crate) fn latency(&self) -> Duration {
        self.0.config.latency
    }

    fn lock(&self) -> MutexGuard<'_, Worlds> {
        self.0.worlds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox")
            .field("seed", &self.0.config.seed)
            .field("clock", &self.0.clock)
            .finish_non_exhaustive()
    }
}

/// What a request is about, for people: a merchant reference, a purchase order number, an event.
fn about(world: WorldName, request: &Request<Bytes>) -> String {
    match world {
        WorldName::Gateway => gateway::about(request),
        WorldName::Erp => erp::about(request),
        WorldName::Shop => shop::about(request),
    }
}

/// The word by which fault rules name an operation.
fn operation_of(world: WorldName, request: &Request<Bytes>) -> String {
    match world {
        WorldName::Gateway => gateway::operation_name(request.method(), request.uri().path()).to_owned(),
        // The last segment: `AddSalesOrder`, `GetToken`.
        WorldName::Erp => request.uri().path().rsplit('/').next().unwrap_or_default().to_owned(),
        WorldName::Shop => "callback".to_owned(),
    }
}
