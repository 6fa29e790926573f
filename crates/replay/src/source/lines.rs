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
    /// The beginning of a line that is longer than [`LONGEST`].
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
    skipping: bool,
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
            skipping: false,
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
    pub fn next_line(&mut self) -> Option<Cut<'_>> {
        loop {
            let seen = &self.buffer[self.start..self.end];
            if let Some(at) = memchr::memchr(b'\n', seen) {
                let from = self.start;
                self.start += at + 1;
                self.consumed += at as u64 + 1;
                if std::mem::take(&mut self.skipping) {
                    continue;
                }
                let line = &self.buffer[from..from + at];
                return Some(Cut::Line(line.strip_suffix(b"\r").unwrap_or(line)));
            }
            if self.skipping {
                self.consumed += seen.len() as u64;
                self.start = self.end;
            } else if seen.len() > LONGEST {
                self.skipping = true;
                let from = self.start;
                self.consumed += seen.len() as u64;
                self.start = self.end;
                return Some(Cut::TooLong(&self.buffer[from..from + HEAD]));
            }
            if self.ended {
                let from = std::mem::replace(&mut self.start, self.end);
                self.consumed += (self.end - from) as u64;
                return (from < self.end).then(|| Cut::Unended(&self.buffer[from..self.end]));
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
