//! A directory for one test, gone afterwards unless the test failed.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

/// A fresh directory.
#[derive(Debug)]
pub struct Scratch(PathBuf);

impl Scratch {
    /// Makes one whose name tells what it is for.
    ///
    /// # Panics
    /// The temporary directory cannot be written.
    pub fn new(purpose: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("seaworthy-{}-{number}-{purpose}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A path in it, as text for a command line.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_string_lossy().into_owned()
    }

    /// Writes a file and answers with its path.
    ///
    /// # Panics
    /// The disk refuses.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let (path, unfinished) = (self.file(name), self.file(&format!("{name}.unfinished")));
        // A server may be reading what was there before.
        std::fs::write(&unfinished, content).expect("a scratch file can be written");
        std::fs::rename(unfinished, &path).expect("a scratch file can be renamed");
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // Left behind at worst.
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }
}
