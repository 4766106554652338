//! `POST /v1/orders`, `GET /v1/orders/{id}`, `GET /v1/orders?number=…`.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use ids::OrderId;
use ingest_domain::intake::{Accepted, Intake, Source};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};
use tracing::Instrument as _;

use super::{
    App, body, no_card_around, percent_decoded,
    problem::{Parts, Problem},
    view::{OrderView, href},
};
use crate::{
    accept::{self, Door, Outcome},
    canonical::{self, CanonicalOrder, Errors},
    cards,
    check::check,
    config::Shop,
    error::IntakeError,
    view,
};

/// The longest idempotency key.
const KEY_MAX: usize = 255;

/// Offers an order.
///
/// The same order again (by its number or by the idempotency key) is taken once and answered alike.
#[utoipa::path(
    post,
    path = "/v1/orders",
    request_body(content = CanonicalOrder, content_type = "application/json"),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Your name for this request, at most 255 characters"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: answer when the order has ended or waits, at most N seconds"),
    ),
    responses(
        (status = 202, description = "Taken; `Location` tells where to look", body = OrderView),
        (status = 200, description = "Taken and already at its end, or waiting for somebody", body = OrderView),
        (status = 400, description = "No JSON", body = Parts, content_type = "application/problem+json"),
        (status = 401, description = "No known key", body = Parts, content_type = "application/problem+json"),
        (status = 409, description = "The number, key or card token stands with other content", body = Parts, content_type = "application/problem+json"),
        (status = 413, description = "Larger than 1 MiB", body = Parts, content_type = "application/problem+json"),
        (status = 422, description = "Fields are wrong, or there is a card number", body = Parts, content_type = "application/problem+json"),
        (status = 503, description = "Come again", body = Parts, content_type = "application/problem+json"),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn post(State(app): State<App>, uri: Uri, headers: HeaderMap, body: Body) -> Response {
    answer(try_post(&app, uri, headers, body).await)
}

async fn try_post(app: &App, uri: Uri, headers: HeaderMap, given: Body) -> Result<Response, Problem> {
    let shop = app.shop_of(&headers)?;
    json_only(&headers)?;
    let room = app.room()?;
    let raw = body(&headers, given).await?;
    let wait = wait(&headers, app)?;
    let span = super::span(&shop, &headers);
    let work = {
        let app = app.clone();
        let shop = shop.clone();
        async move {
            no_card_around(&uri, &headers)?;
            let value = canonical::read(&raw).map_err(|error| match cards::is_in_bytes(&raw) {
                true => Problem::card("the body"),
                false => Problem::unreadable(&error.to_string()),
            })?;
            if let Some(place) = cards::place_in_json(&value) {
                return Err(Problem::card(&place));
            }
            let mut errors = Errors::default();
            let order = canonical::order(&value, &mut errors);
            let door = Door {
                source: Source::Api,
                idempotency_key: idempotency_key(&headers)?,
                shop_order_id: String::new(),
                caused_by: "http POST /v1/orders",
            };
            offer(&app, &shop, &order, errors, door).await
        }
    };
    let outcome = app.run(room, work.instrument(span)).await??;
    reply(app, &shop, outcome, wait).await
}

/// Checks and accepts an order of either door.
pub(super) async fn offer(
    app: &App,
    shop: &Shop,
    order: &CanonicalOrder,
    errors: Errors,
    door: Door,
) -> Result<Outcome, Problem> {
    let rules = match door.source {
        Source::Api => shop.rules.clone(),
        // Its rows are always net: see the adapter.
        Source::WooCommerce => crate::check::Rules { prices_include_tax: false, ..shop.rules.clone() },
    };
    match check(order, &rules, app.node().now(), errors) {
        Ok(checked) => Ok(accept::accept(&app.engine, shop, checked, door).await?),
        Err(wrong) => Ok(Outcome::Wrong(wrong)),
    }
}

/// The answer to an offer.
pub(super) async fn reply(
    app: &App,
    shop: &Shop,
    outcome: Outcome,
    wait: Option<Duration>,
) -> Result<Response, Problem> {
    match outcome {
        Outcome::New(order, offer) if wait.is_none() => {
            metrics::counter!("quittance_intake_orders_total", "shop" => shop.id.to_string()).increment(1);
            Ok(taken(StatusCode::ACCEPTED, order, &OrderView::new(order, &offer), None))
        }
        Outcome::New(order, _) | Outcome::Standing(order) => {
            let accepted = settled(app, shop, order, wait.unwrap_or_default()).await?;
            let Some(accepted) = accepted else {
                return Err(IntakeError::Broken(format!("order {order} is gone")).into());
            };
            let status = if accepted.is_at_rest() { StatusCode::OK } else { StatusCode::ACCEPTED };
            Ok(taken(status, order, &OrderView::of(order, &accepted), wait))
        }
        Outcome::Wrong(errors) => Err(Problem::wrong(errors)),
        Outcome::Differs { order, order_number, fields } => Err(Problem::differs(href(order), &order_number, fields)),
        Outcome::TokenUsed { order_number } => Err(Problem::token_used(&order_number)),
    }
}

fn taken(status: StatusCode, order: OrderId, view: &OrderView, wait: Option<Duration>) -> Response {
    let mut response = (status, [(header::LOCATION, href(order))], axum::Json(view)).into_response();
    if let Some(wait) = wait
        && let Ok(applied) = format!("wait={}", wait.as_secs()).parse()
    {
        response.headers_mut().insert("preference-applied", applied);
    }
    response
}

/// Tells how an order fares.
#[utoipa::path(
    get,
    path = "/v1/orders/{id}",
    params(
        ("id" = String, Path, description = "Our id of the order"),
        ("Prefer" = Option<String>, Header, description = "`wait=N`: answer when the order has ended or waits, at most N seconds"),
    ),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 401, description = "No known key", body = Parts, content_type = "application/problem+json"),
        (status = 404, description = "No order of this shop", body = Parts, content_type = "application/problem+json"),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn get(
    State(app): State<App>,
    id: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let found = async {
        let shop = app.shop_of(&headers)?;
        no_card_around(&uri, &headers)?;
        let room = app.room()?;
        let order = id.ok().and_then(|Path(id)| id.parse().ok()).ok_or_else(not_found)?;
        show(&app, &shop, order, &headers, room).await
    };
    answer(found.await)
}

