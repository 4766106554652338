//! Given / when / then, one test per story.

use decider::Decider;

use super::{super::*, fixtures::*};

#[test]
fn a_good_order_goes_straight_through() {
    let then = when(&OrderToCash::default(), start());
    assert_eq!(then.kinds(), ["opened", "screen_requested"]);
    assert_eq!(then.asks(), ["send screen", "start screening_deadline in 30000 ms"]);
    let then = when(&then.state, screened());
    assert_eq!(then.kinds(), ["screened", "authorization_requested"]);
    assert_eq!(then.asks(), ["settle screen", "cancel screening_deadline", "tell Authorize"]);
    let then = when(&then.state, held());
    assert_eq!(then.kinds(), ["authorized", "place_requested"]);
    assert_eq!(then.asks(), ["start hold_ending in 518400000 ms", "send place"]);
    let then = when(&then.state, placed());
    assert_eq!(then.kinds(), ["placed", "capture_requested"]);
    assert_eq!(then.asks(), ["settle place", "cancel hold_ending", "tell Capture"]);
    let then = when(&then.state, captured());
    assert_eq!(then.kinds(), ["paid", "book_requested"]);
    assert_eq!(then.asks(), ["send book"]);
    let then = when(&then.state, released());
    assert_eq!(then.kinds(), ["released", "completed"]);
    assert_eq!(then.asks(), ["settle book"]);
    assert_eq!(then.state.name(), "completed");
}

#[test]
fn short_stock_is_refused_before_money_moves() {
    let then = when(&given([start()]), screen_failed());
    assert_eq!(then.kinds(), ["screen_failed", "refused"]);
    assert_eq!(then.asks(), ["settle screen", "cancel screening_deadline"]);
}

#[test]
fn a_decline_ends_the_order_unpaid() {
    let then = when(&given([start(), screened()]), declined());
    assert_eq!(then.kinds(), ["declined"]);
    assert!(then.effects.is_empty());
}

#[test]
fn a_refusal_by_the_erp_gives_the_hold_back() {
    let then = when(&given([start(), screened(), held()]), place_refused());
    assert_eq!(then.kinds(), ["place_refused", "undo_requested"]);
    assert_eq!(then.asks(), ["settle place", "cancel hold_ending", "tell Reverse"]);
    let then = when(&then.state, reversed());
    assert_eq!(then.kinds(), ["reversed", "cancelled"]);
    assert_eq!(then.state.reason.as_ref().map(|reason| reason.code.as_str()), Some("erp_refused"));
}

#[test]
fn half_the_money_is_reversed_and_the_order_declined() {
    let then = when(&given([start(), screened()]), held_amiss());
    assert_eq!(then.kinds(), ["undo_requested"]);
    assert_eq!(then.asks(), ["tell Reverse"]);
    let then = when(&then.state, reversed());
    assert_eq!(then.kinds(), ["reversed", "declined"]);
}

#[test]
fn a_review_places_in_suspense_and_calls_a_person_a_day_before_the_hold_ends() {
    let then = when(&given([start(), screened()]), under_review());
    assert_eq!(then.kinds(), ["under_review", "place_requested"]);
    assert_eq!(then.asks(), ["start review_deadline in 518400000 ms", "send place"]);
    assert!(then.effects.contains(&Effect::Send(Question::Place, ErpWish::Place(Suspense::UnderReview))));
    let then = when(&then.state, placed());
    assert_eq!(then.kinds(), ["placed"]);
    assert_eq!(then.state.name(), "under_review");
    let then = when(&then.state, Command::ReviewDeadline);
    assert_eq!(then.kinds(), ["parked"]);
    assert!(matches!(&then.events[0], Event::Parked { step: Step::Review, reason } if reason.code == NOBODY_REVIEWED));
    assert_eq!(when(&then.state, Command::ReviewDeadline).kinds(), Vec::<&str>::new());
}

#[test]
fn a_refusal_under_review_is_for_a_person() {
    let then = when(&given([start(), screened(), under_review()]), place_refused());
    assert_eq!(then.kinds(), ["place_refused", "parked"]);
    assert_eq!(then.asks(), ["settle place"]);
}

