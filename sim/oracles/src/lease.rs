//! What etcd promises of leases, in true time.

mod expires;
mod listed;
mod lives;
mod renewal;
mod time_to_live;

pub use expires::LeaseExpires;
pub use listed::LeaseListed;
pub use lives::LeaseLives;
pub use renewal::LeaseRenewal;
pub use time_to_live::LeaseTimeToLive;

use crate::{facts::SECOND, history::Time};

/// How far a server's clock may run from true time, in percent.
const CLOCK_ERROR_PERCENT: u64 = 10;

/// A time to live in nanoseconds.
fn nanoseconds(ttl: i64) -> Time {
    u64::try_from(ttl).unwrap_or(0).saturating_mul(SECOND)
}
