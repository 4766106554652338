//! Connections that can be closed without an answer: after [`Connection::refuse_writes`] not one byte leaves.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use axum::{
    extract::connect_info::Connected,
    serve::{IncomingStream, Listener},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

/// How long to wait after the system refused to accept a connection (too many open files) before asking again.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a handler knows of the connection that its request came over.
#[derive(Debug, Clone, Default)]
pub(super) struct Connection {
    refuses_writes: Arc<AtomicBool>,
}

impl Connection {
    /// From now on every write fails, so that the server gives the connection up before its answer's first byte.
    pub(super) fn refuse_writes(&self) {
        self.refuses_writes.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, DroppingListener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, DroppingListener>) -> Self {
        stream.io().connection.clone()
    }
}

pub(super) struct DroppingListener(pub(super) TcpListener);

impl Listener for DroppingListener {
    type Io = DroppingStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (DroppingStream, SocketAddr) {
        loop {
            match self.0.accept().await {
                Ok((stream, address)) => {
                    // A failure leaves Nagle's delay on, which is slow and still right.
                    let _ = stream.set_nodelay(true);
                    return (DroppingStream { stream, connection: Connection::default() }, address);
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

pub(super) struct DroppingStream {
    stream: TcpStream,
    connection: Connection,
}

impl DroppingStream {
    fn checked(&self) -> io::Result<()> {
        if self.connection.refuses_writes.load(Ordering::Acquire) {
            return Err(io::Error::new(io::ErrorKind::ConnectionAborted, "closed on purpose"));
        }
        Ok(())
    }
}

impl AsyncRead for DroppingStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for DroppingStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Err(error) = self.checked() {
            return Poll::Ready(Err(error));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
