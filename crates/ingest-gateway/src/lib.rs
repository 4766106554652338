//! `ingest-gateway`: orders in, outcomes out.
//!
//! ```text
//! HTTP ─▶ http/{orders,shops} ─▶ canonical, adapter ─▶ check ─▶ accept ─▶ engine ─▶ ledger
//!                                                                           │
//!            saga's events ─▶ inbound ─▶ intake (domain) ─▶ outbound ─▶ StartOrder, callback ─▶ shop
//! ```

mod accept;
pub mod adapter;
mod adapters;
pub mod callback;
pub mod canonical;
mod cards;
pub mod check;
pub mod codec;
pub mod config;
pub mod error;
mod hosted;
pub mod http;
mod inbound;
mod outbound;
pub mod person;
pub mod ports;
pub mod token;
mod view;

use std::{sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use contracts::{MessageKind, intake::ledger::v1::CallbackAnswer, query::v1::OrderSummary};
use fault::{Class, Classify as _};
use ids::{OrderId, Pair};
use ingest_domain::intake::Command;
use ledger::{ClaimedEffect, StoredEvent};
use prost::Message as _;
use runtime::{
    Aggregate as _, CallFuture, Called, CodecError, Context, DecideError, Decided, Ending, Inbound, Lane, Outgoing,
    Past, Place, Profile, Routed, Service, Unreadable, decide_in,
};

use crate::{adapters::HttpShopEar, codec::IntakeStream, config::Settings, outbound::CALLBACK, ports::ShopEar as _};
pub use crate::{config::Config, http::router, inbound::LISTENS};

/// The service's name: on consumers, logs and the command line.
pub const NAME: &str = "ingest-gateway";
/// The lane to the shops.
const SHOP_LANE: &str = "shop";
/// A callback that failed this often is given up; with the runtime's delays that is about two days.
const CALLBACK_TRIES_MAX: i32 = 600;

/// The service.
pub struct IngestGateway {
    settings: Settings,
}

/// Makes the service.
///
/// # Errors
/// Every mistake in the configuration, in words.
pub fn service(config: &Config) -> Result<Arc<IngestGateway>, Vec<String>> {
    Ok(Arc::new(IngestGateway { settings: Settings::new(config)? }))
}

impl IngestGateway {
    pub(crate) fn settings(&self) -> &Settings {
        &self.settings
    }

    async fn tell_shop(&self, context: &Context, effect: &ClaimedEffect) -> Called {
        let news = match codec::read_callback_request(&effect.request) {
            Ok(news) => news,
            Err(why) => return Called::Failed { class: Class::Permanent, why },
        };
        let ear = HttpShopEar { node: &context.node, settings: &self.settings };
        match ear.tell(&effect.pair, OrderId(effect.id.stream.0), &news).await {
            Ok(status) => Called::Answered(CallbackAnswer { status: i32::from(status) }.encode_to_vec().into()),
            Err(error) if error.class() != Class::Permanent && effect.tries >= CALLBACK_TRIES_MAX => Called::Failed {
                class: Class::Permanent,
                why: format!("given up after {} tries: {error}", effect.tries),
            },
            Err(error) => Called::Failed { class: error.class(), why: error.to_string() },
        }
    }
}

impl Service for IngestGateway {
    type Command = Command;

    fn name(&self) -> &'static str {
        NAME
    }

    fn listens_to(&self) -> &'static [&'static MessageKind] {
        LISTENS
    }

    fn stream_kinds(&self) -> &'static [&'static str] {
        &[IntakeStream::KIND]
    }

    fn lanes(&self) -> Vec<Lane> {
        let call_limit = self.settings.callback_limit + Duration::from_secs(1);
        vec![Lane {
            name: SHOP_LANE,
            width: self.settings.callbacks_at_a_time,
            call_limit,
            quiet: call_limit,
            search_lag: Duration::ZERO,
            inquiries: vec![call_limit],
            ask_for: call_limit,
        }]
    }

    fn effect_kinds(&self) -> &'static [&'static str] {
        &[CALLBACK]
    }

    fn profile(&self, kind: &str) -> Option<Profile> {
        // Telling twice is harmless: the event id lets the shop see it.
        (kind == CALLBACK).then_some(Profile { lane: SHOP_LANE, writes: false })
    }

    fn wants_hints(&self) -> bool {
        self.settings.hints
    }

    fn inbound(&self, message: &Inbound) -> Result<Routed<Command>, Unreadable> {
        inbound::route(message)
    }

    fn decide(
        &self,
        place: &Place,
        past: Past<'_>,
        command: Command,
        now: DateTime<Utc>,
    ) -> Result<Decided<Command>, DecideError> {
        if place.kind != IntakeStream::KIND {
            return Err(DecideError::NoSuchKind(place.kind.to_owned()));
        }
        decide_in::<IntakeStream>(place, past, command, now)
    }

    fn publish(&self, place: &Place, event: &StoredEvent) -> Result<Outgoing, CodecError> {
        outbound::publish(place, event)
    }

    fn call<'a>(&'a self, context: &'a Context, effect: &'a ClaimedEffect) -> CallFuture<'a> {
        Box::pin(self.tell_shop(context, effect))
    }

    fn answered(&self, effect: &ClaimedEffect, ending: Ending) -> Result<(Place, Command), Unreadable> {
        inbound::answered(effect, ending)
    }

    fn fired(&self, effect: &ClaimedEffect) -> Result<(Place, Command), Unreadable> {
        Err(Unreadable(format!("ingest-gateway has no timer `{}`", effect.kind)))
    }

    fn order_keys(&self, number: &str, shop: &str) -> Vec<(Pair, String, String)> {
        let shops = self.settings.shops.values().filter(|known| shop.is_empty() || known.id.as_str() == shop);
        shops.map(|shop| (shop.pair.clone(), accept::number_kind(shop), number.to_owned())).collect()
    }

    fn describe(&self, _place: &Place, event: &StoredEvent) -> String {
        view::describe(event)
    }

    fn summarize(&self, _place: &Place, events: &[StoredEvent], summary: &mut OrderSummary) {
        view::summarize(events, summary);
    }
}
