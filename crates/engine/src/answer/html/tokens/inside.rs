//! Within a tag: its name and its attributes (HTML, sections 13.2.5.8 and 13.2.5.32 to .40).

use memchr::memchr;

use super::tag::Attribute;
use super::{Place, Tokenizer, is_space};

/// Where in a tag (sections 13.2.5.8 and 13.2.5.32 to .40).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InTag {
    Name,
    BeforeName,
    AttributeName,
    AfterName,
    BeforeValue,
    Quoted(u8),
    Unquoted,
}

/// Most attributes of one tag.
const MAX_ATTRIBUTES: usize = 4096;

/// Bytes at the start that end neither a tag's nor an attribute's name; at least one.
#[inline]
pub(super) fn run_of(bytes: &[u8]) -> usize {
    const ENDS: [bool; 256] = {
        let mut ends = [false; 256];
        let mut i = 0;
        while i < 8 {
            ends[b" \t\n\r\x0C/>="[i] as usize] = true;
            i += 1;
        }
        ends
    };
    bytes.iter().skip(1).position(|b| ENDS[usize::from(*b)]).map_or(bytes.len(), |i| i + 1)
}

impl Tokenizer {
    /// Walks through a tag; `None` where the bytes end inside.
    #[inline]
    pub(super) fn walk(&mut self, rest: &[u8], mut state: InTag) -> Option<()> {
        let from = self.at;
        let offset = |i: usize| u32::try_from(from + i - self.start).unwrap_or(u32::MAX);
        let mut i = 0;
        let done = loop {
            let Some(b) = rest.get(i).copied() else { break false };
            match state {
                InTag::Name => match b {
                    b'>' | b'/' | b' ' | b'\t' | b'\n' | b'\r' | 0x0C => {
                        self.name_end = from + i;
                        if b == b'>' {
                            break true;
                        }
                        state = InTag::BeforeName;
                    }
                    _ => i += run_of(&rest[i..]),
                },
                InTag::BeforeName => match b {
                    b'>' => break true,
                    b'/' => {
                        self.self_closing = true;
                        i += 1;
                    }
                    b if is_space(b) => {
                        self.self_closing = false;
                        i += 1;
                    }
                    _ => {
                        self.self_closing = false;
                        if self.attributes.len() >= MAX_ATTRIBUTES {
                            self.overflowed = true;
                            self.attributes.clear();
                        }
                        let at = offset(i);
                        self.attributes.push(Attribute { name: (at, at), value: (0, 0) });
                        // An equals sign here belongs to the name.
                        i += 1;
                        state = InTag::AttributeName;
                    }
                },
                InTag::AttributeName => match b {
                    b'>' | b'/' | b'=' | b' ' | b'\t' | b'\n' | b'\r' | 0x0C => {
                        let end = offset(i);
                        state = InTag::AfterName;
                        let Some(a) = self.attributes.last_mut() else { continue };
                        a.name.1 = end;
                        a.value = (end, end);
                        // What nearly all attributes go on with, in one step.
                        if let [b'=', quote @ (b'"' | b'\''), value @ ..] = &rest[i..]
                            && let Some(length) = memchr(*quote, value)
                        {
                            a.value = (offset(i + 2), offset(i + 2 + length));
                            i += length + 3;
                            state = InTag::BeforeName;
                        }
                    }
                    _ => i += run_of(&rest[i..]),
                },
                InTag::AfterName => match b {
                    b'=' => {
                        i += 1;
                        state = InTag::BeforeValue;
                    }
                    b if is_space(b) => i += 1,
                    _ => state = InTag::BeforeName,
                },
                InTag::BeforeValue => match b {
                    b if is_space(b) => i += 1,
                    // A missing value.
                    b'>' => state = InTag::BeforeName,
                    quote => {
                        let quoted = matches!(quote, b'"' | b'\'');
                        i += usize::from(quoted);
                        let at = offset(i);
                        if let Some(a) = self.attributes.last_mut() {
                            a.value = (at, at);
                        }
                        state = if quoted { InTag::Quoted(quote) } else { InTag::Unquoted };
                    }
                },
                InTag::Quoted(quote) => {
                    let Some(end) = memchr(quote, &rest[i..]) else {
                        i = rest.len();
                        break false;
                    };
                    i += end;
                    let end = offset(i);
                    if let Some(a) = self.attributes.last_mut() {
                        a.value.1 = end;
                    }
                    i += 1;
                    state = InTag::BeforeName;
                }
                InTag::Unquoted => {
                    if b == b'>' || is_space(b) {
                        let end = offset(i);
                        if let Some(a) = self.attributes.last_mut() {
                            a.value.1 = end;
                        }
                        self.self_closing = false;
                        state = InTag::BeforeName;
                    } else {
                        i += 1;
                    }
                }
            }
        };
        if done {
            self.at += i + 1;
            return Some(());
        }
        self.at += i;
        self.place = Place::Tag(state);
        None
    }
}