#[test]
fn a_capture_that_is_refused_undoes_order_and_hold() {
    let then = when(&given([start(), screened(), held(), placed()]), capture_refused());
    assert_eq!(then.kinds(), ["undo_requested", "cancel_requested"]);
    assert_eq!(then.asks(), ["tell Reverse", "send cancel"]);
    let either = when(&then.state, reversed());
    assert_eq!(either.kinds(), ["reversed"]);
    assert_eq!(when(&either.state, sales_order_cancelled()).kinds(), ["sales_order_cancelled", "cancelled"]);
    let or = when(&then.state, sales_order_cancelled());
    assert_eq!(or.asks(), ["settle cancel"]);
    assert_eq!(when(&or.state, reversed()).kinds(), ["reversed", "cancelled"]);
    let parked = when(&or.state, reversal_refused());
    assert_eq!(parked.kinds(), ["parked"]);
    assert_eq!(parked.state.name(), "parked");
}

#[test]
fn money_taken_differently_is_for_a_person() {
    let then = when(&given([start(), screened(), held(), placed()]), captured_otherwise());
    assert!(
        matches!(&then.events[..], [Event::Parked { step: Step::Capture, reason }] if reason.code == CAPTURE_DIFFERS)
    );
}

#[test]
fn a_refused_release_parks_and_a_late_one_completes() {
    let then = when(&given([start(), screened(), held(), placed(), captured()]), release_refused());
    assert_eq!(then.kinds(), ["parked"]);
    assert_eq!(then.asks(), ["settle book"]);
    assert_eq!(when(&then.state, released()).kinds(), ["released", "completed"]);
}

#[test]
fn an_expired_token_is_refused_before_anything_is_asked() {
    let then = when(&OrderToCash::default(), start_with(0, Policies::default()));
    assert_eq!(then.kinds(), ["opened", "refused"]);
    assert!(then.effects.is_empty());
}

#[test]
fn screening_never_eats_the_last_minutes_of_a_token() {
    let then = when(&OrderToCash::default(), start_with(TOKEN_MARGIN_MS + 12_000, Policies::default()));
    assert_eq!(then.asks(), ["send screen", "start screening_deadline in 12000 ms"]);
    let then = when(&OrderToCash::default(), start_with(TOKEN_MARGIN_MS, Policies::default()));
    assert_eq!(then.kinds(), ["opened", "authorization_requested"]);
}

#[test]
fn an_answer_after_the_token_died_asks_for_no_money() {
    let late =
        Command::RecordScreened { customer_code: "C001".to_owned(), warnings: Vec::new(), now_ms: NOW + 900_000 };
    assert_eq!(when(&given([start()]), late).kinds(), ["screened", "refused"]);
    let late = Command::ScreeningDeadline { now_ms: NOW + 900_000 };
    assert_eq!(when(&given([start()]), late).kinds(), ["screening_timed_out", "refused"]);
}

#[test]
fn a_silent_erp_does_not_hold_the_money_up_but_is_asked_again_before_placing() {
    let then = when(&given([start()]), deadline());
    assert_eq!(then.kinds(), ["screening_timed_out", "authorization_requested"]);
    assert_eq!(then.asks(), ["settle screen", "tell Authorize"]);
    let then = when(&then.state, held());
    assert_eq!(then.kinds(), ["authorized", "screen_again_requested"]);
    let good = when(&then.state, screened());
    assert_eq!(good.kinds(), ["screened", "place_requested"]);
    assert_eq!(good.asks(), ["settle screen_again", "send place"]);
    let bad = when(&then.state, screen_failed());
    assert_eq!(bad.kinds(), ["screen_failed", "undo_requested"]);
    assert_eq!(when(&bad.state, reversed()).kinds(), ["reversed", "cancelled"]);
}

