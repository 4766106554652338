//! Whole-cluster histories from seeds: a workload, accidents of every kind, a quiet end, and then the promises.
//!
//! Each seed runs twice and must give the same history to the bit. `SEED=n` replays one; `SEEDS=n` tries the first n
//! (`make sim`). Without either the number is small enough for every test run.

mod accidents;
mod drills;
mod history;

use std::time::Duration;

use history::{Verdict, run};

/// Seeds per ordinary test run.
const SEEDS: u64 = 50;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn simulate(seed: u64) -> Verdict {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("a runtime");
    let verdict = runtime.block_on(run(seed));
    runtime.shutdown_timeout(Duration::ZERO);
    verdict
}

#[test]
fn every_seed_keeps_the_promises_and_gives_one_history() {
    let seeds: Vec<u64> = match (variable("SEED"), variable("SEEDS")) {
        (Some(seed), _) => vec![seed],
        (None, Some(count)) => (1..=count).collect(),
        (None, None) => (1..=SEEDS).collect(),
    };
    let mut fired = std::collections::BTreeMap::<String, u64>::new();
    let mut states = std::collections::BTreeMap::<String, u64>::new();
    for seed in &seeds {
        let first = simulate(*seed);
        assert!(first.wrongs.is_empty(), "seed {seed} (SEED={seed} make sim):\n  {}", first.wrongs.join("\n  "));
        let second = simulate(*seed);
        assert_eq!(first.hash, second.hash, "seed {seed} gave two histories");
        for (what, count) in first.fired {
            *fired.entry(what).or_default() += count;
        }
        for state in first.states {
            *states.entry(state).or_default() += 1;
        }
    }
    println!("{} seeds, each twice\naccidents: {fired:?}\norders: {states:?}", seeds.len());
    if seeds.len() >= 50 {
        // A green run without accidents proves nothing.
        for what in
            ["kill", "fault point", "broker wiped", "broker restarted", "broker rolled back", "outside", "weather"]
        {
            assert!(fired.get(what).copied().unwrap_or(0) > 0, "no accident of kind `{what}` in {} seeds", seeds.len());
        }
        for state in ["completed", "declined", "refused", "cancelled", "waiting"] {
            assert!(states.contains_key(state), "no order came to rest {state}");
        }
    }
}
