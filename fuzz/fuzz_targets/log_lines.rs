#![no_main]
//! Lines of access logs in every format. The first byte chooses the format. What a line means depends on the line alone (and
//! a table's columns), whatever was read before; and a line written again as nginx would write it is read as the same.

use std::sync::LazyLock;

use hedgerow_replay::formats::{Choice, Read, Reader};
use hedgerow_replay::line::{Agent, Line};
use libfuzzer_sys::fuzz_target;

static CHOICES: LazyLock<Vec<Choice>> = LazyLock::new(|| {
    [
        "auto", "combined", "caddy", "alb", "iis",
        r#"nginx:$remote_addr - $remote_user [$time_iso8601] "$request" $status "$http_user_agent" "$http_x_forwarded_for""#,
        r"nginx:$msec|$remote_addr|$request_method|$uri|$args|$status|$host",
        r#"apache:%v:%p %h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-Agent}i\""#,
        r#"apache:%a %{%Y-%m-%d %H:%M:%S %z}t %m %U%q %H %s %D "%{X-Forwarded-For}i" %%"#,
    ]
    .iter()
    .filter_map(|name| Choice::parse(name).ok())
    .collect()
});

/// A value as nginx logs it (its default escaping).
fn escaped(bytes: &[u8]) -> String {
    bytes
        .iter()
        .map(|b| match b {
            32..=126 if *b != b'"' && *b != b'\\' => (*b as char).to_string(),
            b => format!("\\x{b:02X}"),
        })
        .collect()
}

fn again(line: &Line<'_>) -> String {
    let agent = match &line.agent {
        Agent::Said(a) => escaped(a),
        _ => "-".to_owned(),
    };
    format!(
        r#"192.0.2.1 - - [01/Jan/2020:00:00:00 +0000] "{} {} HTTP/1.1" {:03} 0 "-" "{agent}""#,
        escaped(&line.method),
        escaped(&line.target),
        line.status
    )
}

fuzz_target!(|bytes: &[u8]| {
    let Some((which, text)) = bytes.split_first() else { return };
    let choice = &CHOICES[usize::from(*which) % CHOICES.len()];
    let mut reader = Reader::new(choice.clone());
    let mut columns: Vec<&[u8]> = Vec::new();
    for line in text.split(|b| *b == b'\n') {
        if line.first() == Some(&b'#') {
            columns.push(line);
        }
        let read = format!("{:?}", reader.read(line));
        let mut fresh = Reader::new(choice.clone());
        if matches!(choice, Choice::Auto | Choice::Table) {
            columns.iter().for_each(|c| drop(format!("{:?}", fresh.read(c))));
        }
        let found = fresh.read(line);
        assert_eq!(read, format!("{found:?}"), "a line means the same wherever it stands");
        let Read::Request(_, line) = found else { continue };
        assert!(line.status < 1000 && !line.target.is_empty() && !line.method.is_empty() && !line.address.is_empty());
        // A method with a space or a target of spaces could not be told apart in a request line.
        let plain = |b: &u8| b.is_ascii_graphic();
        let again = again(&line);
        let method = line.method.iter().all(|b| b.is_ascii_alphabetic()) && line.method.len() <= 32;
        if method && line.target.iter().all(plain) && line.target[0] == b'/' {
            let mut clf = Reader::new(Choice::Clf);
            let Read::Request(_, second) = clf.read(again.as_bytes()) else { panic!("not read again: {again}") };
            assert_eq!((&*second.method, &*second.target, second.status), (&*line.method, &*line.target, line.status));
            if let (Agent::Said(a), Agent::Said(b)) = (&line.agent, &second.agent) {
                assert_eq!(a, b);
            }
        }
    }
});