#[test]
fn a_late_screening_that_comes_while_money_is_being_held_is_kept() {
    let authorizing = given([start(), deadline()]);
    let good = when(&authorizing, screened());
    assert_eq!(good.kinds(), ["screened"]);
    assert_eq!(when(&good.state, held()).kinds(), ["authorized", "place_requested"]);
    let bad = when(&authorizing, screen_failed());
    assert_eq!(when(&bad.state, held()).kinds(), ["authorized", "undo_requested"]);
    assert_eq!(when(&bad.state, declined()).kinds(), ["declined"]);
}

#[test]
fn a_pair_that_sells_nothing_unchecked_refuses() {
    let policies = Policies { unscreened: Unscreened::Refuse, ..Policies::default() };
    let then = when(&given([start_with(900_000, policies)]), deadline());
    assert_eq!(then.kinds(), ["screening_timed_out", "refused"]);
}

#[test]
fn an_unknown_outcome_waits_visibly_and_takes_the_late_answer() {
    let placing = given([start(), screened(), held()]);
    let then = when(&placing, unknown(Step::Place));
    assert_eq!(then.kinds(), ["waiting"]);
    assert!(then.effects.is_empty());
    assert_eq!(then.state.name(), "waiting");
    assert_eq!(when(&then.state, unknown(Step::Place)).kinds(), Vec::<&str>::new());
    let then = when(&then.state, placed());
    assert_eq!(then.kinds(), ["placed", "capture_requested"]);
    assert_eq!(then.state.name(), "capturing");
    // News of the silence that come after the answer are old.
    assert_eq!(when(&then.state, unknown(Step::Place)).kinds(), Vec::<&str>::new());
}

#[test]
fn an_order_that_was_never_opened_is_not_ours() {
    for command in [placed(), released(), screened(), held(), Command::ReviewDeadline] {
        let name = command.name();
        assert_eq!(OrderToCash::decide(&OrderToCash::default(), command), Err(Rejection::NotOpened(name)));
    }
}

#[test]
fn answers_that_come_early_are_kept_and_not_asked_for() {
    let then = when(&given([start(), screened(), placed(), released()]), held());
    assert_eq!(then.kinds(), ["authorized", "capture_requested"]);
    let then = when(&then.state, captured());
    assert_eq!(then.kinds(), ["paid", "completed"]);
    assert!(then.effects.is_empty());
}

#[test]
fn money_is_not_taken_for_a_sales_order_that_is_gone() {
    let then = when(&given([start(), screened(), held(), sales_order_cancelled()]), placed());
    assert_eq!(then.kinds(), ["placed", "undo_requested"]);
    assert_eq!(when(&then.state, reversed()).kinds(), ["reversed", "cancelled"]);
}

#[test]
fn a_decline_leaves_the_order_open_for_another_card_and_ends_it_at_the_limit() {
    let unpaid = when(&given([start_with(900_000, open()), screened()]), declined());
    assert_eq!(unpaid.kinds(), ["left_unpaid"]);
    assert_eq!(unpaid.asks(), ["start open_until in 3600000 ms"]);
    assert_eq!(unpaid.state.name(), "unpaid");
    let second = when(&unpaid.state, another(2));
    assert_eq!(second.kinds(), ["payment_added"]);
    assert_eq!(second.asks(), ["tell AuthorizeAnother"]);
    // The limit is the first decline's, however many cards follow.
    let again = when(&second.state, declined());
    assert_eq!((again.kinds(), again.asks()), (vec!["left_unpaid"], Vec::new()));
    assert_eq!(when(&again.state, Command::OpenUntilOver).kinds(), ["declined"]);
    let held = when(&second.state, held());
    assert_eq!(held.kinds(), ["authorized", "place_requested"]);
    assert_eq!(held.asks(), ["cancel open_until", "start hold_ending in 518400000 ms", "send place"]);
    // A payment under way at the limit is the last.
    let last = when(&second.state, Command::OpenUntilOver);
    assert_eq!(last.kinds(), ["open_until_over"]);
    assert_eq!(when(&last.state, declined()).kinds(), ["declined"]);
}

