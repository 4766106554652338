//! Every command in every stage, rendered: a change here is a change of the design.

use decider::Decider;

use super::{super::*, fixtures::*};

fn states() -> Vec<(&'static str, OrderToCash)> {
    let authorizing = || vec![start(), screened()];
    let held_unscreened = || vec![start(), deadline(), held()];
    let placing = || vec![start(), screened(), held()];
    let capturing = || vec![start(), screened(), held(), placed()];
    let booking = || vec![start(), screened(), held(), placed(), captured()];
    let with = |mut commands: Vec<Command>, more: Command| {
        commands.push(more);
        given(commands)
    };
    vec![
        ("unopened", OrderToCash::default()),
        ("screening", given([start()])),
        ("authorizing", given(authorizing())),
        ("authorizing, unscreened", given([start(), deadline()])),
        ("authorizing, waiting", with(authorizing(), unknown(Step::Authorize))),
        ("screening_again", given(held_unscreened())),
        ("placing", given(placing())),
        ("placing, waiting", with(placing(), unknown(Step::Place))),
        ("placing, review", with(authorizing(), under_review())),
        ("capturing", given(capturing())),
        ("capturing, waiting", with(capturing(), unknown(Step::Capture))),
        ("booking", given(booking())),
        ("booking, waiting", with(booking(), unknown(Step::Book))),
        ("booking, parked", with(booking(), release_refused())),
        ("undoing hold", with(placing(), place_refused())),
        ("undoing both", with(capturing(), capture_refused())),
        ("undoing, waiting", given([start(), screened(), held(), place_refused(), unknown(Step::Reverse)])),
        ("undoing, parked", given([start(), screened(), held(), place_refused(), reversal_refused()])),
        ("unpaid", given([start_with(900_000, open()), screened(), declined()])),
        ("paid another", given([start_with(900_000, open()), screened(), declined(), another(2)])),
        ("held, ending", with(placing(), Command::HoldEnding)),
        ("capturing, parked", with(capturing(), needs_person(Step::Capture))),
        ("placing, taken", with(authorizing(), taken())),
        ("completed", with(booking(), released())),
        ("refused", given([start(), screen_failed()])),
        ("declined", with(authorizing(), declined())),
        ("cancelled", given([start(), screened(), held(), place_refused(), reversed()])),
    ]
}

pub fn commands() -> Vec<(&'static str, Command)> {
    let mut all: Vec<(&'static str, Command)> = [
        start(),
        screened(),
        screen_failed(),
        deadline(),
        held(),
        under_review(),
        declined(),
        Command::ReviewDeadline,
        placed(),
        place_refused(),
        captured(),
        capture_refused(),
        released(),
        release_refused(),
        reversed(),
        reversal_refused(),
        sales_order_cancelled(),
        cancel_refused(),
        another(2),
        Command::OpenUntilOver,
        taken(),
        Command::RecordResumed { step: Step::Authorize },
        needs_person(Step::Capture),
        Command::HoldEnding,
        Command::HoldEnded,
    ]
    .into_iter()
    .map(|command| (command.name(), command))
    .collect();
    all.push(("RecordHeld, amiss", held_amiss()));
    all.push(("RecordDeclined, not found", not_found()));
    all.push(("RecordCaptured, differs", captured_otherwise()));
    for (name, step) in [
        ("RecordUnknown authorize", Step::Authorize),
        ("RecordUnknown place", Step::Place),
        ("RecordUnknown capture", Step::Capture),
        ("RecordUnknown book", Step::Book),
        ("RecordUnknown reverse", Step::Reverse),
        ("RecordUnknown cancel", Step::Cancel),
    ] {
        all.push((name, unknown(step)));
    }
    all
}

#[test]
fn transition_table() {
    let mut table = String::new();
    for (name, state) in states() {
        for (word, command) in commands() {
            let decision = match OrderToCash::decide(&state, command) {
                Ok(events) if events.is_empty() => "-".to_owned(),
                Ok(events) => events.iter().map(Event::kind).collect::<Vec<_>>().join(", "),
                Err(rejection) => format!("! {rejection}"),
            };
            table.push_str(&format!("{name:<24} {word:<26} {decision}\n"));
        }
    }
    insta::assert_snapshot!("order_to_cash_transitions", table);
}
