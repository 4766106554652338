//! HTTP without sockets: a table from host to handler, with seeded weather between.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};

use crate::http::{Handler, HttpFuture, Limits, Request, Response, Transport, TransportError};

/// How often, in thousandths, the simulated network misbehaves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// The connection is refused: surely not sent.
    pub refused: u32,
    /// The request is lost on its way: nothing happens there, we learn nothing.
    pub request_lost: u32,
    /// The answer is lost on its way back: it happened, we learn nothing.
    pub answer_lost: u32,
    /// The longest delay each way, milliseconds.
    pub delay_ms_max: u64,
}

/// A simulated network. Cloning shares it.
#[derive(Clone)]
pub struct SimNetwork {
    hosts: Arc<Mutex<BTreeMap<String, Arc<dyn Handler>>>>,
    weather: Arc<Mutex<(Weather, StdRng)>>,
}

struct Fate {
    refused: bool,
    request_lost: bool,
    answer_lost: bool,
    there: Duration,
    back: Duration,
}

impl SimNetwork {
    /// A network with fair weather; `seed` decides every later accident.
    pub fn new(seed: u64) -> Self {
        Self { hosts: Arc::default(), weather: Arc::new(Mutex::new((Weather::default(), StdRng::seed_from_u64(seed)))) }
    }

    /// Puts a handler behind an authority such as `127.0.0.1:9100`.
    pub fn serve(&self, authority: &str, handler: Arc<dyn Handler>) {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner).insert(authority.to_owned(), handler);
    }

    /// Changes the weather from now on.
    pub fn set_weather(&self, weather: Weather) {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner).0 = weather;
    }

    fn fate(&self) -> Fate {
        let mut guard = self.weather.lock().unwrap_or_else(PoisonError::into_inner);
        let (weather, random) = &mut *guard;
        let mut happens = |per_thousand: u32| random.random_range(0..1000) < per_thousand;
        let (refused, request_lost, answer_lost) =
            (happens(weather.refused), happens(weather.request_lost), happens(weather.answer_lost));
        let mut delay = || Duration::from_millis(random.random_range(0..=weather.delay_ms_max));
        Fate { refused, request_lost, answer_lost, there: delay(), back: delay() }
    }
}

impl Transport for SimNetwork {
    fn send(&self, request: Request, limits: Limits) -> HttpFuture<'_, Result<Response, TransportError>> {
        let host = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let handler = self.hosts.lock().unwrap_or_else(PoisonError::into_inner).get(&host).cloned();
        let fate = self.fate();
        Box::pin(async move {
            let Some(handler) = handler.filter(|_| !fate.refused) else {
                return Err(TransportError::NotSent { host, detail: "connection refused".to_owned() });
            };
            // The other side is a task of its own: what it does is done even if the caller dies or gives up meanwhile.
            let (tell, told) = tokio::sync::oneshot::channel();
            if !fate.request_lost {
                detached(async move {
                    tokio::time::sleep(fate.there).await;
                    let answer = handler.handle(request).await;
                    tokio::time::sleep(fate.back).await;
                    let _ = tell.send(answer.filter(|_| !fate.answer_lost));
                });
            }
            let answer = async {
                match told.await {
                    Ok(Some(answer)) => answer,
                    _ => std::future::pending().await,
                }
            };
            match tokio::time::timeout(limits.total, answer).await {
                Ok(answer) if answer.body().len() <= limits.body_bytes_max => Ok(answer),
                Ok(_) => Err(TransportError::MaybeSent { host, detail: "the answer is too large".to_owned() }),
                Err(_) => {
                    Err(TransportError::MaybeSent { host, detail: format!("no answer within {:?}", limits.total) })
                }
            }
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "the far side of the wire must outlive the death of this node")]
fn detached(future: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(future);
}
