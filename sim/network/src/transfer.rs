//! Moving a stream's bytes: sending, arriving, retransmitting, giving up, resetting.

use crate::{
    connection::{ConnectionId, Holder, Segment, Side},
    state::{Carried, DELIVER, LOST, READ, RESET, SEND, State, Way},
    token::Call,
    wakes::Wakes,
};
use bytes::Bytes;
use kernel::{NodeId, Time};
use std::{io::ErrorKind, time::Duration};

/// A reset that meets a clog is tried again this much later.
const CLOGGED_RESET_AGAIN: Duration = Duration::from_millis(100);
const BACKOFF_DOUBLINGS_MAX: u32 = 16;

impl State {
    /// Sends data from `side`. There must be room for it.
    pub(crate) fn send(&mut self, id: ConnectionId, side: Side, data: Bytes) {
        let length = data.len();
        let Some(connection) = self.connection(id) else { return };
        let (node, peer) = (connection.end(side).node, connection.end(side.other()).node);
        connection.end(side).out.in_flight += length;
        self.record(node, SEND, self.key(peer), length as u64);
        self.note("to", peer, length);
        let place = self.write_down(node, peer, length);
        self.enqueue(id, side, length, Segment::Data(data, place));
    }

    /// Makes an entry in the journal, if one is kept.
    fn write_down(&mut self, from: NodeId, to: NodeId, bytes: usize) -> Option<usize> {
        if !self.kernel.is_recording() {
            return None;
        }
        self.journal.push(Carried { from, to, sent: self.now(), arrived: None, bytes });
        Some(self.journal.len() - 1)
    }

    /// Sends the end of the stream from `side`, once.
    pub(crate) fn send_end(&mut self, id: ConnectionId, side: Side) {
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        if end.error.is_some() || std::mem::replace(&mut end.out.shut, true) {
            return;
        }
        self.enqueue(id, side, 0, Segment::End);
    }

    fn enqueue(&mut self, id: ConnectionId, side: Side, length: usize, segment: Segment) {
        let (now, retransmit) = (self.now(), self.config.retransmit_first);
        let Some(link) = self.connection(id).map(|connection| connection.end(side).link) else {
            return;
        };
        let at = self.links[link].stream_arrival(now, length, retransmit);
        let Some(connection) = self.connection(id) else { return };
        let out = &mut connection.end(side).out;
        // A stream is in order: nothing overtakes what was sent before.
        let at = at.max(out.last_arrival);
        out.last_arrival = at;
        out.queue.push_back((at, segment));
        if !out.scheduled && !out.held {
            out.scheduled = true;
            self.schedule(at, Call::Deliver(id, side));
        }
    }

    /// The head of the queue arrives, or is sent again, or an acknowledgement is asked for again.
    pub(crate) fn on_deliver(&mut self, id: ConnectionId, side: Side, wakes: &mut Wakes) {
        let way = self.way(id, side);
        let Some(connection) = self.connection(id) else { return };
        let out = &mut connection.end(side).out;
        out.scheduled = false;
        match way {
            Way::Open => self.arrive(id, side, wakes),
            Way::Blocked => self.retransmit(id, side, wakes),
            Way::Clogged => out.held = true,
            Way::Elsewhere => {
                out.discard();
                let at = self.arrival(id, side.other());
                self.schedule(at, Call::Reset(id, side));
            }
        }
    }

    fn arrive(&mut self, id: ConnectionId, side: Side, wakes: &mut Wakes) {
        let now = self.now();
        let acknowledged = self.way(id, side.other()) == Way::Open;
        let Some(connection) = self.connection(id) else { return };
        let [opener, acceptor] = &mut connection.ends;
        let (sender, receiver) =
            if side == Side::Opener { (opener, acceptor) } else { (acceptor, opener) };
        // An end that was reset or gave up is no socket any more: it answers whatever comes.
        let broken = receiver.error.is_some();
        let gone = receiver.holder == Holder::Nobody || broken;
        let (mut bytes, mut unwanted, mut arrived) = (0, false, Vec::new());
        while sender.out.queue.front().is_some_and(|&(at, _)| at <= now) {
            match sender.out.queue.pop_front() {
                Some((_, Segment::Data(..))) if gone => unwanted = true,
                Some((_, Segment::Data(data, place))) => {
                    bytes += data.len();
                    arrived.extend(place);
                    receiver.inbox.push_back(data);
                }
                Some((_, Segment::End)) if broken => unwanted = true,
                Some((_, Segment::End)) => receiver.inbox_ended = true,
                None => break,
            }
        }
        wakes.add(receiver.reader.take());
        let (sender_node, receiver_node) = (sender.node, receiver.node);
        self.record(receiver_node, DELIVER, self.key(sender_node), bytes as u64);
        self.note("from", sender_node, bytes);
        for place in arrived {
            self.journal[place].arrived = Some(now);
        }
        if unwanted {
            return self.answer_with_reset(id, side);
        }
        self.after_arrival(id, side, acknowledged, wakes);
    }

