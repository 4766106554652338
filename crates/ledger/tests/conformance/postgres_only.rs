//! What only a real server can do: refuse an edit, choke on one member, and lose a connection at the worst moment.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use ledger::{Committed, LedgerError, PostgresConfig, PostgresLedger};
use node::Action;
use sqlx::{Connection, PgConnection};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::world::*;

fn url(world: &World) -> String {
    match &world.disk {
        Disk::Postgres(url) => url.clone(),
        Disk::Memory(_) => panic!("this case needs a server"),
    }
}

#[test]
fn history_cannot_be_edited_with_plain_sql() {
    on_postgres(|world| {
        Box::pin(async {
            let stream = world.stream();
            world.append(stream, vec![public("a")]).await;
            world.ledger.keep_evidence(id(stream, 1, 0), 1, "s", "b".into()).await.expect("it is kept");
            let mut connection = PgConnection::connect(&url(world)).await.expect("the server answers");
            for sql in [
                "update event set kind = 'b'",
                "delete from event",
                "truncate event",
                "update evidence set source = 't'",
                "delete from evidence",
            ] {
                let error = sqlx::query(sql).execute(&mut connection).await.expect_err("it is refused");
                assert!(error.to_string().contains("append-only"), "{error}");
            }
        })
    });
}

#[test]
fn migrations_run_again_and_beside_each_other() {
    on_postgres(|world| {
        Box::pin(async {
            let url = url(world);
            let extra = [(100, "operator", "create table operator (name text primary key)")];
            let (one, two) = tokio::join!(ledger::migrate(&url, &extra), ledger::migrate(&url, &extra));
            assert_eq!((one, two), (Ok(()), Ok(())));
            execute(&url, "insert into operator values ('op1')").await;
            assert_eq!(ledger::migrate(&url, &[]).await, Ok(()), "an older process starts on a newer database");
            assert!(ledger::migrate(&url, &[(7, "x", "select 1")]).await.is_err(), "low numbers are the ledger's");
        })
    });
}

#[test]
fn what_the_server_chokes_on_fails_alone() {
    on_postgres(|world| {
        Box::pin(async {
            let mut tasks = Vec::new();
            for n in 0..40 {
                let stream = world.stream();
                let mut commit = first(stream);
                if n == 20 {
                    commit.appends[0].events[0].at = DateTime::<Utc>::MIN_UTC;
                }
                let ledger = world.ledger.clone();
                tasks.push((n, world.node.spawn(async move { ledger.commit(commit).await })));
            }
            for (n, task) in tasks {
                match (n, task.await.expect("no panic").expect("alive")) {
                    (20, answer) => assert!(matches!(answer, Err(LedgerError::Refused { .. })), "{answer:?}"),
                    (_, answer) => drop(done(answer)),
                }
            }
        })
    });
}

#[test]
fn many_commits_share_a_transaction() {
    on_postgres(|world| {
        Box::pin(async {
            let commits: Vec<_> = (0..200).map(|_| first(world.stream())).collect();
            let tasks: Vec<_> = commits
                .into_iter()
                .map(|commit| {
                    let ledger = world.ledger.clone();
                    world.node.spawn(async move { ledger.commit(commit).await })
                })
                .collect();
            for task in tasks {
                done(task.await.expect("no panic").expect("alive"));
            }
            let figures = world.ledger.figures();
            assert_eq!(figures.commits, 200);
            assert!(figures.groups < 100, "{figures:?}");
        })
    });
}

#[test]
fn a_connection_cut_before_commit_costs_nothing() {
    on_postgres(|world| {
        Box::pin(async {
            let stream = world.stream();
            world.done(first(world.stream())).await;
            world.faults.arm("append.after_head_update", 1, Action::Pause(Duration::from_millis(300)));
            let (ledger, commit) = (world.ledger.clone(), first(stream));
            let going = world.node.spawn(async move { ledger.commit(commit).await });
            until(|| async { (world.faults.fired("append.after_head_update") == 1).then_some(()) }).await;
            execute(&url(world), CUT_ALL).await;
            done(going.await.expect("no panic").expect("alive"));
            assert_eq!(world.ledger.load(stream).await.expect("it loads").head.version, 1);
            assert_eq!(world.ledger.commit(first(stream)).await, Ok(Committed::Conflict(stream)));
        })
    });
}

const CUT_ALL: &str = "select pg_terminate_backend(pid) from pg_stat_activity
     where datname = current_database() and pid <> pg_backend_pid()";

