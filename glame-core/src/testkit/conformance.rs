//! What every adapter must do, one named test per promise.
//!
//! A storage adapter runs the whole suite with three lines in a file under `tests/`:
//!
//! ```
//! # use glame_core::testkit::MemoryStorage as MyStorage;
//! async fn fresh() -> (MyStorage, ()) { (MyStorage::default(), ()) }
//! glame_core::storage_conformance!(fresh);
//! ```
//!
//! `fresh` gives an empty storage, and a guard that is dropped after the case. The crate of the
//! adapter needs `tokio` (`macros`, `rt`) as a development dependency. Each case is a public
//! function here, so that a case can also be called by hand.

#![expect(
    clippy::cloned_ref_to_slice_refs,
    reason = "a case reads best when every list is written out"
)]

pub mod atomicity;
pub mod audit;
pub mod catalogue;
pub mod customers;
pub mod lease;
pub mod ledger;
pub mod looks;
pub mod loyalty;
pub mod metrics;
pub mod points;
pub mod points_source;
pub mod profiles;
pub mod purchases;
pub mod sales_source;
pub mod segments;
pub mod sessions;
pub mod sign_in;
pub mod staff;
pub mod sync_runs;
pub mod users;
pub mod webhooks;

/// Makes one `#[tokio::test]` of each promise of [`Storage`].
///
/// `$fresh` is the path of an `async fn() -> (impl Storage, Guard)` (the storage may also be an
/// `Arc<dyn Storage>`) that gives an empty storage.
#[macro_export]
macro_rules! storage_conformance {
    ($fresh:path) => {
        $crate::conformance_cases! { storage $fresh;
            users {
                a_stored_user_is_found_as_it_was,
                an_unknown_user_is_not_found,
                a_user_keeps_the_first_created_at,
                missing_users_are_added_and_known_ones_stay,
                users_with_nothing_known_are_kept,
                users_come_in_pages_by_id,
                non_customers_come_by_id,
                cards_are_found_by_reference_and_by_user,
                customers_are_found_by_many_phones_and_cards,
                a_card_moves_to_another_user,
                a_card_without_a_number_is_kept,
                cards_come_in_pages_by_reference,
                customers_are_counted_without_removed_ones_and_staff,
            }
            purchases {
                a_history_comes_back_as_it_was_stored,
                an_unknown_customer_has_bought_nothing,
                receipts_are_found_by_time_half_open,
                receipts_are_found_by_scope,
                receipts_are_found_by_document,
                the_same_document_may_have_receipts_of_two_instants,
                the_same_document_may_have_receipts_of_two_customers,
                removed_receipts_take_their_lines_along,
                removing_what_is_not_there_is_no_error,
                a_receipt_twice_is_a_conflict_and_nothing_of_the_call_is_stored,
                histories_are_found_by_user,
                histories_come_in_pages_by_user,
                totals_are_the_sum_of_all_lines,
                instants_survive_to_the_microsecond_and_in_stray_years,
                the_largest_amounts_survive,
                a_receipt_of_an_unknown_user_is_refused,
                many_receipts_are_written_at_once,
            }
            catalogue {
                articles_come_back_as_they_were_stored,
                an_article_is_replaced,
                articles_come_in_pages,
                stores_come_back_and_are_replaced,
            }
            metrics {
                figures_come_back_as_they_were_stored,
                figures_are_replaced_and_removed,
                figures_come_in_pages_by_user,
                the_scoring_is_replaced,
                the_analysis_of_the_shop_is_replaced,
            }
            loyalty {
                a_new_customer_has_an_empty_account,
                what_was_posted_comes_back_as_it_was,
                changes_of_many_accounts_are_posted_at_once,
                terms_of_points_survive_to_the_microsecond,
                reasons_keep_every_letter,
                transactions_are_recalled_with_their_reversals,
                lots_of_recalled_transactions_come_along,
                decisions_come_back_under_their_keys,
                accounts_come_in_the_order_of_the_queries,
                the_same_transaction_twice_is_a_conflict_and_nothing_is_stored,
                dropped_work_leaves_no_points,
                points_of_an_unknown_user_are_refused,
                of_two_spends_of_the_whole_balance_one_succeeds,
                works_that_lock_in_another_order_do_not_deadlock,
            }
            points {
                transactions_come_in_pages_by_number,
                transactions_come_in_pages_from_the_last_one_backwards,
                available_points_are_those_of_the_balance,
                accounts_come_in_pages_by_user_with_closed_lots,
                users_with_expired_points_come_in_pages,
                marks_come_in_pages_by_user,
                a_mark_that_was_raised_since_stays,
                a_mark_never_comes_back,
                points_outstanding_add_up,
                the_largest_points_survive_and_add_up,
                the_last_comparison_is_kept,
            }
            segments {
                a_segment_comes_back_as_it_was_stored,
                a_name_is_taken_once,
                a_segment_is_replaced_only_by_who_has_seen_it,
                a_conflict_of_segments_leaves_the_work_usable,
                members_come_in_pages_by_user,
                members_are_replaced_removed_and_counted,
                memberships_are_locked_with_the_version,
                segments_are_changed_by_one_at_a_time,
                an_unknown_segment_or_user_has_no_members,
                decisions_by_hand_come_in_pages_and_go,
                transitions_are_kept_once_in_the_order_of_time,
                the_watermark_is_replaced_and_survives_a_change,
                of_two_refreshes_at_once_one_lets_a_customer_enter,
            }
            sync_runs {
                a_run_comes_back_as_it_was_stored,
                a_run_is_replaced,
                the_newest_runs_come_first,
                running_runs_are_found_however_old,
                pages_of_runs_meet,
                the_runs_of_a_job_come_in_order,
                the_last_success_and_the_last_complete_run_are_told_apart,
                moved_cards_are_remembered_by_time,
                a_reject_is_kept_once_and_in_order,
            }
            lease {
                the_lease_is_taken_once,
                the_lease_is_taken_over_when_it_has_run_out,
                a_prolonged_lease_stays,
                a_lost_lease_is_not_prolonged,
                a_released_lease_is_free,
                two_works_at_once_never_both_get_the_lease,
                a_lease_names_its_job_and_its_task,
                the_holder_can_be_asked_to_stop,
                a_lease_is_taken_over_once_with_the_wish_to_stop,
            }
            webhooks {
                an_endpoint_comes_back_as_it_was_stored,
                endpoints_come_in_the_order_of_their_making,
                a_removed_endpoint_takes_its_deliveries_along,
                an_event_is_kept_once_and_byte_by_byte,
                dropped_work_leaves_no_event,
                new_events_are_taken_oldest_first_and_once,
                deliveries_are_added_once_and_only_to_endpoints_that_are,
                what_is_due_is_claimed_by_one_at_a_time,
                a_claim_that_has_run_out_is_taken_over,
                what_became_of_a_delivery_comes_back,
                only_enabled_endpoints_are_due,
                deliveries_come_in_pages_newest_first,
                dead_letters_come_in_pages,
                a_replayed_delivery_begins_anew,
                what_died_since_an_instant_is_replayed,
                what_ended_long_ago_is_removed_in_batches,
                young_events_stay,
            }
            sign_in {
                customers_are_found_by_card_and_by_phone,
                only_customers_with_valid_cards_may_sign_in,
                a_shared_phone_gives_the_longest_known,
                the_last_code_of_a_subject_is_kept,
                tries_of_one_code_are_all_counted,
                attempts_are_counted_by_bucket,
                a_window_that_has_ended_begins_anew,
                no_attempt_is_lost,
                dropped_work_counts_no_attempt,
            }
            sessions {
                a_session_is_found_by_user_and_token,
                a_session_knows_its_user_of_now,
                a_session_of_staff_knows_its_member,
                sessions_come_newest_first,
                a_session_belongs_to_a_user_and_comes_once,
                the_last_use_of_a_session_is_noted,
                sessions_are_ended_by_scope,
                what_has_ended_is_removed,
            }
            staff {
                a_member_is_found_as_it_was,
                a_member_is_a_user,
                a_customer_is_no_member,
                an_address_belongs_to_one_member,
                members_come_in_pages_by_user,
                a_member_is_changed_with_the_user,
                a_stale_change_of_a_member_is_a_conflict,
                the_staff_is_changed_by_one_work_at_a_time,
            }
            audit {
                an_entry_comes_back_as_it_was,
                every_action_is_kept,
                entries_are_found_by_each_filter,
                entries_come_in_pages,
                an_entry_is_written_once,
                dropped_work_leaves_no_entry,
            }
            customers {
                customers_come_in_every_order,
                filters_choose_whom_the_rule_chooses,
                customers_are_found_by_what_is_known_of_them,
                the_search_follows_every_change,
                bare_customers_are_listed,
            }
            profiles {
                a_profile_has_a_version,
                an_edit_outlasts_what_the_base_says,
                an_edit_is_taken_back,
                an_erased_person_never_comes_back,
                consents_are_only_added_to,
            }
            looks {
                a_look_is_changed_from_the_version_that_was_seen,
                looks_come_in_pages_newest_first,
                saved_looks_belong_to_one_customer,
                notes_go_with_their_person,
                articles_are_found_by_text,
                purchases_come_newest_first,
                receipts_come_whole_and_newest_first,
            }
            atomicity {
                dropped_work_leaves_no_trace,
                committed_work_is_seen,
                uncommitted_work_is_not_seen,
                a_conflict_does_not_poison_the_work,
            }
        }
    };
}

