//! HTML in pieces of any length, with its links changed and everything else as it was.
//!
//! Upstream parses each tag and writes it anew; here only a link's own bytes are replaced. A tag that
//! is longer than [`TAG_BYTES_MAX`] passes unchanged, so that a page needs no more memory than that.

use super::links::Links;

/// Longer tags are nobody's.
const TAG_BYTES_MAX: usize = 64 * 1024;

/// Elements whose attributes hold links (atomsToAttrs in transport.go).
const LINKS: [(&str, &[&str]); 24] = [
    ("a", &["href"]),
    ("applet", &["codebase"]),
    ("area", &["href"]),
    ("audio", &["src"]),
    ("base", &["href"]),
    ("blockquote", &["cite"]),
    ("body", &["background"]),
    ("button", &["formaction"]),
    ("command", &["icon"]),
    ("del", &["cite"]),
    ("embed", &["src"]),
    ("form", &["action"]),
    ("frame", &["longdesc", "src"]),
    ("head", &["profile"]),
    ("html", &["manifest"]),
    ("iframe", &["longdesc", "src"]),
    ("img", &["longdesc", "src", "usemap"]),
    ("input", &["src", "usemap", "formaction"]),
    ("link", &["href"]),
    ("object", &["classid", "codebase", "data", "usemap"]),
    ("q", &["cite"]),
    ("script", &["src"]),
    ("source", &["src"]),
    ("video", &["poster", "src"]),
];

/// Elements whose content is not HTML: it ends with their own end tag alone.
const RAW: [&str; 9] =
    ["iframe", "noembed", "noframes", "noscript", "script", "style", "textarea", "title", "xmp"];

/// Where in a page the next byte stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Text,
    /// Within the element of [`RAW`] with this index.
    Raw(usize),
    Comment,
}

/// Changes a page on its way.
#[derive(Debug)]
pub(super) struct Rewriter {
    links: Links,
    state: State,
    /// What cannot be judged before more comes.
    held: Vec<u8>,
}

impl Rewriter {
    pub(super) fn new(links: Links) -> Self {
        Self { links, state: State::Text, held: Vec::new() }
    }

    /// Takes a piece in and gives what is done.
    pub(super) fn feed(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        let held = std::mem::take(&mut self.held);
        let mut rest = &held[..];
        while let Some(used) = self.step(rest, out) {
            rest = &rest[used..];
        }
        if rest.len() > TAG_BYTES_MAX {
            out.extend_from_slice(rest);
        } else {
            self.held = rest.to_vec();
        }
    }

