//! Standard output: plain text, with colour on a terminal only.

use crate::arguments::Colour;
use std::io::{self, IsTerminal, Write};

/// What a piece of text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// All is well.
    Good,
    /// Something is wrong.
    Bad,
    /// Less important.
    Dim,
}

/// Standard output.
pub(crate) struct Console {
    out: Box<dyn Write>,
    colour: bool,
}

impl Console {
    /// The process's own output.
    pub(crate) fn stdout(colour: Colour) -> Self {
        let colour = match colour {
            Colour::Auto => io::stdout().is_terminal(),
            Colour::Always => true,
            Colour::Never => false,
        };
        Self { out: Box::new(io::stdout()), colour }
    }

    /// Writes a line. A reader that went away (`| head`) is not our trouble.
    pub(crate) fn line(&mut self, text: &str) {
        drop(writeln!(self.out, "{text}"));
    }

    /// Writes a text of several lines as it is.
    pub(crate) fn text(&mut self, text: &str) {
        drop(self.out.write_all(text.as_bytes()));
    }

    /// The text in a tone, where there is colour.
    pub(crate) fn toned(&self, tone: Tone, text: &str) -> String {
        if !self.colour {
            return text.to_owned();
        }
        let code = match tone {
            Tone::Good => "32;1",
            Tone::Bad => "31;1",
            Tone::Dim => "2",
        };
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// Says on standard error why the command was refused.
    pub(crate) fn complain(&mut self, refusal: &dyn std::error::Error) {
        drop(writeln!(io::stderr(), "seaworthy: {refusal}"));
    }
}

/// A remark on standard error: rates and times, which differ from run to run.
pub(crate) fn remark(text: &str) {
    drop(writeln!(io::stderr(), "{text}"));
}
