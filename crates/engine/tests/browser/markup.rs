//! Pieces of markup that broken pages are made of; `#` stands for a word, `@` for a person.
#![allow(dead_code, reason = "each user uses its part")]

#[rustfmt::skip]
/// Markup of all sorts; `#` becomes another word each time.
pub const MARKUP: &[&str] = &[
    "#", "#", "# #", "\n", " ", "<p>", "<p>", "</p>", "</p>", "<div>", "</div>", "<span>", "</span>", "<b>", "</b>",
    "<i>", "</i>", "<a>", "</a>", "<nobr>", "</nobr>", "<font color=red>", "</font>", "<ul>", "</ul>", "<li>",
    "</li>", "<dl>", "<dt>", "<dd>", "</dd>", "</dl>", "<h2>", "</h3>", "<table>", "<table>", "</table>", "</table>",
    "<tr>", "</tr>", "<td>", "</td>", "<th>", "</th>", "<tbody>", "</tbody>", "<thead>", "<tfoot>", "<caption>",
    "</caption>", "<colgroup>", "<col>", "</colgroup>", "<form>", "</form>", "<button>", "</button>", "<select>",
    "</select>", "<option>", "</option>", "<optgroup>", "<object>", "</object>", "<marquee>", "</marquee>",
    "<template>", "</template>", "<svg>", "</svg>", "<math>", "</math>", "<mi>", "</mi>", "<foreignObject>",
    "</foreignObject>", "<desc>", "</desc>", "<annotation-xml encoding='text/html'>", "</annotation-xml>", "<g/>",
    "<path d=x>", "<![CDATA[", "]]>", "<!--", "-->", "<!-- # -->", "<script>", "</script>", "<style>", "</style>",
    "<title>", "</title>", "<textarea>", "</textarea>", "<iframe>", "</iframe>", "<xmp>", "</xmp>", "<noscript>",
    "</noscript>", "<br>", "</br>", "<hr>", "<img>", "<input>", "<input type=hidden>", "<body>", "</body>",
    "<body class=x>", "<html lang=en>", "</html>", "<head>", "</head>", "<!doctype html>", "<ruby>", "<rt>", "<rtc>",
    "</ruby>", "<address>", "</address>", "<center>", "</center>", "<pre>", "</pre>", "<x-y>", "</x-y>", "</", "<",
    "</>", "<a href='x>y'>", "<p class=>", "<image>", "<details>", "<summary>", "</summary>", "</details>",
    "<article>", "</article>", "<meta>", "<link>", "<em>", "</em>", "<u>", "</u>", "<small>", "</small>",
    "<p class=email>#", "<span class=email>#", "<div class=email title='#'>#", "<b class=email>#",
    "<i class='x email'>#", "<a class=email href=#>#", "<td class=email>#", "<tr class=email>#", "<li class=email>#",
    "<table class=email>#", "<caption class=email>#", "<nobr class=email>#", "<form class=email>#",
    "<option class=email>#", "<button class=email>#", "<svg class=email>#", "<g class=email>#", "<mi class=email>#",
    "<h2 class=email>#", "<dd class=email>#", "<x-y class=email>#", "<object class=email>#",
    "<input class=email value=#>", "<p class=email>#</p>", "<span class=email>#</span>", "<b class=email>#</b>",
    "<a class=email>#</a>", "<textarea class=email>#</textarea>", "<noscript class=email>#",
    "<template class=email>#", "<body class=email>", "<font class=email>#", "<em class=email>#",
    "<tbody class=email>", "<ul class=email>#",
];

#[rustfmt::skip]
/// The same, around the people of a list.
pub const LIST: &[&str] = &[
    "#", "<p>", "</p>", "<div>", "</div>", "<ul>", "</ul>", "<b>", "</b>", "<a>", "</a>", "<table>", "</table>",
    "<tr>", "</tr>", "<td>", "</td>", "<span>", "</span>", "<form>", "</form>", "<svg>", "</svg>", "<button>",
    "</button>", "<template>", "</template>", "<h2>", "</h2>", "<li class=member data-id=@>",
    "<li class=member data-id=@>", "</li>", "<div class=member data-id=@>", "<tr class=member data-id=@>",
    "<p class=member data-id=@>", "<a class=member data-id=@>", "<b class=member data-id=@>",
    "<table class=member data-id=@>", "<td class=member data-id=@>", "<span class=member data-id=@>",
    "<b class=name>#</b>", "<b class=name>#", "<span class=name>#</span>", "<p class=email>#", "<p class=email>#</p>",
    "<td class=email>#</td>", "<a class=email>#</a>", "<div class=email>#</div>", "<i class=name>#</i>",
    "<noscript>", "</noscript>", "<noscript>#</noscript>",
];