    /// Gives what is left.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
    }

    /// Does one thing with the bytes; none: more are needed.
    fn step(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let used = match self.state {
            State::Text => return self.text(bytes, out),
            State::Comment => {
                let end = find(bytes, b"-->").map(|at| at + 3);
                if end.is_some() {
                    self.state = State::Text;
                }
                end.or_else(|| bytes.len().checked_sub(2).filter(|count| *count > 0))?
            }
            State::Raw(element) => {
                let end = format!("</{}", RAW[element]);
                let found = bytes
                    .windows(end.len())
                    .position(|window| window.eq_ignore_ascii_case(end.as_bytes()));
                match found {
                    Some(at) => {
                        self.state = State::Text;
                        at
                    }
                    // What may be the beginning of the end waits for the rest.
                    None => bytes.len().checked_sub(end.len()).filter(|count| *count > 0)?,
                }
            }
        };
        out.extend_from_slice(&bytes[..used]);
        // An end tag right here is text's to read.
        (used > 0).then_some(used).or_else(|| self.text(bytes, out))
    }

    fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let first = *bytes.first()?;
        if first != b'<' {
            let used = bytes.iter().position(|byte| *byte == b'<').unwrap_or(bytes.len());
            out.extend_from_slice(&bytes[..used]);
            return Some(used);
        }
        if b"<!--".starts_with(&bytes[..bytes.len().min(4)]) {
            if bytes.len() < 4 {
                return None;
            }
            self.state = State::Comment;
            out.extend_from_slice(b"<!--");
            return Some(4);
        }
        if !bytes.get(1)?.is_ascii_alphabetic() {
            out.push(first);
            return Some(1);
        }
        let tag = Tag::read(bytes)?;
        self.rewrite(bytes, &tag, out);
        if let Some(element) = RAW.iter().position(|name| *name == tag.name) {
            self.state = State::Raw(element);
        }
        Some(tag.end)
    }

    fn rewrite(&self, bytes: &[u8], tag: &Tag, out: &mut Vec<u8>) {
        let names = LINKS.iter().find(|(name, _)| *name == tag.name);
        let names = names.map_or(&[][..], |(_, names)| *names);
        let mut done = 0;
        for (name, value) in &tag.attributes {
            let Ok(link) = std::str::from_utf8(&bytes[value.clone()]) else { continue };
            if names.contains(&name.as_str()) {
                out.extend_from_slice(&bytes[done..value.start]);
                let link = self.links.rewritten(&link.replace("&amp;", "&"));
                out.extend_from_slice(link.replace('&', "&amp;").as_bytes());
                done = value.end;
            }
        }
        out.extend_from_slice(&bytes[done..tag.end]);
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A start tag: its name, where its attributes' values stand, and where it ends.
struct Tag {
    name: String,
    attributes: Vec<(String, std::ops::Range<usize>)>,
    end: usize,
}

impl Tag {
    /// Reads a tag that begins with the first byte; none: it does not end here.
    fn read(bytes: &[u8]) -> Option<Self> {
        let mut at = 1;
        let name =
            word(bytes, &mut at, |byte| byte.is_ascii_whitespace() || b"/>".contains(&byte))?;
        let mut attributes = Vec::new();
        loop {
            skip(bytes, &mut at, |byte| byte.is_ascii_whitespace() || byte == b'/')?;
            if bytes[at] == b'>' {
                return Some(Self { name, attributes, end: at + 1 });
            }
            let ends = |byte: u8| byte.is_ascii_whitespace() || b"/>=".contains(&byte);
            let begin = at;
            let attribute = word(bytes, &mut at, ends)?;
            // A stray sign of equality is a name, as the standard has it.
            at += usize::from(at == begin);
            skip(bytes, &mut at, |byte| byte.is_ascii_whitespace())?;
            if bytes[at] == b'=' {
                at += 1;
                skip(bytes, &mut at, |byte| byte.is_ascii_whitespace())?;
                attributes.push((attribute, value(bytes, &mut at)?));
            }
        }
    }
}

/// The bytes up to one that ends them, in lower case.
fn word(bytes: &[u8], at: &mut usize, ends: impl Fn(u8) -> bool) -> Option<String> {
    let length = bytes[*at..].iter().position(|byte| ends(*byte))?;
    let word = String::from_utf8_lossy(&bytes[*at..*at + length]).to_ascii_lowercase();
    *at += length;
    Some(word)
}

fn skip(bytes: &[u8], at: &mut usize, over: impl Fn(u8) -> bool) -> Option<()> {
    *at += bytes.get(*at..)?.iter().position(|byte| !over(*byte))?;
    Some(())
}

/// Where an attribute's value stands, without its quotes.
fn value(bytes: &[u8], at: &mut usize) -> Option<std::ops::Range<usize>> {
    let first = bytes[*at];
    let (start, ends): (usize, Box<dyn Fn(u8) -> bool>) = match first {
        b'"' | b'\'' => (*at + 1, Box::new(move |byte| byte == first)),
        _ => (*at, Box::new(|byte| byte.is_ascii_whitespace() || byte == b'>')),
    };
    let length = bytes[start..].iter().position(|byte| ends(*byte))?;
    *at = start + length + usize::from(start > *at);
    Some(start..start + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn rewriter() -> Rewriter {
        let backend = "10.0.0.1:80".to_owned();
        Rewriter::new(Links { backend, host: "h".into(), prefix: "/p".into() })
    }

    fn page(html: &[u8], step: usize) -> Vec<u8> {
        let (mut rewriter, mut out) = (rewriter(), Vec::new());
        for piece in html.chunks(step) {
            rewriter.feed(piece, &mut out);
        }
        rewriter.end(&mut out);
        out
    }

    #[test]
    fn links_are_changed_and_nothing_else_is() {
        for (html, expected) in [
            ("<a href=\"/x\">/x</a>", "<a href=\"/p/x\">/x</a>"),
            ("<A  HREF = '/x?a=1&amp;b=2' id=/x>", "<A  HREF = '/p/x?a=1&amp;b=2' id=/x>"),
            ("<img src=/x.png usemap=#m alt=\"/y\"/>", "<img src=/p/x.png usemap=#m alt=\"/y\"/>"),
            ("<link href=\"http://10.0.0.1:80/s\">", "<link href=\"/p/s\">"),
            ("<!-- <a href=\"/x\"> --><a href=/x>", "<!-- <a href=\"/x\"> --><a href=/p/x>"),
            (
                "<script src=/x>'<a href=\"/y\">'</script><a href='/z'>",
                "<script src=/p/x>'<a href=\"/y\">'</script><a href='/p/z'>",
            ),
            ("1 < 2 <p =x></p><a href>", "1 < 2 <p =x></p><a href>"),
            ("<a href=\"/never", "<a href=\"/never"),
        ] {
            for step in [1, 2, 3, 1000] {
                let changed = String::from_utf8(page(html.as_bytes(), step)).unwrap();
                assert_eq!(changed, expected, "{html} in pieces of {step}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_page_passes_and_little_of_it_is_held(
            html in prop::collection::vec(
                prop_oneof![
                    Just("<"), Just(">"), Just("a"), Just(" href="), Just("'"), Just("\""),
                    Just("/x"), Just("<!--"), Just("-->"), Just("<script>"), Just("</script"),
                    Just("é"), Just("<a href='/x'>"), Just("="), Just("/"),
                ],
                0..60,
            ),
            step in 1..50_usize,
        ) {
            let html = html.concat();
            prop_assert_eq!(page(html.as_bytes(), step), page(html.as_bytes(), usize::MAX));
        }

        #[test]
        fn pages_without_links_stay_as_they_are(html in "[a-z<>!= \"'-]{0,200}", step in 1..9_usize) {
            prop_assert_eq!(page(html.as_bytes(), step), html.as_bytes());
        }
    }
}
