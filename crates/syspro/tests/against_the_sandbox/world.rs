//! One sandbox on a simulated network and clients of it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use node::{Node, NodeBuilder, SimNetwork};
use rust_decimal::Decimal;
use sandbox::{FaultRule, Sandbox, SandboxConfig, WorldName, erp::ErpConfig, faults::FaultKind};
use syspro::{AuthMode, Facade, FacadeConfig, NewSalesOrder, Operator, OrderStatus, StockLine, Syspro};

pub const HOST: &str = "127.0.0.1:9200";

pub struct World {
    pub sandbox: Sandbox,
    pub network: SimNetwork,
    pub node: Node,
}

pub fn world() -> World {
    with_erp(ErpConfig::default())
}

pub fn with_erp(erp: ErpConfig) -> World {
    let network = SimNetwork::new(1);
    let base = DateTime::<Utc>::from_timestamp(1_791_970_200, 0).unwrap();
    let node =
        NodeBuilder::simulated("erp-writer", base, tokio::time::Instant::now(), 1, Arc::new(network.clone())).build();
    let sandbox = Sandbox::new(SandboxConfig { erp, ..SandboxConfig::default() }, node.clone());
    network.serve(HOST, sandbox.erp_handler());
    World { sandbox, network, node }
}

impl World {
    pub fn client(&self, number: u32) -> Arc<dyn Syspro> {
        self.client_by(number, AuthMode::Token)
    }

    pub fn client_by(&self, number: u32, auth_mode: AuthMode) -> Arc<dyn Syspro> {
        let config = FacadeConfig { auth_mode, ..FacadeConfig::at(format!("http://{HOST}")) };
        Arc::new(Facade::new(self.node.clone(), config, operator(number)))
    }

    pub fn fault(&self, operation: &str, kind: FaultKind) {
        assert!(self.sandbox.add_fault(FaultRule::once(WorldName::Erp, operation, kind)));
    }

    pub fn orders(&self, po: &str) -> usize {
        self.sandbox.books().erp.orders.iter().filter(|order| order.customer_po == po).count()
    }

    /// How often an operation was answered with a code.
    pub fn answered(&self, operation: &str, code: &str) -> u64 {
        self.sandbox.books().erp.answers.get(&format!("{operation} {code}")).copied().unwrap_or(0)
    }
}

pub fn operator(number: u32) -> Operator {
    Operator { code: format!("QT{number}"), api_key: format!("sim-operator-key-{number}").into() }
}

pub fn order(po: &str) -> NewSalesOrder {
    NewSalesOrder {
        customer_po: po.to_owned(),
        customer: "WEB001".to_owned(),
        order_date: NaiveDate::from_ymd_opt(2026, 10, 14).unwrap(),
        warehouse: Some("MAIN".to_owned()),
        order_status: Some(OrderStatus::Suspense),
        order_total: Some(Decimal::new(25_800, 2)),
        line_items: vec![StockLine {
            line_number: 1,
            stock_code: "GRILL-01".to_owned(),
            quantity: Decimal::from(2),
            unit_price: Some(Decimal::new(12_900, 2)),
            ..StockLine::default()
        }],
        ..NewSalesOrder::default()
    }
}