/// Makes one `#[tokio::test]` of each property of the points ledger over a [`Storage`].
///
/// `$fresh` is as for [`storage_conformance!`](crate::storage_conformance). Each case runs a
/// [`LoyaltyService`](crate::loyalty::LoyaltyService) over the storage.
#[macro_export]
macro_rules! loyalty_conformance {
    ($fresh:path) => {
        $crate::conformance_cases! { shared $fresh;
            ledger {
                l3_expiry_acts_by_time_swept_or_not,
                l5_and_l7_one_point_too_many_is_refused_with_nothing_written,
                l8_a_replay_gives_what_is_stored,
                i1_the_same_key_gives_the_same_result_for_ever,
                i2_another_request_under_a_key_names_the_differing_fields,
                i3_a_refusal_repeats_under_its_key,
                i4_a_deed_is_done_once_whatever_the_keys,
                i5_a_batch_is_as_one_by_one_and_repeats_its_keys,
                i5_work_that_is_lost_before_its_commit_is_done_once_by_the_retry,
                i6_of_concurrent_spends_of_the_whole_balance_one_succeeds,
                i6_concurrent_tries_under_one_key_are_carried_out_once,
                i6_merges_in_opposite_directions_end,
                e5_a_preview_is_what_the_posting_then_writes,
                r5_purchases_are_settled_once_whatever_came_in_between,
                t1_and_t2_the_past_answers_as_it_did,
                t4_a_merge_keeps_sums_and_expiries,
                presents_are_given_once,
                the_balances_of_the_base_are_taken_over,
                random_commands_give_what_the_pure_ledger_gives,
                an_unknown_customer_is_told_apart,
            }
        }
    };
}

