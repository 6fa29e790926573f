//! `noscript`: a parser with scripting sees text there, a visitor without scripts sees elements, people included.
//!
//! `lol_html` parses as a browser with scripting does and would not find fields inside. So it is shown another element
//! of the same length instead; positions stay the same, and what it prints is never used.

use std::borrow::Cow;

use memchr::memchr_iter;

const NAME: &[u8] = b"noscript";
const VEIL: &[u8; 8] = b"x-script";
/// `</noscript` is the longest thing that can be cut in two.
const LONGEST: usize = 10;

/// The selector for the element that `noscript` is shown as.
pub(in crate::answer) fn veil_selector(text: &str) -> Cow<'_, str> {
    if text.contains("noscript") { Cow::Owned(text.replace("noscript", "x-script")) } else { Cow::Borrowed(text) }
}

/// Replaces the name in a stream; keeps back the bytes of a name that is cut by the end of a piece.
#[derive(Debug, Default)]
pub(super) struct Veil {
    kept: Vec<u8>,
}

/// Where the name would start after the `<` of `tag`.
fn name_start(tag: &[u8]) -> usize {
    if tag.get(1) == Some(&b'/') { 2 } else { 1 }
}

fn may_become(tag: &[u8]) -> bool {
    let name = tag.get(name_start(tag)..).unwrap_or_default();
    NAME.get(..name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name)) && name.len() < NAME.len()
}

impl Veil {
    /// The next piece as the parser may see it.
    pub(super) fn next<'a>(&mut self, chunk: &'a [u8]) -> Cow<'a, [u8]> {
        let mut piece = if self.kept.is_empty() {
            Cow::Borrowed(chunk)
        } else {
            let mut joined = std::mem::take(&mut self.kept);
            joined.extend_from_slice(chunk);
            Cow::Owned(joined)
        };
        let tail_from = piece.len().saturating_sub(LONGEST - 1);
        if let Some(at) = piece[tail_from..].iter().rposition(|b| *b == b'<').map(|i| tail_from + i)
            && may_become(&piece[at..])
        {
            self.kept = piece[at..].to_vec();
            match &mut piece {
                Cow::Borrowed(b) => *b = &b[..at],
                Cow::Owned(o) => o.truncate(at),
            }
        }
        let hits: Vec<usize> = memchr_iter(b'<', &piece)
            .filter_map(|at| {
                let name = at + name_start(&piece[at..]);
                piece.get(name..name + NAME.len()).filter(|n| n.eq_ignore_ascii_case(NAME)).map(|_| name)
            })
            .collect();
        if !hits.is_empty() {
            let bytes = piece.to_mut();
            for at in hits {
                bytes[at..at + VEIL.len()].copy_from_slice(VEIL);
            }
        }
        piece
    }

    /// What was kept back when the document ended.
    pub(super) fn end(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_is_replaced_however_the_stream_is_cut() {
        let page = b"<p><NoScript>a</noscript><nos</noscrip><b>";
        for cut in 0..page.len() {
            let mut veil = Veil::default();
            let mut seen = veil.next(&page[..cut]).into_owned();
            seen.extend_from_slice(&veil.next(&page[cut..]));
            seen.extend_from_slice(&veil.end());
            assert_eq!(seen, b"<p><x-script>a</x-script><nos</noscrip><b>", "cut at {cut}");
        }
    }
}
