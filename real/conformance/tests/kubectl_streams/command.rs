//! What runs in the pretended containers: a few commands, told apart by their first word.

use serde_json::{Value, json};

/// What a command does next.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Act {
    Out(Vec<u8>),
    Err(Vec<u8>),
    /// It ends with this status.
    End(Value),
}

/// A command that runs.
#[derive(Debug)]
pub(crate) struct Command {
    words: Vec<String>,
}

impl Command {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self { words }
    }

    fn is(&self, name: &str) -> bool {
        // What is attached to has no words, and says what it hears.
        self.words.first().map_or("cat", String::as_str) == name
    }

    /// What it does of itself.
    pub(crate) fn start(&self) -> Vec<Act> {
        let text = |text: &str| text.as_bytes().to_vec();
        match self.words.first().map(String::as_str) {
            Some("both") => {
                vec![Act::Out(text("to stdout\n")), Act::Err(text("to stderr\n")), success()]
            }
            Some("exit") => vec![exit(&self.words[1])],
            Some("flood") => vec![Act::Out(vec![b'x'; 1 << 20]), success()],
            _ => vec![],
        }
    }

    pub(crate) fn hear(&self, bytes: &[u8]) -> Vec<Act> {
        if self.is("cat") { vec![Act::Out(bytes.to_vec())] } else { vec![] }
    }

    pub(crate) fn hear_end(&self) -> Vec<Act> {
        if self.is("cat") { vec![success()] } else { vec![] }
    }

    pub(crate) fn resize(&self, size: &[u8]) -> Vec<Act> {
        let size: Value = serde_json::from_slice(size).unwrap_or_default();
        let said = format!("{}x{}\n", size["Width"], size["Height"]);
        if self.is("size") { vec![Act::Out(said.into_bytes()), success()] } else { vec![] }
    }
}

fn success() -> Act {
    Act::End(json!({"metadata": {}, "status": "Success"}))
}

fn exit(code: &str) -> Act {
    Act::End(json!({
        "metadata": {}, "status": "Failure", "reason": "NonZeroExitCode",
        "message": format!("command terminated with non-zero exit code: exit status {code}"),
        "details": {"causes": [{"reason": "ExitCode", "message": code}]},
    }))
}
