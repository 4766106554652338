//! From a checked order to an accepted one, exactly once.
//!
//! The common case is a new order, so it is tried first, in one commit with the keys it wants to own: its number, the
//! caller's idempotency key, its card token. When somebody owns one of them already, that order decides: the same content
//! is the same order and gets the same answer, other content is refused with the fields that differ.

use std::sync::Arc;

use contracts::r#type::v1::Personal;
use fault::Classify as _;
use ids::{OrderId, StreamId};
use ingest_domain::{
    intake::{Command, Intake, Offer, Rejection, Source},
    order::{MARKED_FIELDS, Marks, Order, PaymentMode},
};
use ledger::KeyClaim;
use prost::Message as _;
use runtime::{Engine, Request, Verdict};
use zeroize::Zeroize as _;

use crate::{
    IngestGateway, canonical::FieldError, check::Checked, config::Shop, error::IntakeError, inbound, person, view,
};

/// How an order reached us.
pub(crate) struct Door {
    pub(crate) source: Source,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) shop_order_id: String,
    pub(crate) caused_by: &'static str,
}

/// What came of an offer.
pub(crate) enum Outcome {
    /// Taken now.
    New(OrderId, Arc<Offer>),
    /// The same order stands already.
    Standing(OrderId),
    /// Fields that are wrong for a new order.
    Wrong(Vec<FieldError>),
    /// Another content stands under the same number or key.
    Differs { order: OrderId, order_number: String, fields: Vec<String> },
    /// The card token serves another order.
    TokenUsed { order_number: String },
}

/// Offers a checked order.
pub(crate) async fn accept(
    engine: &Engine<IngestGateway>,
    shop: &Shop,
    checked: Checked,
    door: Door,
) -> Result<Outcome, IntakeError> {
    let ledger = &engine.context().ledger;
    if let Some(stale) = &checked.stale_token {
        // Fatal for a new order only: a caller who repeats an order later than its token lived gets the same answer.
        let kind = number_kind(shop);
        if ledger.find_key(&shop.pair, &kind, &checked.order.order_number).await?.is_none() {
            return Ok(Outcome::Wrong(vec![stale.clone()]));
        }
    }
    let offer = Arc::new(seal(engine, shop, checked, &door).await?);
    let order = OrderId(engine.context().node.new_id());
    match offer_to(engine, shop, order, &offer, &door).await? {
        Verdict::Done { .. } => {
            let (number, total) = (&offer.order.order_number, offer.order.total);
            tracing::info!(order_id = %order, shop = %shop.id, order_number = number, %total, "order accepted");
            Ok(Outcome::New(order, offer))
        }
        Verdict::KeyTaken { claim, owner } => standing(engine, shop, &claim, owner, &offer, &door).await,
        other => Err(IntakeError::Broken(format!("a new order came to {other:?}"))),
    }
}

async fn offer_to(
    engine: &Engine<IngestGateway>,
    shop: &Shop,
    order: OrderId,
    offer: &Arc<Offer>,
    door: &Door,
) -> Result<Verdict, IntakeError> {
    let request = Request {
        place: inbound::place(order, shop.pair.clone()),
        command: Command::Accept(offer.clone()),
        claims: claims(shop, order.stream(), &offer.order, door),
        subject_keys: Vec::new(),
        caused_by: door.caused_by.to_owned(),
        actor: None,
    };
    Ok(engine.handle(request).await?)
}

/// Another stream owns a key that we wanted: it decides.
async fn standing(
    engine: &Engine<IngestGateway>,
    shop: &Shop,
    claim: &KeyClaim,
    owner: StreamId,
    offer: &Arc<Offer>,
    door: &Door,
) -> Result<Outcome, IntakeError> {
    let order = OrderId(owner.0);
    let history = engine.context().ledger.load(owner).await?;
    let Intake::Accepted(accepted) = view::fold(&history.events)? else {
        return Err(IntakeError::Broken(format!(
            "stream {owner} owns the key {}/{} and is empty",
            claim.kind, claim.key
        )));
    };
    let stands = &accepted.offer.order;
    // A token serves one order, of whichever shop of the pair.
    if stands.shop != shop.id || (claim.kind == TOKEN && stands.order_number != offer.order.order_number) {
        return Ok(Outcome::TokenUsed { order_number: stands.order_number.clone() });
    }
    match offer_to(engine, shop, order, offer, door).await? {
        Verdict::Done { .. } | Verdict::Parked(_) => Ok(Outcome::Standing(order)),
        Verdict::Rejected(why) => match why.downcast::<Rejection>().map(|why| *why) {
            Ok(Rejection::Differs { order_number, fields }) => Ok(Outcome::Differs { order, order_number, fields }),
            Ok(other) => Err(IntakeError::Broken(other.to_string())),
            Err(other) => Err(IntakeError::Broken(other.to_string())),
        },
        other => Err(IntakeError::Broken(format!("a repeated order came to {other:?}"))),
    }
}

/// The natural key of a card token.
const TOKEN: &str = "token";

/// The natural key of order numbers of a shop.
pub(crate) fn number_kind(shop: &Shop) -> String {
    format!("order/{}", shop.id)
}

fn claims(shop: &Shop, stream: StreamId, order: &Order, door: &Door) -> Vec<KeyClaim> {
    let claim = |kind: String, key: &str| KeyClaim { pair: shop.pair.clone(), kind, key: key.to_owned(), stream };
    let mut claims = vec![claim(number_kind(shop), &order.order_number)];
    if let Some(key) = &door.idempotency_key {
        claims.push(claim(format!("idempotency/{}", shop.id), key));
    }
    if !door.shop_order_id.is_empty() {
        claims.push(claim(format!("shop_order/{}", shop.id), &door.shop_order_id));
    }
    // A stored token is there to be used again.
    if order.payment.mode == PaymentMode::Transient {
        claims.push(claim(TOKEN.to_owned(), &order.payment.token));
    }
    claims
}

async fn seal(
    engine: &Engine<IngestGateway>,
    shop: &Shop,
    checked: Checked,
    door: &Door,
) -> Result<Offer, IntakeError> {
    let context = engine.context();
    let master = &engine.service().settings().master;
    let Checked { mut order, personal, person, marked, .. } = checked;
    let marks = marks(&master.pair_key(shop.pair.as_str()), &marked);
    let mut plain = Personal::encode_to_vec(&personal);
    let sealed = person::seal(&context.node, &context.ledger, master, &shop.pair, &person, &plain).await;
    plain.zeroize();
    order.personal = sealed?;
    Ok(Offer {
        order,
        marks,
        source: door.source,
        shop_order_id: door.shop_order_id.clone(),
        tells_shop: shop.callback.is_some(),
    })
}

/// Keyed marks: equal texts of one field have equal marks, and nobody without the key can guess a text from its mark.
fn marks(key: &sealed::PairKey, marked: &[Option<String>]) -> Marks {
    let mark = |field: &str, text: &str| {
        let digest = key.lookup(field, text);
        u64::from_str_radix(digest.get(..16).unwrap_or_default(), 16).unwrap_or(0)
    };
    let marks =
        MARKED_FIELDS.iter().zip(marked).map(|(field, text)| text.as_deref().map_or(0, |text| mark(field, text)));
    Marks(marks.collect())
}

impl IntakeError {
    /// True when the same request may succeed a little later.
    pub(crate) fn may_pass(&self) -> bool {
        match self.class() {
            fault::Class::Transient | fault::Class::UnknownOutcome => true,
            fault::Class::Permanent => false,
        }
    }
}
