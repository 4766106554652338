//! The whole service over the twins of ledger and bus: from a wish to what the books say.

mod unknown;

use std::{sync::Arc, time::Duration};

use bus::{MemoryBroker, MemoryBus};
use erp_domain::{
    order::Order,
    sales_order::{Command, Payment, Reason, Suspense},
};
use erp_writer::{Config, ErpWriter};
use ids::{MerchantReference, OrderId};
use ledger::{MemoryLedger, MemoryState, SubjectKey};
use node::Node;
use runtime::{Context, Engine, Place, Request, Settings, Verdict};
use sandbox::faults::FaultKind;

use crate::world::{World, config, eur, node, order, world};

/// When a test gives up waiting.
const DEADLINE: Duration = Duration::from_secs(7200);

struct Running {
    engine: Engine<ErpWriter>,
    node: Node,
    keys: Vec<SubjectKey>,
    place: Place,
}

fn start(world: &World, state: &MemoryState, name: &str) -> Running {
    start_with(world, state, name, &config(""))
}

fn start_with(world: &World, state: &MemoryState, name: &str, config: &Config) -> Running {
    let node = node(&world.network, name);
    let service = erp_writer::service(config, &node, Arc::new(world.leases.clone())).unwrap();
    let context = Context { node: node.clone(), ledger: MemoryLedger::attach(state.clone(), node.clone()) };
    let bus = MemoryBus::attach(&MemoryBroker::new(1), node.clone());
    let engine = runtime::start(service, context, bus, Settings::default());
    let order: OrderId = "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap();
    let place = Place { stream: order.stream(), pair: "demo".parse().unwrap(), order, kind: "sales_order" };
    let keys =
        world.keys.0.iter().map(|(subject, wrapped)| SubjectKey { subject: *subject, wrapped: wrapped.clone().into() });
    Running { engine, node, keys: keys.collect(), place }
}

impl Running {
    async fn ask(&self, command: Command) {
        let request = Request {
            place: self.place.clone(),
            command,
            claims: Vec::new(),
            subject_keys: self.keys.clone(),
            caused_by: "test".to_owned(),
            actor: None,
        };
        assert!(matches!(self.engine.handle(request).await.unwrap(), Verdict::Done { .. }));
    }

    async fn kinds(&self) -> Vec<String> {
        let history = self.engine.context().ledger.load(self.place.stream).await.unwrap();
        history.events.into_iter().map(|event| event.kind).collect()
    }

    /// Waits until an event of this kind has happened.
    async fn until(&self, kind: &str) {
        let mut watch = self.engine.watch(self.place.stream);
        let wait = async {
            while !self.kinds().await.iter().any(|happened| happened == kind) {
                watch.changed(Duration::from_secs(1)).await;
            }
        };
        assert!(tokio::time::timeout(DEADLINE, wait).await.is_ok(), "{kind} never happened: {:?}", self.kinds().await);
    }
}

fn placing(order: &Arc<Order>) -> Command {
    Command::Place { order: order.clone(), suspense: Suspense::AwaitingPayment }
}

fn calls(world: &World, operation: &str) -> u64 {
    world.sandbox.books().erp.calls.get(operation).copied().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn an_order_goes_all_the_way() {
    let world = world();
    let running = start(&world, &MemoryState::new(), "one");
    let order = Arc::new(order("W-1", &[("GRILL-01", "2")]));
    running.ask(Command::Screen { order: order.clone() }).await;
    running.until("screened").await;
    running.ask(placing(&order)).await;
    running.until("placed").await;
    let payment = Payment {
        captured: eur(1706),
        merchant_reference: MerchantReference::parse("demo-x-C1").unwrap(),
        gateway_request_id: "7".to_owned(),
    };
    running.ask(Command::Book { payment }).await;
    running.until("released").await;
    assert_eq!(
        running.kinds().await,
        ["screen_asked", "screened", "place_asked", "placed", "release_asked", "released"]
    );
    assert_eq!(world.booked("W-1")[0].status, "1");
    assert_eq!(calls(&world, "FindCustomers"), 1, "the customer is looked up once");
}

#[tokio::test(start_paused = true)]
async fn silence_is_waited_out_and_a_cancel_waits_with_it() {
    let world = world();
    let running = start(&world, &MemoryState::new(), "one");
    world.fault("AddSalesOrder", FaultKind::Hang);
    running.ask(placing(&Arc::new(order("W-1", &[("GRILL-01", "2")])))).await;
    running.until("outcome_unknown").await;
    running.ask(Command::Cancel { reason: Reason::new("shop_cancelled", "") }).await;
    running.until("cancel_accepted").await;
    tokio::time::advance(Duration::from_secs(3600)).await;
    assert_eq!((calls(&world, "AddSalesOrder"), calls(&world, "UpdateSalesOrder")), (1, 0));
    assert_eq!(running.engine.context().ledger.pending().await.unwrap().effects_unknown, 1);
}

#[tokio::test(start_paused = true)]
async fn what_a_dead_process_had_announced_is_not_sent_again() {
    let world = world();
    let state = MemoryState::new();
    let one = start(&world, &state, "one");
    world.fault("AddSalesOrder", FaultKind::Hang);
    one.ask(placing(&Arc::new(order("W-1", &[("GRILL-01", "2")])))).await;
    let sent = async {
        while calls(&world, "AddSalesOrder") == 0 {
            tokio::time::advance(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, sent).await.is_ok());
    one.node.kill();
    let two = start(&world, &state, "other");
    two.until("outcome_unknown").await;
    assert_eq!((calls(&world, "AddSalesOrder"), world.booked("W-1").len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_cancel_that_comes_first_lets_nothing_be_placed() {
    let world = world();
    let running = start(&world, &MemoryState::new(), "one");
    running.ask(Command::Cancel { reason: Reason::new("shop_cancelled", "") }).await;
    running.ask(placing(&Arc::new(order("W-1", &[("GRILL-01", "2")])))).await;
    assert_eq!(running.kinds().await, ["cancelled"]);
    assert_eq!(calls(&world, "AddSalesOrder"), 0);
}
