//! The embedded log passes the suite that every implementation of `Store` must pass.

#![expect(clippy::unwrap_used, reason = "helpers of tests end the test")]

mod conformance {
    pub mod accepting;
    pub mod bulk_steering;
    pub mod changing;
    pub mod delivering;
    pub mod fixture;
    pub mod holds;
    pub mod operations;
    pub mod people;
    pub mod providers;
    pub mod reading;
    pub mod receipts;
    pub mod removal;
    pub mod schedule;
    pub mod steering;
    pub mod trying_again;
    pub mod waiting;
    pub mod webhook_figures;
    pub mod webhook_once;
    pub mod webhooks;
}

use conformance::fixture::{Fixture, Opened};
use notifyd_lifecycle::Secret;
use notifyd_store::{Options, Retention, SqliteStore, Store};
use std::sync::Arc;

/// A log in a directory of its own; opening it again is a restart.
fn sqlite() -> Fixture {
    let dir = tempfile::tempdir().unwrap();
    Fixture::new(move |clock, entropy| {
        let options = Options {
            dir: dir.path().join("state"),
            retention: Retention::default(),
            room: notifyd_store::disk::Room { floor: 0, reserve: 0 },
            readers: 2,
            master: Secret::new([7; 32]),
            clock,
            entropy,
        };
        Arc::new(SqliteStore::open(options, &prometheus::Registry::new()).unwrap()) as Arc<dyn Store>
    })
}

macro_rules! suite {
    ($($module:ident { $($case:ident),+ $(,)? })+) => {$(
        mod $module {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let fixture = super::sqlite();
                let opened: super::Opened = fixture.open();
                super::conformance::$module::$case(opened).await;
            })+
        }
    )+};
}

