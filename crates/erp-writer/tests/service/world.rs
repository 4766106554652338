//! One simulated SYSPRO on a simulated network, and erp-writers that speak to it.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use contracts::r#type::v1::{Address, Personal};
use erp_domain::{
    order::{Charge, Line, Order},
    sales_order::{Reason, Suspense},
};
use erp_writer::{
    MemoryLeases,
    adapters::SysproErp,
    config::{Config, DEFAULTS, SECTION},
    error::CallError,
    ports::{Answer, Erp as _, KeyFuture, PersonKeys, Placement, Verdict},
};
use fault::{Class, Classify as _};
use money::Amount;
use node::{Node, NodeBuilder, SimNetwork};
use prost::Message as _;
use sandbox::{FaultRule, Sandbox, SandboxConfig, WorldName, erp::OrderRecord, faults::FaultKind};
use sealed::{DataKey, MasterKey, SealedBox};
use uuid::Uuid;

const HOST: &str = "127.0.0.1:9200";
const PERSON: Uuid = Uuid::from_u128(7);

pub struct World {
    pub sandbox: Sandbox,
    pub network: SimNetwork,
    pub leases: MemoryLeases,
    pub keys: Keys,
}

/// Wrapped keys, as a ledger keeps them.
pub struct Keys(pub BTreeMap<Uuid, Vec<u8>>);

impl PersonKeys for Keys {
    fn wrapped_key(&self, subject: Uuid) -> KeyFuture<'_> {
        Box::pin(async move { Ok(self.0.get(&subject).cloned()) })
    }
}

fn master() -> MasterKey {
    MasterKey::new(&[1; 32]).unwrap()
}

fn data_key() -> DataKey {
    DataKey::new(&[9; 32]).unwrap()
}

pub fn world() -> World {
    world_with(SandboxConfig::default())
}

pub fn world_with(config: SandboxConfig) -> World {
    let network = SimNetwork::new(1);
    let wrapped = master().wrap(PERSON, &data_key(), [3; 12]).unwrap();
    let sandbox = Sandbox::new(config, node(&network, "sandbox"));
    network.serve(HOST, sandbox.erp_handler());
    World { sandbox, network, leases: MemoryLeases::default(), keys: Keys(BTreeMap::from([(PERSON, wrapped)])) }
}

pub fn node(network: &SimNetwork, name: &str) -> Node {
    let base = DateTime::<Utc>::from_timestamp(1_791_970_200, 0).unwrap();
    let seed = u64::try_from(name.len()).unwrap();
    NodeBuilder::simulated(name, base, tokio::time::Instant::now(), seed, Arc::new(network.clone())).build()
}

pub fn config(more: &str) -> Config {
    let text = format!(
        r#"
        [erp-writer]
        master_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
        [erp-writer.pairs.demo]
        time_zone = "Europe/Prague"
        warehouse = "MAIN"
        {more}
        [erp-writer.pairs.demo.syspro]
        base_url = "http://{HOST}"
        operators = [
            {{ name = "QT1", api_key = "sim-operator-key-1" }},
            {{ name = "QT2", api_key = "sim-operator-key-2" }},
            {{ name = "QT3", api_key = "sim-operator-key-3" }},
        ]
        "#
    );
    let config: Config = runtime::config::Source::from_text(&text).section(SECTION, DEFAULTS).unwrap();
    assert_eq!(config.mistakes(), Vec::<String>::new());
    config
}

/// One process with its ERP.
pub struct Process {
    pub node: Node,
    pub erp: SysproErp,
}

impl World {
    pub fn process(&self, name: &str) -> Process {
        self.process_with(name, &config(""))
    }

    pub fn process_with(&self, name: &str, config: &Config) -> Process {
        let node = node(&self.network, name);
        let pair = &config.pairs["demo"];
        let leases = Arc::new(self.leases.clone());
        let erp = SysproErp::over_facade(&node, "demo".parse().unwrap(), pair, master(), leases);
        Process { node, erp }
    }

    pub fn fault(&self, operation: &str, kind: FaultKind) {
        assert!(self.sandbox.add_fault(FaultRule::once(WorldName::Erp, operation, kind)));
    }

    /// The sales orders under a purchase order number.
    pub fn booked(&self, po: &str) -> Vec<OrderRecord> {
        self.sandbox.books().erp.orders.into_iter().filter(|order| order.customer_po == po).collect()
    }

    pub async fn screen(&self, process: &Process, order: &Order) -> Result<Answer, CallError> {
        process.erp.screen(&self.keys, order).await
    }

    pub async fn place(&self, process: &Process, order: &Order, customer: Option<&str>) -> Result<Answer, CallError> {
        self.place_as(process, order, customer, None).await
    }

    pub async fn place_as(
        &self,
        process: &Process,
        order: &Order,
        customer: Option<&str>,
        operator: Option<&str>,
    ) -> Result<Answer, CallError> {
        let placement = Placement {
            order: Arc::new(order.clone()),
            customer: customer.map(str::to_owned),
            suspense: Suspense::AwaitingPayment,
        };
        process.erp.place(&self.keys, &placement, operator).await
    }
}

pub fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

pub fn personal(email: &str) -> SealedBox {
    let home = Address {
        first_name: "Ada".to_owned(),
        last_name: "Example".to_owned(),
        line1: "A street whose name is longer than the forty letters of a line".to_owned(),
        city: "Exampleton".to_owned(),
        postal_code: "D01 X1".to_owned(),
        country: "IE".to_owned(),
        ..Address::default()
    };
    let person = Personal { email: email.to_owned(), ship_to: Some(home), ..Personal::default() };
    let ciphertext = data_key().seal(PERSON, &person.encode_to_vec(), [5; 12]).unwrap();
    SealedBox { subject: PERSON, wrapped_key: Vec::new(), ciphertext }
}

/// An order of Ada's: so many of each item, each line 10.00 net with 2.10 tax, shipping 4.96.
pub fn order(po: &str, items: &[(&str, &str)]) -> Order {
    let line = |(sku, quantity): &(&str, &str)| Line {
        sku: (*sku).to_owned(),
        description: String::new(),
        quantity: (*quantity).to_owned(),
        tax: eur(210),
        total: eur(1000),
    };
    let count = i64::try_from(items.len()).unwrap();
    Order {
        shop: "demo-shop".parse().unwrap(),
        order_number: po.to_owned(),
        customer_po: po.to_owned(),
        customer_code: String::new(),
        prices_include_tax: false,
        lines: items.iter().map(line).collect(),
        shipping: Some(Charge { name: "parcel".to_owned(), amount: eur(496), tax: eur(0) }),
        fees: Vec::new(),
        tax: eur(210 * count),
        total: eur(1210 * count + 496),
        personal: personal("ada@example.test"),
        placed_at_ms: 1_791_970_000_000,
    }
}

pub fn by_code(order: Order, code: &str) -> Order {
    Order { customer_code: code.to_owned(), ..order }
}

/// Customer, number and warnings of a yes.
pub fn yes(answer: Result<Answer, CallError>) -> (String, String, Vec<Reason>) {
    match answer.unwrap().verdict {
        Verdict::Yes { sales_order, customer, warnings } => (customer, sales_order, warnings),
        Verdict::No(reason) => panic!("no: {reason:?}"),
    }
}

pub fn no(answer: Result<Answer, CallError>) -> Reason {
    match answer.unwrap().verdict {
        Verdict::Yes { .. } => panic!("yes"),
        Verdict::No(reason) => reason,
    }
}

pub fn class(answer: Result<Answer, CallError>) -> Class {
    answer.unwrap_err().class()
}
