//! The audit log's file, and the files before it.
//!
//! Upstream: gopkg.in/natefinch/lumberjack.v2.

use super::settings::AuditFile;
use api::time::Moment;
use flate2::{Compression, write::GzEncoder};
use host::{Disk, Open};
use std::io::{self, Write};

/// What is read of a file at once.
const CHUNK_BYTES: usize = 256 * 1024;

/// Writes lines at the file's end; a file that would grow too large is put aside before.
pub(super) fn append(disk: &dyn Disk, to: &AuditFile, lines: &str, now: u64) -> io::Result<()> {
    let mut file = disk.open(&to.path, Open::Create)?;
    let mut end = file.len()?;
    let max = to.size_max_bytes;
    if max > 0 && end > 0 && end + lines.len() as u64 > max {
        drop(file);
        put_aside(disk, to, now)?;
        file = disk.open(&to.path, Open::Create)?;
        end = 0;
    }
    file.write_at(end, lines.as_bytes())
}

/// The names of a file and of those before it.
struct Names<'a> {
    directory: &'a str,
    stem: &'a str,
    /// With its dot; empty where there is none.
    ending: String,
}

impl<'a> Names<'a> {
    fn of(path: &'a str) -> Self {
        let (directory, name) = path.rsplit_once('/').unwrap_or((".", path));
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let ending = if ending.is_empty() { String::new() } else { format!(".{ending}") };
        Self { directory, stem, ending }
    }

    fn aside(&self, seconds: i64) -> String {
        let at = Moment { seconds, nanos: 0 }.to_second();
        let at = at.trim_end_matches('Z').replace(':', "-");
        let Self { directory, stem, ending } = self;
        format!("{directory}/{stem}-{at}.000{ending}")
    }

    /// When a file was put aside; none: it is none of ours.
    fn age_of(&self, name: &str) -> Option<i64> {
        let name = name.strip_suffix(".gz").unwrap_or(name);
        let at = name.strip_prefix(self.stem)?.strip_prefix('-')?.strip_suffix(&*self.ending)?;
        let (date, time) = at.split_once('T')?;
        let (time, _) = time.split_once('.')?;
        let moment = format!("{date}T{}Z", time.replace('-', ":"));
        Moment::parse(&moment).ok().map(|moment| moment.seconds)
    }
}

/// Gives the full file another name, and removes what is too old or too much.
fn put_aside(disk: &dyn Disk, to: &AuditFile, now: u64) -> io::Result<()> {
    let names = Names::of(&to.path);
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let aside = names.aside(now);
    disk.rename(&to.path, &aside)?;
    if to.compress {
        compress(disk, &aside)?;
    }
    let listed = disk.list(names.directory)?.into_iter();
    // In order of their names is in order of their times.
    let old = listed.filter_map(|name| Some((names.age_of(&name)?, name)));
    let old: Vec<(i64, String)> = old.collect();
    let surplus = match to.files_max {
        0 => 0,
        max => old.len().saturating_sub(max),
    };
    let seconds_max = i64::try_from(to.age_max.as_secs()).unwrap_or(i64::MAX);
    let begin = if seconds_max == 0 { i64::MIN } else { now.saturating_sub(seconds_max) };
    for (place, (at, name)) in old.iter().enumerate() {
        if place < surplus || *at < begin {
            disk.remove(&format!("{}/{name}", names.directory))?;
        }
    }
    Ok(())
}

/// Puts a smaller file in a file's place.
fn compress(disk: &dyn Disk, path: &str) -> io::Result<()> {
    let (from, to) = (disk.open(path, Open::Read)?, format!("{path}.gz"));
    let file = disk.open(&to, Open::Truncate)?;
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    let (mut chunk, mut read, mut written) = (vec![0; CHUNK_BYTES], 0, 0);
    loop {
        let got = from.read_at(read, &mut chunk)?;
        if got == 0 {
            break;
        }
        read += got as u64;
        packed.write_all(&chunk[..got])?;
        let done = std::mem::take(packed.get_mut());
        file.write_at(written, &done)?;
        written += done.len() as u64;
    }
    file.write_at(written, &packed.finish()?)?;
    disk.remove(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_before_are_known_by_their_names() {
        let names = Names::of("/var/log/audit.log");
        let aside = names.aside(1_000_000_000);
        assert_eq!(aside, "/var/log/audit-2001-09-09T01-46-40.000.log");
        for (name, at) in [
            ("audit-2001-09-09T01-46-40.000.log", Some(1_000_000_000)),
            ("audit-2001-09-09T01-46-40.000.log.gz", Some(1_000_000_000)),
            ("audit.log", None),
            ("audit-old.log", None),
            ("other-2001-09-09T01-46-40.000.log", None),
        ] {
            assert_eq!(names.age_of(name), at, "{name}");
        }
    }
}
