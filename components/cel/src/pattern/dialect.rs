//! RE2's syntax in the words of the crate `regex`.
//!
//! Upstream: Go's `regexp/syntax`. In the crate `\d`, `\w`, `\s` and `\b` know all of Unicode, brackets
//! nest and `&&`, `--`, `~~` are operators in them, a brace that repeats nothing is an error, `\<` is a
//! border of a word, and `\Q…\E` is unknown.

/// RE2 refuses to repeat more often.
const REPEAT_MAX: u32 = 1000;

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// The pattern in the dialect of the crate `regex`; none if RE2 would refuse it.
pub(super) fn translate(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    let mut in_brackets = false;
    while let Some(it) = rest.next() {
        match it {
            '\\' if !in_brackets && rest.peek() == Some(&'Q') => {
                rest.next();
                quote(&mut rest, &mut out);
            }
            '\\' => {
                let letter = rest.next()?;
                out.push_str(&escape(letter, in_brackets));
                braces_of_escape(letter, &mut rest, &mut out);
            }
            '[' if !in_brackets => {
                in_brackets = true;
                open_brackets(&mut rest, &mut out);
            }
            // `[:alpha:]` is the same in both dialects.
            '[' if rest.peek() == Some(&':') => {
                out.push('[');
                for it in rest.by_ref() {
                    out.push(it);
                    if it == ']' {
                        break;
                    }
                }
            }
            '{' if !in_brackets => match repetition(rest.clone()) {
                Some(it) if !is_allowed(&it) => return None,
                Some(_) => out.push('{'),
                None => out.push_str("\\{"),
            },
            ']' if in_brackets => {
                in_brackets = false;
                out.push(']');
            }
            '[' | '&' | '~' if in_brackets => out.extend(['\\', it]),
            // A range up to the dash itself.
            '-' if in_brackets && rest.next_if_eq(&'-').is_some() => out.push_str("-\\-"),
            _ => out.push(it),
        }
    }
    Some(out)
}

/// The inside of `{n}`, `{n,}` or `{n,m}` if one stands here; what is none stands for itself in RE2.
fn repetition(rest: Chars<'_>) -> Option<String> {
    let inside: String = rest.clone().take_while(|it| it.is_ascii_digit() || *it == ',').collect();
    let closed = rest.clone().nth(inside.len()) == Some('}');
    let (least, most) = inside.split_once(',').unwrap_or((&inside, "0"));
    let number = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    (closed && !least.is_empty() && number(least) && number(most)).then_some(inside)
}

/// Whether RE2 would repeat so often.
fn is_allowed(repetition: &str) -> bool {
    let numbers = repetition.split(',').filter(|it| !it.is_empty());
    numbers.into_iter().all(|it| it.parse::<u32>().is_ok_and(|it| it <= REPEAT_MAX))
}

/// `\p{…}` and `\x{…}`: the braces belong to the escape.
fn braces_of_escape(letter: char, rest: &mut Chars<'_>, out: &mut String) {
    if matches!(letter, 'p' | 'P' | 'x') && rest.peek() == Some(&'{') {
        for it in rest.by_ref() {
            out.push(it);
            if it == '}' {
                return;
            }
        }
    }
}

/// The beginning of a class: a `]` that stands first is a member.
fn open_brackets(rest: &mut Chars<'_>, out: &mut String) {
    out.push('[');
    if rest.next_if_eq(&'^').is_some() {
        out.push('^');
    }
    if rest.next_if_eq(&']').is_some() {
        out.push_str("\\]");
    } else if rest.next_if_eq(&'-').is_some() {
        out.push_str("\\-");
    }
}

/// Everything up to `\E` stands for itself.
fn quote(rest: &mut Chars<'_>, out: &mut String) {
    while let Some(it) = rest.next() {
        if it == '\\' && rest.next_if_eq(&'E').is_some() {
            return;
        }
        out.push_str(&regex::escape(it.encode_utf8(&mut [0; 4])));
    }
}

/// What a backslash and a letter stand for.
fn escape(letter: char, in_brackets: bool) -> String {
    let class = match letter {
        'd' => "0-9",
        'w' => "0-9A-Za-z_",
        's' => r"\t\n\f\r ",
        'D' => return "[^0-9]".into(),
        'W' => return "[^0-9A-Za-z_]".into(),
        'S' => return r"[^\t\n\f\r ]".into(),
        'b' if !in_brackets => return r"(?-u:\b)".into(),
        'B' if !in_brackets => return r"(?-u:\B)".into(),
        'C' => return "(?s:.)".into(),
        // In the other dialect these are borders of words.
        '<' | '>' => return letter.into(),
        _ => return format!("\\{letter}"),
    };
    if in_brackets { class.into() } else { format!("[{class}]") }
}
