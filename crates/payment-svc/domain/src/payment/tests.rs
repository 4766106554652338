//! Given these events, when this is asked, then that happens. And for everything that can be asked anywhere: a table.

use decider::{Decider, fold};
use ids::{MerchantReference, OrderId};
use money::Amount;
use proptest::prelude::*;
use sealed::SealedBox;

use super::*;
use crate::{CardToken, Reason, TokenMode};

fn eur(minor: i64) -> Amount {
    Amount::new(minor, "EUR".parse().unwrap())
}

fn order() -> OrderId {
    "01935e7a-1234-7abc-8def-0123456789ab".parse().unwrap()
}

fn purpose() -> Purpose {
    Purpose {
        order: order(),
        reference_prefix: "demo".to_owned(),
        amount: eur(10_221),
        token: CardToken {
            mode: TokenMode::Transient,
            token: "1D1S6J".to_owned(),
            brand: "visa".to_owned(),
            last_four: "1111".to_owned(),
            expires_at_ms: Some(1_791_971_100_000),
        },
        personal: SealedBox { subject: order().0, wrapped_key: Vec::new(), ciphertext: vec![7; 40] },
    }
}

fn reference(verb: char) -> MerchantReference {
    ids::merchant_reference("demo", order().0, verb, 1)
}

fn held(minor: i64) -> Command {
    let answer = AuthorizationAnswer::Held {
        held: eur(minor),
        gateway_request_id: "7919".to_owned(),
        approval_code: "831000".to_owned(),
        risk: None,
    };
    Command::RecordAuthorization { reference: reference('A'), answer, at_ms: 1 }
}

fn authorization(answer: AuthorizationAnswer) -> Command {
    Command::RecordAuthorization { reference: reference('A'), answer, at_ms: 1 }
}

fn captured(minor: i64) -> Command {
    let answer = CaptureAnswer::Captured { amount: eur(minor), gateway_request_id: "7920".to_owned() };
    Command::RecordCapture { reference: reference('C'), answer }
}

fn capture_unknown() -> Command {
    Command::RecordCapture { reference: reference('C'), answer: CaptureAnswer::Unknown { inquiry_due_ms: 9 } }
}

fn reversal(answer: ReversalAnswer) -> Command {
    Command::RecordReversal { reference: reference('R'), answer }
}

fn reversed(minor: i64) -> Command {
    reversal(ReversalAnswer::Reversed { amount: eur(minor), gateway_request_id: "7921".to_owned() })
}

fn reverse() -> Command {
    Command::Reverse { reason: Reason::new("erp_refused", "no") }
}

fn given(commands: impl IntoIterator<Item = Command>) -> Payment {
    commands.into_iter().fold(Payment::default(), |state, command| {
        let events = Payment::decide(&state, command).unwrap();
        fold::<Payment>(state, &events)
    })
}

fn kinds(decision: &Result<Vec<Event>, Rejection>) -> String {
    match decision {
        Ok(events) if events.is_empty() => "-".to_owned(),
        Ok(events) => events.iter().map(Event::kind).collect::<Vec<_>>().join(", "),
        Err(rejection) => format!("! {rejection}"),
    }
}

/// One way into each stage.
fn stages() -> Vec<Payment> {
    let ask = || vec![Command::Authorize(purpose())];
    let hold = || vec![Command::Authorize(purpose()), held(10_221)];
    let with = |mut commands: Vec<Command>, more: Vec<Command>| {
        commands.extend(more);
        given(commands)
    };
    let take = || Command::Capture { amount: eur(10_221) };
    let refused = || Reason::new("INVALID_REQUEST", "no");
    vec![
        Payment::default(),
        given(ask()),
        with(ask(), vec![authorization(AuthorizationAnswer::Unknown { inquiry_due_ms: 9 })]),
        given(hold()),
        with(
            ask(),
            vec![authorization(AuthorizationAnswer::UnderReview {
                held: Some(eur(10_221)),
                gateway_request_id: "7919".to_owned(),
            })],
        ),
        with(ask(), vec![authorization(AuthorizationAnswer::NotHeld(refused()))]),
        with(hold(), vec![take()]),
        with(hold(), vec![take(), capture_unknown()]),
        with(
            hold(),
            vec![
                take(),
                Command::RecordCapture { reference: reference('C'), answer: CaptureAnswer::Refused(refused()) },
            ],
        ),
        with(hold(), vec![take(), captured(10_221)]),
        with(hold(), vec![reverse()]),
        with(hold(), vec![reverse(), reversal(ReversalAnswer::Unknown { inquiry_due_ms: 9 })]),
        with(hold(), vec![reverse(), reversal(ReversalAnswer::Refused(refused()))]),
        with(hold(), vec![reverse(), reversed(10_221)]),
    ]
}

fn commands() -> Vec<Command> {
    let refused = || Reason::new("INVALID_REQUEST", "no");
    vec![
        Command::Authorize(purpose()),
        held(10_221),
        authorization(AuthorizationAnswer::UnderReview { held: None, gateway_request_id: "7919".to_owned() }),
        authorization(AuthorizationAnswer::NotHeld(refused())),
        authorization(AuthorizationAnswer::Unknown { inquiry_due_ms: 9 }),
        Command::Capture { amount: eur(10_221) },
        captured(10_221),
        Command::RecordCapture { reference: reference('C'), answer: CaptureAnswer::Refused(refused()) },
        capture_unknown(),
        reverse(),
        reversed(10_221),
        reversal(ReversalAnswer::Refused(refused())),
        reversal(ReversalAnswer::Unknown { inquiry_due_ms: 9 }),
    ]
}