/// One client: thirty messages for one stream, each handled again until it is in or seen.
async fn handle_thirty(ledger: ledger::Ledger, stream: ids::StreamId) {
    for n in 0..30 {
        loop {
            let Ok(history) = ledger.load(stream).await else { continue };
            let appends = vec![append(stream, history.head, vec![public("handled")])];
            let commit =
                ledger::Commit { inbox: inbox(stream, &format!("m{n}")), appends, ..ledger::Commit::default() };
            match ledger.commit(commit).await {
                Ok(Committed::Done(_) | Committed::Seen) => break,
                Ok(Committed::Conflict(_))
                | Err(LedgerError::Unavailable { .. } | LedgerError::LostInCommit { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}

#[test]
fn connections_cut_under_load_lose_and_double_nothing() {
    on_postgres(|world| {
        Box::pin(async {
            let streams: Vec<_> = (0..16).map(|_| world.stream()).collect();
            let clients: Vec<_> =
                streams.iter().map(|stream| world.node.spawn(handle_thirty(world.ledger.clone(), *stream))).collect();
            let mut cuts = 0;
            until(|| {
                cuts += 1;
                let is_over = clients.iter().all(|client| client.is_finished());
                let url = url(world);
                async move {
                    // Then peace, or a slow machine would do nothing but connect.
                    if cuts <= 25 {
                        execute(&url, CUT_ALL).await;
                    }
                    is_over.then_some(())
                }
            })
            .await;
            for client in clients {
                client.await.expect("no panic").expect("alive");
            }
            assert!(cuts > 3, "a run without cuts proves nothing");
            for stream in streams {
                assert_eq!(world.ledger.load(stream).await.expect("it loads").head.version, 30);
            }
        })
    });
}

/// A wire to the server that is cut right after the server has said yes to a `commit`, before we hear it.
async fn cutting_wire(server: String, cuts: Arc<AtomicU32>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let accept = async move {
        while let Ok((ours, _)) = listener.accept().await {
            let theirs = TcpStream::connect(&server).await.expect("the server answers");
            let mut wires = tokio::task::JoinSet::new();
            wires.spawn(carry(ours, theirs, cuts.clone()));
            wires.detach_all();
        }
    };
    let mut listening = tokio::task::JoinSet::new();
    listening.spawn(accept);
    listening.detach_all();
    port
}

async fn carry(mut ours: TcpStream, mut theirs: TcpStream, cuts: Arc<AtomicU32>) {
    let (mut up, mut down) = (vec![0; 65536], vec![0; 65536]);
    loop {
        tokio::select! {
            biased;
            read = ours.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                theirs.write_all(&up[..length]).await.expect("it passes on");
                let is_commit = up[..length].windows(6).any(|word| word == b"commit");
                let left = cuts.load(Ordering::SeqCst);
                if is_commit && left > 0 && cuts.compare_exchange(left, left - 1, Ordering::SeqCst, Ordering::SeqCst).is_ok() {
                    let answered = theirs.read(&mut down).await;
                    assert!(answered.is_ok_and(|length| length > 0), "the server said yes");
                    return;
                }
            }
            read = theirs.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                if ours.write_all(&down[..length]).await.is_err() {
                    return;
                }
            }
        }
    }
}

#[test]
fn a_commit_whose_answer_was_lost_is_found_and_not_repeated() {
    on_postgres(|world| {
        Box::pin(async {
            let url = url(world);
            let (_, rest) = url.rsplit_once('@').expect("the URL names a user");
            let (server, database) = rest.split_once('/').expect("the URL names a database");
            let cuts = Arc::new(AtomicU32::new(0));
            let port = cutting_wire(server.to_owned(), cuts.clone()).await;
            let through = url.replace(&format!("@{server}/{database}"), &format!("@127.0.0.1:{port}/{database}"));
            let config = PostgresConfig::new(format!("{through}?sslmode=disable"));
            let ledger = PostgresLedger::connect(world.node.clone(), config).await.expect("it answers");

            let held = world.stream();
            let lease = ledger::Lease { holder: "me".to_owned(), lasts: Duration::from_secs(60) };
            let birth = ledger::Birth::Claimed(lease);
            let mut commit = first(held);
            commit.effects = vec![ledger::NewEffect { birth, ..effect(held, 1, 0) }];
            done(ledger.commit(commit).await);

            // Events tell by their hash, a bare finish by the row that only its holder changes.
            let stream = world.stream();
            cuts.store(1, Ordering::SeqCst);
            let durable = done(ledger.commit(ledger::Commit { inbox: inbox(stream, "m"), ..first(stream) }).await);
            assert_eq!(cuts.load(Ordering::SeqCst), 0);
            assert_eq!(world.ledger.load(stream).await.expect("it loads").head, durable.heads[0].1);
            cuts.store(1, Ordering::SeqCst);
            let again = ledger::Finished::Again(Duration::from_secs(60));
            let finish = ledger::Finish { id: id(held, 1, 0), epoch: 1, to: again, outcome: None };
            done(ledger.commit(ledger::Commit { finish: Some(finish), ..ledger::Commit::default() }).await);
            assert_eq!(world.ledger.effects_of(held).await.expect("it answers")[0].tries, 1);
        })
    });
}
