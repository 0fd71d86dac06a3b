//! Requests that come at their time, whether or not those before them have their answers: what a daemon meets that has
//! more callers than it can serve. A connection is kept as long as the daemon serves it; a request that finds none free
//! opens one.

use crate::wire::{Wire, body, now};
use anyhow::{Context, Result};
use hdrhistogram::Histogram;
use notify_proto::NotificationId;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// How late a request may be sent. What is later was never offered: all callers were still waiting.
const LATE: Duration = Duration::from_millis(100);

/// Nanoseconds of a second.
const NANOS: u64 = 1_000_000_000;

/// How the requests come.
#[derive(Clone)]
pub struct Crowd {
    /// Where the daemon listens.
    pub address: SocketAddr,
    /// The key of the service.
    pub key: String,
    /// Requests a second.
    pub rate: u64,
    /// Callers: requests under way at once, at most.
    pub callers: u32,
    /// Whether a caller keeps its connection as long as the daemon serves it, or makes one for each request.
    pub keep: bool,
    /// Addresses of the loopback network they come from in turn.
    pub sources: Vec<Ipv4Addr>,
    /// When the first request comes.
    pub from: Instant,
    /// When the last one comes.
    pub until: Instant,
}

/// What became of them.
pub struct Answered {
    /// Requests sent.
    pub offered: u64,
    /// Requests whose time passed while every caller still waited for an answer.
    pub not_offered: u64,
    /// What was accepted, in the order of the answers.
    pub accepted: Vec<NotificationId>,
    /// What was not, by status or by what happened to the connection.
    pub refused: BTreeMap<String, u64>,
    /// Refusals with 429 or 503 that do not say when to come back.
    pub without_retry_after: u64,
    /// Microseconds until the answer of what was accepted.
    pub accepted_latency: Histogram<u64>,
    /// Microseconds from the try to connect until the refusal, however it came.
    pub refused_latency: Histogram<u64>,
}

/// What the callers share.
struct Square {
    crowd: Crowd,
    run: u32,
    next: RefCell<u64>,
    seen: RefCell<Answered>,
}

impl Crowd {
    /// Has them come. Runs in a `LocalSet`.
    pub async fn come(self) -> Result<Answered> {
        let histogram = || Histogram::new_with_bounds(1, 60_000_000, 3);
        let seen = Answered {
            offered: 0,
            not_offered: 0,
            accepted: Vec::new(),
            refused: BTreeMap::new(),
            without_retry_after: 0,
            accepted_latency: histogram()?,
            refused_latency: histogram()?,
        };
        let callers = self.callers;
        // No two crowds send the same.
        let run = std::process::id().rotate_left(8) ^ u32::from(self.sources[0]);
        let square = Rc::new(Square { run, next: RefCell::new(0), seen: RefCell::new(seen), crowd: self });
        let tasks: Vec<_> = square
            .crowd
            .sources
            .iter()
            .cycle()
            .zip(0..callers)
            .map(|(source, _)| tokio::task::spawn_local(Rc::clone(&square).caller(*source)))
            .collect();
        for task in tasks {
            task.await?;
        }
        let square = Rc::try_unwrap(square).ok().context("a caller is still there")?;
        Ok(square.seen.into_inner())
    }
}

impl Square {
    /// One caller: sends the next request whose time has come.
    async fn caller(self: Rc<Self>, source: Ipv4Addr) {
        let mut wire = None;
        while let Some(number) = self.next().await {
            let started = now();
            let asked = tokio::time::timeout(PATIENCE, self.ask(&mut wire, source, number)).await;
            let mut seen = self.seen.borrow_mut();
            match asked {
                Ok(Ok(true)) => continue,
                Ok(Ok(false)) => {}
                Ok(Err(_)) => *seen.refused.entry("closed".to_owned()).or_default() += 1,
                Err(_) => *seen.refused.entry("timeout".to_owned()).or_default() += 1,
            }
            let took = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
            seen.refused_latency.saturating_record(took);
        }
    }

    /// Waits for the time of the next request; its number, or none at the end.
    async fn next(&self) -> Option<u64> {
        let (number, at) = self.take();
        if at >= self.crowd.until {
            return None;
        }
        tokio::time::sleep_until(at.into()).await;
        self.seen.borrow_mut().offered += 1;
        Some(number)
    }

    /// The next request and its time, past those that nobody was free to send.
    fn take(&self) -> (u64, Instant) {
        let due = |number: u64| {
            self.crowd.from + Duration::from_nanos(number.saturating_mul(NANOS) / self.crowd.rate)
        };
        let mut next = self.next.borrow_mut();
        let late = now().min(self.crowd.until).saturating_duration_since(due(*next));
        if late > LATE {
            let missed =
                u64::try_from(late.as_nanos()).unwrap_or(u64::MAX).saturating_mul(self.crowd.rate) / NANOS;
            self.seen.borrow_mut().not_offered += missed;
            *next += missed;
        }
        let number = *next;
        *next += 1;
        (number, due(number))
    }

    async fn ask(&self, wire: &mut Option<Wire>, source: Ipv4Addr, number: u64) -> Result<bool> {
        let crowd = &self.crowd;
        let mut connected = match wire.take() {
            Some(connected) => connected,
            None => Wire::connect_from(source, crowd.address, &crowd.key).await?,
        };
        let sent = now();
        let answer = connected.post(&body(self.run, number)).await?;
        let accepted = answer.status == 202;
        let mut seen = self.seen.borrow_mut();
        if accepted {
            seen.accepted.push(answer.id()?.parse()?);
            seen.accepted_latency.saturating_record(u64::try_from(sent.elapsed().as_micros())?);
            // Who is refused is not kept: whoever comes next knows of no connection.
            *wire = Some(connected).filter(|_| crowd.keep);
        } else {
            *seen.refused.entry(answer.status.to_string()).or_default() += 1;
            seen.without_retry_after += u64::from(answer.retry_after.is_none());
        }
        Ok(accepted)
    }
}
