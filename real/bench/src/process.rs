//! One server process: started, measured from outside, ended.
#![allow(unsafe_code)]

use std::{
    fs::{File, read_to_string},
    io,
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// A server is killed when it has not ended this long after it was told to.
const END_WAIT: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Process(Child);

impl Process {
    /// Starts a program whose output goes to a file.
    pub(crate) fn start(program: &Path, args: &[String], log: &Path) -> io::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(program);
        command.args(args).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        die_with_us(&mut command);
        Ok(Self(command.spawn()?))
    }

    /// True while it runs.
    pub(crate) fn runs(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> io::Result<u64> {
        let status = read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse().ok());
        kib.map(|kib: u64| kib * 1024).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Processor time used so far.
    pub(crate) fn processor_time(&self) -> io::Result<Duration> {
        let stat = read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // proc(5): utime and stime are fields 14 and 15; the name in field 2 may hold spaces.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let mut fields = rest.split_whitespace().skip(11);
        let mut next = || fields.next().and_then(|field| field.parse::<u64>().ok());
        match (next(), next()) {
            (Some(user), Some(system)) => {
                Ok(Duration::from_secs_f64((user + system) as f64 / ticks_per_second()))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    /// Asks it to end, and waits.
    pub(crate) fn end(mut self) -> io::Result<()> {
        self.terminate();
        let began = Instant::now();
        while self.runs() {
            if began.elapsed() > END_WAIT {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "a server does not end"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn terminate(&self) {
        let Ok(pid) = libc::pid_t::try_from(self.0.id()) else { return };
        // SAFETY: no memory is passed; the child was not reaped yet, so the number is still its.
        unsafe { libc::kill(pid, libc::SIGTERM) };
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended already, or it is to end now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A measurement that is killed must not leave servers behind. Servers are started by the main
/// thread, whose end is the process's.
fn die_with_us(command: &mut Command) {
    let ask = || {
        // SAFETY: no memory is passed.
        match unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    };
    // SAFETY: between fork and exec only prctl(2) and errno are used, which are safe there.
    unsafe { command.pre_exec(ask) };
}

fn ticks_per_second() -> f64 {
    // SAFETY: no memory is passed.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) as f64 }
}