fn word(command: &Command) -> String {
    let answer = match command {
        Command::RecordAuthorization { answer, .. } => format!(" {answer:?}"),
        Command::RecordCapture { answer, .. } => format!(" {answer:?}"),
        Command::RecordReversal { answer, .. } => format!(" {answer:?}"),
        _ => String::new(),
    };
    let variant: String = answer.chars().take_while(|c| c.is_alphanumeric() || *c == ' ').collect();
    format!("{}{}", command.name(), variant.trim_end())
}

#[test]
fn transition_table() {
    let mut table = String::new();
    for (stage, state) in Stage::ALL.into_iter().zip(stages()) {
        assert_eq!(state.stage, stage);
        for command in commands() {
            let decision = kinds(&Payment::decide(&state, command.clone()));
            table.push_str(&format!("{:<22} {:<32} {decision}\n", stage.name(), word(&command)));
        }
    }
    insta::assert_snapshot!("payment_transitions", table);
}

#[test]
fn a_hold_as_asked_is_told_to_the_saga() {
    let state = given([Command::Authorize(purpose())]);
    let events = Payment::decide(&state, held(10_221)).unwrap();
    assert!(matches!(&events[..], [Event::Authorized(hold)] if hold.verdict == Verdict::AsAsked));
    let effects = Payment::react(&fold::<Payment>(state, &events), &events[0]);
    assert!(matches!(&effects[..], [Effect::Tell(crate::order_to_cash::Command::RecordHeld { amiss: None, .. })]));
}

#[test]
fn less_more_or_other_money_than_asked_is_never_taken() {
    let usd = Amount::new(10_221, "USD".parse().unwrap());
    for (amount, verdict) in [(eur(5_110), Verdict::Partial), (eur(10_222), Verdict::Differs), (usd, Verdict::Differs)]
    {
        let answer = AuthorizationAnswer::Held {
            held: amount,
            gateway_request_id: "7919".to_owned(),
            approval_code: String::new(),
            risk: None,
        };
        let state = given([Command::Authorize(purpose()), authorization(answer)]);
        assert_eq!(state.hold.as_ref().map(|hold| hold.verdict.clone()), Some(verdict));
        assert_eq!(Payment::decide(&state, Command::Capture { amount }), Err(Rejection::HoldAmiss));
        // What is reversed is what is held, not what was asked.
        let events = Payment::decide(&state, reverse()).unwrap();
        assert!(matches!(&events[..], [Event::ReversalRequested { attempt, .. }] if attempt.amount == amount));
    }
}

#[test]
fn late_success_after_silence_counts_once() {
    let silent =
        given([Command::Authorize(purpose()), authorization(AuthorizationAnswer::Unknown { inquiry_due_ms: 9 })]);
    assert!(matches!(Payment::decide(&silent, reverse()), Err(Rejection::OutcomeUnknown(_))));
    let events = Payment::decide(&silent, held(10_221)).unwrap();
    let state = fold::<Payment>(silent, &events);
    assert_eq!(state.stage, Stage::Authorized);
    assert_eq!(Payment::decide(&state, held(10_221)), Ok(Vec::new()));
}

#[test]
fn an_answer_to_another_attempt_is_nobodys() {
    let state = given([Command::Authorize(purpose())]);
    let other = ids::merchant_reference("demo", order().0, 'A', 2);
    let command = Command::RecordAuthorization {
        reference: other,
        answer: AuthorizationAnswer::NotHeld(Reason::default()),
        at_ms: 1,
    };
    assert_eq!(Payment::decide(&state, command), Ok(Vec::new()));
}

#[test]
fn a_reversal_of_another_amount_calls_a_person() {
    let state = given([Command::Authorize(purpose()), held(10_221), reverse()]);
    let events = Payment::decide(&state, reversed(5_000)).unwrap();
    assert!(matches!(&events[..], [Event::ReversalRefused { .. }]));
}

#[test]
fn the_token_never_shows() {
    assert!(!format!("{:?}", purpose()).contains("1D1S6J"));
}

proptest! {
    #[test]
    fn any_sequence_keeps_the_money_rules(choices in prop::collection::vec(0_usize..64, 0..60)) {
        let all = commands();
        let mut state = Payment::default();
        let (mut asked_captures, mut asked_reversals) = (0, 0);
        for choice in choices {
            let command = all[choice % all.len()].clone();
            let Ok(events) = Payment::decide(&state, command.clone()) else { continue };
            for event in &events {
                match event {
                    Event::CaptureRequested { .. } => {
                        asked_captures += 1;
                        prop_assert_eq!(state.stage, Stage::Authorized);
                        prop_assert_eq!(asked_reversals, 0);
                    }
                    Event::ReversalRequested { .. } => {
                        asked_reversals += 1;
                        prop_assert!(state.captures.is_empty() && state.open.is_none());
                    }
                    _ => {}
                }
                state = Payment::evolve(state, event);
            }
            prop_assert!(asked_captures <= 1 && asked_reversals <= 1);
            prop_assert!(state.captures.len() <= 1);
            // Asked again, nothing new.
            if !events.is_empty() {
                prop_assert!(Payment::decide(&state, command).map_or(true, |again| again.is_empty()));
            }
        }
    }
}
