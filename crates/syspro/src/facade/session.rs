//! The operator's one session.
//!
//! The token is taken out for the time of a call and put back after it. A call that is dropped half way, or ends in doubt, puts
//! nothing back: the next call logs on afresh, which ends the session in which the server may still be at work.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, header};
use node::TransportError;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;

use super::{AuthMode, Facade, wire};
use crate::outcome::{Code, ReadError, Refusal};

const GET_TOKEN: &str = "GetToken";
const RELEASE_TOKEN: &str = "ReleaseToken";

/// A token that was good when last used, or nothing.
#[derive(Default)]
pub(super) struct Session {
    token: Option<(SecretString, Instant)>,
}

/// What is shown to the facade with a call.
pub(super) enum Proof {
    Token(SecretString),
    Key(SecretString),
}

impl Proof {
    pub(super) fn header(&self) -> (HeaderName, HeaderValue) {
        let (name, text) = match self {
            Self::Token(token) => (header::AUTHORIZATION, format!("Bearer {}", token.expose_secret())),
            Self::Key(key) => (HeaderName::from_static("x-api-key"), key.expose_secret().to_owned()),
        };
        // A secret that is no header value proves nothing; the facade says so.
        let mut value = HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static(""));
        value.set_sensitive(true);
        (name, value)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Granted {
    token: String,
}

impl Session {
    /// Takes the proof for a call, logging on when there is no token.
    pub(super) async fn proof(&mut self, facade: &Facade, operation: &'static str) -> Result<Proof, Refusal> {
        if facade.config.auth_mode == AuthMode::Key {
            return Ok(Proof::Key(facade.operator.api_key.clone()));
        }
        if let Some((token, _)) = self.token.take() {
            return Ok(Proof::Token(token));
        }
        log_on(facade).await.map(Proof::Token).map_err(|error| match error {
            ReadError::Refused { refusal, .. } => refusal,
            other => {
                let message = format!("no session for {operation}: {other}");
                Refusal::new(Code::NoSession, Code::NoSession.on_write(), message)
            }
        })
    }

    /// Puts the proof back after a call that ended well.
    pub(super) fn keep(&mut self, proof: Proof) {
        if let Proof::Token(token) = proof {
            self.token = Some((token, Instant::now()));
        }
    }

    /// Forgets a token that has probably fallen asleep.
    pub(super) fn drop_idle(&mut self, idle_max: Duration) {
        if self.token.as_ref().is_some_and(|(_, used_at)| used_at.elapsed() > idle_max) {
            self.token = None;
        }
    }

    /// Logs on afresh.
    pub(super) async fn renew(&mut self, facade: &Facade) -> Result<(), ReadError> {
        self.token = None;
        if facade.config.auth_mode == AuthMode::Token {
            self.token = Some((log_on(facade).await?, Instant::now()));
        }
        Ok(())
    }

    /// Gives the seat back.
    pub(super) async fn release(&mut self, facade: &Facade) {
        let Some((token, _)) = self.token.take() else { return };
        let target = format!("/APIServices/AuthService/{RELEASE_TOKEN}");
        let limit = facade.config.query_limit;
        match facade.send(Method::POST, &target, Some(&Proof::Token(token)), Bytes::new(), limit).await {
            Ok(answer) if answer.status().is_success() => {}
            Ok(answer) => tracing::info!(status = answer.status().as_u16(), "SYSPRO did not take the seat back"),
            Err(error) => tracing::info!(%error, "SYSPRO could not be told that the seat is free"),
        }
    }
}

async fn log_on(facade: &Facade) -> Result<SecretString, ReadError> {
    let target = format!("/APIServices/AuthService/{GET_TOKEN}");
    let key = Proof::Key(facade.operator.api_key.clone());
    let limit = facade.config.query_limit;
    let answer =
        facade.send(Method::POST, &target, Some(&key), Bytes::new(), limit).await.map_err(|error| match error {
            TransportError::NotSent { host, detail } => {
                let refusal = Refusal::new(Code::NotSent, Code::NotSent.on_read(), format!("{host}: {detail}"));
                ReadError::Refused { operation: GET_TOKEN, refusal }
            }
            TransportError::MaybeSent { detail, .. } => ReadError::NoAnswer { operation: GET_TOKEN, detail },
        })?;
    wire::granted::<Granted>(GET_TOKEN, &answer).map(|granted| SecretString::from(granted.token))
}
