//! The questions that people and their tools may ask, over gRPC.

use contracts::query::v1::{
    GetHealthRequest, GetOrderRequest, ListOrdersRequest, ledger_query_client::LedgerQueryClient,
};
use futures_util::StreamExt as _;
use system_tests::orders::Story;
use tonic::{Code, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient};
use tonic_reflection::pb::v1::{
    ServerReflectionRequest, server_reflection_client::ServerReflectionClient,
    server_reflection_request::MessageRequest, server_reflection_response::MessageResponse,
};

use crate::{cluster, told};

const SERVICE: &str = "otc.query.v1.LedgerQuery";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_ledgers_answer_over_grpc() {
    let cluster = cluster().await;
    let done = told(&cluster, "1", Story::Good).await;
    told(&cluster, "2", Story::Declined).await;
    let address = cluster.serve_queries().await;
    let channel = Channel::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();

    let mut query = LedgerQueryClient::new(channel.clone());
    let id = done["order_id"].as_str().unwrap().to_owned();
    for order in [id.clone(), "1".to_owned()] {
        let request = GetOrderRequest { order, shop: "test-shop".to_owned() };
        let records = query.get_order(request).await.unwrap().into_inner().records;
        let services: Vec<_> = records.iter().map(|record| record.service.as_str()).collect();
        assert_eq!(services, ["ingest-gateway", "payment-svc", "erp-writer"]);
        assert!(records.iter().all(|record| record.order_id == id));
        let payment = &records[1];
        let kinds: Vec<_> = payment.streams.iter().map(|stream| stream.kind.as_str()).collect();
        assert_eq!(kinds, ["order_to_cash", "payment"]);
        assert!(payment.streams.iter().all(|stream| !stream.events.is_empty() && stream.parked.is_empty()));
        let calls: Vec<_> = payment.streams[1].effects.iter().map(|effect| effect.kind.as_str()).collect();
        assert_eq!(calls, ["authorize", "capture"]);
    }
    let page = ListOrdersRequest { page_size: 1, ..ListOrdersRequest::default() };
    let first = query.list_orders(page.clone()).await.unwrap().into_inner();
    assert_eq!((first.orders.len(), first.orders[0].state.as_str()), (1, "declined"), "the newest first");
    let second = query.list_orders(ListOrdersRequest { before: first.next_before, ..page }).await.unwrap().into_inner();
    assert_eq!((second.orders[0].state.as_str(), &second.orders[0].order_id), ("completed", &id));
    let health = query.get_health(GetHealthRequest {}).await.unwrap().into_inner().ledgers;
    assert_eq!(health.len(), 3);
    assert!(health.iter().all(|ledger| ledger.dead_letters == 0 && ledger.parked == 0 && ledger.effects_unknown == 0));
    for wrong in ["nobody", "", "01935e7a-1234-7abc-8def-0123456789ab"] {
        let request = GetOrderRequest { order: wrong.to_owned(), shop: String::new() };
        let refused = query.get_order(request).await.unwrap_err();
        assert!([Code::NotFound, Code::InvalidArgument].contains(&refused.code()), "{wrong}: {refused}");
    }

    let mut health = HealthClient::new(channel.clone());
    for service in ["", SERVICE] {
        let answer = health.check(HealthCheckRequest { service: service.to_owned() }).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "`{service}`");
    }
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut reflection = ServerReflectionClient::new(channel);
    let mut answers = reflection.server_reflection_info(once(request)).await.unwrap().into_inner();
    let Some(MessageResponse::ListServicesResponse(list)) = answers.next().await.unwrap().unwrap().message_response
    else {
        panic!("no list of services");
    };
    assert!(list.service.iter().any(|service| service.name == SERVICE), "{list:?}");
}

fn once<T: Send + 'static>(item: T) -> impl futures_util::Stream<Item = T> + Send + 'static {
    futures_util::stream::once(async move { item })
}