/// Finds an order by the shop's number.
#[utoipa::path(
    get,
    path = "/v1/orders",
    params(("number" = String, Query, description = "The shop's order number")),
    responses(
        (status = 200, description = "The order", body = OrderView),
        (status = 400, description = "No number", body = Parts, content_type = "application/problem+json"),
        (status = 401, description = "No known key", body = Parts, content_type = "application/problem+json"),
        (status = 404, description = "No order of this shop", body = Parts, content_type = "application/problem+json"),
    ),
    security(("api_key" = [])),
)]
pub(super) async fn find(State(app): State<App>, uri: Uri, headers: HeaderMap) -> Response {
    let found = async {
        let shop = app.shop_of(&headers)?;
        no_card_around(&uri, &headers)?;
        let room = app.room()?;
        let number = number_of(uri.query().unwrap_or_default()).ok_or_else(|| {
            Problem::new(StatusCode::BAD_REQUEST, "bad-query", "An order number is wanted")
                .detail("Ask for `?number=<order number>`.")
        })?;
        let ledger = &app.engine.context().ledger;
        let kind = accept::number_kind(&shop);
        let stream = ledger.find_key(&shop.pair, &kind, &number).await.map_err(IntakeError::from)?;
        let order = stream.map(|stream| OrderId(stream.0)).ok_or_else(not_found)?;
        show(&app, &shop, order, &headers, room).await
    };
    answer(found.await)
}

