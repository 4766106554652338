//! What the ledgers know, over gRPC: read only, with health and reflection.

mod record;

use std::sync::Arc;

use contracts::query::v1::{
    GetHealthRequest, GetHealthResponse, GetOrderRequest, GetOrderResponse, LedgerHealth, ListOrdersRequest,
    ListOrdersResponse, OrderRecord, OrderSummary,
    ledger_query_server::{LedgerQuery, LedgerQueryServer},
};
use ids::OrderId;
use node::{HttpFuture, Node};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status};

use crate::{Engine, Service};

/// Orders per page at most.
const PAGE_MAX: i32 = 200;

/// One service's ledger as people may ask it.
pub trait Queryable: Send + Sync {
    /// The service.
    fn name(&self) -> &'static str;
    /// The ids behind an order id or number.
    fn find<'a>(&'a self, order: &'a str, shop: &'a str) -> HttpFuture<'a, Result<Option<OrderId>, String>>;
    /// Everything about one order; `None` when unknown here.
    fn order(&self, order: OrderId) -> HttpFuture<'_, Result<Option<OrderRecord>, String>>;
    /// The newest orders before one.
    fn orders(&self, before: Option<OrderId>, most: i64) -> HttpFuture<'_, Result<Vec<OrderId>, String>>;
    /// Whether it is at rest.
    fn health(&self) -> HttpFuture<'_, Result<LedgerHealth, String>>;
}

impl<S: Service> Queryable for Engine<S> {
    fn name(&self) -> &'static str {
        self.service().name()
    }

    fn find<'a>(&'a self, order: &'a str, shop: &'a str) -> HttpFuture<'a, Result<Option<OrderId>, String>> {
        Box::pin(record::find(self, order, shop))
    }

    fn order(&self, order: OrderId) -> HttpFuture<'_, Result<Option<OrderRecord>, String>> {
        Box::pin(record::order(self, order))
    }

    fn orders(&self, before: Option<OrderId>, most: i64) -> HttpFuture<'_, Result<Vec<OrderId>, String>> {
        Box::pin(async move {
            let Some(kind) = self.service().stream_kinds().first() else { return Ok(Vec::new()) };
            let streams = self.context().ledger.streams(kind, before.map(OrderId::stream), most).await;
            streams
                .map(|streams| streams.into_iter().map(|stream| OrderId(stream.0)).collect())
                .map_err(|error| error.to_string())
        })
    }

    fn health(&self) -> HttpFuture<'_, Result<LedgerHealth, String>> {
        Box::pin(async move {
            let pending = self.context().ledger.pending().await.map_err(|error| error.to_string())?;
            let figures = self.context().ledger.figures();
            Ok(LedgerHealth {
                service: self.service().name().to_owned(),
                outbox: pending.outbox,
                effects_due: pending.effects_due,
                effects_unknown: pending.effects_unknown,
                effects_later: pending.effects_later,
                parked: pending.parked,
                dead_letters: pending.dead_letters,
                commits: figures.commits,
                groups: figures.groups,
                messages_published: self.published(),
            })
        })
    }
}

/// Everything that runs in this process, in the order the money moves.
pub struct Hub(pub Vec<Arc<dyn Queryable>>);

/// Fills what `from` knows into `into`; what a later service says about the state wins.
pub fn merge(into: &mut OrderSummary, from: OrderSummary) {
    fn text(into: &mut String, from: String) {
        if !from.is_empty() {
            *into = from;
        }
    }
    let waits = from.waits_for.clone();
    text(&mut into.order_id, from.order_id);
    text(&mut into.pair, from.pair);
    text(&mut into.shop, from.shop);
    text(&mut into.order_number, from.order_number);
    text(&mut into.state, from.state);
    text(&mut into.total, from.total);
    text(&mut into.held, from.held);
    text(&mut into.captured, from.captured);
    text(&mut into.reversed, from.reversed);
    text(&mut into.sales_order, from.sales_order);
    text(&mut into.sales_order_status, from.sales_order_status);
    text(&mut into.reason, from.reason);
    if !waits.is_empty() {
        into.waits_for = waits;
        into.due_at_ms = from.due_at_ms;
    }
}

