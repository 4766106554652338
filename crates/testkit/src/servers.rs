//! Real servers for tests: a database of one's own on the shared Postgres, a NATS server of one's own.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};

/// What to say when the servers are missing.
const MISSING: &str = "is not set: run the tests through `make test`, which starts the servers";

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} {MISSING}"))
}

fn random_name() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// A port that was free a moment ago.
///
/// # Panics
/// When the machine has no free port.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address").port()
}

/// A database that exists as long as this value does.
pub struct Database {
    /// Where to connect.
    pub url: String,
    name: String,
    admin: String,
}

impl Database {
    /// Creates an empty database with a name of its own.
    ///
    /// # Panics
    /// When `QUITTANCE_POSTGRES_URL` is missing or the server refuses.
    pub async fn create(purpose: &str) -> Self {
        let admin = variable("QUITTANCE_POSTGRES_URL");
        let name = format!("t_{purpose}_{}", random_name());
        let mut connection = PgConnection::connect(&admin).await.expect("the test server answers");
        connection
            .execute(AssertSqlSafe(format!("create database \"{name}\"")))
            .await
            .expect("a database for the test");
        let (base, _) = admin.rsplit_once('/').expect("a URL with a database");
        Self { url: format!("{base}/{name}"), name, admin }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A runtime of its own: a test may be unwinding, and its runtime may be gone.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin).await.ok()?;
                connection.execute(AssertSqlSafe(format!("drop database if exists \"{name}\" with (force)"))).await.ok()
            })
        });
        let _ = dropped.join();
    }
}

/// A NATS server with JetStream of one's own, killed on drop. Its store survives [`Nats::kill`], not [`Nats::wipe`].
pub struct Nats {
    /// Where to connect.
    pub url: String,
    port: u16,
    store: PathBuf,
    child: Option<Child>,
}

impl Nats {
    /// Starts a server on a free port with an empty store.
    ///
    /// # Panics
    /// When `QUITTANCE_NATS_SERVER` is missing or the server does not come up.
    pub fn start() -> Self {
        let port = free_port();
        let store = std::env::temp_dir().join(format!("quittance-nats-{}", random_name()));
        let mut nats = Self { url: format!("nats://127.0.0.1:{port}"), port, store, child: None };
        nats.up();
        nats
    }

    /// Starts it again on the same port and store.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn up(&mut self) {
        std::fs::create_dir_all(&self.store).expect("a folder for the broker");
        let child = Command::new(variable("QUITTANCE_NATS_SERVER"))
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(&self.store)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the NATS server starts");
        self.child = Some(child);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let deadline = std::time::Duration::from_secs(10);
        assert!(
            TcpStream::connect_timeout(&address, deadline).is_ok() || self.answers(deadline),
            "the NATS server answers"
        );
    }

    fn answers(&self, within: Duration) -> bool {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let mut left = within.as_millis() / 20;
        while left > 0 {
            if TcpStream::connect(address).is_ok() {
                return true;
            }
            std::thread::park_timeout(Duration::from_millis(20));
            left -= 1;
        }
        false
    }

    /// Starts it again unless it runs.
    ///
    /// # Panics
    /// When it does not come up.
    pub fn up_again(&mut self) {
        if self.child.is_none() {
            self.up();
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGKILL, and everything it stored is gone.
    pub fn wipe(&mut self) {
        self.kill();
        let _ = std::fs::remove_dir_all(&self.store);
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.wipe();
    }
}
