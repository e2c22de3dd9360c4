//! A child process that cannot outlive its test.

use crate::until::until;
use std::{
    fs::File,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, Command, ExitStatus, Stdio},
};

/// A running program; its output goes to a file. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts it.
    ///
    /// # Panics
    /// It cannot be started.
    pub fn start(mut command: Command, log: PathBuf) -> Self {
        let output = File::options().append(true).create(true).open(&log);
        let output = output.expect("a log file can be opened");
        let errors = output.try_clone().expect("a descriptor can be doubled");
        command.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = command.spawn();
        let child = child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
        Self { child, log }
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        let bytes = std::fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The system's number for it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its end, if it has come.
    ///
    /// # Panics
    /// The system has lost the child.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().expect("a child can be waited for")
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// It does not end in time.
    pub fn end(&mut self) -> ExitStatus {
        until(&format!("the end of {:?}", self.log), || self.ended())
    }

    /// SIGTERM; how it ends is for the caller to see.
    pub fn tell_to_end(&mut self) {
        self.signal(libc::SIGTERM);
    }

    /// SIGTERM, and the exit code of a process that ended of itself.
    pub fn terminate(&mut self) -> Option<i32> {
        self.signal(libc::SIGTERM);
        self.end().code()
    }

    /// SIGKILL, as the kernel does when memory is short.
    pub fn kill(&mut self) {
        self.signal(libc::SIGKILL);
        let end = self.end();
        assert_eq!(end.signal(), Some(libc::SIGKILL), "it ended by itself: {}", self.said());
    }

    #[allow(unsafe_code)]
    fn signal(&self, signal: i32) {
        let id = i32::try_from(self.child.id()).expect("invariant: process ids are positive");
        // SAFETY: kill takes no pointers; the child is not yet waited for, so the id is still its own.
        let done = unsafe { libc::kill(id, signal) };
        assert_eq!(done, 0, "cannot signal {:?}", self.log);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
