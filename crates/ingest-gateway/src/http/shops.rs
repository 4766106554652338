//! `POST /v1/shops/{shop}/orders`: a shop's own format. Bytes first: the signature is checked before anything is parsed.

use axum::{
    body::{Body, Bytes},
    extract::{Path, State, rejection::PathRejection},
    http::{HeaderMap, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use ingest_domain::intake::Source;
use serde::Serialize;
use tracing::Instrument as _;
use utoipa::ToSchema;

use super::{
    App, body, no_card_around,
    orders::{answer, offer, reply},
    problem::{Parts, Problem},
};
use crate::{
    accept::{Door, Outcome},
    adapter::{Adapted, woocommerce},
    canonical::{self, FieldError},
    cards,
    config::{Adapter, Shop},
};

/// Why nothing was done, for whoever reads the shop's delivery log.
#[derive(Debug, Serialize, ToSchema)]
pub struct Note {
    /// In words.
    note: String,
}

/// Takes a shop's own message.
#[utoipa::path(
    post,
    path = "/v1/shops/{shop}/orders",
    request_body(content = serde_json::Value, content_type = "application/json", description = "The shop's own format, signed"),
    params(
        ("shop" = String, Path, description = "The shop"),
        ("X-WC-Webhook-Signature" = Option<String>, Header, description = "WooCommerce: base64 of the HMAC-SHA256 over the body"),
    ),
    responses(
        (status = 202, description = "Taken", body = super::view::OrderView),
        (status = 200, description = "Nothing to do, or taken and already at its end", body = Note),
        (status = 401, description = "The signature is wrong", body = Parts, content_type = "application/problem+json"),
        (status = 404, description = "No such shop", body = Parts, content_type = "application/problem+json"),
        (status = 422, description = "The order cannot be taken", body = Parts, content_type = "application/problem+json"),
        (status = 503, description = "Come again", body = Parts, content_type = "application/problem+json"),
    ),
)]
pub(super) async fn post(
    State(app): State<App>,
    shop: Result<Path<String>, PathRejection>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let shop = shop.map(|Path(shop)| shop).unwrap_or_default();
    answer(try_post(&app, &shop, uri, headers, body).await)
}

async fn try_post(app: &App, name: &str, uri: Uri, headers: HeaderMap, given: Body) -> Result<Response, Problem> {
    let shop = name.parse().ok().and_then(|id| app.engine.service().settings().shops.get(&id).cloned());
    let shop = shop.filter(|shop| shop.adapter.is_some()).ok_or_else(|| {
        Problem::new(StatusCode::NOT_FOUND, "no-such-shop", "No shop of this name sends its own format here")
    })?;
    let room = app.room()?;
    let raw = body(&headers, given).await?;
    if woocommerce::is_ping(&raw) {
        return Ok(note("a ping: nothing to do"));
    }
    let span = super::span(&shop, &headers);
    let work = {
        let app = app.clone();
        let shop = shop.clone();
        async move {
            no_card_around(&uri, &headers)?;
            take(&app, &shop, &headers, &raw).await
        }
    };
    match app.run(room, work.instrument(span)).await?? {
        // The shop may send an order again after somebody edited it. What was taken stands; refusing the delivery would
        // only make the shop switch its webhook off.
        Taken::Outcome(Outcome::Differs { order_number, fields, .. }) => {
            let fields = fields.join(", ");
            tracing::warn!(shop = %shop.id, order_number, fields, "an order was changed in the shop after it was taken");
            Ok(note(&format!(
                "order {order_number} was taken before and differs in {fields}; changes are not taken over yet"
            )))
        }
        Taken::Outcome(outcome) => reply(app, &shop, outcome, None).await,
        Taken::Nothing(text) => Ok(note(&text)),
    }
}

enum Taken {
    Outcome(Outcome),
    Nothing(String),
}

async fn take(app: &App, shop: &Shop, headers: &HeaderMap, raw: &Bytes) -> Result<Taken, Problem> {
    let Some(Adapter::WooCommerce { secret, settings }) = &shop.adapter else {
        return Ok(Taken::Nothing("this shop has no format of its own".to_owned()));
    };
    let signature = headers.get(woocommerce::SIGNATURE_HEADER).map(|value| value.as_bytes()).unwrap_or_default();
    if !woocommerce::is_signed(secret.expose(), signature, raw) {
        tracing::warn!(shop = %shop.id, "a delivery with a wrong signature was refused");
        let problem = Problem::new(StatusCode::UNAUTHORIZED, "wrong-signature", "The signature does not fit the body");
        return Err(
            problem.detail("Nothing was read. Compare the webhook's secret with the one configured for this shop.")
        );
    }
    let value = canonical::read(raw).map_err(|error| match cards::is_in_bytes(raw) {
        true => Problem::card("the body"),
        false => Problem::unreadable(&error.to_string()),
    })?;
    if let Some(place) = cards::place_in_json(&value) {
        return Err(Problem::card(&place));
    }
    match woocommerce::adapt(&value, settings) {
        Adapted::Nothing { note } => Ok(Taken::Nothing(note)),
        Adapted::Refused { field, why } => Ok(Taken::Outcome(Outcome::Wrong(vec![FieldError { field, message: why }]))),
        Adapted::Order { order, shop_order_id, errors } => {
            let door = Door {
                source: Source::WooCommerce,
                idempotency_key: None,
                shop_order_id,
                caused_by: "http POST /v1/shops/{shop}/orders",
            };
            offer(app, shop, &order, errors, door).await.map(Taken::Outcome)
        }
    }
}

fn note(text: &str) -> Response {
    axum::Json(Note { note: text.to_owned() }).into_response()
}
