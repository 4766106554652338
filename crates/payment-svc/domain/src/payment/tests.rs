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
            claim: None,
            authentication: None,
        },
        personal: SealedBox { subject: order().0, wrapped_key: Vec::new(), ciphertext: vec![7; 40] },
        has_transaction_ids: false,
        is_captured_by_shop: false,
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
    Command::RecordCapture { reference: reference('C'), answer, at_ms: 1 }
}

fn capture_unknown() -> Command {
    Command::RecordCapture { reference: reference('C'), answer: CaptureAnswer::Unknown { inquiry_due_ms: 9 }, at_ms: 1 }
}

fn reversal(answer: ReversalAnswer) -> Command {
    Command::RecordReversal { reference: reference('R'), answer, at_ms: 1 }
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

/// The account takes ids of ours.
fn with_ids() -> Command {
    Command::Authorize(Purpose { has_transaction_ids: true, ..purpose() })
}

fn timeout(verb: char, answer: TimeoutAnswer) -> Command {
    Command::RecordTimeout { reference: reference(verb), answer, at_ms: 1 }
}

fn capture_answer(answer: CaptureAnswer) -> Command {
    Command::RecordCapture { reference: reference('C'), answer, at_ms: 1 }
}

fn seen(operation: Operation, number: u32) -> Command {
    let seen = Seen {
        operation,
        reference: ids::merchant_reference("demo", order().0, operation.letter(), number),
        gateway_request_id: format!("80{number}"),
        amount: eur(10_221),
    };
    Command::RecordSeen { seen, undo_in_ms: 900_000, at_ms: 5 }
}

fn adopting(mode: TokenMode) -> Command {
    let mut purpose = purpose();
    purpose.token.mode = mode;
    purpose.token.claim =
        Some(crate::Claim { gateway_request_id: "7919".to_owned(), reference: "shop-1001".to_owned() });
    Command::Authorize(purpose)
}

fn confirmation(confirmation: Confirmation) -> Command {
    Command::RecordConfirmation { reference: reference('A'), confirmation, at_ms: 1 }
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
                Command::RecordCapture {
                    reference: reference('C'),
                    answer: CaptureAnswer::Refused(refused()),
                    at_ms: 1,
                },
            ],
        ),
        with(hold(), vec![take(), captured(10_221)]),
        with(hold(), vec![reverse()]),
        with(hold(), vec![reverse(), reversal(ReversalAnswer::Unknown { inquiry_due_ms: 9 })]),
        with(hold(), vec![reverse(), reversal(ReversalAnswer::Refused(refused()))]),
        with(hold(), vec![reverse(), reversed(10_221)]),
        given([adopting(TokenMode::Adopt)]),
        given([adopting(TokenMode::Adopt), confirmation(Confirmation::NotConfirmed(refused()))]),
        given([with_ids(), authorization(AuthorizationAnswer::Absent)]),
        with(ask(), vec![authorization(AuthorizationAnswer::Absent)]),
        given([with_ids(), held(10_221), take(), capture_answer(CaptureAnswer::Absent)]),
        with(hold(), vec![take(), capture_answer(CaptureAnswer::Absent)]),
        with(ask(), vec![authorization(AuthorizationAnswer::Differs(refused()))]),
        with(hold(), vec![reverse(), reversal(ReversalAnswer::Absent)]),
        with(ask(), vec![authorization(AuthorizationAnswer::Absent), Command::Close]),
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
        Command::RecordCapture { reference: reference('C'), answer: CaptureAnswer::Refused(refused()), at_ms: 1 },
        capture_unknown(),
        reverse(),
        reversed(10_221),
        reversal(ReversalAnswer::Refused(refused())),
        reversal(ReversalAnswer::Unknown { inquiry_due_ms: 9 }),
        authorization(AuthorizationAnswer::Absent),
        authorization(AuthorizationAnswer::Differs(refused())),
        authorization(AuthorizationAnswer::GivenUp(refused())),
        capture_answer(CaptureAnswer::Absent),
        reversal(ReversalAnswer::Absent),
        reversal(ReversalAnswer::MovedOn { capture: None, reason: refused() }),
        timeout('T', TimeoutAnswer::Undone),
        timeout('U', TimeoutAnswer::Undone),
        confirmation(Confirmation::Held { held: eur(10_221), approval_code: String::new() }),
        Command::AuthorizeAnother(purpose()),
        seen(Operation::Authorize, 1),
        seen(Operation::Capture, 1),
        Command::RecordGivenBack {
            reversed: Reversed {
                amount: eur(10_221),
                reference: reference('R'),
                gateway_request_id: "7922".to_owned(),
            },
        },
        Command::Close,
    ]
}

