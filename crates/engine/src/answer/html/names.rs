//! Names of tags, and what HTML says of each: one word to compare, one table to look into.

use self::flag::*;

/// A tag's name without regard to case. Up to ten letters, digits and hyphens are packed into the word and cannot be
/// mistaken; longer names are hashed (64 bits, FNV-1a).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::answer) struct Name(u64);

/// Six bits for each byte that can be packed; 0 = it cannot.
const CODES: [u8; 256] = {
    let mut codes = [0u8; 256];
    let mut i = 0u8;
    while i < 26 {
        codes[(b'a' + i) as usize] = i + 1;
        codes[(b'A' + i) as usize] = i + 1;
        i += 1;
    }
    i = 0;
    while i < 10 {
        codes[(b'0' + i) as usize] = i + 27;
        i += 1;
    }
    codes[b'-' as usize] = 37;
    codes
};

impl Name {
    pub(in crate::answer) const fn of(name: &[u8]) -> Self {
        let mut packed = 0u64;
        let mut i = 0;
        if name.len() <= 10 {
            while i < name.len() {
                let code = CODES[name[i] as usize];
                if code == 0 {
                    return Self::hashed(name);
                }
                packed = packed << 6 | code as u64;
                i += 1;
            }
            return Self(packed);
        }
        Self::hashed(name)
    }

    const fn hashed(name: &[u8]) -> Self {
        let mut hash = 0xCBF2_9CE4_8422_2325u64;
        let mut i = 0;
        while i < name.len() {
            hash = (hash ^ name[i].to_ascii_lowercase() as u64).wrapping_mul(0x0100_0000_01B3);
            i += 1;
        }
        Self(hash | 1 << 63)
    }

    const fn slot(self) -> usize {
        (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 55) as usize
    }

    /// One of 64 bits, to tell quickly that a name is not among a few.
    pub(in crate::answer) const fn bloom(self) -> u64 {
        1 << (self.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 58)
    }

    /// What HTML knows of it.
    #[inline]
    pub(super) fn kind(self) -> Kind {
        let mut slot = self.slot();
        loop {
            match SLOTS[slot & 511] {
                (0, _) => return Kind::Other,
                (name, kind) if name == self.0 => return kind,
                _ => slot += 1,
            }
        }
    }
}

/// Properties of an element (HTML, sections 13.2.4.2, 13.2.6.3 and 13.2.6.5).
mod flag {
    /// Of the category "special".
    pub(super) const SPECIAL: u16 = 1;
    /// Of the category "formatting".
    pub(super) const FORMATTING: u16 = 2;
    /// Has no content.
    pub(super) const VOID: u16 = 4;
    /// Ends a look for an element "in scope".
    pub(super) const SCOPE: u16 = 8;
    /// Its end tag may be left out where "implied end tags" are made.
    pub(super) const IMPLIED: u16 = 16;
    /// The same, for the end of a template.
    pub(super) const THOROUGHLY: u16 = 32;
    /// Ends SVG and MathML around it.
    pub(super) const BREAKOUT: u16 = 64;
    /// An ordinary block: closes a paragraph, and its end tag looks for it in scope.
    pub(super) const BLOCK: u16 = 128;
    /// `h1` to `h6`.
    pub(super) const HEADING: u16 = 256;
    /// Content is text up to its end tag.
    pub(super) const TEXT: u16 = 512;
    /// A part of a table, which is ignored outside of one.
    pub(super) const TABLE_PART: u16 = 1024;
}

macro_rules! kinds {
    ($($kind:ident $name:literal $flags:expr;)*) => {
        /// The elements that the tree's rules name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(super) enum Kind { Other, $($kind),* }

        const KINDS: &[(&[u8], Kind)] = &[$(($name, Kind::$kind)),*];
        const FLAGS: &[u16] = &[0, $($flags),*];
    };
}

