//! Just enough of pcap, pcapng and TCP to get client streams out of the captures.

use std::net::{Ipv4Addr, Ipv6Addr};

/// One direction of one TCP connection.
pub struct Flow {
    pub ends: (String, String),
    segments: Vec<(u32, Vec<u8>)>,
}

impl Flow {
    /// The bytes in order, up to the first gap.
    pub fn stream(&self) -> Vec<u8> {
        let Some(&(first, _)) = self.segments.first() else { return vec![] };
        let mut parts: Vec<(i32, &[u8])> =
            self.segments.iter().map(|(seq, data)| (seq.wrapping_sub(first).cast_signed(), &data[..])).collect();
        parts.sort_by_key(|(at, _)| *at);
        let base = parts[0].0;
        let mut stream = Vec::new();
        for (at, data) in parts {
            let at = usize::try_from(at - base).unwrap();
            if at > stream.len() {
                break;
            }
            if let Some(new) = data.get(stream.len() - at..) {
                stream.extend_from_slice(new);
            }
        }
        stream
    }
}

/// Every flow of a capture file.
pub fn flows(file: &[u8]) -> Vec<Flow> {
    let mut flows = Vec::new();
    let mut take = |link: u16, packet: &[u8]| {
        let _ = link_layer(link, packet, &mut flows);
    };
    if file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
        pcapng(file, &mut take)
    } else {
        pcap(file, &mut take)
    };
    flows
}

fn number(bytes: &[u8], at: usize, little: bool) -> Option<u32> {
    let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
    Some(if little { u32::from_le_bytes(four) } else { u32::from_be_bytes(four) })
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn pcap(file: &[u8], take: &mut impl FnMut(u16, &[u8])) -> Option<()> {
    let little = matches!(number(file, 0, true)?, 0xa1b2_c3d4 | 0xa1b2_3c4d);
    let link = number(file, 20, little)? as u16;
    let mut at = 24;
    loop {
        let length = number(file, at + 8, little)? as usize;
        take(link, file.get(at + 16..at + 16 + length)?);
        at += 16 + length;
    }
}

fn pcapng(file: &[u8], take: &mut impl FnMut(u16, &[u8])) -> Option<()> {
    let (mut at, mut little, mut links) = (0, true, Vec::new());
    loop {
        if file.get(at..)?.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) {
            little = number(file, at + 8, true)? == 0x1a2b_3c4d;
            links.clear();
        }
        let (kind, length) = (number(file, at, little)?, number(file, at + 4, little)? as usize);
        let block = file.get(at..at + length)?;
        match kind {
            1 => {
                let two = [block[8], block[9]];
                links.push(if little { u16::from_le_bytes(two) } else { u16::from_be_bytes(two) });
            }
            6 => {
                let captured = number(block, 20, little)? as usize;
                take(*links.get(number(block, 8, little)? as usize)?, block.get(28..28 + captured)?);
            }
            3 => take(*links.first()?, block.get(12..)?),
            _ => {}
        }
        at += length.max(12);
    }
}

fn link_layer(link: u16, packet: &[u8], flows: &mut Vec<Flow>) -> Option<()> {
    match link {
        0 => internet(packet.get(4..)?, flows),
        1 => ethernet(packet, flows),
        101 | 12 | 14 => internet(packet, flows),
        113 => internet(packet.get(16..)?, flows),
        276 => internet(packet.get(20..)?, flows),
        _ => None,
    }
}

fn ethernet(frame: &[u8], flows: &mut Vec<Flow>) -> Option<()> {
    let mut at = 12;
    while matches!(short(frame, at)?, 0x8100 | 0x88a8) {
        at += 4;
    }
    match short(frame, at)? {
        0x0800 | 0x86dd => internet(frame.get(at + 2..)?, flows),
        _ => None,
    }
}

fn internet(packet: &[u8], flows: &mut Vec<Flow>) -> Option<()> {
    let (from, to, protocol, payload) = match packet.first()? >> 4 {
        4 => {
            let header = usize::from(packet[0] & 15) * 4;
            let total = usize::from(short(packet, 2)?);
            let end = if total == 0 { packet.len() } else { total.min(packet.len()) };
            let address =
                |at: usize| Some(Ipv4Addr::from(<[u8; 4]>::try_from(packet.get(at..at + 4)?).ok()?).to_string());
            (address(12)?, address(16)?, *packet.get(9)?, packet.get(header..end)?)
        }
        6 => {
            let address =
                |at: usize| Some(Ipv6Addr::from(<[u8; 16]>::try_from(packet.get(at..at + 16)?).ok()?).to_string());
            let end = (40 + usize::from(short(packet, 4)?)).min(packet.len());
            (address(8)?, address(24)?, *packet.get(6)?, packet.get(40..end)?)
        }
        _ => return None,
    };
    match protocol {
        6 => tcp(&from, &to, payload, flows),
        17 => match short(payload, 2)? {
            4789 => ethernet(payload.get(16..)?, flows),
            6081 => ethernet(payload.get(16 + usize::from(payload.get(8)? & 0x3f) * 4..)?, flows),
            _ => None,
        },
        47 => {
            let flags = payload.first()? >> 4;
            let options = 4 * [8, 2, 1].iter().filter(|bit| flags & **bit != 0).count();
            let rest = payload.get(4 + options..)?;
            match short(payload, 2)? {
                0x0800 | 0x86dd => internet(rest, flows),
                0x6558 => ethernet(rest, flows),
                0x88be if flags & 1 != 0 => ethernet(rest.get(8..)?, flows),
                0x88be => ethernet(rest, flows),
                _ => None,
            }
        }
        4 | 41 => internet(payload, flows),
        _ => None,
    }
}

fn tcp(from: &str, to: &str, segment: &[u8], flows: &mut Vec<Flow>) -> Option<()> {
    let ends = (format!("{from}:{}", short(segment, 0)?), format!("{to}:{}", short(segment, 2)?));
    let seq = number(segment, 4, false)?;
    let data = segment.get(usize::from(segment.get(12)? >> 4) * 4..)?;
    let syn = segment.get(13)? & 2 != 0;
    let open = flows.iter().rposition(|f| f.ends == ends).filter(|_| !syn);
    let at = open.unwrap_or_else(|| {
        flows.push(Flow { ends, segments: vec![] });
        flows.len() - 1
    });
    if !data.is_empty() {
        flows[at].segments.push((seq.wrapping_add(u32::from(syn)), data.to_vec()));
    }
    Some(())
}
