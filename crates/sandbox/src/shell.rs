//! Carries the worlds: real HTTP listeners, and handlers for the simulated network.
//!
//! The shell alone waits. It applies a reply's [`Delivery`]: at once, later, never (the connection is held), dropped (the
//! connection is closed without a byte of answer), byte by byte, or half.

mod drop_stream;
mod slow;

use std::{io, time::Duration};

use axum::{
    Router,
    body::Body,
    extract::{ConnectInfo, DefaultBodyLimit, Request as AxumRequest},
    response::Response as AxumResponse,
};
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use node::HttpFuture;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::{
    Sandbox, WorldName, control,
    faults::{FaultKind, Strike},
    world::{Delivery, Reply},
};
use drop_stream::{Connection, DroppingListener};

/// Requests with more body than this are refused with 413.
pub const BODY_BYTES_MAX: usize = 1 << 20;

/// The sockets that the worlds listen on; port 0 is fine.
#[derive(Debug)]
pub struct Listeners {
    /// The card gateway, 9100 by default.
    pub gateway: TcpListener,
    /// The ERP, 9200 by default.
    pub erp: TcpListener,
    /// The shop, 9300 by default.
    pub shop: TcpListener,
    /// The control, 9900 by default.
    pub control: TcpListener,
}

/// Who answers on a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Side {
    World(WorldName),
    Control,
}

/// Serves all worlds until `stop` is cancelled; then held connections are let go and the others are finished.
///
/// # Errors
/// When a listener fails.
pub async fn serve(sandbox: Sandbox, listeners: Listeners, stop: CancellationToken) -> io::Result<()> {
    let gateway = serve_one(sandbox.clone(), Side::World(WorldName::Gateway), listeners.gateway, stop.clone());
    let erp = serve_one(sandbox.clone(), Side::World(WorldName::Erp), listeners.erp, stop.clone());
    let shop = serve_one(sandbox.clone(), Side::World(WorldName::Shop), listeners.shop, stop.clone());
    let control = serve_one(sandbox, Side::Control, listeners.control, stop);
    futures_util::future::try_join4(gateway, erp, shop, control).await.map(|_| ())
}

async fn serve_one(sandbox: Sandbox, side: Side, listener: TcpListener, stop: CancellationToken) -> io::Result<()> {
    let carrying = stop.clone();
    let answer = move |ConnectInfo(connection): ConnectInfo<Connection>, request: AxumRequest| {
        let (sandbox, stop) = (sandbox.clone(), carrying.clone());
        async move { carry(&sandbox, side, &connection, &stop, request).await }
    };
    let router = Router::new().fallback(answer).layer(DefaultBodyLimit::disable());
    axum::serve(DroppingListener(listener), router.into_make_service_with_connect_info::<Connection>())
        .with_graceful_shutdown(stop.cancelled_owned())
        .await
}

async fn carry(
    sandbox: &Sandbox,
    side: Side,
    connection: &Connection,
    stop: &CancellationToken,
    request: AxumRequest,
) -> AxumResponse {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_BYTES_MAX).await else {
        let mut refusal = AxumResponse::new(Body::from("the body is larger than this sandbox reads"));
        *refusal.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return refusal;
    };
    let request = Request::from_parts(parts, body);
    let answer = tokio::select! {
        biased;
        () = stop.cancelled() => None,
        answer = answer(sandbox.clone(), side, request) => match answer {
            Answer::Send(sent) => Some(sent),
            Answer::Close => None,
            // Held until the caller leaves (this future is dropped then) or the sandbox stops.
            Answer::Hold => { stop.cancelled().await; None }
        },
    };
    match answer {
        Some(Sent::Whole(response)) => response.map(Body::from),
        Some(Sent::Drip(response, each)) => slow::dripping(response, each, stop.clone()),
        Some(Sent::Half(response)) => slow::halved(response),
        None => {
            connection.refuse_writes();
            AxumResponse::new(Body::empty())
        }
    }
}

