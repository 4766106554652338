//! A NATS server of one test: own port, own folder, gone with the test.

use std::{
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

static SERVERS: AtomicU32 = AtomicU32::new(0);

pub struct Server {
    port: u16,
    folder: PathBuf,
    child: Option<Child>,
}

impl Server {
    pub fn start() -> Self {
        let number = SERVERS.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("quittance-bus-{}-{number}", std::process::id()));
        let mut server = Self { port: free_port(), folder, child: None };
        server.go();
        server
    }

    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    pub fn go(&mut self) {
        let binary =
            std::env::var("QUITTANCE_NATS_SERVER").expect("QUITTANCE_NATS_SERVER is not set: run through make test");
        std::fs::create_dir_all(&self.folder).unwrap();
        let child = Command::new(binary)
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(&self.folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.child = Some(child);
        let address = ([127, 0, 0, 1], self.port).into();
        // Polling a port is quick and needs no runtime; each attempt waits by itself.
        let is_up = (0..1000).any(|_| {
            let connected = TcpStream::connect_timeout(&address, Duration::from_millis(50)).is_ok();
            if !connected {
                std::thread::park_timeout(Duration::from_millis(10));
            }
            connected
        });
        assert!(is_up, "the NATS server listens");
    }

    /// As by SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// As by SIGSTOP: it stays, and says nothing.
    pub fn pause(&self) {
        self.signal("-STOP");
    }

    /// After [`Server::pause`].
    pub fn resume(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
    }

    /// Removes everything that it stored.
    pub fn empty(&self) {
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
