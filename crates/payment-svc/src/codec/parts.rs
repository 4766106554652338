//! Small messages that many events share.

use contracts::r#type::v1 as wire;
use ids::OrderId;
use money::Amount;
use payment_domain::{Authentication, CardToken, Claim, Reason, Shortage, TokenMode};
use sealed::SealedBox;
use uuid::Uuid;

use super::{Corrupt, missing};

/// An amount that must be there.
pub(crate) fn amount(money: Option<&wire::Money>) -> Result<Amount, Corrupt> {
    Ok(contracts::convert::amount(money)?)
}

/// An amount that may be there.
pub(crate) fn optional_amount(money: Option<&wire::Money>) -> Result<Option<Amount>, Corrupt> {
    Ok(money.map(Amount::try_from).transpose()?)
}

/// A reason as a message.
pub(crate) fn reason_to_wire(reason: &Reason) -> wire::Reason {
    let shortage = |shortage: &Shortage| wire::Shortage {
        sku: shortage.sku.clone(),
        warehouse: shortage.warehouse.clone(),
        asked: shortage.asked.clone(),
        available: shortage.available.clone(),
    };
    wire::Reason {
        code: reason.code.clone(),
        text: reason.text.clone(),
        shortages: reason.shortages.iter().map(shortage).collect(),
    }
}

/// A message as a reason; a missing one is an empty one.
pub(crate) fn reason_from_wire(reason: Option<wire::Reason>) -> Reason {
    let reason = reason.unwrap_or_default();
    let shortage = |shortage: wire::Shortage| Shortage {
        sku: shortage.sku,
        warehouse: shortage.warehouse,
        asked: shortage.asked,
        available: shortage.available,
    };
    Reason { code: reason.code, text: reason.text, shortages: reason.shortages.into_iter().map(shortage).collect() }
}

/// A card token as a message. The first digits of the card are shown by intake; nothing here needs them.
pub(crate) fn token_to_wire(token: &CardToken) -> wire::PaymentToken {
    let mode = match token.mode {
        TokenMode::Transient => "transient",
        TokenMode::Stored => "stored",
        TokenMode::Adopt => "adopt",
        TokenMode::Taken => "taken",
    };
    wire::PaymentToken {
        mode: mode.to_owned(),
        token: token.token.clone(),
        brand: token.brand.clone(),
        bin: String::new(),
        last_four: token.last_four.clone(),
        expires_at_ms: token.expires_at_ms.unwrap_or(0),
        gateway_request_id: token.claim.as_ref().map(|claim| claim.gateway_request_id.clone()).unwrap_or_default(),
        merchant_reference: token.claim.as_ref().map(|claim| claim.reference.clone()).unwrap_or_default(),
        authentication: token.authentication.as_ref().map(|proof| wire::Authentication {
            cavv: proof.cavv.clone(),
            eci: proof.eci.clone(),
            xid: proof.xid.clone(),
            directory_server_id: proof.directory_server_id.clone(),
            version: proof.version.clone(),
        }),
    }
}

/// A message as a card token.
pub(crate) fn token_from_wire(token: Option<wire::PaymentToken>) -> Result<CardToken, Corrupt> {
    let token = token.ok_or_else(|| missing("payment token"))?;
    let mode = match token.mode.as_str() {
        "transient" => TokenMode::Transient,
        "stored" => TokenMode::Stored,
        "adopt" => TokenMode::Adopt,
        "taken" => TokenMode::Taken,
        other => return Err(Corrupt(format!("`{other}` is no way to hand a card over"))),
    };
    let claim = match mode {
        TokenMode::Transient | TokenMode::Stored => None,
        TokenMode::Adopt | TokenMode::Taken if token.gateway_request_id.is_empty() => {
            return Err(missing("gateway request id of the shop's plugin"));
        }
        TokenMode::Adopt | TokenMode::Taken => {
            Some(Claim { gateway_request_id: token.gateway_request_id, reference: token.merchant_reference })
        }
    };
    Ok(CardToken {
        mode,
        token: token.token,
        brand: token.brand,
        last_four: token.last_four,
        expires_at_ms: (token.expires_at_ms != 0).then_some(token.expires_at_ms),
        claim,
        authentication: token.authentication.map(|proof| Authentication {
            cavv: proof.cavv,
            eci: proof.eci,
            xid: proof.xid,
            directory_server_id: proof.directory_server_id,
            version: proof.version,
        }),
    })
}

/// A sealed box as a message, without the wrapped key: the relay puts it on when it publishes.
pub(crate) fn sealed_to_wire(sealed: &SealedBox) -> wire::Sealed {
    wire::Sealed {
        subject: sealed.subject.to_string(),
        wrapped_key: bytes::Bytes::new(),
        ciphertext: sealed.ciphertext.clone().into(),
    }
}

/// A message as a sealed box, without the wrapped key.
pub(crate) fn sealed_from_wire(sealed: Option<&wire::Sealed>) -> Result<SealedBox, Corrupt> {
    let sealed = sealed.ok_or_else(|| missing("personal part"))?;
    Ok(SealedBox {
        subject: Uuid::parse_str(&sealed.subject)?,
        wrapped_key: Vec::new(),
        ciphertext: sealed.ciphertext.to_vec(),
    })
}

/// An order's id.
pub(super) fn order_id(text: &str) -> Result<OrderId, Corrupt> {
    Ok(text.parse()?)
}