fn word(command: &Command) -> String {
    let answer = match command {
        Command::RecordAuthorization { answer, .. } => format!(" {answer:?}"),
        Command::RecordCapture { answer, .. } => format!(" {answer:?}"),
        Command::RecordReversal { answer, .. } => format!(" {answer:?}"),
        Command::RecordTimeout { reference, answer, .. } => {
            return format!("RecordTimeout {} {answer:?}", if reference.as_str().contains("-T") { "T" } else { "U" });
        }
        Command::RecordSeen { seen, .. } => format!(" {:?}", seen.operation),
        Command::RecordConfirmation { confirmation, .. } => format!(" {confirmation:?}"),
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
        // A part is taken only as that part: the pair's policy says whether it is.
        assert_eq!(Payment::decide(&state, Command::Capture { amount: eur(10_221) }), Err(Rejection::HoldAmiss));
        assert_eq!(Payment::decide(&state, Command::Capture { amount }).is_ok(), amount == eur(5_110));
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

fn effects(state: &Payment, command: Command) -> (Vec<Event>, Vec<Effect>, Payment) {
    let events = Payment::decide(state, command).unwrap();
    let (mut after, mut effects) = (state.clone(), Vec::new());
    for event in &events {
        after = Payment::evolve(after, event);
        effects.extend(Payment::react(&after, event));
    }
    (events, effects, after)
}

fn words(events: &[Event]) -> Vec<&'static str> {
    events.iter().map(Event::kind).collect()
}

#[test]
fn an_absent_authorization_is_undone_by_its_id_and_asked_again_under_another_reference() {
    let (events, effects_, state) = effects(&given([with_ids()]), authorization(AuthorizationAnswer::Absent));
    assert_eq!(words(&events), ["timeout_requested"]);
    assert!(matches!(&effects_[0], Effect::Timeout { silent, .. } if *silent == reference('A')));
    let (events, effects_, state) = effects(&state, timeout('T', TimeoutAnswer::Undone));
    assert_eq!(words(&events), ["timeout_undone", "authorization_requested"]);
    let second = ids::merchant_reference("demo", order().0, 'A', 2);
    assert!(
        effects_.iter().any(|effect| matches!(effect, Effect::Authorize { reference, .. } if *reference == second))
    );
    // What the first attempt says now is nobody's.
    assert_eq!(Payment::decide(&state, held(10_221)), Ok(Vec::new()));
}

#[test]
fn an_expired_token_is_never_asked_again() {
    let state = given([with_ids(), authorization(AuthorizationAnswer::Absent)]);
    let late =
        Command::RecordTimeout { reference: reference('T'), answer: TimeoutAnswer::Undone, at_ms: 1_791_971_100_000 };
    let (events, ..) = effects(&state, late);
    assert_eq!(words(&events), ["timeout_undone", "declined"]);
}

#[test]
fn without_ids_an_absent_authorization_is_closed_and_its_late_success_adopted_or_given_back() {
    let closed = given([Command::Authorize(purpose()), authorization(AuthorizationAnswer::Absent)]);
    assert_eq!(words(&effects(&closed, seen(Operation::Authorize, 1)).0), ["authorized"]);
    // Another card is under way, or the order has ended: the money goes back.
    for after in [Command::AuthorizeAnother(purpose()), Command::Close] {
        let state = effects(&closed, after).2;
        let (events, effects_, state) = effects(&state, seen(Operation::Authorize, 1));
        assert_eq!(words(&events), ["stray_found"]);
        assert!(matches!(&effects_[..], [Effect::Begin { ladder: 1, .. }]));
        assert_eq!(Payment::decide(&state, seen(Operation::Authorize, 1)), Ok(Vec::new()));
    }
    // What we never asked for is not ours.
    assert_eq!(Payment::decide(&closed, seen(Operation::Authorize, 7)), Ok(Vec::new()));
}

#[test]
fn an_absent_capture_is_undone_by_its_id_and_taken_once() {
    let take = Command::Capture { amount: eur(10_221) };
    let state = given([with_ids(), held(10_221), take, capture_answer(CaptureAnswer::Absent)]);
    assert!(matches!(Payment::decide(&state, reverse()), Err(Rejection::OutcomeUnknown(_))));
    let (events, ..) = effects(&state, timeout('U', TimeoutAnswer::Undone));
    assert_eq!(words(&events), ["timeout_undone", "capture_requested"]);
}

#[test]
fn without_ids_an_absent_capture_is_never_taken_twice_by_itself() {
    let take = || Command::Capture { amount: eur(10_221) };
    let (_, effects_, state) =
        effects(&given([Command::Authorize(purpose()), held(10_221), take()]), capture_answer(CaptureAnswer::Absent));
    assert!(matches!(&effects_[..], [Effect::Tell(crate::order_to_cash::Command::RecordNeedsPerson { .. })]));
    assert_eq!(Payment::decide(&state, take()), Ok(Vec::new()));
    assert_eq!(words(&effects(&state, seen(Operation::Capture, 1)).0), ["captured"]);
}

#[test]
fn a_hold_taken_meanwhile_goes_up_the_ladder_and_comes_back_reversed() {
    let state = given([Command::Authorize(purpose()), held(10_221), reverse()]);
    let capture = crate::ladder::Taken {
        gateway_request_id: "7920".to_owned(),
        reference: reference('C').to_string(),
        amount: eur(10_221),
    };
    let moved = ReversalAnswer::MovedOn { capture: Some(capture), reason: Reason::new("settled", "settled") };
    let (events, effects_, state) = effects(&state, reversal(moved));
    assert_eq!(words(&events), ["handed_over"]);
    assert!(matches!(&effects_[..], [Effect::Begin { ladder: 1, .. }]));
    let reversed = Reversed { amount: eur(10_221), reference: reference('F'), gateway_request_id: "7922".to_owned() };
    let (_, effects_, _) = effects(&state, Command::RecordGivenBack { reversed });
    assert!(matches!(&effects_[..], [Effect::Tell(crate::order_to_cash::Command::RecordReversed { .. })]));
}

#[test]
fn what_the_shop_did_is_believed_when_the_gateway_confirms_it() {
    let held = confirmation(Confirmation::Held { held: eur(10_221), approval_code: "83".to_owned() });
    let (events, _, state) = effects(&given([adopting(TokenMode::Adopt)]), held);
    assert_eq!(words(&events), ["authorized"]);
    assert_eq!(state.hold.as_ref().map(|hold| hold.gateway_request_id.as_str()), Some("7919"));
    let less = confirmation(Confirmation::Held { held: eur(10_000), approval_code: String::new() });
    assert_eq!(words(&effects(&given([adopting(TokenMode::Adopt)]), less).0), ["not_confirmed"]);
    let taken = Confirmation::Taken { amount: eur(10_221), gateway_request_id: "7920".to_owned() };
    let (events, ..) = effects(&given([adopting(TokenMode::Taken)]), confirmation(taken));
    assert_eq!(words(&events), ["taken"]);
}

proptest! {
    #[test]
    fn any_sequence_keeps_the_money_rules(has_ids: bool, choices in prop::collection::vec(0_usize..64, 0..60)) {
        let all = commands();
        let mut state = if has_ids { given([with_ids()]) } else { Payment::default() };
        let (mut asked_reversals, mut references) = (0, std::collections::BTreeSet::new());
        for choice in choices {
            let command = all[choice % all.len()].clone();
            let Ok(events) = Payment::decide(&state, command.clone()) else { continue };
            for event in &events {
                match event {
                    Event::CaptureRequested { attempt } => {
                        prop_assert!(references.insert(attempt.reference.clone()));
                        prop_assert_eq!(state.stage, Stage::Authorized);
                        prop_assert!(state.captures.is_empty() && asked_reversals == 0);
                        prop_assert!(state.hold.as_ref().is_some_and(|hold| attempt.amount.minor() <= hold.held.minor()));
                    }
                    Event::AuthorizationRequested { attempt, .. } => {
                        prop_assert!(references.insert(attempt.reference.clone()));
                        prop_assert!(state.open.is_none() && state.hold.is_none());
                    }
                    Event::ReversalRequested { .. } => {
                        asked_reversals += 1;
                        prop_assert!(state.captures.is_empty() && state.open.is_none());
                    }
                    _ => {}
                }
                state = Payment::evolve(state, event);
            }
            prop_assert!(asked_reversals <= 1);
            prop_assert!(state.captures.len() <= 1);
            // Asked again, nothing new; only another card is another card.
            let is_another = matches!(command, Command::AuthorizeAnother(_));
            if !events.is_empty() && !is_another {
                prop_assert!(Payment::decide(&state, command).map_or(true, |again| again.is_empty()));
            }
        }
    }
}
