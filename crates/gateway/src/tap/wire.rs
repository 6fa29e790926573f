//! A reader of big-endian fields that cannot run past its bytes.

/// Bytes not yet read. Every method answers `None`, and reads nothing, where the bytes end too early.
#[derive(Debug, Clone, Copy)]
pub struct Wire<'a>(&'a [u8]);

impl<'a> Wire<'a> {
    /// Starts at the first byte.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bytes are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.0.len()
    }

    /// The next `n` bytes.
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }

    /// The next `N` bytes as an array.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, tail) = self.0.split_first_chunk::<N>()?;
        self.0 = tail;
        Some(*head)
    }

    /// One byte.
    pub fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[b]| b)
    }

    /// Two bytes, most significant first.
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// Three bytes, most significant first.
    pub fn u24(&mut self) -> Option<usize> {
        self.array::<3>().map(|[a, b, c]| usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c))
    }

    /// Four bytes, most significant first.
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// A vector with its length in one byte before it.
    pub fn vec8(&mut self) -> Option<Wire<'a>> {
        let mut copy = *self;
        let n = copy.u8()?;
        let body = copy.take(usize::from(n))?;
        *self = copy;
        Some(Wire(body))
    }

    /// A vector with its length in two bytes before it.
    pub fn vec16(&mut self) -> Option<Wire<'a>> {
        let mut copy = *self;
        let n = copy.u16()?;
        let body = copy.take(usize::from(n))?;
        *self = copy;
        Some(Wire(body))
    }

    /// Everything left, without reading it.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Everything left as 16-bit numbers; `None` where their number of bytes is odd.
    #[must_use]
    pub fn u16s(&self) -> Option<Vec<u16>> {
        let (pairs, odd) = self.0.as_chunks::<2>();
        odd.is_empty().then(|| pairs.iter().map(|p| u16::from_be_bytes(*p)).collect())
    }
}