enum Answer {
    Send(Sent),
    Hold,
    Close,
}

/// How an answer is written to the wire.
enum Sent {
    Whole(Response<Bytes>),
    Drip(Response<Bytes>, Duration),
    Half(Response<Bytes>),
}

async fn answer(sandbox: Sandbox, side: Side, request: Request<Bytes>) -> Answer {
    let world = match side {
        Side::Control => return Answer::Send(Sent::Whole(control::handle(&sandbox, &request))),
        Side::World(world) => world,
    };
    let strike = sandbox.strike(world, &request);
    let reply = match strike {
        Some(strike) => match strike.kind {
            FaultKind::Latency(ms) => arrive_late(&sandbox, world, request, strike, Duration::from_millis(ms)).await,
            FaultKind::SlowCommit(ms) => {
                commit_later(&sandbox, world, request, strike, Duration::from_millis(ms));
                None
            }
            _ => Some(sandbox.perform(world, &request, Some(&strike))),
        },
        None => Some(sandbox.perform(world, &request, None)),
    };
    let Some(Reply { response, delivery }) = reply else { return Answer::Close };
    let (wait, sent) = match delivery {
        Delivery::Now => (Duration::ZERO, Sent::Whole(response)),
        Delivery::After(wait) => (wait, Sent::Whole(response)),
        Delivery::Drip(each) => (Duration::ZERO, Sent::Drip(response, each)),
        Delivery::Half => (Duration::ZERO, Sent::Half(response)),
        Delivery::Never => return Answer::Hold,
        Delivery::Dropped => return Answer::Close,
    };
    let wait = wait.max(sandbox.latency());
    if !wait.is_zero() {
        tokio::time::sleep(wait).await;
    }
    Answer::Send(sent)
}

/// A request that was on its way too long is worked on although its caller may have left: the wait must outlive the
/// connection.
#[expect(clippy::disallowed_methods, reason = "the far side of the wire belongs to no node")]
async fn arrive_late(
    sandbox: &Sandbox,
    world: WorldName,
    request: Request<Bytes>,
    strike: Strike,
    late: Duration,
) -> Option<Reply> {
    let sandbox = sandbox.clone();
    let work = tokio::spawn(async move {
        tokio::time::sleep(late).await;
        sandbox.perform(world, &request, Some(&strike))
    });
    work.await.ok()
}

/// A request is let in now and written later, and its caller hears nothing.
#[expect(clippy::disallowed_methods, reason = "the far side of the wire belongs to no node")]
fn commit_later(sandbox: &Sandbox, world: WorldName, request: Request<Bytes>, strike: Strike, later: Duration) {
    let Some(begun) = sandbox.begin(world, &request, &strike) else { return };
    let sandbox = sandbox.clone();
    tokio::spawn(async move {
        tokio::time::sleep(later).await;
        sandbox.commit(world, &request, &strike, &begun);
    });
}

/// A side of the sandbox on the simulated network.
pub(crate) struct SimHandler {
    pub(crate) sandbox: Sandbox,
    pub(crate) side: Side,
}

impl node::Handler for SimHandler {
    fn handle(&self, request: node::Request) -> HttpFuture<'static, Option<node::Response>> {
        let (sandbox, side) = (self.sandbox.clone(), self.side);
        Box::pin(async move {
            match answer(sandbox, side, request).await {
                Answer::Send(Sent::Whole(response)) => Some(response),
                // On the simulated network an answer arrives whole or not at all.
                Answer::Send(Sent::Drip(response, each)) => {
                    let bytes = u32::try_from(response.body().len()).unwrap_or(u32::MAX);
                    tokio::time::sleep(each.saturating_mul(bytes)).await;
                    Some(response)
                }
                Answer::Send(Sent::Half(_)) | Answer::Hold | Answer::Close => None,
            }
        })
    }
}