async fn show(
    app: &App,
    shop: &Shop,
    order: OrderId,
    headers: &HeaderMap,
    room: OwnedSemaphorePermit,
) -> Result<Response, Problem> {
    let wait = wait(headers, app)?;
    // Who waits works on nothing.
    let _room = wait.is_none().then_some(room);
    let accepted = settled(app, shop, order, wait.unwrap_or_default()).await?.ok_or_else(not_found)?;
    Ok(axum::Json(OrderView::of(order, &accepted)).into_response())
}

fn number_of(query: &str) -> Option<String> {
    let mut pairs = query.split('&').filter(|pair| !pair.is_empty());
    let (name, value) = pairs.next()?.split_once('=')?;
    let value = percent_decoded(value);
    (name == "number" && pairs.next().is_none() && !value.is_empty()).then_some(value)
}

fn not_found() -> Problem {
    Problem::new(StatusCode::NOT_FOUND, "no-such-order", "This shop has no such order")
}

pub(super) fn answer(result: Result<Response, Problem>) -> Response {
    result.unwrap_or_else(|problem| problem.into_response())
}

/// Reads an order of the shop; waits until it has ended or waits for somebody, but not longer than `wait`.
async fn settled(app: &App, shop: &Shop, order: OrderId, wait: Duration) -> Result<Option<Box<Accepted>>, Problem> {
    let deadline = Instant::now() + wait;
    // Subscribed before reading, so that nothing falls between.
    let mut watch = app.engine.watch(order.stream());
    // Too many waiters: the answer of now is better than none.
    let seat = (!wait.is_zero()).then(|| app.waiters.clone().try_acquire_owned().ok()).flatten();
    loop {
        let accepted = load(app, shop, order).await?;
        if seat.is_none() || accepted.as_ref().is_none_or(|accepted| accepted.is_at_rest()) {
            return Ok(accepted);
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(load(app, shop, order).await?);
            }
            watch.changed(left).await;
            // What this process wrote it also remembers; what another wrote is read.
            match app.engine.remembered::<Intake>(order.stream()).as_deref() {
                Some(Intake::Accepted(accepted)) if accepted.is_at_rest() => return Ok(Some(accepted.clone())),
                Some(Intake::Accepted(_)) => {}
                _ => break,
            }
        }
    }
}

async fn load(app: &App, shop: &Shop, order: OrderId) -> Result<Option<Box<Accepted>>, IntakeError> {
    let history = app.engine.context().ledger.load(order.stream()).await?;
    let Intake::Accepted(accepted) = view::fold(&history.events)? else { return Ok(None) };
    // An id is no secret: another shop's order does not exist for this caller.
    let is_theirs = accepted.offer.order.shop == shop.id && history.owner.is_some_and(|(pair, _)| pair == shop.pair);
    Ok(is_theirs.then_some(accepted))
}

fn json_only(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(given) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let kind = given.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-json", "Only JSON is taken here")
        .detail("Send `Content-Type: application/json`."))
}

/// The idempotency key, bare or as a quoted string.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(given) = headers.get("idempotency-key") else { return Ok(None) };
    let text = given.to_str().unwrap_or_default().trim();
    let text = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    if (1..=KEY_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(Some(text.to_owned()));
    }
    Err(Problem::new(StatusCode::BAD_REQUEST, "bad-idempotency-key", "The Idempotency-Key cannot be used")
        .detail(format!("It must be 1 to {KEY_MAX} printable characters without spaces.")))
}

/// `Prefer: wait=N`, cut at the longest wait. Other preferences are none of ours.
fn wait(headers: &HeaderMap, app: &App) -> Result<Option<Duration>, Problem> {
    let most = app.engine.service().settings().max_wait;
    let given = headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']));
    let Some(seconds) = given.filter_map(|part| part.trim().strip_prefix("wait=")).next() else { return Ok(None) };
    let seconds: u64 = seconds.trim().parse().map_err(|_| {
        Problem::new(StatusCode::BAD_REQUEST, "bad-preference", "The preference `wait` must be whole seconds")
    })?;
    Ok(Some(Duration::from_secs(seconds).min(most)))
}
