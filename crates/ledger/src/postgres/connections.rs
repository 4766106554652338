//! A few connections for everything but commits.
//!
//! Not the driver's own pool: that one asks the server for a sign of life before and after every use, and in the release
//! at hand a cancelled `begin` hands the next user an open transaction. Here a connection goes back only when its call
//! came to its end; a caller that is dropped midway drops the connection with it, and whatever it had open.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, timeout},
};

use crate::{
    error::LedgerError,
    postgres::fault::{self, Trouble},
};

/// A connection is not used beyond this age, so that the server can give its memory back.
const AGE_MAX: Duration = Duration::from_secs(30 * 60);
/// After this long without use the server is asked for a sign of life first.
const IDLE_TRUSTED: Duration = Duration::from_secs(1);

struct Idle {
    connection: PgConnection,
    born: Instant,
    since: Instant,
}

/// At most `size` connections, made when needed.
pub(super) struct Connections {
    options: PgConnectOptions,
    patience: Duration,
    idle: Mutex<Vec<Idle>>,
    permits: Semaphore,
}

/// One connection in use.
pub(super) struct InUse<'a> {
    connection: PgConnection,
    born: Instant,
    home: &'a Connections,
    _permit: SemaphorePermit<'a>,
}

/// Opens one connection within `patience`.
pub(super) async fn open(options: &PgConnectOptions, patience: Duration) -> Result<PgConnection, LedgerError> {
    match timeout(patience, PgConnection::connect_with(options)).await {
        Ok(outcome) => outcome.map_err(fault::connecting),
        Err(_) => Err(LedgerError::unavailable(format!("no connection within {patience:?}"))),
    }
}

impl Connections {
    pub(super) fn new(options: PgConnectOptions, size: usize, patience: Duration) -> Self {
        Self { options, patience, idle: Mutex::default(), permits: Semaphore::new(size) }
    }

    /// Waits for a connection.
    pub(super) async fn take(&self) -> Result<InUse<'_>, LedgerError> {
        let permit = match timeout(self.patience, self.permits.acquire()).await {
            Ok(Ok(permit)) => permit,
            Ok(Err(_)) | Err(_) => {
                return Err(LedgerError::unavailable(format!("no free connection within {:?}", self.patience)));
            }
        };
        while let Some(Idle { mut connection, born, since }) = self.pop() {
            let is_young = born.elapsed() < AGE_MAX;
            if is_young && (since.elapsed() < IDLE_TRUSTED || connection.ping().await.is_ok()) {
                return Ok(InUse { connection, born, home: self, _permit: permit });
            }
        }
        let connection = open(&self.options, self.patience).await?;
        Ok(InUse { connection, born: Instant::now(), home: self, _permit: permit })
    }

    fn pop(&self) -> Option<Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }
}

/// True when the connection is gone.
pub(super) fn is_lost(error: &sqlx::Error) -> bool {
    matches!(fault::trouble(error), Trouble::Lost(_))
}

impl InUse<'_> {
    /// The call is over: puts the connection back when it is still good, and says what an error means.
    pub(super) fn done<T>(
        self,
        outcome: Result<T, sqlx::Error>,
        meaning: impl FnOnce(&sqlx::Error) -> LedgerError,
    ) -> Result<T, LedgerError> {
        let is_good = !outcome.as_ref().is_err_and(is_lost);
        let mut idle = self.home.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if is_good {
            idle.push(Idle { connection: self.connection, born: self.born, since: Instant::now() });
        } else {
            // Where one is lost, the server has most likely restarted, and the others are lost too.
            idle.clear();
        }
        drop(idle);
        outcome.map_err(|error| meaning(&error))
    }
}

impl Deref for InUse<'_> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        &self.connection
    }
}

impl DerefMut for InUse<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        &mut self.connection
    }
}
