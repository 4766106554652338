//! One suite over the trait `Broker`, run on the twin under paused time and on real NATS servers of its own.

#![expect(clippy::unwrap_used, reason = "a test may fail where it stands")]

mod cases;
mod drills;
mod faults;
mod nats;
mod nats_only;
mod world;

/// Runs every case on both worlds.
macro_rules! on_both {
    ($($module:ident: $($case:ident),+ $(,)?;)+) => {
        mod twin {
            $($(
                #[tokio::test(start_paused = true)]
                async fn $case() {
                    crate::$module::$case(crate::world::World::twin()).await;
                }
            )+)+
        }
        mod jetstream {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    crate::$module::$case(crate::world::World::jetstream().await).await;
                }
            )+)+
        }
    };
}

on_both! {
    cases:
        a_repeated_id_is_a_duplicate_at_the_same_sequence,
        subject_headers_and_bytes_arrive_as_sent,
        an_unanswered_message_comes_again_and_an_acknowledged_one_does_not,
        a_message_in_progress_is_left_alone,
        a_nak_brings_the_message_back_after_its_delay,
        every_consumer_of_events_gets_every_event,
        two_readers_share_one_consumer,
        a_consumer_gets_only_what_its_filters_name,
        an_acknowledged_command_leaves_the_queue_and_an_event_stays,
        unanswered_messages_are_bounded,
        a_full_command_stream_refuses_and_takes_again_when_emptied,
        a_full_event_stream_drops_its_oldest,
        what_can_never_be_published_is_permanent,
        without_a_stream_a_publish_fails_transiently,
        marks_and_ids_tell_what_is_stored,
        differences_name_what_lacks_and_apply_puts_it_right,
        overlapping_consumers_of_the_work_queue_are_refused,
        hints_reach_who_listens;
    drills:
        a_reader_survives_a_restart,
        a_reader_survives_a_wipe,
        a_publish_while_the_broker_is_away_fails_transiently_and_succeeds_later,
        a_restarted_work_queue_forgets_consumed_ids_and_a_limited_stream_does_not,
        a_wiped_broker_shows_another_mark,
        an_old_answer_takes_nothing_from_a_new_consumer,
        hints_go_on_after_a_restart,
        nothing_with_a_receipt_is_lost_by_deaths_under_load,
        what_is_published_again_after_a_wipe_under_load_arrives,
        the_role_applies_at_the_start_and_after_a_wipe;
}
