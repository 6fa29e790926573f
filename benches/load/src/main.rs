//! Visitors who come one by one: how long an answer takes at a given rate.
//!
//! One thread that waits for all connections at once, for the generator shares its core with the site: a thread for each
//! visitor would stand in the site's way. A request is timed from the moment it was due where all connections still waited
//! for answers, so that a proxy that stalls is not asked less for it; else from the moment of sending, so that a generator
//! that overslept is not the proxy's fault.

mod answers;
mod arrivals;

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::num::NonZeroU64;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use answers::Answer;
use arrivals::Arrivals;
use rustix::event::{Timespec, epoll};

const USAGE: &str = "usage: hedgerow-load PORT PATH RATE SECONDS CONNECTIONS
  asks 127.0.0.1:PORT for PATH, RATE times a second at independent moments, over CONNECTIONS kept connections;
  prints a line for each answer: microseconds since the start, status, microseconds it took";

/// How long answers are waited for once the last request has been sent.
const PATIENCE: Duration = Duration::from_secs(30);

/// How late the operating system may wake us, nanoseconds; it takes fifty times as long unless it is told.
const SLACK_NS: u64 = 1_000;

/// How an answer went: when it was asked for, its status, how long it took.
type Answered = (Duration, u16, Duration);

struct Load {
    port: u16,
    request: Vec<u8>,
    rate: f64,
    seconds: f64,
    connections: u32,
}

impl Load {
    fn from_arguments(arguments: &[String]) -> Result<Self, String> {
        let [port, path, rate, seconds, connections] = arguments else { return Err(USAGE.into()) };
        let port = number(port, "PORT")?;
        let (rate, seconds) = (number::<f64>(rate, "RATE")?, number::<f64>(seconds, "SECONDS")?);
        let connections = number(connections, "CONNECTIONS")?;
        let rate_is_one = rate > 0.0 && rate.is_finite();
        if !(rate_is_one && (0.0..=3600.0).contains(&seconds) && (1..=1000).contains(&connections)) {
            return Err(format!("RATE is above 0, SECONDS at most 3600, CONNECTIONS from 1 to 1000\n{USAGE}"));
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
        Ok(Self { port, request: request.into_bytes(), rate, seconds, connections })
    }

    /// Asks until the time is over, and waits for the last answers.
    fn run(&self) -> Result<Vec<Answered>, String> {
        rustix::thread::set_current_timer_slack(NonZeroU64::new(SLACK_NS)).map_err(|e| told("a precise timer", &e))?;
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(|e| told("epoll", &e))?;
        let mut connections = (0..self.connections).map(|n| self.connect(&poll, n)).collect::<Result<Vec<_>, _>>()?;
        let mut free: Vec<usize> = (0..connections.len()).collect();
        let mut arrivals = Arrivals::new(self.rate, 7).take_while(|due| due.as_secs_f64() <= self.seconds).peekable();
        let (mut answered, mut events) = (Vec::new(), Vec::with_capacity(connections.len()));
        // Whether requests that are due wait for a connection.
        let mut late = false;
        let start = Instant::now();
        while arrivals.peek().is_some() || free.len() < connections.len() {
            while let Some(due) = arrivals.peek().copied().filter(|due| *due <= start.elapsed()) {
                let Some(number) = free.pop() else {
                    late = true;
                    break;
                };
                arrivals.next();
                let connection = &mut connections[number];
                connection.asked = if late { due } else { start.elapsed() };
                connection.site.write_all(&self.request).map_err(|e| told("a request could not be sent", &e))?;
            }
            late &= arrivals.peek().is_some_and(|due| *due <= start.elapsed());
            let wait = match arrivals.peek() {
                Some(due) if !late => due.saturating_sub(start.elapsed()),
                _ => PATIENCE,
            };
            events.clear();
            let wait = Timespec::try_from(wait).map_err(|e| told("a time to wait", &e))?;
            epoll::wait(&poll, rustix::buffer::spare_capacity(&mut events), Some(&wait))
                .map_err(|e| told("epoll", &e))?;
            if events.is_empty() && (late || arrivals.peek().is_none()) {
                return Err(format!("nothing was answered for {} seconds", PATIENCE.as_secs()));
            }
            for event in &events {
                let number = usize::try_from(event.data.u64()).unwrap_or(usize::MAX);
                let connection = &mut connections[number];
                match connection.answer.read(&mut connection.site) {
                    Ok(Some(status)) => {
                        answered.push((connection.asked, status, start.elapsed().saturating_sub(connection.asked)));
                        free.push(number);
                    }
                    Ok(None) => {}
                    Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                    Err(e) => return Err(told("an answer could not be read", &e)),
                }
            }
        }
        Ok(answered)
    }

    fn connect(&self, poll: &impl std::os::fd::AsFd, number: u32) -> Result<Connection, String> {
        let site = TcpStream::connect(("127.0.0.1", self.port)).map_err(|e| told("nobody answers", &e))?;
        let ready = || -> std::io::Result<()> {
            site.set_nodelay(true)?;
            site.set_nonblocking(true)?;
            epoll::add(poll, &site, epoll::EventData::new_u64(u64::from(number)), epoll::EventFlags::IN)?;
            Ok(())
        };
        ready().map_err(|e| told("the connection", &e))?;
        Ok(Connection { site, answer: Answer::default(), asked: Duration::ZERO })
    }
}

/// A kept connection, and what is awaited on it.
struct Connection {
    site: TcpStream,
    answer: Answer,
    /// When the request on it counts as asked.
    asked: Duration,
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