/// States after which nothing happens by itself.
pub fn is_final(state: &str) -> bool {
    ["completed", "refused", "declined", "cancelled"].contains(&state)
}

#[tonic::async_trait]
impl LedgerQuery for Hub {
    async fn get_order(&self, request: Request<GetOrderRequest>) -> Result<Response<GetOrderResponse>, Status> {
        let GetOrderRequest { order, shop } = request.into_inner();
        let mut found = order.parse::<OrderId>().ok();
        for part in &self.0 {
            if found.is_none() {
                found = part.find(&order, &shop).await.map_err(Status::unavailable)?;
            }
        }
        let Some(id) = found else {
            return Err(Status::not_found(format!(
                "no order `{order}` here: give an order id, or the number as the shop has it"
            )));
        };
        let mut records = Vec::new();
        for part in &self.0 {
            records.extend(part.order(id).await.map_err(Status::unavailable)?);
        }
        if records.is_empty() {
            return Err(Status::not_found(format!("no order {id} here")));
        }
        Ok(Response::new(GetOrderResponse { records }))
    }

    async fn list_orders(&self, request: Request<ListOrdersRequest>) -> Result<Response<ListOrdersResponse>, Status> {
        let ListOrdersRequest { page_size, before, unfinished_only } = request.into_inner();
        let most = if page_size <= 0 { 50 } else { page_size.min(PAGE_MAX) };
        let before = match before.as_str() {
            "" => None,
            text => Some(text.parse().map_err(|_| Status::invalid_argument("`before` must be an order id"))?),
        };
        let Some(first) = self.0.first() else { return Ok(Response::new(ListOrdersResponse::default())) };
        let ids = first.orders(before, i64::from(most)).await.map_err(Status::unavailable)?;
        let next_before =
            if ids.len() == usize::try_from(most).unwrap_or(0) { ids.last().map(ToString::to_string) } else { None };
        let mut orders = Vec::with_capacity(ids.len());
        for id in ids {
            let mut summary = OrderSummary { order_id: id.to_string(), ..OrderSummary::default() };
            for part in &self.0 {
                if let Some(record) = part.order(id).await.map_err(Status::unavailable)? {
                    merge(&mut summary, record.summary.unwrap_or_default());
                }
            }
            if !(unfinished_only && is_final(&summary.state)) {
                orders.push(summary);
            }
        }
        Ok(Response::new(ListOrdersResponse { orders, next_before: next_before.unwrap_or_default() }))
    }

    async fn get_health(&self, _: Request<GetHealthRequest>) -> Result<Response<GetHealthResponse>, Status> {
        let mut ledgers = Vec::with_capacity(self.0.len());
        for part in &self.0 {
            ledgers.push(part.health().await.map_err(Status::unavailable)?);
        }
        Ok(Response::new(GetHealthResponse { ledgers }))
    }
}

/// Serves the queries on a listener, with gRPC health and reflection, until the node is asked to stop.
pub fn serve(node: &Node, listener: TcpListener, parts: Vec<Arc<dyn Queryable>>) {
    let stopping = node.clone();
    node.spawn(async move {
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_serving::<LedgerQueryServer<Hub>>().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(contracts::DESCRIPTORS)
            .build_v1();
        let reflection = match reflection {
            Ok(reflection) => reflection,
            Err(error) => return tracing::error!(%error, "reflection cannot be served"),
        };
        let served = tonic::transport::Server::builder()
            .add_service(health)
            .add_service(reflection)
            .add_service(LedgerQueryServer::new(Hub(parts)))
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move { stopping.stopping().await })
            .await;
        if let Err(error) = served {
            tracing::error!(%error, "the query listener ended");
        }
    });
}
