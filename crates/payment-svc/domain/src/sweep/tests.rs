//! Windows follow each other without a gap, and each is compared once.

use decider::{Decider, fold};

use super::*;

const NOON: i64 = 20_000 * DAY_MS + DAY_MS / 2;

fn when(state: &Sweep, command: Command) -> (Vec<Event>, Vec<Effect>, Sweep) {
    let events = Sweep::decide(state, command).unwrap();
    let mut after = state.clone();
    let mut effects = Vec::new();
    for event in &events {
        after = Sweep::evolve(after, event);
        effects.extend(Sweep::react(&after, event));
    }
    (events, effects, after)
}

fn begun() -> Sweep {
    fold::<Sweep>(
        Sweep::default(),
        &Sweep::decide(&Sweep::default(), Command::Begin { rhythm: Rhythm::default(), now_ms: NOON }).unwrap(),
    )
}

fn swept(number: u32, now_ms: i64) -> Command {
    let counts = Counts { is_complete: true, ..Counts::default() };
    Command::RecordSwept { number, counts, sightings: Vec::new(), now_ms }
}

#[test]
fn a_window_every_two_minutes_and_a_day_each_hour() {
    let mut state = begun();
    let mut spans = Vec::new();
    for number in 1..=30 {
        let now = NOON + i64::from(number) * 120_000;
        let (events, effects, after) = when(&state, swept(number, now));
        assert!(matches!(&events[..], [Event::Swept { .. }]));
        assert_eq!(effects, [Effect::Rest { number: number + 1, after: Duration::from_secs(120) }]);
        assert_eq!(when(&after, swept(number, now)).0, Vec::new());
        let (events, _, after) = when(&after, Command::Wake { number: number + 1, now_ms: now });
        let [Event::Asked { window }] = &events[..] else { panic!("{events:?}") };
        spans.push(window.to_ms - window.from_ms);
        state = after;
    }
    assert_eq!(spans.iter().filter(|span| **span == DAY_MS).count(), 1);
    assert!(spans.iter().all(|span| *span >= 900_000));
}

#[test]
fn what_was_missed_while_down_is_in_the_next_window() {
    let (_, _, after) = when(&begun(), swept(1, NOON));
    let (events, ..) = when(&after, Command::Wake { number: 2, now_ms: NOON + 3_600_000 });
    let [Event::Asked { window }] = &events[..] else { panic!("{events:?}") };
    assert!(window.from_ms <= NOON - 900_000);
}

#[test]
fn a_new_day_is_a_new_stream() {
    let (_, effects, after) = when(&begun(), swept(1, NOON + DAY_MS));
    assert_eq!(effects, [Effect::BeginDay { rhythm: Rhythm::default(), now_ms: NOON + DAY_MS }]);
    assert_eq!(when(&after, Command::Wake { number: 2, now_ms: NOON + DAY_MS }).0, Vec::new());
}
