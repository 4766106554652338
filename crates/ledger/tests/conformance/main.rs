//! One suite for every ledger: what it promises, asked of the twin (in a paused clock) and of a real Postgres.

mod commits;
mod deaths;
mod effects;
mod inquiries;
mod model;
mod outbox;
mod postgres_only;
mod rest;
mod twin_only;
mod world;

macro_rules! on_both {
    ($($module:ident: $($case:ident)+;)+) => {
        mod memory {
            $(mod $module { $(
                #[test]
                fn $case() {
                    crate::world::on_memory(|world| Box::pin(crate::$module::$case(world)));
                }
            )+ })+
        }
        mod postgres {
            $(mod $module { $(
                #[test]
                fn $case() {
                    crate::world::on_postgres(|world| Box::pin(crate::$module::$case(world)));
                }
            )+ })+
        }
    };
}

on_both! {
    commits:
        versions_are_dense_and_n_counts_public_events
        what_is_answered_is_what_is_stored
        of_many_writers_one_wins
        losers_that_load_again_all_get_in
        a_refused_commit_leaves_nothing
        reasons_come_in_their_order
        a_poison_member_fails_alone
        a_message_is_handled_once_per_stream
        a_key_leads_to_one_stream
        two_streams_move_together_or_not_at_all
        what_cannot_be_is_refused;
    deaths:
        a_death_before_commit_leaves_nothing
        a_caller_that_goes_away_stops_nothing
        a_dead_node_answers_nobody;
    effects:
        a_due_effect_is_taken_once
        a_lease_that_ended_frees_the_row
        only_the_holder_of_the_epoch_changes_a_row
        nothing_is_done_twice_with_one_announcement
        a_try_that_did_not_happen_is_due_again
        an_unknown_outcome_is_never_tried_again
        births_are_as_asked
        evidence_needs_no_fence
        settling_ends_only_what_has_not_begun
        a_name_is_given_once
        a_timer_fires_late_and_once
        only_known_kinds_are_taken;
    inquiries:
        an_inquiry_is_claimed_when_it_is_due
        an_inquiry_is_fenced_like_a_call
        inquiries_are_counted_from_the_silence
        an_inquiry_whose_process_died_is_made_by_another
        quiet_is_told_by_the_clock_that_wrote_it
        what_a_stopped_process_held_is_free_at_once;
    outbox:
        messages_come_in_order_and_are_forgotten
        a_message_just_taken_is_left_alone
        one_stream_has_one_taker
        what_was_asked_again_stays
        asking_again_is_fenced_and_counted
        a_stream_is_announced_again
        everything_young_is_announced_again_page_by_page;
    rest:
        an_edited_event_is_named
        a_parked_stream_takes_nothing
        an_erased_person_stays_erased
        burying_counts_failures
        a_resolved_letter_is_shown_no_more
        the_broker_is_remembered
        streams_are_listed_newest_first
        pending_tells_whether_all_is_at_rest;
}
