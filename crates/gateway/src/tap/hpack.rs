//! Just enough of HPACK (RFC 7541) to tell in which order the pseudo-header fields of a first HEADERS frame come.

use super::wire::Wire;

/// The order of the pseudo-header fields in `block`, one letter each: `m`ethod, `a`uthority, `s`cheme, `p`ath, p`r`otocol, and
/// `?` for one whose name is compressed or unknown. Ends at the first field that is none, or where the block does.
#[must_use]
pub fn pseudo_order(block: &[u8]) -> String {
    let mut wire = Wire::new(block);
    let mut order = String::new();
    // A request has five pseudo-header fields at most (RFC 9113 section 8.3.1, RFC 8441 section 4).
    while order.len() < 8 {
        match next(&mut wire) {
            Some(Field::Pseudo(letter)) => order.push(letter),
            Some(Field::TableSize) => {}
            Some(Field::Other) | None => break,
        }
    }
    order
}

enum Field {
    Pseudo(char),
    TableSize,
    Other,
}

fn next(wire: &mut Wire<'_>) -> Option<Field> {
    let first = wire.u8()?;
    if first & 0x80 != 0 {
        return Some(static_name(integer(first, 7, wire)?));
    }
    let index = match first {
        _ if first & 0x40 != 0 => integer(first, 6, wire)?,
        _ if first & 0x20 != 0 => {
            integer(first, 5, wire)?;
            return Some(Field::TableSize);
        }
        _ => integer(first, 4, wire)?,
    };
    let field = if index == 0 { literal_name(wire)? } else { static_name(index) };
    string(wire)?;
    Some(field)
}

/// RFC 7541 appendix A: 1 is `:authority`, 2 and 3 `:method`, 4 and 5 `:path`, 6 and 7 `:scheme`.
fn static_name(index: u64) -> Field {
    match index {
        1 => Field::Pseudo('a'),
        2 | 3 => Field::Pseudo('m'),
        4 | 5 => Field::Pseudo('p'),
        6 | 7 => Field::Pseudo('s'),
        _ => Field::Other,
    }
}

fn literal_name(wire: &mut Wire<'_>) -> Option<Field> {
    let (compressed, name) = string(wire)?;
    Some(match name {
        // The Huffman code of `:` is seven bits, 1011100 (appendix B).
        [first, ..] if compressed => {
            if first >> 1 == 0b101_1100 {
                Field::Pseudo('?')
            } else {
                Field::Other
            }
        }
        b":authority" => Field::Pseudo('a'),
        b":method" => Field::Pseudo('m'),
        b":path" => Field::Pseudo('p'),
        b":scheme" => Field::Pseudo('s'),
        b":protocol" => Field::Pseudo('r'),
        [b':', ..] => Field::Pseudo('?'),
        _ => Field::Other,
    })
}

fn string<'a>(wire: &mut Wire<'a>) -> Option<(bool, &'a [u8])> {
    let first = wire.u8()?;
    let length = integer(first, 7, wire)?;
    Some((first & 0x80 != 0, wire.take(usize::try_from(length).ok()?)?))
}

/// An integer with a prefix of `bits` bits (section 5.1), at most 28 bits beyond the prefix.
fn integer(first: u8, bits: u32, wire: &mut Wire<'_>) -> Option<u64> {
    let most = (1u64 << bits) - 1;
    let mut value = u64::from(first) & most;
    if value < most {
        return Some(value);
    }
    for shift in [0, 7, 14, 21] {
        let byte = wire.u8()?;
        value += u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}
