//! Promises about files, as far as a process that does not crash can see them.

use super::Ground;
use crate::{BlockFile, Disk, Open};
use std::{io::ErrorKind, sync::Arc};

/// Runs the rest of a case where disk calls belong.
async fn on_disk(ground: Ground, work: impl FnOnce(&dyn Disk, &str) + Send + 'static) {
    let directory = ground.directory;
    ground.host.disk_job(move |disk| work(disk, &directory)).await;
}

fn contents(file: &Arc<dyn BlockFile>) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.len().unwrap()).unwrap()];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

fn write(disk: &dyn Disk, path: &str, bytes: &[u8]) -> Arc<dyn BlockFile> {
    let file = disk.open(path, Open::Create).unwrap();
    file.write_at(0, bytes).unwrap();
    file
}

pub(super) async fn open_modes_do_what_they_say(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let path = &format!("{dir}/file");
        let kind = |how| disk.open(path, how).err().map(|error| error.kind());
        assert_eq!(kind(Open::Read), Some(ErrorKind::NotFound));
        assert_eq!(kind(Open::ReadWrite), Some(ErrorKind::NotFound));
        assert_eq!(kind(Open::CreateNew), None);
        assert_eq!(kind(Open::CreateNew), Some(ErrorKind::AlreadyExists));
        write(disk, path, b"kept");
        assert_eq!(contents(&disk.open(path, Open::Create).unwrap()), b"kept");
        assert_eq!(contents(&disk.open(path, Open::ReadWrite).unwrap()), b"kept");
        let reading = disk.open(path, Open::Read).unwrap();
        assert_eq!(contents(&reading), b"kept");
        assert!(reading.write_at(0, b"x").is_err(), "opened for reading only");
        assert!(disk.open(path, Open::Truncate).unwrap().is_empty().unwrap());
        let nowhere = disk.open(&format!("{dir}/none/file"), Open::Create).err();
        assert_eq!(nowhere.map(|error| error.kind()), Some(ErrorKind::NotFound));
    })
    .await;
}

pub(super) async fn a_gap_reads_as_zeros_and_reads_end_with_the_file(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let file = write(disk, &format!("{dir}/file"), b"ab");
        file.write_at(5000, b"cd").unwrap();
        assert_eq!(file.len().unwrap(), 5002);
        let bytes = contents(&file);
        assert!(bytes.starts_with(b"ab\0\0") && bytes.ends_with(b"\0\0cd"));
        assert!(bytes[2..5000].iter().all(|byte| *byte == 0));
        let mut space = [9; 8];
        assert_eq!(file.read_at(4999, &mut space).unwrap(), 3);
        assert_eq!(space, *b"\0cd\x09\x09\x09\x09\x09");
        assert_eq!(file.read_at(5002, &mut space).unwrap(), 0);
        assert_eq!(file.read_at(1 << 40, &mut space).unwrap(), 0);
    })
    .await;
}

pub(super) async fn set_len_cuts_and_extends(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let file = write(disk, &format!("{dir}/file"), b"abcdef");
        file.set_len(3).unwrap();
        assert_eq!(contents(&file), b"abc");
        file.set_len(5).unwrap();
        assert_eq!(contents(&file), b"abc\0\0", "what was cut does not come back");
    })
    .await;
}

pub(super) async fn allocate_grows_and_never_shrinks(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let file = write(disk, &format!("{dir}/file"), b"abc");
        file.allocate(10_000).unwrap();
        let bytes = contents(&file);
        assert_eq!((bytes.len(), &bytes[..3]), (10_000, &b"abc"[..]));
        assert!(bytes[3..].iter().all(|byte| *byte == 0));
        file.allocate(5).unwrap();
        assert_eq!(file.len().unwrap(), 10_000);
    })
    .await;
}

pub(super) async fn rename_replaces(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let (old, new) = (&format!("{dir}/old"), &format!("{dir}/new"));
        let open = write(disk, old, b"old");
        write(disk, new, b"new");
        disk.rename(old, new).unwrap();
        assert_eq!(disk.list(dir).unwrap(), ["new"]);
        assert_eq!(contents(&disk.open(new, Open::Read).unwrap()), b"old");
        open.write_at(3, b"er").unwrap();
        assert_eq!(contents(&disk.open(new, Open::Read).unwrap()), b"older");
        assert_eq!(disk.rename(old, new).unwrap_err().kind(), ErrorKind::NotFound);
        disk.create_dir(&format!("{dir}/a/b")).unwrap();
        disk.rename(&format!("{dir}/a"), &format!("{dir}/c")).unwrap();
        assert_eq!(disk.list(&format!("{dir}/c")).unwrap(), ["b"]);
    })
    .await;
}

pub(super) async fn a_removed_file_stays_readable_while_open(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let path = &format!("{dir}/file");
        let file = write(disk, path, b"abc");
        disk.remove(path).unwrap();
        assert_eq!(contents(&file), b"abc");
        assert_eq!(disk.remove(path).unwrap_err().kind(), ErrorKind::NotFound);
        let another = write(disk, path, b"xyz");
        assert_eq!((contents(&file), contents(&another)), (b"abc".into(), b"xyz".into()));
    })
    .await;
}

pub(super) async fn directories_are_listed_in_order(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let sub = &format!("{dir}/x/y");
        disk.create_dir(sub).unwrap();
        disk.create_dir(sub).unwrap();
        for name in ["b", "a", "10", "9"] {
            write(disk, &format!("{sub}/{name}"), b"");
        }
        assert_eq!(disk.list(sub).unwrap(), ["10", "9", "a", "b"]);
        assert_eq!(disk.list(dir).unwrap(), ["x"]);
        assert_eq!(disk.list(&format!("{dir}/none")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(disk.remove(sub).unwrap_err().kind(), ErrorKind::DirectoryNotEmpty);
        for name in disk.list(sub).unwrap() {
            disk.remove(&format!("{sub}/{name}")).unwrap();
        }
        disk.remove(sub).unwrap();
        assert!(disk.list(&format!("{dir}/x")).unwrap().is_empty());
    })
    .await;
}

pub(super) async fn a_lock_excludes_until_dropped(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let path = &format!("{dir}/lock");
        let held = disk.lock(path).unwrap();
        assert_eq!(disk.lock(path).unwrap_err().kind(), ErrorKind::WouldBlock);
        disk.lock(&format!("{dir}/another")).unwrap();
        drop(held);
        disk.lock(path).unwrap();
        assert!(disk.list(dir).unwrap().contains(&"lock".to_owned()));
    })
    .await;
}

pub(super) async fn syncs_of_good_files_succeed(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let file = write(disk, &format!("{dir}/file"), b"abc");
        file.sync().unwrap();
        file.write_at(3, b"def").unwrap();
        file.sync_data().unwrap();
        disk.sync_dir(dir).unwrap();
        assert_eq!(contents(&file), b"abcdef");
        assert!(disk.sync_dir(&format!("{dir}/none")).is_err());
    })
    .await;
}

pub(super) async fn what_is_forgotten_is_read_again(ground: Ground) {
    on_disk(ground, |disk, dir| {
        let file = write(disk, &format!("{dir}/file"), b"abc");
        file.write_at(10_000, b"def").unwrap();
        let before = contents(&file);
        // Whether anything was dropped is the machine's to say.
        let _ = file.forget().unwrap();
        assert_eq!(contents(&file), before);
        file.write_at(0, b"x").unwrap();
        assert_eq!(contents(&file)[..3], *b"xbc");
    })
    .await;
}