#[test]
fn no_other_payment_is_taken_while_it_is_unknown_whether_money_is_held() {
    let waiting = given([start_with(900_000, open()), screened(), unknown(Step::Authorize)]);
    assert_eq!(
        OrderToCash::decide(&waiting, another(2)),
        Err(Rejection::PaymentUnknown { inquiry_due_ms: NOW + 15_000 })
    );
    let placing = given([start(), screened(), held()]);
    assert_eq!(OrderToCash::decide(&placing, another(2)), Err(Rejection::NotOpenForPayment("placing")));
    assert_eq!(OrderToCash::decide(&placing, another(1)), Ok(Vec::new()));
}

#[test]
fn a_payment_never_found_keeps_the_order_open_and_its_late_success_is_taken() {
    let unpaid = when(&given([start_with(900_000, open()), screened(), unknown(Step::Authorize)]), not_found());
    assert_eq!(unpaid.kinds(), ["left_unpaid"]);
    assert_eq!(unpaid.state.name(), "unpaid");
    assert_eq!(when(&unpaid.state, held()).kinds(), ["authorized", "place_requested"]);
    let over = when(&unpaid.state, Command::OpenUntilOver);
    assert_eq!(over.asks(), ["tell Close"]);
}

#[test]
fn part_of_the_money_is_taken_where_the_pair_accepts_it() {
    let policies = Policies { partial_approval: PartialApproval::Accept, ..Policies::default() };
    let then = when(&given([start_with(900_000, policies), screened()]), held_amiss());
    assert_eq!(then.kinds(), ["authorized", "place_requested"]);
    let then = when(&then.state, placed());
    assert!(
        matches!(&then.events[..], [Event::Placed { .. }, Event::CaptureRequested { amount }] if *amount == eur(5_110))
    );
}

#[test]
fn a_hold_that_ends_is_never_taken() {
    let ending = when(&given([start(), screened(), held()]), Command::HoldEnding);
    assert_eq!(ending.asks(), ["start hold_ended in 86400000 ms"]);
    let over = when(&ending.state, Command::HoldEnded);
    assert_eq!(over.kinds(), ["hold_ended"]);
    let placed = when(&over.state, placed());
    assert_eq!(placed.kinds(), ["placed", "undo_requested", "cancel_requested"]);
    // Taken in time: nobody watches any more.
    let taking = when(&ending.state, super::fixtures::placed());
    assert!(taking.asks().contains(&"cancel hold_ended".to_owned()));
    assert_eq!(when(&taking.state, Command::HoldEnded).kinds(), Vec::<&str>::new());
}

#[test]
fn money_that_the_shop_took_enters_after_the_pivot() {
    let then = when(&given([start(), screened()]), taken());
    assert_eq!(then.kinds(), ["taken_by_shop", "place_requested"]);
    let paid = when(&then.state, placed());
    assert_eq!(paid.kinds(), ["placed", "paid", "book_requested"]);
    assert_eq!(when(&paid.state, released()).kinds(), ["released", "completed"]);
    let refused = when(&then.state, place_refused());
    assert_eq!(refused.kinds(), ["place_refused", "parked"]);
}

#[test]
fn a_person_called_for_a_step_is_not_needed_once_it_is_answered() {
    let parked = when(&given([start(), screened(), held(), placed()]), needs_person(Step::Capture));
    assert_eq!(parked.state.name(), "parked");
    assert_eq!(when(&parked.state, unknown(Step::Capture)).kinds(), Vec::<&str>::new());
    let paid = when(&parked.state, captured());
    assert_eq!(paid.kinds(), ["paid", "book_requested"]);
    assert_eq!(paid.state.name(), "booking");
}

#[test]
fn a_person_called_for_the_money_stays_called_when_the_sales_order_is_cancelled_after_all() {
    let undoing = given([start(), screened(), held(), placed(), capture_refused(), reversal_refused()]);
    let both = when(&undoing, cancel_refused());
    let cancelled = when(&both.state, sales_order_cancelled());
    assert_eq!(cancelled.state.name(), "parked");
}
