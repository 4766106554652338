//! Questions of one kind that come in crowds are asked in one statement: whoever gets a lane takes along everybody who
//! waits. A lone question goes at once.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use fault::{Class, Classify as _};
use tokio::sync::{Semaphore, oneshot};

use crate::error::LedgerError;

/// Statements under way at a time. More would only make the crowds smaller.
const LANES: usize = 2;
/// Most questions in one statement.
const CROWD_MAX: usize = 128;

/// One who waits: what he asks about, and where he hears it.
type Asked<K, V> = (K, oneshot::Sender<Result<V, LedgerError>>);

/// Those who wait.
pub(super) struct Together<K, V> {
    waiting: Mutex<Vec<Asked<K, V>>>,
    lanes: Semaphore,
}

impl<K, V> Default for Together<K, V> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), lanes: Semaphore::new(LANES) }
    }
}

impl<K: Ord + Copy, V: Clone> Together<K, V> {
    /// Asks about `key`; `read` answers for many, and leaves out what does not exist, for which `none` stands.
    pub(super) async fn ask<F>(&self, key: K, none: V, read: impl Fn(Vec<K>) -> F) -> Result<V, LedgerError>
    where
        F: Future<Output = Result<BTreeMap<K, V>, LedgerError>>,
    {
        loop {
            let (tell, mut told) = oneshot::channel();
            self.lock().push((key, tell));
            loop {
                let lane = tokio::select! {
                    biased;
                    answer = &mut told => match answer {
                        Ok(answer) => return answer,
                        // Who asked for us went away before he knew.
                        Err(_) => break,
                    },
                    lane = self.lanes.acquire() => lane,
                };
                let crowd: Vec<Asked<K, V>> = {
                    let mut waiting = self.lock();
                    let most = waiting.len().min(CROWD_MAX);
                    waiting.drain(..most).collect()
                };
                if crowd.is_empty() {
                    drop(lane);
                    match told.await {
                        Ok(answer) => return answer,
                        Err(_) => break,
                    }
                }
                let answers = read(crowd.iter().map(|(key, _)| *key).collect()).await;
                tell_all(crowd, answers, &none, &read).await;
                drop(lane);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Asked<K, V>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives each its answer.
async fn tell_all<K: Ord + Copy, V: Clone, F>(
    mut crowd: Vec<Asked<K, V>>,
    mut answers: Result<BTreeMap<K, V>, LedgerError>,
    none: &V,
    read: impl Fn(Vec<K>) -> F,
) where
    F: Future<Output = Result<BTreeMap<K, V>, LedgerError>>,
{
    // One of them is wrong for good: each hears what is true of it alone.
    let goes_alone = crowd.len() > 1 && answers.as_ref().is_err_and(|error| error.class() == Class::Permanent);
    while let Some((key, tell)) = crowd.pop() {
        if goes_alone {
            answers = read(vec![key]).await;
        }
        let is_shared = crowd.iter().any(|(other, _)| *other == key);
        let answer = match &mut answers {
            Ok(found) if is_shared => Ok(found.get(&key).cloned()),
            Ok(found) => Ok(found.remove(&key)),
            Err(error) => Err(error.clone()),
        };
        let _ = tell.send(answer.map(|found| found.unwrap_or_else(|| none.clone())));
    }
}
