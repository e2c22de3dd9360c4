//! Alarms raised by members: out of space, and corrupt (server/etcdserver/api/v3alarm).

use crate::{
    batch::{Batch, Table},
    row::{self, BadRow, Row},
};
use bytes::Bytes;
use etcd_api::etcdserverpb::{AlarmMember, AlarmRequest, AlarmType, alarm_request::AlarmAction};
use prost::Message;
use std::collections::BTreeSet;

/// The alarms that are on. A pure function of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Alarms {
    raised: BTreeSet<(AlarmType, u64)>,
}

impl Alarms {
    /// Applies a request and gives the alarms to answer with: those asked for, or the one changed.
    pub fn apply(&mut self, request: &AlarmRequest, batch: &mut Batch) -> Vec<AlarmMember> {
        let alarm = (request.alarm(), request.member_id);
        match request.action() {
            AlarmAction::Get => self.get(request.alarm()),
            AlarmAction::Activate if request.alarm() == AlarmType::None => Vec::new(),
            AlarmAction::Activate => {
                if self.raised.insert(alarm) {
                    batch.put(Table::Alarm, key(alarm), Bytes::new());
                }
                vec![member(alarm)]
            }
            AlarmAction::Deactivate if self.raised.remove(&alarm) => {
                batch.delete(Table::Alarm, key(alarm));
                vec![member(alarm)]
            }
            AlarmAction::Deactivate => Vec::new(),
        }
    }

    /// The alarms of one type that are on; of all types for [`AlarmType::None`].
    pub fn get(&self, wanted: AlarmType) -> Vec<AlarmMember> {
        let all = self.raised.iter().copied();
        all.filter(|(alarm, _)| wanted == AlarmType::None || *alarm == wanted).map(member).collect()
    }

    /// True when some member has raised this alarm.
    pub fn is_active(&self, wanted: AlarmType) -> bool {
        self.raised.iter().any(|(alarm, _)| *alarm == wanted)
    }

    /// Forgets everything and reads the rows; those of other tables are passed over.
    ///
    /// # Errors
    /// A row that we cannot have written.
    pub fn restore<'a>(&mut self, rows: impl IntoIterator<Item = &'a Row>) -> Result<(), BadRow> {
        self.raised.clear();
        for row in rows.into_iter().filter(|(table, ..)| *table == Table::Alarm) {
            let (_, key, _) = row;
            let member: AlarmMember = row::decode(&(Table::Alarm, key.clone(), key.clone()))?;
            self.raised.insert((member.alarm(), member.member_id));
        }
        Ok(())
    }
}

fn member((alarm, member_id): (AlarmType, u64)) -> AlarmMember {
    AlarmMember { member_id, alarm: alarm.into() }
}

// The whole alarm is the key, as upstream has it.
fn key(alarm: (AlarmType, u64)) -> Vec<u8> {
    member(alarm).encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::rows_after;

    fn request(action: AlarmAction, alarm: AlarmType, member_id: u64) -> AlarmRequest {
        AlarmRequest { action: action.into(), alarm: alarm.into(), member_id }
    }

    #[test]
    fn alarms_are_raised_listed_lowered_and_survive_a_restore() {
        let mut alarms = Alarms::default();
        let mut batch = Batch::default();
        use {AlarmAction::*, AlarmType::*};
        let cases = [
            (request(Get, None, 0), vec![]),
            (request(Activate, None, 1), vec![]),
            (request(Activate, Nospace, 1), vec![(Nospace, 1)]),
            (request(Activate, Nospace, 1), vec![(Nospace, 1)]),
            (request(Activate, Corrupt, 2), vec![(Corrupt, 2)]),
            (request(Get, None, 0), vec![(Nospace, 1), (Corrupt, 2)]),
            (request(Get, Corrupt, 0), vec![(Corrupt, 2)]),
            (request(Deactivate, Nospace, 2), vec![]),
            (request(Deactivate, Nospace, 1), vec![(Nospace, 1)]),
            (request(Get, None, 0), vec![(Corrupt, 2)]),
        ];
        for (request, expected) in cases {
            let expected: Vec<_> = expected.into_iter().map(member).collect();
            assert_eq!(alarms.apply(&request, &mut batch), expected, "{request:?}");
        }
        assert!(alarms.is_active(Corrupt) && !alarms.is_active(Nospace));

        let mut restored = Alarms::default();
        restored.restore(&rows_after([&batch])).unwrap();
        assert_eq!(restored, alarms);
    }
}
