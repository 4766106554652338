//! Servers that go away under load and come back, with and without what they knew.

use system_tests::{Cluster, Name, cluster::ALL, database};

use crate::{Load, dead_letters, patient};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_connection_to_postgres_is_cut_again_and_again() {
    let cluster = Cluster::real(41, patient()).await;
    let mut load = Load::default();
    let mut cut = 0;
    for _ in 0..5 {
        load.send(&cluster, 4).await;
        for name in ALL {
            cut += database::cut_connections(&cluster, name).await;
        }
    }
    assert!(cut >= 15, "only {cut} connections were cut");
    // A write whose announcement was cut off may be unknown: it stands visibly, and is never repeated.
    let cases = load.judged(&cluster).await;
    let ended = cases.iter().filter(|case| runtime::query::is_final(&case.summary.state)).count();
    assert!(ended > cases.len() / 2, "{ended} of {} orders ended", cases.len());
    assert_eq!(dead_letters(&cluster).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_killed_and_comes_back_under_load() {
    let mut cluster = Cluster::real(42, patient()).await;
    let mut load = Load::default();
    for _ in 0..3 {
        load.send(&cluster, 5).await;
        cluster.stop_broker();
        // Orders are taken without a broker; they wait in the outbox.
        load.send(&cluster, 5).await;
        cluster.start_broker();
    }
    load.ended(&cluster).await;
    assert_eq!(dead_letters(&cluster).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_wiped_under_load() {
    let mut cluster = Cluster::real(43, patient()).await;
    let mut load = Load::default();
    for _ in 0..3 {
        load.send(&cluster, 10).await;
        cluster.nats().wipe();
        cluster.nats().up();
    }
    load.ended(&cluster).await;
    assert_eq!(load.0.len(), 30);
    assert_eq!(dead_letters(&cluster).await, 0);
    let sagas = "select count(*) from stream where kind = 'order_to_cash'";
    assert_eq!(database::number(&cluster, Name::Payment, sagas).await, 30);
}