/// Makes one `#[tokio::test]` of each promise of [`SalesSource`](crate::ports::SalesSource).
///
/// `$fresh` is the path of an `async fn() -> (impl SalesSource, Guard)` that gives a source with a
/// shop in it: cards, customers and sales of at least two windows.
#[macro_export]
macro_rules! sales_source_conformance {
    ($fresh:path) => {
        $crate::conformance_cases! { source $fresh;
            sales_source {
                every_card_comes_once,
                every_profile_comes_once,
                every_article_and_store_comes_once,
                windows_do_not_overlap_and_cover_all_time,
                every_line_lies_in_its_window_and_comes_once,
                a_reading_goes_on_from_any_cursor,
                a_reading_since_an_instant_holds_the_rest_and_all_opening_balances,
                documents_are_found_wherever_they_lie,
                an_unknown_document_gives_no_lines,
                known_cards_are_not_missing_and_unknown_ones_are,
            }
        }
    };
}

/// Makes one `#[tokio::test]` of each promise of [`PointsSource`](crate::ports::PointsSource).
///
/// `$fresh` is the path of an `async fn() -> (impl PointsSource, Guard)` that gives a source with a
/// shop in it: cards that have points in the middle of 2025
/// ([`fixtures::minute`](crate::testkit::fixtures::minute)) and had none a hundred years before.
#[macro_export]
macro_rules! points_source_conformance {
    ($fresh:path) => {
        $crate::conformance_cases! { source $fresh;
            points_source {
                every_card_with_points_comes_once,
                what_comes_later_does_not_count,
                the_points_of_an_instant_stay_the_same,
                a_rejected_card_is_not_answered,
            }
        }
    };
}

