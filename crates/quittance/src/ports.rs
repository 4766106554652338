//! A world on free ports: for the bench and the drills, which run beside whatever else runs on the machine.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    time::Duration,
};

use anyhow::bail;
use node::Node;
use tokio::time::Instant;

/// Services of a world, each with a port for queries and one for health.
const SERVICES: u16 = 3;
/// Below the ports that systems give to outgoing connections: a service that is restarted must find its port as
/// free as it left it.
const RANGE: Range<u16> = 20_000..32_000;
/// Tries to find ports in a row.
const TRIES: usize = 200;
/// Between two looks whether everything is ready.
const LOOK: Duration = Duration::from_millis(50);

/// Where the parts of a world listen.
#[derive(Debug, Clone)]
pub struct Ports {
    /// The shop API.
    pub shop_api: SocketAddr,
    /// The first query port; one per service in a row.
    pub query: SocketAddr,
    /// The first health port; one per service in a row.
    pub health: SocketAddr,
    /// The card gateway.
    pub gateway: SocketAddr,
    /// SYSPRO.
    pub erp: SocketAddr,
    /// The shop that is called back.
    pub shop: SocketAddr,
    /// The sandbox's control.
    pub control: SocketAddr,
}

impl Ports {
    /// Ports that were free a moment ago.
    ///
    /// # Errors
    /// When the machine has none.
    pub fn free() -> anyhow::Result<Self> {
        let node = ::runtime::process::real_node("ports")?;
        // One draw: several could meet.
        let query = in_a_row(&node, 2 * SERVICES + 5)?;
        let at = |place| after(query, place);
        Ok(Self {
            query,
            health: at(SERVICES),
            shop_api: at(2 * SERVICES),
            gateway: at(2 * SERVICES + 1),
            erp: at(2 * SERVICES + 2),
            shop: at(2 * SERVICES + 3),
            control: at(2 * SERVICES + 4),
        })
    }

    /// Addresses of the simulated outside, in the order of [`crate::world::serve_on`].
    pub fn outside(&self) -> [SocketAddr; 4] {
        [self.gateway, self.erp, self.shop, self.control]
    }

    /// Addresses of every service's queries.
    pub fn queries(&self) -> Vec<String> {
        (0..SERVICES).map(|place| format!("http://{}", after(self.query, place))).collect()
    }

    /// The flags that make the laptop's world use these ports, these servers, and databases of this name.
    pub fn flags(&self, postgres_url: &str, nats_url: &str, databases: &str) -> Vec<String> {
        let server = postgres_url.rsplit_once('/').map_or(postgres_url, |(server, _)| server);
        let callback =
            |shop: &str| format!("ingest-gateway.shops.{shop}.callback.url=http://{}/callbacks/{shop}", self.shop);
        vec![
            format!("process.postgres_url={server}/{databases}_{{service}}"),
            format!("process.nats_url={nats_url}"),
            format!("process.query={}", self.query),
            format!("process.health={}", self.health),
            "process.log=warn".to_owned(),
            format!("ingest-gateway.listen={}", self.shop_api),
            callback("demo-shop"),
            callback("woo"),
            format!("payment-svc.pairs.demo.gateway.base_url=http://{}", self.gateway),
            format!("erp-writer.pairs.demo.syspro.base_url=http://{}", self.erp),
        ]
    }

    /// Waits until every service says that it is ready.
    ///
    /// # Errors
    /// When one is not within `limit`, with its own reason.
    pub async fn ready(&self, limit: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + limit;
        let client = reqwest::Client::new();
        for place in 0..SERVICES {
            let url = format!("http://{}/readyz", after(self.health, place));
            loop {
                let why = match client.get(&url).send().await {
                    Ok(answer) if answer.status().is_success() => break,
                    Ok(answer) => answer.text().await.unwrap_or_default(),
                    Err(error) => error.to_string(),
                };
                if Instant::now() >= deadline {
                    bail!("{url} is not ready after {limit:?}: {why}");
                }
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(())
    }
}

fn after(first: SocketAddr, place: u16) -> SocketAddr {
    SocketAddr::new(first.ip(), first.port().saturating_add(place))
}

/// The first of so many ports in a row that were free a moment ago.
fn in_a_row(node: &Node, count: u16) -> io::Result<SocketAddr> {
    for _ in 0..TRIES {
        let places = u64::from(RANGE.end - RANGE.start - count);
        let first = RANGE.start + u16::try_from(node.random() % places).unwrap_or(0);
        let first = SocketAddr::from((Ipv4Addr::LOCALHOST, first));
        let all: io::Result<Vec<_>> = (0..count).map(|place| TcpListener::bind(after(first, place))).collect();
        if all.is_ok() {
            return Ok(first);
        }
    }
    Err(io::Error::new(io::ErrorKind::AddrInUse, "no free ports in a row"))
}
