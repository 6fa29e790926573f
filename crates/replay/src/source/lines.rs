//! Cuts bytes into lines, in bounded memory.

use std::io::{self, Read};

/// Longest line that is read, bytes: a megabyte, which a request of that length gives.
pub const LONGEST: usize = 1 << 20;

/// How much of a line that is too long is kept, to be shown as an example.
pub const HEAD: usize = 512;

const PIECE: usize = 256 * 1024;

/// What was found.
#[derive(Debug, PartialEq, Eq)]
pub enum Cut<'b> {
    /// A line, without its newline (and carriage return).
    Line(&'b [u8]),
    /// The last line, whose newline is missing.
    Unended(&'b [u8]),
    /// The beginning of a line that is longer than [`LONGEST`]; all of the line has been passed over.
    TooLong(&'b [u8]),
}

/// The lines of a reader.
pub struct Lines<R> {
    from: R,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of lines given so far, newlines included.
    consumed: u64,
    /// Beginning of the last line that was too long.
    head: Vec<u8>,
    ended: bool,
    failed: Option<io::Error>,
}

impl<R: Read> Lines<R> {
    /// Lines of `from`.
    pub fn new(from: R) -> Self {
        Self {
            from,
            buffer: vec![0; PIECE],
            start: 0,
            end: 0,
            consumed: 0,
            head: Vec::with_capacity(HEAD),
            ended: false,
            failed: None,
        }
    }

    /// Bytes of all lines given so far, with their newlines.
    #[must_use]
    pub fn consumed(&self) -> u64 {
        self.consumed
    }

    /// What kept the reader from going on, once it has ended before its time.
    pub fn failure(&mut self) -> Option<io::Error> {
        self.failed.take()
    }

    /// The next line; `None` at the end, which may be a failure: see [`Lines::failure`].
    ///
    /// One call takes one line, however long: whoever reads a range looks at [`Lines::consumed`] between two lines.
    pub fn next_line(&mut self) -> Option<Cut<'_>> {
        let mut passing = false;
        loop {
            let seen = &self.buffer[self.start..self.end];
            let newline = memchr::memchr(b'\n', seen);
            let length = newline.unwrap_or(seen.len());
            // Decided by the line's length alone, not by how much of it the buffer held when it was met.
            if !passing && length > LONGEST {
                passing = true;
                self.head.clear();
                self.head.extend_from_slice(&seen[..HEAD]);
            }
            if let Some(at) = newline {
                let from = self.start;
                self.start += at + 1;
                self.consumed += at as u64 + 1;
                if passing {
                    return Some(Cut::TooLong(&self.head));
                }
                let line = &self.buffer[from..from + at];
                return Some(Cut::Line(line.strip_suffix(b"\r").unwrap_or(line)));
            }
            if passing {
                self.consumed += seen.len() as u64;
                self.start = self.end;
            }
            if self.ended {
                let from = std::mem::replace(&mut self.start, self.end);
                self.consumed += (self.end - from) as u64;
                if passing {
                    return Some(Cut::TooLong(&self.head));
                }
                return (from < self.end).then(|| Cut::Unended(&self.buffer[from..self.end]));
            }
            self.fill();
        }
    }

    /// Passes over the rest of a line, but over no more than about `most` bytes; whether its newline was found.
    pub fn pass_line(&mut self, most: u64) -> bool {
        let until = self.consumed.saturating_add(most);
        loop {
            let seen = &self.buffer[self.start..self.end];
            let newline = memchr::memchr(b'\n', seen);
            let taken = newline.map_or(seen.len(), |at| at + 1);
            self.start += taken;
            self.consumed += taken as u64;
            if newline.is_some() {
                return true;
            }
            if self.ended || self.consumed >= until {
                return false;
            }
            self.fill();
        }
    }

    fn fill(&mut self) {
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        if self.buffer.len() - self.end < PIECE / 2 {
            self.buffer.resize(self.buffer.len() + PIECE, 0);
        }
        match self.from.read(&mut self.buffer[self.end..]) {
            Ok(0) => self.ended = true,
            Ok(n) => self.end += n,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => {
                self.failed = Some(e);
                self.ended = true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Vec<(char, usize)> {
        let mut lines = Lines::new(bytes);
        let mut out = Vec::new();
        while let Some(cut) = lines.next_line() {
            out.push(match cut {
                Cut::Line(l) => ('l', l.len()),
                Cut::Unended(l) => ('u', l.len()),
                Cut::TooLong(l) => ('t', l.len()),
            });
        }
        assert_eq!(lines.consumed(), bytes.len() as u64);
        out
    }

    #[test]
    fn lines_end_with_newlines_or_with_the_file() {
        assert_eq!(all(b"a\nbb\r\n\nccc"), [('l', 1), ('l', 2), ('l', 0), ('u', 3)]);
        assert_eq!(all(b""), []);
    }

    #[test]
    fn a_line_of_a_megabyte_is_read_and_a_longer_one_passed_over() {
        let mut bytes = vec![b'x'; LONGEST];
        bytes.extend_from_slice(b"\nshort\n");
        assert_eq!(all(&bytes), [('l', LONGEST), ('l', 5)]);
        let mut bytes = vec![b'x'; 5 * LONGEST];
        bytes.extend_from_slice(b"\nshort\n");
        assert_eq!(all(&bytes), [('t', HEAD), ('l', 5)]);
        assert_eq!(all(&vec![b'x'; LONGEST + 1]), [('t', HEAD)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_taken_in_one_call_and_no_other_with_it() {
        let mut bytes = vec![0; 3 * LONGEST];
        bytes.extend_from_slice(b"\nshort\n");
        let mut lines = Lines::new(&bytes[..]);
        assert!(matches!(lines.next_line(), Some(Cut::TooLong(_))));
        assert_eq!(lines.consumed(), 3 * LONGEST as u64 + 1);
        assert_eq!(lines.next_line(), Some(Cut::Line(b"short")));
    }

    #[test]
    fn whether_a_line_is_too_long_depends_on_its_length_and_not_on_where_it_stands() {
        for before in [0, 1, 1000, PIECE / 2, PIECE - 1, PIECE, 3 * PIECE + 7] {
            for (length, want) in [(LONGEST, ('l', LONGEST)), (LONGEST + 1, ('t', HEAD))] {
                let mut bytes = vec![b'a'; before];
                bytes.push(b'\n');
                bytes.resize(bytes.len() + length, b'x');
                bytes.push(b'\n');
                assert_eq!(all(&bytes)[1], want, "{length} behind {before}");
            }
        }
    }

    #[test]
    fn the_rest_of_a_line_is_looked_for_as_far_as_asked() {
        let mut bytes = vec![0; 20 * PIECE];
        bytes.extend_from_slice(b"\nshort\n");
        let mut lines = Lines::new(&bytes[..]);
        assert!(!lines.pass_line(PIECE as u64));
        assert!(lines.consumed() <= 3 * PIECE as u64, "{}", lines.consumed());
        assert!(lines.pass_line(u64::MAX));
        assert_eq!(lines.next_line(), Some(Cut::Line(b"short")));
        assert!(!lines.pass_line(u64::MAX));
    }

    proptest! {
        #[test]
        fn lines_are_those_that_a_split_would_give(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'a'), any::<u8>()], 0..300)) {
            let mut lines = Lines::new(&bytes[..]);
            let mut got: Vec<Vec<u8>> = Vec::new();
            while let Some(Cut::Line(l) | Cut::Unended(l)) = lines.next_line() {
                got.push(l.to_vec());
            }
            let mut want: Vec<Vec<u8>> = bytes.split(|b| *b == b'\n').map(|l| l.strip_suffix(b"\r").unwrap_or(l).to_vec()).collect();
            // The last piece has no newline, and is a line as it stands unless it is empty.
            let last = bytes.rsplit(|b| *b == b'\n').next().unwrap_or_default().to_vec();
            want.pop();
            if !last.is_empty() { want.push(last); }
            prop_assert_eq!(got, want);
        }
    }
}
