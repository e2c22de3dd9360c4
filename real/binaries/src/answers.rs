//! What `etcdutl` prints, in upstream's three forms.
//!
//! Upstream: etcdutl/etcdutl/printer.go and its neighbours.

use clap::ValueEnum;
use serde_json::Value;

/// How an answer is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Values, separated by commas.
    Simple,
    /// One object.
    Json,
    /// A table of one row.
    Table,
}

/// One value of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    title: &'static str,
    text: String,
    name: &'static str,
    value: Value,
}

impl Field {
    /// With a title and a text for people, a name and a value for programs.
    pub fn new(title: &'static str, text: String, name: &'static str, value: Value) -> Self {
        Self { title, text, name, value }
    }

    /// A number that both read alike.
    pub fn number(
        title: &'static str,
        name: &'static str,
        value: impl Into<serde_json::Number> + std::fmt::Display,
    ) -> Self {
        Self::new(title, value.to_string(), name, Value::Number(value.into()))
    }
}

impl Format {
    /// The answer as text, with an end of line.
    pub fn show(self, fields: &[Field]) -> String {
        match self {
            Self::Simple => {
                let texts: Vec<_> = fields.iter().map(|field| field.text.as_str()).collect();
                format!("{}\n", texts.join(", "))
            }
            Self::Json => {
                let pairs =
                    fields.iter().map(|field| format!("\"{}\":{}", field.name, field.value));
                format!("{{{}}}\n", pairs.collect::<Vec<_>>().join(","))
            }
            Self::Table => table(fields),
        }
    }
}

/// Titles in the middle, values on the right.
fn table(fields: &[Field]) -> String {
    let (mut line, mut head, mut row) = ("+".to_owned(), "|".to_owned(), "|".to_owned());
    for Field { title, text, .. } in fields {
        let width = title.len().max(text.len());
        let left = (width - title.len()) / 2;
        let title = title.to_uppercase();
        line += &format!("{}+", "-".repeat(width + 2));
        head += &format!(" {}{title:<1$} |", " ".repeat(left), width - left);
        row += &format!(" {text:>width$} |");
    }
    format!("{line}\n{head}\n{line}\n{row}\n{line}\n")
}

/// A number of bytes in decimal units with two digits, as Go's go-humanize writes it.
pub fn human(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];
    if bytes < 10 {
        return format!("{bytes} B");
    }
    let exponent = usize::try_from(bytes.ilog(1000)).unwrap_or(0).min(UNITS.len() - 1);
    let unit = 1000_u64.pow(u32::try_from(exponent).unwrap_or(0));
    // Tenths, rounded half up; the sum stays far below 2^128.
    let tenths = (u128::from(bytes) * 20 + u128::from(unit)) / (u128::from(unit) * 2);
    let suffix = UNITS[exponent];
    if tenths < 100 {
        format!("{}.{} {suffix}", tenths / 10, tenths % 10)
    } else {
        // Of the rounded tenths, half to even, as Go prints.
        let (whole, tenth) = (tenths / 10, tenths % 10);
        let up = tenth > 5 || (tenth == 5 && whole % 2 == 1);
        format!("{} {suffix}", whole + u128::from(up))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_go_humanize_writes_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (9, "9 B"),
            (10, "10 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (20_480, "20 kB"),
            (1_054_752, "1.1 MB"),
            (93_952_032, "94 MB"),
            (2_147_483_648, "2.1 GB"),
            (u64::MAX, "18 EB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn an_answer_has_upstreams_three_forms() {
        let fields = [
            Field::new(
                "hash",
                format!("{:x}", 3_474_280_699_u32),
                "hash",
                3_474_280_699_u32.into(),
            ),
            Field::number("total keys", "totalKey", 3),
        ];
        assert_eq!(Format::Simple.show(&fields), "cf1550fb, 3\n");
        assert_eq!(Format::Json.show(&fields), "{\"hash\":3474280699,\"totalKey\":3}\n");
        let table = "\
+----------+------------+
|   HASH   | TOTAL KEYS |
+----------+------------+
| cf1550fb |          3 |
+----------+------------+
";
        assert_eq!(Format::Table.show(&fields), table);
    }
}
