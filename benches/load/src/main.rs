//! Visitors who come one by one: how long an answer takes at a given rate.
//!
//! Each visitor is a thread with one kept connection and the blocking calls of the operating system: the cheapest way
//! there is, for the generator shares its core with the site. A request is timed from the moment it was due where the
//! answer before it kept the visitor waiting, so that a proxy that stalls is not asked less for it; else from the moment
//! of sending, so that a generator that overslept is not the proxy's fault.

mod answers;
mod arrivals;

use std::fmt::Display;
use std::io::Write;
use std::net::TcpStream;
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use answers::Reader;
use arrivals::Arrivals;

const USAGE: &str = "usage: hedgerow-load PORT PATH RATE SECONDS VISITORS
  asks 127.0.0.1:PORT for PATH, RATE times a second in all, from VISITORS connections;
  prints a line for each answer: microseconds since the start, status, microseconds it took";

/// How an answer went: when it was asked for, its status, how long it took.
type Answered = (Duration, u16, Duration);

struct Load {
    port: u16,
    request: Vec<u8>,
    rate: f64,
    seconds: f64,
    visitors: u32,
}

impl Load {
    fn from_arguments(arguments: &[String]) -> Result<Self, String> {
        let [port, path, rate, seconds, visitors] = arguments else { return Err(USAGE.into()) };
        let port = number(port, "PORT")?;
        let (rate, seconds) = (number::<f64>(rate, "RATE")?, number::<f64>(seconds, "SECONDS")?);
        let visitors = number(visitors, "VISITORS")?;
        let rate_is_one = rate > 0.0 && rate.is_finite();
        if !(rate_is_one && (0.0..=3600.0).contains(&seconds) && (1..=1000).contains(&visitors)) {
            return Err(format!("RATE is above 0, SECONDS at most 3600, VISITORS from 1 to 1000\n{USAGE}"));
        }
        if !path.starts_with('/') || path.bytes().any(|b| b <= b' ') {
            return Err(format!("PATH begins with / and has no spaces\n{USAGE}"));
        }
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: members.example\r\n\
             User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0\r\n\
             X-Forwarded-For: 203.0.113.9\r\nAccept: text/html\r\nAccept-Language: en\r\nSec-Fetch-Dest: document\r\n\
             Sec-Fetch-Mode: navigate\r\nSec-Fetch-Site: same-origin\r\n\r\n"
        );
        Ok(Self { port, request: request.into_bytes(), rate, seconds, visitors })
    }

    /// One visitor: asks at its moments until the time is over.
    fn visit(&self, number: u32, start: Instant) -> Result<Vec<Answered>, String> {
        let mut site = TcpStream::connect(("127.0.0.1", self.port)).map_err(|e| told("nobody answers", &e))?;
        site.set_nodelay(true).map_err(|e| told("the connection", &e))?;
        site.set_read_timeout(Some(Duration::from_secs(30))).map_err(|e| told("the connection", &e))?;
        let mut reader = Reader::default();
        let mut answered = Vec::new();
        for due in Arrivals::new(self.rate / f64::from(self.visitors), u64::from(number)) {
            if due.as_secs_f64() > self.seconds {
                break;
            }
            let wait = due.checked_sub(start.elapsed());
            if let Some(wait) = wait {
                thread::sleep(wait);
            }
            let asked = if wait.is_some() { start.elapsed() } else { due };
            site.write_all(&self.request).map_err(|e| told("a request could not be sent", &e))?;
            let status = reader.read(&mut site).map_err(|e| told("an answer could not be read", &e))?;
            answered.push((asked, status, start.elapsed() - asked));
        }
        Ok(answered)
    }

    fn run(&self) -> Result<Vec<Answered>, String> {
        let start = Instant::now();
        thread::scope(|scope| {
            let visitors: Vec<_> =
                (0..self.visitors).map(|number| scope.spawn(move || self.visit(number, start))).collect();
            let mut all = Vec::new();
            for visitor in visitors {
                all.extend(visitor.join().map_err(|_| "a visitor panicked".to_owned())??);
            }
            Ok(all)
        })
    }
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{what} is a number, not {text:?}\n{USAGE}"))
}

fn told(what: &str, error: &dyn Display) -> String {
    format!("{what}: {error}")
}

/// Writes what was measured, one line for each answer.
fn print(answered: &[Answered]) -> std::io::Result<()> {
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (asked, status, took) in answered {
        writeln!(out, "{} {status} {}", asked.as_micros(), took.as_micros())?;
    }
    out.flush()
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let load = match Load::from_arguments(&arguments) {
        Ok(load) => load,
        Err(usage) => {
            eprintln!("{usage}");
            return ExitCode::from(2);
        }
    };
    match load.run().and_then(|answered| print(&answered).map_err(|e| told("standard output", &e))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hedgerow-load: {error}");
            ExitCode::FAILURE
        }
    }
}