kinds! {
    A b"a" FORMATTING;
    Address b"address" SPECIAL | BLOCK;
    AnnotationXml b"annotation-xml" 0;
    Applet b"applet" SPECIAL | SCOPE;
    Area b"area" SPECIAL | VOID;
    Article b"article" SPECIAL | BLOCK;
    Aside b"aside" SPECIAL | BLOCK;
    B b"b" FORMATTING | BREAKOUT;
    Base b"base" SPECIAL | VOID;
    Basefont b"basefont" SPECIAL | VOID;
    Bgsound b"bgsound" SPECIAL | VOID;
    Big b"big" FORMATTING | BREAKOUT;
    Blockquote b"blockquote" SPECIAL | BLOCK | BREAKOUT;
    Body b"body" SPECIAL | BREAKOUT;
    Br b"br" SPECIAL | VOID | BREAKOUT;
    Button b"button" SPECIAL;
    Caption b"caption" SPECIAL | SCOPE | THOROUGHLY | TABLE_PART;
    Center b"center" SPECIAL | BLOCK | BREAKOUT;
    Code b"code" FORMATTING | BREAKOUT;
    Col b"col" SPECIAL | VOID | TABLE_PART;
    Colgroup b"colgroup" SPECIAL | THOROUGHLY | TABLE_PART;
    Dd b"dd" SPECIAL | IMPLIED | BREAKOUT;
    Desc b"desc" 0;
    Details b"details" SPECIAL | BLOCK;
    Dialog b"dialog" BLOCK;
    Dir b"dir" SPECIAL | BLOCK;
    Div b"div" SPECIAL | BLOCK | BREAKOUT;
    Dl b"dl" SPECIAL | BLOCK | BREAKOUT;
    Dt b"dt" SPECIAL | IMPLIED | BREAKOUT;
    Em b"em" FORMATTING | BREAKOUT;
    Embed b"embed" SPECIAL | VOID | BREAKOUT;
    Fieldset b"fieldset" SPECIAL | BLOCK;
    Figcaption b"figcaption" SPECIAL | BLOCK;
    Figure b"figure" SPECIAL | BLOCK;
    Font b"font" FORMATTING;
    Footer b"footer" SPECIAL | BLOCK;
    ForeignObject b"foreignobject" 0;
    Form b"form" SPECIAL;
    Frame b"frame" SPECIAL | VOID;
    Frameset b"frameset" SPECIAL;
    H1 b"h1" SPECIAL | HEADING | BREAKOUT;
    H2 b"h2" SPECIAL | HEADING | BREAKOUT;
    H3 b"h3" SPECIAL | HEADING | BREAKOUT;
    H4 b"h4" SPECIAL | HEADING | BREAKOUT;
    H5 b"h5" SPECIAL | HEADING | BREAKOUT;
    H6 b"h6" SPECIAL | HEADING | BREAKOUT;
    Head b"head" SPECIAL | BREAKOUT;
    Header b"header" SPECIAL | BLOCK;
    Hgroup b"hgroup" SPECIAL | BLOCK;
    Hr b"hr" SPECIAL | VOID | BREAKOUT;
    Html b"html" SPECIAL | SCOPE;
    I b"i" FORMATTING | BREAKOUT;
    Iframe b"iframe" SPECIAL | TEXT;
    Image b"image" 0;
    Img b"img" SPECIAL | VOID | BREAKOUT;
    Input b"input" SPECIAL | VOID;
    Keygen b"keygen" SPECIAL | VOID;
    Li b"li" SPECIAL | IMPLIED | BREAKOUT;
    Link b"link" SPECIAL | VOID;
    Listing b"listing" SPECIAL | BLOCK | BREAKOUT;
    Main b"main" SPECIAL | BLOCK;
    Malignmark b"malignmark" 0;
    Marquee b"marquee" SPECIAL | SCOPE;
    Math b"math" 0;
    Menu b"menu" SPECIAL | BLOCK | BREAKOUT;
    Meta b"meta" SPECIAL | VOID | BREAKOUT;
    Mglyph b"mglyph" 0;
    Mi b"mi" 0;
    Mn b"mn" 0;
    Mo b"mo" 0;
    Ms b"ms" 0;
    Mtext b"mtext" 0;
    Nav b"nav" SPECIAL | BLOCK;
    Nobr b"nobr" FORMATTING | BREAKOUT;
    Noembed b"noembed" SPECIAL | TEXT;
    Noframes b"noframes" SPECIAL | TEXT;
    Noscript b"noscript" SPECIAL;
    Object b"object" SPECIAL | SCOPE;
    Ol b"ol" SPECIAL | BLOCK | BREAKOUT;
    Optgroup b"optgroup" IMPLIED;
    Option b"option" IMPLIED;
    P b"p" SPECIAL | IMPLIED | BREAKOUT;
    Param b"param" SPECIAL | VOID;
    Plaintext b"plaintext" SPECIAL | TEXT;
    Pre b"pre" SPECIAL | BLOCK | BREAKOUT;
    Rb b"rb" IMPLIED;
    Rp b"rp" IMPLIED;
    Rt b"rt" IMPLIED;
    Rtc b"rtc" IMPLIED;
    Ruby b"ruby" BREAKOUT;
    S b"s" FORMATTING | BREAKOUT;
    Script b"script" SPECIAL | TEXT;
    Search b"search" SPECIAL | BLOCK;
    Section b"section" SPECIAL | BLOCK;
    Select b"select" SPECIAL;
    Small b"small" FORMATTING | BREAKOUT;
    Source b"source" SPECIAL | VOID;
    Span b"span" BREAKOUT;
    Strike b"strike" FORMATTING | BREAKOUT;
    Strong b"strong" FORMATTING | BREAKOUT;
    Style b"style" SPECIAL | TEXT;
    Sub b"sub" BREAKOUT;
    Summary b"summary" SPECIAL | BLOCK;
    Sup b"sup" BREAKOUT;
    Svg b"svg" 0;
    Table b"table" SPECIAL | SCOPE | BREAKOUT;
    Tbody b"tbody" SPECIAL | THOROUGHLY | TABLE_PART;
    Td b"td" SPECIAL | SCOPE | THOROUGHLY | TABLE_PART;
    Template b"template" SPECIAL | SCOPE;
    Textarea b"textarea" SPECIAL | TEXT;
    Tfoot b"tfoot" SPECIAL | THOROUGHLY | TABLE_PART;
    Th b"th" SPECIAL | SCOPE | THOROUGHLY | TABLE_PART;
    Thead b"thead" SPECIAL | THOROUGHLY | TABLE_PART;
    Title b"title" SPECIAL | TEXT;
    Tr b"tr" SPECIAL | THOROUGHLY | TABLE_PART;
    Track b"track" SPECIAL | VOID;
    Tt b"tt" FORMATTING | BREAKOUT;
    U b"u" FORMATTING | BREAKOUT;
    Ul b"ul" SPECIAL | BLOCK | BREAKOUT;
    Var b"var" BREAKOUT;
    Wbr b"wbr" SPECIAL | VOID;
    Xmp b"xmp" SPECIAL | TEXT;
}

