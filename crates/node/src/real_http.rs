//! HTTP over real sockets.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::http::{HttpFuture, Limits, Request, Response, Transport, TransportError};

/// Time to get a connection, inside the total.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A client without redirects, retries or proxies.
#[derive(Clone)]
pub struct RealTransport {
    client: reqwest::Client,
}

impl RealTransport {
    /// A client of its own, with its own pool of connections.
    ///
    /// # Errors
    /// When the TLS library cannot be set up.
    pub fn new() -> Result<Self, TransportError> {
        // Ours is the only provider; a second install means that somebody already did it.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_LIMIT)
            // Shorter than the keep-alive of common servers, so that we rarely write into a closing connection.
            .pool_idle_timeout(Duration::from_secs(4))
            .build()
            .map_err(|error| TransportError::NotSent { host: "-".to_owned(), detail: chain(&error) })?;
        Ok(Self { client })
    }
}

impl Transport for RealTransport {
    fn send(&self, request: Request, limits: Limits) -> HttpFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
            let request = reqwest::Request::try_from(request)
                .map_err(|error| TransportError::NotSent { host: host.clone(), detail: chain(&error) })?;
            let call = async {
                let answer = self.client.execute(request).await.map_err(|error| {
                    let detail = chain(&error);
                    // `is_connect` covers name look-up, refusal and TLS: everything before the first byte of the request.
                    if error.is_connect() || error.is_builder() {
                        TransportError::NotSent { host: host.clone(), detail }
                    } else {
                        TransportError::MaybeSent { host: host.clone(), detail }
                    }
                })?;
                read(answer, &host, limits.body_bytes_max).await
            };
            match tokio::time::timeout(limits.total, call).await {
                Ok(outcome) => outcome,
                Err(_) => Err(TransportError::MaybeSent {
                    host: host.clone(),
                    detail: format!("no answer within {:?}", limits.total),
                }),
            }
        })
    }
}

async fn read(mut answer: reqwest::Response, host: &str, most: usize) -> Result<Response, TransportError> {
    let unusable = |detail: String| TransportError::MaybeSent { host: host.to_owned(), detail };
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| unusable(chain(&error)))? {
        if body.len() + chunk.len() > most {
            return Err(unusable(format!("the answer is larger than {most} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

/// The whole chain of causes without the URL, which may carry a query worth hiding.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = String::new();
    let mut next = Some(error);
    while let Some(cause) = next {
        if !text.is_empty() {
            text.push_str(": ");
        }
        match cause.downcast_ref::<reqwest::Error>() {
            Some(_) => text.push_str("http"),
            None => text.push_str(&cause.to_string()),
        }
        next = cause.source();
    }
    text
}
