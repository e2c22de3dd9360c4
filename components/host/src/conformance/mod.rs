//! What every machine must do, as cases that Linux and the simulator both run.
//!
//! The cases hold what the traits' documentation promises and a running process can see; what
//! survives the loss of power only a simulator can show. A case panics when a promise is broken.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test suite: failing loudly is its purpose"
)]

mod clock;
mod disk;
mod network;
mod tasks;

use crate::{BoxFuture, Host};
use std::{fmt, net::IpAddr};

/// What a case is given.
#[derive(Clone, Debug)]
pub struct Ground {
    /// The machine under test.
    pub host: Host,
    /// A directory that exists and is empty.
    pub directory: String,
    /// An address of the machine that it can connect to.
    pub address: IpAddr,
}

/// One promise.
#[derive(Clone, Copy)]
pub struct Case {
    /// The promise in a few words.
    pub name: &'static str,
    /// Panics when it is broken.
    pub run: fn(Ground) -> BoxFuture<'static, ()>,
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Case").field(&self.name).finish()
    }
}

macro_rules! cases {
    ($($module:ident :: $name:ident),* $(,)?) => {
        &[$(Case {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: |ground| Box::pin($module::$name(ground)),
        }),*]
    };
}

/// All of them. Each wants a fresh [`Ground`].
pub const CASES: &[Case] = cases![
    clock::a_sleep_ends_at_its_deadline_and_never_before,
    clock::a_sleep_can_be_moved_also_after_it_ended,
    clock::a_timeout_drops_what_it_waited_for,
    clock::a_result_that_is_there_beats_the_limit,
    clock::an_interval_ticks_on,
    clock::wall_time_passes,
    tasks::a_task_gives_its_result,
    tasks::dropping_a_task_cancels_it,
    tasks::a_detached_task_runs_on,
    tasks::children_are_cancelled_with_their_parent,
    tasks::a_disk_job_gives_its_result,
    network::bytes_arrive_in_order_both_ways,
    network::both_ends_agree_on_their_addresses,
    network::a_shutdown_is_an_end_for_the_reader_and_final_for_the_writer,
    network::a_stream_that_is_dropped_ends_at_the_other_side,
    network::a_writer_waits_for_a_reader,
    network::nobody_listening_is_refused,
    network::a_port_is_bound_once_and_free_again_afterwards,
    network::datagrams_arrive_whole_with_their_sender,
    network::an_address_resolves_to_itself,
    disk::open_modes_do_what_they_say,
    disk::a_gap_reads_as_zeros_and_reads_end_with_the_file,
    disk::set_len_cuts_and_extends,
    disk::allocate_grows_and_never_shrinks,
    disk::rename_replaces,
    disk::a_removed_file_stays_readable_while_open,
    disk::directories_are_listed_in_order,
    disk::a_lock_excludes_until_dropped,
    disk::syncs_of_good_files_succeed,
    disk::what_is_forgotten_is_read_again,
];
