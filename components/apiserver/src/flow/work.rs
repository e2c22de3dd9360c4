//! What a request costs: seats, and the time for which it takes them.
//!
//! Upstream: apiserver/pkg/util/flowcontrol/request/{seat_seconds,width}.go.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Sub, SubAssign},
    time::Duration,
};

/// What a request is taken to last before it is known (queueset's estimatedServiceDuration).
pub(super) const SERVICE: Duration = Duration::from_millis(3);

/// Seats times nanoseconds. It cannot overflow within the life of a server, so that there are no
/// epochs as upstream's 64 bits need them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(super) struct SeatTime(i128);

impl SeatTime {
    pub(super) fn of(seats: u32, duration: Duration) -> Self {
        Self(i128::from(seats) * nanos(duration))
    }

    /// As seat-seconds.
    pub(super) fn seconds(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// How long so many seats are taken by it.
    pub(super) fn per_seat(self, seats: u32) -> Duration {
        let nanos = self.0.max(0) / i128::from(seats.max(1));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }

    /// A part of it.
    pub(super) fn divided(self, by: u32) -> Self {
        Self(self.0 / i128::from(by.max(1)))
    }
}

fn nanos(duration: Duration) -> i128 {
    i128::try_from(duration.as_nanos()).unwrap_or(i128::MAX)
}

/// As upstream's debugging tables show it: `1.50000000ss`.
impl fmt::Display for SeatTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.0.max(0) / 10;
        write!(f, "{}.{:08}ss", all / 100_000_000, all % 100_000_000)
    }
}

impl Add for SeatTime {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for SeatTime {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for SeatTime {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for SeatTime {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for SeatTime {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), Add::add)
    }
}

/// An estimate of a request's cost.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Work {
    /// Seats while it is executed.
    pub(super) initial_seats: u32,
    /// Seats for what it leaves to be done, such as events for watches.
    pub(super) final_seats: u32,
    /// For how long these are taken; its client does not wait for it.
    pub(super) linger: Duration,
}

impl Work {
    /// Work that ends with the answer.
    pub(super) fn of(seats: u32) -> Self {
        Self { initial_seats: seats, final_seats: 0, linger: Duration::ZERO }
    }

    /// Seats that are taken from its beginning to its end.
    pub(super) fn seats(&self) -> u32 {
        self.initial_seats.max(self.final_seats)
    }

    /// All of it, before it is known how long it really lasts.
    pub(super) fn total(&self) -> SeatTime {
        SeatTime::of(self.initial_seats, SERVICE) + SeatTime::of(self.final_seats, self.linger)
    }

    /// The same work on no more than so many seats at its end.
    pub(super) fn narrowed(self, seats: u32) -> Self {
        if self.final_seats <= seats || seats == 0 {
            return self;
        }
        let linger = SeatTime::of(self.final_seats, self.linger).per_seat(seats);
        Self { final_seats: seats, linger, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrow_work_is_the_same_work() {
        let wide = Work { initial_seats: 1, final_seats: 10, linger: Duration::from_millis(5) };
        let narrow = wide.narrowed(4);
        assert_eq!((narrow.final_seats, narrow.linger), (4, Duration::from_micros(12_500)));
        assert_eq!(wide.total(), narrow.total());
        assert_eq!((wide.seats(), wide.narrowed(20)), (10, wide));
    }

    #[test]
    fn seat_time_is_written_as_upstream_writes_it() {
        let cases =
            [(Duration::ZERO, "0.00000000ss"), (Duration::from_millis(1500), "3.00000000ss")];
        for (duration, text) in cases {
            assert_eq!(SeatTime::of(2, duration).to_string(), text);
        }
        assert_eq!(SeatTime::of(1, SERVICE).to_string(), "0.00300000ss");
    }
}
