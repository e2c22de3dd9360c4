//! Schedules of cron: five fields, or a word for one.
//!
//! Upstream: github.com/robfig/cron/v3's standard parser, whose complaints are repeated here.

/// A field's least and greatest number, and names for some.
struct Bounds {
    least: u32,
    most: u32,
    names: &'static [&'static str],
    /// The number of the first name.
    first: u32,
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
const FIELDS: [Bounds; 5] = [
    Bounds { least: 0, most: 59, names: &[], first: 0 },
    Bounds { least: 0, most: 23, names: &[], first: 0 },
    Bounds { least: 1, most: 31, names: &[], first: 0 },
    Bounds { least: 1, most: 12, names: &MONTHS, first: 1 },
    Bounds { least: 0, most: 6, names: &DAYS, first: 0 },
];
const WORDS: [&str; 7] =
    ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];

/// Reads a schedule.
///
/// # Errors
/// What is wrong with it.
pub(super) fn parse(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("empty spec string".to_owned());
    }
    let text = without_zone(text)?;
    if text.starts_with('@') {
        return word(text);
    }
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        let (found, text) = (fields.len(), fields.join(" "));
        return Err(format!("expected exactly 5 fields, found {found}: [{text}]"));
    }
    for (field, bounds) in fields.iter().zip(&FIELDS) {
        field
            .split(',')
            .filter(|part| !part.is_empty())
            .try_for_each(|part| range(part, bounds))?;
    }
    Ok(())
}

/// What follows `TZ=…`.
fn without_zone(text: &str) -> Result<&str, String> {
    if !text.starts_with("TZ=") && !text.starts_with("CRON_TZ=") {
        return Ok(text);
    }
    let rest = text.split_once(' ').map(|(_, rest)| rest.trim());
    rest.ok_or_else(|| format!("provided bad location {text}: unknown time zone {text}"))
}

fn word(text: &str) -> Result<(), String> {
    if WORDS.contains(&text) {
        return Ok(());
    }
    let Some(duration) = text.strip_prefix("@every ") else {
        return Err(format!("unrecognized descriptor: {text}"));
    };
    match is_duration(duration) {
        true => Ok(()),
        false => {
            Err(format!("failed to parse duration {text}: time: invalid duration {duration:?}"))
        }
    }
}

/// `1h30m`, as Go reads durations.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let digits = rest.trim_start_matches(|it: char| it.is_ascii_digit() || it == '.');
        if digits.len() == rest.len() || rest.starts_with(".") && digits.len() + 1 == rest.len() {
            return false;
        }
        let units = ["ns", "us", "µs", "μs", "ms", "s", "m", "h"];
        // The longest unit that fits: `ms` is no `m`.
        let unit = units.iter().filter(|unit| digits.starts_with(**unit)).max_by_key(|it| it.len());
        let Some(unit) = unit else { return false };
        (rest, parts) = (&digits[unit.len()..], parts + 1);
    }
    parts > 0
}

/// `*`, `3`, `3-5`, `*/2`, `3-20/2`.
fn range(text: &str, bounds: &Bounds) -> Result<(), String> {
    let mut steps = text.split('/');
    let (head, step) = (steps.next().unwrap_or_default(), steps.next());
    let mut ends = head.split('-');
    let (low, high) = (ends.next().unwrap_or_default(), ends.next());
    let (start, mut end) = if low == "*" || low == "?" {
        (bounds.least, bounds.most)
    } else {
        let start = named(low, bounds)?;
        let end = high.map_or(Ok(start), |high| named(high, bounds))?;
        if ends.next().is_some() {
            return Err(format!("too many hyphens: {text}"));
        }
        (start, end)
    };
    let step = match step {
        None => 1,
        Some(step) => {
            let step = number(step)?;
            // `N/step` means to the end.
            if high.is_none() {
                end = bounds.most;
            }
            step
        }
    };
    if steps.next().is_some() {
        return Err(format!("too many slashes: {text}"));
    }
    let (least, most) = (bounds.least, bounds.most);
    if start < least {
        return Err(format!("beginning of range ({start}) below minimum ({least}): {text}"));
    } else if end > most {
        return Err(format!("end of range ({end}) above maximum ({most}): {text}"));
    } else if start > end {
        return Err(format!("beginning of range ({start}) beyond end of range ({end}): {text}"));
    }
    match step {
        0 => Err(format!("step of range should be a positive number: {text}")),
        _ => Ok(()),
    }
}

fn named(text: &str, bounds: &Bounds) -> Result<u32, String> {
    let at = bounds.names.iter().position(|name| name.eq_ignore_ascii_case(text));
    match at.and_then(|at| u32::try_from(at).ok()) {
        Some(at) => Ok(at + bounds.first),
        None => number(text),
    }
}

fn number(text: &str) -> Result<u32, String> {
    let parsed: Result<i64, _> = text.parse();
    match parsed {
        Ok(number) if number < 0 => Err(format!("negative number ({number}) not allowed: {text}")),
        Ok(number) => Ok(u32::try_from(number).unwrap_or(u32::MAX)),
        Err(_) => Err(format!(
            "failed to parse int from {text}: strconv.Atoi: parsing {text:?}: invalid syntax"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules() {
        let cases = [
            ("* * * * *", Ok(())),
            ("*/5 0-6,8 1 jan-mar Mon", Ok(())),
            ("5/15 * ? * *", Ok(())),
            ("@hourly", Ok(())),
            ("@every 1h30m", Ok(())),
            ("TZ=UTC 0 * * * *", Ok(())),
            ("* * * *", Err("expected exactly 5 fields, found 4: [* * * *]")),
            ("60 * * * *", Err("end of range (60) above maximum (59): 60")),
            ("* * 0 * *", Err("beginning of range (0) below minimum (1): 0")),
            ("5-3 * * * *", Err("beginning of range (5) beyond end of range (3): 5-3")),
            ("*/0 * * * *", Err("step of range should be a positive number: */0")),
            ("1-2-3 * * * *", Err("too many hyphens: 1-2-3")),
            (
                "a * * * *",
                Err("failed to parse int from a: strconv.Atoi: parsing \"a\": invalid syntax"),
            ),
            ("@often", Err("unrecognized descriptor: @often")),
            (
                "@every soon",
                Err("failed to parse duration @every soon: time: invalid duration \"soon\""),
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text), expected.map_err(str::to_owned), "{text}");
        }
    }
}