#[rustfmt::skip]
/// People around and in `noscript`, a `select` and tables in paragraphs, on which browsers do not agree.
pub const DISAGREED: &[&str] = &[
    "<noscript>", "<noscript>", "</noscript>", "</noscript>", "<li class=member data-id=@>", "</li>",
    "<div class=member data-id=@>", "</div>", "<b class=member data-id=@>", "</b>", "<td class=member data-id=@>",
    "<x-y>", "</x-y>", "<p>", "</p>", "<table>", "</table>", "<tr>", "<td>", "<select>", "</select>", "<form>", "</form>",
    "<span class=email>#</span>", "<i class=name>#</i>", "<p class=email>#</p>", "<i class=name>#", "#",
    "<noscript></li></noscript>", "<noscript></div>", "<noscript></div></noscript>", "<noscript></li><x-y><x-y></noscript>",
];

#[rustfmt::skip]
/// Where HTML stands in SVG and MathML, and where it does not. Not in an `annotation-xml`: there a stray `</p>` ends it
/// for html5ever, which HTML, section 13.2.6.5, does not say.
pub const INTEGRATION: &[&str] = &["<svg><foreignObject>", "<svg><desc>", "<svg>", "<math><mi>", "<math>"];

#[rustfmt::skip]
/// What comes there: CDATA sections, comments that look like them, and formatting elements.
pub const FOREIGN: &[&str] = &[
    "<p><b></p>", "<p><b class=email>#</p>", "<p>", "</p>", "<b>", "</b>", "<b class=email>", "<i class=email>#</i>", "#",
    " ", "<![CDATA[# #]]>", "<![CDATA[><i class=email>#</i>]]>", "<![CDATA[>#", "<![CDATA[ ]]>", "<![CDATA[]]>",
    "<![CDATA[# #", "]]>", "<div>", "</div>", "<g>", "</g>", "</svg>", "</math>", "</foreignObject>", "<svg>",
];

#[rustfmt::skip]
/// What leaves some browsers in SVG or MathML and others not, and what is text to the ones and markup to the others.
pub const TORN: &[&str] = &[
    "<svg><desc><p>", "<svg><foreignObject><div>", "<math><mi><li>", "<noscript>", "</noscript>", "<noscript></p></noscript>",
    "<noscript></div></noscript>", "<noscript></li></noscript>", "<noscript></p></desc></svg></noscript></p></desc>",
    "<noscript></div></foreignObject></svg></noscript></div></foreignObject>", "</desc>", "</foreignObject>", "</svg>",
    "</mi>", "</math>", "<p>", "</p>", "<div>", "</div>", "<select>", "</select>", "<table>", "</table>", "<![CDATA[>",
    "<![CDATA[>", "<!--", "-->", "]]>", "<style>", "</style>", "<title>", "</title>", "<textarea>", "</textarea>",
    "<i class=email>#</i>", "<g class=email>#</g>", "<g class=email />#</g>", "<input class=email>#</input>",
    "<image class=email alt=#>", "<p class=email>#", "#", "<b>", "</b>", "<b><noscript></b></noscript>", "<svg><title>",
    "</title></svg>", "<select><option><svg>", "<select><svg><desc>", "</svg></select>", "<script>", "</script>",
];

#[rustfmt::skip]
/// The same formatting elements again and again.
pub const REPEATED: &[&str] = &[
    "<p>", "<p>", "</p>", "</p>", "<b>", "<b>", "<b><b><b>", "</b>", "</b></b>", "<b class=email>", "<b class=email>#",
    "<b class=email id=x>#", "<b id=x class='email'>#", "<b ID=x class=email id=y>#", "<b title='&amp;'>",
    "<b title='&#38;'>", "<i>", "</i>", "<i class=email>#", "<div>", "</div>", "<div class=email>#", "<table>", "<td>",
    "</table>", "<object>", "</object>", "#", "#",
];
