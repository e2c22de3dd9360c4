//! Cuts a torn tail off the last segment, such that a crash in the middle loses nothing.
//!
//! Upstream: server/storage/wal/repair.go, which did not sync the copy before it cut (630ae268a).

use crate::{Machine, WalError, error::Doing, frame::physical, segment::Scan};
use host::{BlockFile, Open, event, sometimes};

/// Copies the segment to `.broken`, makes that durable, and only then cuts the tail off.
pub(crate) fn repair(
    machine: &Machine,
    dir: &str,
    path: &str,
    file: &dyn BlockFile,
    scan: &Scan,
) -> Result<(), WalError> {
    let cut_at = physical(scan.end as u64);
    event!(machine, Warn, "wal: repairing a torn tail", file = path, offset = cut_at);
    sometimes!(machine, "wal: a torn tail is repaired");
    back_up(machine, dir, path, scan.image.bytes())?;
    machine.probe.point("wal/repair-copied");
    // E16c, upstream 630ae268a: the segment is rewritten while no copy of it is durable, and until
    // something else is synced neither is durable.
    if machine.defects.has("E16c") {
        file.set_len(0).doing("truncate", path)?;
        file.write_at(0, &scan.image.bytes()[..scan.end]).doing("write", path)?;
        file.set_len(cut_at).doing("truncate", path)?;
        machine.probe.point("wal/repair-truncated");
        return Ok(());
    }
    file.set_len(cut_at).doing("truncate", path)?;
    machine.probe.point("wal/repair-truncated");
    file.sync().doing("sync", path)?;
    machine.probe.point("wal/repair-synced");
    Ok(())
}

fn back_up(machine: &Machine, dir: &str, path: &str, bytes: &[u8]) -> Result<(), WalError> {
    let backup = format!("{path}.broken");
    // The preallocated zeros at the end are not worth the space.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    let copied = write_backup(machine, dir, &backup, &bytes[..used]);
    match copied {
        // The tail was never acknowledged; a full disk must not keep the member down for its copy.
        Err(error) if error.is_disk_full() => {
            event!(machine, Warn, "wal: no space for a copy of the torn segment", file = path);
            machine.disk.remove(&backup).doing("remove", &backup)
        }
        copied => copied,
    }
}

fn write_backup(machine: &Machine, dir: &str, backup: &str, bytes: &[u8]) -> Result<(), WalError> {
    let copy = machine.disk.open(backup, Open::Truncate).doing("create", backup)?;
    copy.write_at(0, bytes).doing("write", backup)?;
    // E16c: upstream truncated the original before its copy was durable.
    if machine.defects.has("E16c") {
        return Ok(());
    }
    copy.sync().doing("sync", backup)?;
    machine.disk.sync_dir(dir).doing("sync", dir)
}