/// Turns lists of cases into tests; the suites call it.
#[doc(hidden)]
#[macro_export]
macro_rules! conformance_cases {
    ($port:ident $fresh:path; $($module:ident { $($case:ident),* $(,)? })*) => { $(
        mod $module {
            #[expect(unused_imports, reason = "the path may be absolute")]
            use super::*;
            $crate::conformance_cases!(@tests $port $fresh; $module; $($case),*);
        }
    )* };
    (@tests storage $fresh:path; $module:ident; $($case:ident),*) => { $(
        #[tokio::test]
        async fn $case() {
            let (storage, _guard) = $fresh().await;
            $crate::testkit::conformance::$module::$case(
                $crate::testkit::conformance::AsStorage::as_storage(&storage),
            )
            .await;
        }
    )* };
    (@tests shared $fresh:path; $module:ident; $($case:ident),*) => { $(
        #[tokio::test]
        async fn $case() {
            let (storage, _guard) = $fresh().await;
            $crate::testkit::conformance::$module::$case(
                $crate::testkit::conformance::IntoShared::into_shared(storage),
            )
            .await;
        }
    )* };
    (@tests source $fresh:path; $module:ident; $($case:ident),*) => { $(
        #[tokio::test]
        async fn $case() {
            let (source, _guard) = $fresh().await;
            $crate::testkit::conformance::$module::$case(&source).await;
        }
    )* };
}

use std::sync::Arc;

use crate::ports::{Storage, UnitOfWork};
use crate::users::User;

/// Lends a storage to the suite, be it owned or shared.
#[doc(hidden)]
pub trait AsStorage {
    /// Gives the storage.
    fn as_storage(&self) -> &dyn Storage;
}

impl<S: Storage> AsStorage for S {
    fn as_storage(&self) -> &dyn Storage {
        self
    }
}

impl AsStorage for Arc<dyn Storage> {
    fn as_storage(&self) -> &dyn Storage {
        self.as_ref()
    }
}

/// Hands a storage to the suite that services share, be it owned or shared already.
#[doc(hidden)]
pub trait IntoShared {
    /// Gives the shared storage.
    fn into_shared(self) -> Arc<dyn Storage>;
}

impl<S: Storage + 'static> IntoShared for S {
    fn into_shared(self) -> Arc<dyn Storage> {
        Arc::new(self)
    }
}

impl IntoShared for Arc<dyn Storage> {
    fn into_shared(self) -> Self {
        self
    }
}

/// Begins a work in which these users are stored already.
pub(super) async fn with_users(storage: &dyn Storage, users: &[User]) -> Box<dyn UnitOfWork> {
    let mut work = storage.begin().await.unwrap();
    work.put_users(users).await.unwrap();
    work
}