    /// Data came for an end that is no more: its sender learns that.
    fn answer_with_reset(&mut self, id: ConnectionId, sender: Side) {
        let at = self.arrival(id, sender.other());
        if let Some(connection) = self.connection(id) {
            connection.end(sender).out.discard();
        }
        self.schedule(at, Call::Reset(id, sender));
    }

    fn after_arrival(
        &mut self,
        id: ConnectionId,
        side: Side,
        acknowledged: bool,
        wakes: &mut Wakes,
    ) {
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        if !acknowledged && end.error.is_none() {
            return self.retransmit(id, side, wakes);
        }
        if end.out.unacknowledged > 0 {
            wakes.add(end.writer.take());
        }
        end.out.acknowledge();
        if let Some(&(at, _)) = end.out.queue.front() {
            end.out.scheduled = true;
            self.schedule(at, Call::Deliver(id, side));
        } else {
            self.forget_if_over(id);
        }
    }

    /// Nothing came back: tries again later, each time later than the last, and gives up in the end.
    fn retransmit(&mut self, id: ConnectionId, side: Side, wakes: &mut Wakes) {
        let now = self.now();
        let (first, most) = (self.config.retransmit_first, self.config.retransmit_max);
        let limit = self.config.user_timeout;
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        let node = end.node;
        if end.error.is_some() {
            // Its machine lost power: nobody sends again what was lost.
            end.out.discard();
            return self.forget_if_over(id);
        }
        let out = &mut end.out;
        let silent_since = *out.silent_since.get_or_insert_with(|| {
            out.retry_at = Time::ZERO;
            now
        });
        if now.since(silent_since) >= limit {
            return self.fail(id, side, ErrorKind::TimedOut, wakes);
        }
        if now >= out.retry_at {
            let wait = first * (1 << out.retransmissions.min(BACKOFF_DOUBLINGS_MAX));
            out.retransmissions += 1;
            out.retry_at = (now + wait.min(most)).min(silent_since + limit);
        }
        // What was sent since may still arrive on time, if only the way back is shut.
        let head = out.queue.front().map_or(Time::MAX, |&(at, _)| at);
        let next = if head > now { head.min(out.retry_at) } else { out.retry_at };
        let retransmissions = u64::from(out.retransmissions);
        out.scheduled = true;
        self.schedule(next, Call::Deliver(id, side));
        self.record(node, LOST, retransmissions, 0);
        self.kernel.note(|| format!("number {retransmissions}"));
    }

    /// A reset arrives at `side`, whose holder is told.
    pub(crate) fn on_reset(&mut self, id: ConnectionId, side: Side, wakes: &mut Wakes) {
        match self.way(id, side.other()) {
            Way::Open => {}
            Way::Clogged => {
                let at = self.now() + CLOGGED_RESET_AGAIN;
                return self.schedule(at, Call::Reset(id, side));
            }
            Way::Blocked | Way::Elsewhere => return,
        }
        let ends = self.connection(id).map(|it| (it.end(side).node, it.end(side.other()).node));
        let Some((node, peer)) = ends else { return };
        self.record(node, RESET, 0, 0);
        self.kernel.note(|| format!("by {}", self.kernel.node_name(peer)));
        self.fail(id, side, ErrorKind::ConnectionReset, wakes);
    }

    /// The process at `side` read `bytes`: its peer gets room for as many, when it hears of it.
    pub(crate) fn took(&mut self, id: ConnectionId, side: Side, bytes: usize) {
        let open = self.way(id, side) == Way::Open;
        let retry_at = self.now() + self.config.retransmit_first;
        let Some(connection) = self.connection(id) else { return };
        let node = connection.end(side).node;
        let writer = connection.end(side.other());
        let waiting = writer.writer.is_some();
        let out = &mut writer.out;
        if open {
            out.in_flight = out.in_flight.saturating_sub(bytes);
        } else {
            out.unacknowledged += bytes;
        }
        let announce = open && waiting && !std::mem::replace(&mut out.room_announced, true);
        let probe = !open && !out.scheduled && !out.held;
        out.scheduled |= probe;
        self.record(node, READ, bytes as u64, 0);
        self.kernel.note(|| format!("{bytes} B"));
        if announce {
            let at = self.arrival(id, side);
            self.schedule(at, Call::Room(id, side.other()));
        } else if probe {
            self.schedule(retry_at, Call::Deliver(id, side.other()));
        }
    }

    /// The writer at `side` hears that there is room.
    pub(crate) fn on_room(&mut self, id: ConnectionId, side: Side, wakes: &mut Wakes) {
        let Some(connection) = self.connection(id) else { return };
        let end = connection.end(side);
        end.out.room_announced = false;
        wakes.add(end.writer.take());
    }
}
