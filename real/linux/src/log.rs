//! Events as lines on stderr: JSON as upstream's zap writes it, or text for people.

use host::{Event, Level, Probe, Value};
use scalars::time::Moment;
use std::{
    fmt::Write as _,
    io::Write as _,
    time::{SystemTime, UNIX_EPOCH},
};

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line: `{"level":"info","ts":"…","logger":"…","msg":"…",…}`.
    #[default]
    Json,
    /// Tab-separated: time, level, logger, message, fields as JSON (zap's console encoder).
    Console,
}

/// A probe that writes a log line to stderr for every event at or above a level.
///
/// Facts are dropped; crash points and rare-path marks cost nothing.
#[derive(Debug)]
pub struct Log {
    logger: String,
    least: Level,
    format: Format,
}

impl Log {
    /// Logs as `logger` what is at least as grave as `least`.
    pub fn new(logger: &str, least: Level, format: Format) -> Self {
        // Facts are for oracles, whatever the operator asks for.
        Self { logger: logger.to_owned(), least: least.min(Level::Debug), format }
    }

    fn line(&self, at: SystemTime, event: &Event<'_>) -> String {
        let mut line = String::with_capacity(256);
        match self.format {
            Format::Json => {
                line.push_str("{\"level\":");
                text(&mut line, level(event.level));
                for (key, value) in
                    [("ts", &*timestamp(at)), ("logger", &*self.logger), ("msg", event.name)]
                {
                    line.push(',');
                    text(&mut line, key);
                    line.push(':');
                    text(&mut line, value);
                }
                fields(&mut line, event, true);
                line.push('}');
            }
            Format::Console => {
                let _ = write!(line, "{}\t{}\t", timestamp(at), level(event.level));
                let _ = write!(line, "{}\t{}\t{{", self.logger, event.name);
                fields(&mut line, event, false);
                line.push('}');
            }
        }
        line.push('\n');
        line
    }
}

impl Probe for Log {
    fn event(&self, event: Event<'_>) {
        if self.wants(event.level) {
            // A log that cannot be written must not stop the server.
            let _ = std::io::stderr().write_all(self.line(SystemTime::now(), &event).as_bytes());
        }
    }

    fn wants(&self, level: Level) -> bool {
        level <= self.least
    }

    fn point(&self, _: &'static str) {}

    fn sometimes(&self, _: &'static str) {}
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Error => "error",
        Level::Warn => "warn",
        Level::Info => "info",
        Level::Debug => "debug",
        Level::Fact => "fact",
    }
}

fn fields(line: &mut String, event: &Event<'_>, mut comma: bool) {
    for (key, value) in event.fields {
        if std::mem::replace(&mut comma, true) {
            line.push(',');
        }
        // Field names are Rust identifiers; upstream's are hyphenated.
        text(line, &key.replace('_', "-"));
        line.push(':');
        let _ = match *value {
            Value::U64(number) => write!(line, "{number}"),
            Value::I64(number) => write!(line, "{number}"),
            Value::Bool(truth) => write!(line, "{truth}"),
            Value::Str(string) => {
                text(line, string);
                Ok(())
            }
            Value::Bytes(bytes) => {
                text(line, &bytes.escape_ascii().to_string());
                Ok(())
            }
        };
    }
}

/// A JSON string.
fn text(line: &mut String, string: &str) {
    line.push('"');
    for character in string.chars() {
        match character {
            '"' => line.push_str("\\\""),
            '\\' => line.push_str("\\\\"),
            '\n' => line.push_str("\\n"),
            '\r' => line.push_str("\\r"),
            '\t' => line.push_str("\\t"),
            control if control < ' ' => {
                let _ = write!(line, "\\u{:04x}", u32::from(control));
            }
            plain => line.push(plain),
        }
    }
    line.push('"');
}

/// ISO 8601 in UTC with microseconds, as etcd's zap configuration prints it.
fn timestamp(at: SystemTime) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    Moment { seconds, nanos: since.subsec_nanos() }.to_micro()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn timestamps_are_gregorian_utc() {
        for (seconds, micros, expected) in [
            (0, 0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, 1, "2000-02-29T00:00:00.000001Z"),
            (1_709_251_199, 999_999, "2024-02-29T23:59:59.999999Z"),
            (4_107_542_400, 0, "2100-03-01T00:00:00.000000Z"),
        ] {
            let at = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_micros(micros);
            assert_eq!(timestamp(at), expected);
        }
    }

    #[test]
    fn a_line_is_one_json_object_with_escapes() {
        let fields = [("peer_id", Value::Str("a\"b\n")), ("n", Value::I64(-1))];
        let event = Event { level: Level::Warn, name: "lost \\", fields: &fields };
        let log = Log::new("etcd", Level::Info, Format::Json);
        assert_eq!(
            log.line(UNIX_EPOCH, &event),
            "{\"level\":\"warn\",\"ts\":\"1970-01-01T00:00:00.000000Z\",\"logger\":\"etcd\",\
             \"msg\":\"lost \\\\\",\"peer-id\":\"a\\\"b\\n\",\"n\":-1}\n"
        );
        assert!(log.wants(Level::Info) && !log.wants(Level::Debug));
        assert!(!Log::new("etcd", Level::Fact, Format::Json).wants(Level::Fact));
    }
}
