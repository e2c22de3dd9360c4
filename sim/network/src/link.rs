//! One directed link: how long a packet takes, drawn from its own counter.

use crate::rules::Weather;
use kernel::{Draw, NodeId, Time};
use std::{collections::VecDeque, time::Duration};

/// A retransmitted packet is lost again with the same chance; after this many it gets through.
const LOSSES_IN_A_ROW_MAX: u32 = 6;
/// An overtaken datagram is held back by up to this many of the link's longest latencies.
const REORDER_LATENCIES: u64 = 10;

/// The way from one station to another.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) from: NodeId,
    pub(crate) to: NodeId,
    pub(crate) weather: Weather,
    /// Datagrams that wait for a clog to clear.
    pub(crate) held: VecDeque<usize>,
    /// What its chance is keyed by: the seed and both stations' names.
    key: u64,
    drawn: u64,
    busy_until: Time,
    loopback: Option<Duration>,
}

impl Link {
    pub(crate) fn new(
        ends: (NodeId, NodeId),
        key: u64,
        loopback: Duration,
        weather: Weather,
    ) -> Self {
        let (from, to) = ends;
        Self {
            from,
            to,
            weather,
            held: VecDeque::new(),
            key,
            drawn: 0,
            busy_until: Time::ZERO,
            loopback: (from == to).then_some(loopback),
        }
    }

    /// The draws for the next occasion on this link.
    pub(crate) fn draw(&mut self) -> Draw {
        self.drawn += 1;
        Draw::keyed(self.key, self.drawn)
    }

    /// When a part of a stream sent now arrives; each loss costs a retransmission.
    pub(crate) fn stream_arrival(&mut self, now: Time, bytes: usize, retransmit: Duration) -> Time {
        if let Some(latency) = self.loopback {
            return now + latency;
        }
        let mut draw = self.draw();
        let mut at = self.transmitted(now, bytes) + self.latency(&mut draw);
        let mut losses = 0;
        while losses < LOSSES_IN_A_ROW_MAX && draw.happens(self.weather.quality.loss) {
            at = at + retransmit * (1 << losses);
            losses += 1;
        }
        at
    }

    /// When each copy of a datagram sent now arrives: none if it is lost, two if it is doubled.
    pub(crate) fn datagram_arrivals(&mut self, now: Time, bytes: usize) -> Vec<Time> {
        if let Some(latency) = self.loopback {
            return vec![now + latency];
        }
        let quality = self.weather.quality;
        let mut draw = self.draw();
        let sent = self.transmitted(now, bytes);
        if self.weather.blocked || draw.happens(quality.loss) {
            return Vec::new();
        }
        let copies = if draw.happens(quality.duplicate) { 2 } else { 1 };
        let arrival = |_| {
            let mut at = sent + self.latency(&mut draw);
            if draw.happens(quality.reorder) {
                let longest = nanos(quality.latency_max).saturating_mul(REORDER_LATENCIES);
                at = at + Duration::from_nanos(draw.below(longest));
            }
            at
        };
        (0..copies).map(arrival).collect()
    }

    fn latency(&self, draw: &mut Draw) -> Duration {
        let quality = &self.weather.quality;
        let mut latency = draw.between(nanos(quality.latency_min), nanos(quality.latency_max));
        if draw.happens(quality.tail) {
            latency += draw.below(nanos(quality.tail_max));
        }
        Duration::from_nanos(latency)
    }

    /// When the last byte has left, behind what was sent before.
    fn transmitted(&mut self, now: Time, bytes: usize) -> Time {
        let rate = self.weather.quality.bytes_per_second;
        if rate == 0 {
            return now;
        }
        let takes = (bytes as u128 * 1_000_000_000) / u128::from(rate);
        let takes = Duration::from_nanos(u64::try_from(takes).unwrap_or(u64::MAX));
        self.busy_until = self.busy_until.max(now) + takes;
        self.busy_until
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