suite! {
    accepting {
        what_is_accepted_can_be_read_at_once,
        an_equal_request_answers_the_existing_one,
        a_failed_original_releases_its_key,
        outside_the_window_it_is_a_new_one,
        without_deduplication_everything_is_new,
        simultaneous_equal_requests_give_one,
        an_idempotency_key_replays_its_answer,
        keys_and_duplicates_survive_a_restart,
    }
    removal {
        nothing_is_removed_under_what_is_on_its_way,
        all_of_a_service_goes_and_a_restart_goes_on_with_it,
        what_is_kept_tells_whose_it_was_and_starts_no_more,
        who_is_in_when_it_goes_is_refused,
    }
    delivering {
        one_notification_from_queue_to_delivered,
        a_claim_holds_once,
        a_late_record_is_somebody_elses,
        a_repeated_record_is_already_done,
        a_retry_waits_for_its_time,
        a_retry_keeps_its_delay_when_the_clock_is_set,
        what_expires_is_failed,
        skipped_candidates_are_attempts,
        who_is_held_says_so_until_something_else_happens,
        another_run_finds_what_was_left,
        what_died_is_found_by_when_it_did,
        lines_are_separate_and_in_order,
    }
    changing {
        a_revoked_one_is_not_claimed,
        what_is_being_sent_cannot_be_revoked,
        a_dead_letter_starts_again,
        an_edit_changes_what_is_sent,
        the_sweep_removes_only_old_final_ones,
    }
    steering {
        what_waits_gets_another_time,
        what_is_queued_is_postponed_and_goes_on_where_it_was,
        a_retry_gets_another_time_at_no_cost,
        what_is_buried_is_a_dead_letter,
        webhooks_are_told_of_a_burial_when_that_is_wished,
        what_is_under_way_or_final_is_left_alone,
        a_wish_and_a_claim_at_the_same_moment,
        a_moved_retry_keeps_its_delay_when_the_clock_is_set,
    }
    trying_again {
        what_waits_for_a_retry_gets_it_now_and_keeps_its_count,
        what_has_ended_is_tried_again_at_a_time,
        another_provider_is_the_only_one_from_then_on,
        all_that_match_are_tried_again_with_another_provider,
    }
    schedule {
        pages_are_soonest_first_and_go_on_within_a_moment,
        filters_and_a_bound_narrow_it,
        a_page_says_when_it_stopped_looking,
        buckets_add_up,
        groups_add_up,
        what_is_owed_to_webhooks_is_told_apart,
    }
    reading {
        pages_go_on_where_they_ended,
        filters_find_what_they_say,
        held_is_what_waits_for_an_opening_or_an_operator,
        those_tried_most_often_come_first,
        services_see_only_their_own,
        statistics_add_up,
        the_feed_tells_every_step,
        the_audit_log_is_told_and_read_in_pages,
        a_change_is_known_by_its_key_for_a_day_also_after_a_restart,
    }
    people {
        services_and_keys_come_and_go,
        a_stranger_cannot_lock_a_service_out,
        failures_do_not_tell_which_services_exist,
        a_lock_is_as_long_whatever_the_clock_says,
        a_provider_keeps_its_secret,
        names_are_taken_once,
    }
    providers {
        a_provider_changes_and_keeps_its_secret,
        a_change_from_an_older_look_changes_nothing,
        a_removed_provider_stays_in_the_stories,
        what_is_removed_is_gone_and_its_number_too,
    }
    operations {
        a_bulk_retry_goes_past_each_once,
        what_does_not_allow_it_is_refused_and_told,
        a_limit_takes_the_oldest,
        a_bulk_cancel_ends_midway,
        what_is_discarded_is_gone,
        work_of_a_run_ends_with_it,
        only_so_many_go_on_at_once,
        dead_letters_are_grouped_by_their_fault,
    }
    bulk_steering {
        a_bulk_postponement_goes_past_each_once,
        what_a_wish_in_bulk_comes_to_is_what_was_counted,
        what_is_buried_in_bulk_is_a_dead_letter,
        webhooks_are_told_of_a_burial_in_bulk_when_that_is_wished,
        what_is_moved_or_run_in_bulk_has_its_time,
        a_moment_that_passes_meanwhile_suits_no_more,
        a_clock_that_is_set_moves_what_is_compared,
        a_postponement_without_a_moment_changes_nothing,
    }
    receipts {
        a_receipt_survives_a_restart_and_is_settled_once,
        what_did_not_arrive_is_a_dead_letter,
        a_receipt_before_its_record_is_put_off,
        a_receipt_by_our_own_reference_finds_an_attempt_in_doubt,
        a_settlement_of_what_moved_meanwhile_is_somebody_elses,
        what_nobody_knows_goes_and_makes_room,
    }
    webhooks {
        each_step_is_owed_to_those_who_want_to_hear_of_it,
        what_is_told_is_how_it_was,
        a_retry_is_told_when_it_is_scheduled_and_when_it_begins,
        what_is_owed_survives_a_restart_and_is_acknowledged_once,
        what_was_not_taken_is_due_again_and_keeps_its_delay_when_the_clock_is_set,
        what_is_told_once_more_starts_anew,
        secrets_are_sealed_and_read_back,
        a_change_from_an_older_look_changes_no_webhook,
        who_takes_nothing_is_switched_off_and_gets_another_chance,
        what_was_removed_is_told_nothing_and_leaves_nothing,
        what_was_told_goes_with_its_notification,
        a_service_has_only_so_many,
        a_test_is_no_notification,
        those_who_look_find_what_they_want,
        a_recovery_goes_past_each_once,
    }
    webhook_once {
        a_webhook_is_created_once_for_a_key,
        a_key_stands_for_one_request_whatever_it_asks_for,
        a_creation_that_fails_leaves_its_key_free,
        a_key_of_a_webhook_ends_after_a_day,
    }
    webhook_figures {
        what_webhooks_took_is_counted_with_the_notifications,
        figures_are_of_one_service_or_tenant_and_its_time,
        what_was_removed_is_not_counted,
        what_webhooks_did_not_take_is_counted_where_it_stands,
        what_is_swept_is_counted_no_more,
    }
    holds {
        a_hold_survives_a_restart,
        a_new_one_replaces_the_old,
        only_what_stands_can_be_ended,
        what_is_over_is_removed,
        a_hold_keeps_its_length_when_the_clock_is_set,
        what_is_switched_for_a_time_switches_back,
        a_switch_survives_a_restart,
        the_last_switch_counts,
        what_waits_in_a_paused_queue_is_not_moved,
    }
    waiting {
        what_is_queued_ages_from_when_it_is_due,
        a_retry_waits_for_its_time_and_then_ages_anew,
        what_comes_to_the_queue_is_counted_by_line,
    }
}
