//! What this process uses of the machine, in Prometheus' text format.
//!
//! Names and meanings are those of Prometheus' process collector and of etcd's own (`os_fd_…`).
//! What the system does not tell is left out.

use std::{fmt::Write as _, fs};

/// The metrics as of now; reads a few files of `/proc`.
pub fn metrics() -> String {
    let stat = fs::read_to_string("/proc/self/stat").ok();
    let stat = stat.as_deref().and_then(Stat::parse);
    let open = fs::read_dir("/proc/self/fd").ok().map(|names| names.count() as f64);
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limit(&limits, "Max open files");
    let started = stat.as_ref().and_then(|stat| Some(stat.started + booted()?));
    let mut text = String::new();
    for (name, help, kind, value) in [
        ("os_fd_limit", "The file descriptor limit.", "gauge", files),
        ("os_fd_used", "The number of used file descriptors.", "gauge", open),
        (
            "process_cpu_seconds_total",
            "Total user and system CPU time spent in seconds.",
            "counter",
            stat.as_ref().map(|stat| stat.cpu),
        ),
        ("process_max_fds", "Maximum number of open file descriptors.", "gauge", files),
        ("process_open_fds", "Number of open file descriptors.", "gauge", open),
        (
            "process_resident_memory_bytes",
            "Resident memory size in bytes.",
            "gauge",
            stat.as_ref().map(|stat| stat.resident),
        ),
        (
            "process_start_time_seconds",
            "Start time of the process since unix epoch in seconds.",
            "gauge",
            started,
        ),
        (
            "process_virtual_memory_bytes",
            "Virtual memory size in bytes.",
            "gauge",
            stat.as_ref().map(|stat| stat.virtual_size),
        ),
        (
            "process_virtual_memory_max_bytes",
            "Maximum amount of virtual memory available in bytes.",
            "gauge",
            limit(&limits, "Max address space"),
        ),
    ] {
        if let Some(value) = value {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
    }
    text
}

/// Of `/proc/self/stat`, what is told; seconds and bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stat {
    cpu: f64,
    /// Since the machine booted.
    started: f64,
    virtual_size: f64,
    resident: f64,
}

impl Stat {
    /// The fields behind the name, which may itself hold spaces and parentheses (proc(5)).
    fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        // The first of them is the third of the manual's list.
        let field = |number: usize| fields.get(number - 3)?.parse::<f64>().ok();
        let (tick, page) = (setting(libc::_SC_CLK_TCK)?, setting(libc::_SC_PAGESIZE)?);
        Some(Self {
            cpu: (field(14)? + field(15)?) / tick,
            started: field(22)? / tick,
            virtual_size: field(23)?,
            resident: field(24)? * page,
        })
    }
}

#[allow(unsafe_code)]
fn setting(name: libc::c_int) -> Option<f64> {
    // SAFETY: sysconf takes no pointers.
    let value = unsafe { libc::sysconf(name) };
    (value > 0).then_some(value as f64)
}

/// When the machine booted, in seconds of Unix time.
fn booted() -> Option<f64> {
    let text = fs::read_to_string("/proc/stat").ok()?;
    text.lines().find_map(|line| line.strip_prefix("btime "))?.parse().ok()
}

/// The soft limit of that name in `/proc/self/limits`; a limit that is none is told as Go tells it.
fn limit(limits: &str, name: &str) -> Option<f64> {
    let line = limits.lines().find_map(|line| line.strip_prefix(name))?;
    let value = line.split_whitespace().next()?;
    if value == "unlimited" { Some(u64::MAX as f64) } else { value.parse().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let text = metrics();
        for name in ["os_fd_used", "process_resident_memory_bytes", "process_start_time_seconds"] {
            let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
            let value: f64 = line.expect("it is told").parse().expect("a number");
            assert!(value > 0.0, "{name}: {value}");
        }
        assert!(Stat::parse("1 (a) b) S 1").is_none());
    }
}
