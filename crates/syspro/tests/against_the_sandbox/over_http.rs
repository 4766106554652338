//! The whole thread over real sockets.

use std::sync::Arc;

use node::{NodeBuilder, RealTransport};
use sandbox::{FaultRule, Listeners, Sandbox, SandboxConfig, WorldName, faults::FaultKind};
use syspro::{Facade, FacadeConfig, OrderStatus, Outcome, StatusChange, Syspro};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::world::{operator, order};

#[tokio::test]
async fn an_order_over_http() {
    let node = NodeBuilder::real("test", Arc::new(RealTransport::new().unwrap())).build();
    let sandbox = Sandbox::new(SandboxConfig::default(), node.clone());
    let (gateway, erp) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let (shop, control) =
        (TcpListener::bind("127.0.0.1:0").await.unwrap(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let base_url = format!("http://{}", erp.local_addr().unwrap());
    let stop = CancellationToken::new();
    let served = node.spawn(sandbox::serve(sandbox.clone(), Listeners { gateway, erp, shop, control }, stop.clone()));
    let client = Facade::new(node.clone(), FacadeConfig::at(base_url), operator(1));

    assert!(client.customer("WEB002").await.unwrap().is_some());
    assert_eq!(client.customers_by_email("ada@example.test").await.unwrap().len(), 1);
    assert!(client.stock("GRILL-01", Some("MAIN")).await.unwrap().is_some());
    sandbox.add_fault(FaultRule::once(WorldName::Erp, "AddSalesOrder", FaultKind::DropAfterApply));
    assert!(matches!(client.add_sales_order(&order("WEB-1001")).await, Outcome::Unknown(_)));
    let found = client.find_sales_orders("WEB001", "WEB-1001").await.unwrap();
    let number = found[0].order_number.clone();
    assert_eq!(client.sales_order(&number).await.unwrap().unwrap().lines.len(), 1);
    let change = StatusChange {
        order_number: number.clone(),
        expected_status: OrderStatus::Suspense,
        new_status: OrderStatus::Open,
        credit_authority: "QUITTANCE".to_owned(),
    };
    assert!(matches!(client.change_status(&change).await, Outcome::Applied(_)));
    let cancellation = syspro::Cancellation { order_number: number, reason: Some("TEST".to_owned()) };
    assert!(matches!(client.cancel_order(&cancellation).await, Outcome::Applied(_)));
    client.log_off().await;

    stop.cancel();
    served.await.unwrap().unwrap().unwrap();
    assert_eq!(sandbox.books().erp.orders.len(), 1);
}
