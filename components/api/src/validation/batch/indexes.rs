//! Lists of indexes as text: `1,3-5,7`.

/// The first and the last index of a part.
type Interval = (i64, i64);

fn interval(text: &str, completions: i64) -> Result<Interval, String> {
    let mut parts = text.split('-');
    let (first, last) = (parts.next().unwrap_or_default(), parts.next());
    if parts.next().is_some() {
        return Err(format!(
            "the fragment {text:?} violates the requirement that an index interval can have at \
             most two parts separated by '-'"
        ));
    }
    let number = |text: &str| {
        let number = text.parse::<i64>().ok();
        let number = number
            .ok_or_else(|| format!("cannot convert string to integer for index: {text:?}"))?;
        match number < completions {
            true => Ok(number),
            false => Err(format!("too large index: {text:?}")),
        }
    };
    let first = number(first)?;
    let Some(last) = last else { return Ok((first, first)) };
    let last = number(last)?;
    match first < last {
        true => Ok((first, last)),
        false => Err(format!("non-increasing order, previous: {first}, current: {last}")),
    }
}

/// How many indexes a list has.
///
/// # Errors
/// Texts of another form, indexes that are too large or in no order.
pub(super) fn count(text: &str, completions: i64) -> Result<i64, String> {
    if text.is_empty() {
        return Ok(0);
    }
    let (mut total, mut before) = (0_i64, None);
    for part in text.split(',') {
        let (first, last) = interval(part, completions)?;
        if let Some(before) = before.filter(|before| *before >= first) {
            return Err(format!("non-increasing order, previous: {before}, current: {first}"));
        }
        (total, before) = (total.saturating_add(last - first + 1), Some(last));
    }
    Ok(total)
}

/// The first index that two lists share.
pub(super) fn overlap(a: &str, b: &str, completions: i64) -> Option<i64> {
    let intervals = |text: &str| -> Vec<Interval> {
        text.split(',').filter_map(|part| interval(part, completions).ok()).collect()
    };
    let (a, b) = (intervals(a), intervals(b));
    let (mut at, mut other) = (0, 0);
    while let (Some(one), Some(two)) = (a.get(at), b.get(other)) {
        if one.0 <= two.1 && two.0 <= one.1 {
            return Some(one.0.max(two.0));
        }
        match one.0 <= two.0 {
            true => at += 1,
            false => other += 1,
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts() {
        let cases = [
            ("", Ok(0)),
            ("0", Ok(1)),
            ("0-3,5", Ok(5)),
            ("3-1", Err("non-increasing order, previous: 3, current: 1")),
            ("5,5", Err("non-increasing order, previous: 5, current: 5")),
            ("10", Err("too large index: \"10\"")),
            ("a", Err("cannot convert string to integer for index: \"a\"")),
        ];
        for (text, expected) in cases {
            assert_eq!(count(text, 10), expected.map_err(str::to_owned), "{text}");
        }
    }

    #[test]
    fn overlaps() {
        let cases = [
            ("0-3", "4-5", None),
            ("0-3,7", "5,7", Some(7)),
            ("2", "0-9", Some(2)),
            ("", "1", None),
        ];
        for (a, b, expected) in cases {
            assert_eq!((overlap(a, b, 10), overlap(b, a, 10)), (expected, expected), "{a} {b}");
        }
    }
}
