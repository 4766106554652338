//! The crash points of intake: die, restart, twice in a row; a caller who repeats has one order.

use std::time::Duration;

use http::StatusCode;
use node::Action;

use crate::world::{World, order};

async fn survives(point: &'static str) {
    let mut world = World::start().await;
    for death in 1..=2 {
        world.faults.arm(point, 1, Action::Die);
        let answer = tokio::time::timeout(Duration::from_secs(60), world.post(&order("1001"))).await;
        crate::world::wait_for(point, || async { (world.faults.fired(point) == death).then_some(()) }).await;
        if let Ok(answer) = answer {
            assert!(matches!(answer.status.as_u16(), 202 | 503), "{}", answer.status);
        }
        world.restart();
    }
    let taken = world.post(&order("1001")).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    assert_eq!(world.get("/v1/orders?number=1001").await.order(), taken.order());
    assert_eq!(world.stored(), ["accepted"]);
    crate::world::wait_for("StartOrder", || async {
        (world.broker.stored(bus::topology::COMMANDS).is_some_and(|stored| stored >= 1)).then_some(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_death_before_the_commit_loses_nothing_that_was_promised() {
    survives("intake.before_commit").await;
}

#[tokio::test(start_paused = true)]
async fn a_death_after_the_reply_changes_nothing() {
    survives("intake.after_reply").await;
}

#[tokio::test(start_paused = true)]
async fn a_death_after_the_commit_is_settled_by_the_same_request() {
    let mut world = World::start().await;
    world.faults.arm("intake.after_commit", 1, Action::Die);
    let _ = tokio::time::timeout(Duration::from_secs(60), world.post(&order("1001"))).await;
    world.restart();
    let taken = world.post(&order("1001")).await;
    assert_eq!(taken.status, StatusCode::ACCEPTED);
    assert_eq!(world.stored(), ["accepted"]);
    // Nobody told the relay of the new process: it finds the row that was left behind.
    crate::world::wait_for("StartOrder", || async {
        (world.broker.stored(bus::topology::COMMANDS) == Some(1)).then_some(())
    })
    .await;
}
