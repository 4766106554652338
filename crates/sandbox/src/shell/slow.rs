//! Bodies that come too slowly, or not whole.

use std::{io, time::Duration};

use axum::{body::Body, response::Response as AxumResponse};
use bytes::Bytes;
use futures_util::stream;
use http::Response;
use tokio_util::sync::CancellationToken;

/// How long the first half has to leave.
const FLUSH: Duration = Duration::from_millis(50);

/// The head at once, then one byte each so long. Broken off when the sandbox stops.
pub(super) fn dripping(response: Response<Bytes>, each: Duration, stop: CancellationToken) -> AxumResponse {
    response.map(|body| {
        Body::from_stream(stream::unfold((body, stop), move |(mut rest, stop)| async move {
            if rest.is_empty() {
                return None;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => Some((Err(broken_off()), (Bytes::new(), stop))),
                () = tokio::time::sleep(each) => {
                    let byte = rest.split_to(1);
                    Some((Ok(byte), (rest, stop)))
                }
            }
        }))
    })
}

/// The head and the first half of the body, then the connection is closed.
pub(super) fn halved(response: Response<Bytes>) -> AxumResponse {
    response.map(|mut body| {
        body.truncate(body.len() / 2);
        Body::from_stream(stream::unfold(Some(body), |half| async move {
            match half {
                Some(half) if !half.is_empty() => Some((Ok(half), Some(Bytes::new()))),
                // A connection broken off in the same breath would take the half along.
                Some(_) => {
                    tokio::time::sleep(FLUSH).await;
                    Some((Err(broken_off()), None))
                }
                None => None,
            }
        }))
    })
}

fn broken_off() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "broken off on purpose")
}