const SLOTS: [(u64, Kind); 512] = {
    let mut slots = [(0, Kind::Other); 512];
    let mut i = 0;
    while i < KINDS.len() {
        let name = Name::of(KINDS[i].0);
        let mut slot = name.slot();
        while slots[slot & 511].0 != 0 {
            slot += 1;
        }
        slots[slot & 511] = (name.0, KINDS[i].1);
        i += 1;
    }
    slots
};

macro_rules! asks {
    ($($(#[$doc:meta])* $ask:ident $flag:ident;)*) => {
        impl Kind {
            $($(#[$doc])* #[inline] pub(super) fn $ask(self) -> bool {
                FLAGS[self as usize] & $flag != 0
            })*
        }
    };
}

asks! {
    is_special SPECIAL;
    is_formatting FORMATTING;
    is_void VOID;
    ends_scope SCOPE;
    is_implied IMPLIED;
    is_block BLOCK;
    is_heading HEADING;
    is_text TEXT;
    is_table_part TABLE_PART;
    breaks_out BREAKOUT;
}

impl Kind {
    /// Closed on the way to the end of a template.
    pub(super) fn is_thoroughly_implied(self) -> bool {
        FLAGS[self as usize] & (IMPLIED | THOROUGHLY) != 0
    }

    /// May hold HTML within SVG or MathML (HTML, section 13.2.6, "integration points").
    pub(super) fn may_hold_html(self) -> bool {
        use Kind::{AnnotationXml, Desc, ForeignObject, Mi, Mn, Mo, Ms, Mtext, Title};
        matches!(self, AnnotationXml | Desc | ForeignObject | Mi | Mn | Mo | Ms | Mtext | Title)
    }

    /// The element's name, for one that HTML knows.
    pub(super) fn name(self) -> Name {
        KINDS.get((self as usize).wrapping_sub(1)).map_or(Name(0), |(name, _)| Name::of(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_in_any_case_and_no_other() {
        for (name, kind) in KINDS {
            assert_eq!(Name::of(name).kind(), *kind);
            assert_eq!(Name::of(&name.to_ascii_uppercase()).kind(), *kind);
            assert_eq!(kind.name(), Name::of(name));
        }
        assert_eq!(FLAGS.len(), KINDS.len() + 1);
        for other in ["x-card", "foo", "abbr", "selectedcontent", "é"] {
            assert_eq!(Name::of(other.as_bytes()).kind(), Kind::Other, "{other}");
        }
        assert!(Kind::Td.is_table_part() && Kind::A.is_formatting() && !Kind::Other.is_special());
    }
}
