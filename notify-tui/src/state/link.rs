//! The connection: where it stands and the word for it.

use super::App;
use notify_proto::control::Welcome;
use notify_proto::socket::NoDaemon;
use std::time::{Duration, Instant};

/// First wait before connecting again.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// Longest one.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Where the connection stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Link {
    /// Being made.
    Connecting {
        /// Since when.
        since: Instant,
    },
    /// It stands.
    Up,
    /// There is none.
    Lost {
        /// Since when.
        since: Instant,
        /// Why; none when it broke.
        why: Option<NoDaemon>,
        /// When to try again.
        retry_at: Instant,
        /// How often it was tried in vain.
        tries: u32,
        /// Whether a try is under way.
        trying: bool,
        /// Whether somebody asked for that try; the waits begin again after it.
        by_hand: bool,
    },
    /// The daemon speaks another protocol; there is nothing to do but to say so.
    Misfit(Box<Welcome>),
}

/// How long to wait after so many tries in vain: doubling, with up to a quarter more by chance.
pub fn wait(tries: u32, seed: &mut u64) -> Duration {
    let base = (FIRST_WAIT * 2_u32.saturating_pow(tries.min(8))).min(LONGEST_WAIT);
    // xorshift64: any spread will do, as long as two programs do not knock in step.
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    base + base / 1_024 * u32::from(seed.to_le_bytes()[0])
}

/// The word in the corner of the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Badge {
    /// No answer yet.
    Connecting,
    /// Answers come.
    Live(String),
    /// They come late.
    Slow(String),
    /// The connection stands, and no answer comes.
    Stale(String),
    /// There is no connection.
    Lost(String),
    /// Nobody asks.
    Paused(String),
    /// The daemon speaks another protocol.
    Misfit,
}

impl Badge {
    /// From what is known.
    pub(super) fn of(app: &App) -> Self {
        let seconds = |duration: Duration| format!("{}s", duration.as_secs());
        match &app.link {
            Link::Misfit(_) => Self::Misfit,
            Link::Connecting { .. } => Self::Connecting,
            Link::Lost { since, retry_at, trying, .. } => {
                let lost = seconds(app.now.instant.saturating_duration_since(*since));
                let left = retry_at.saturating_duration_since(app.now.instant).as_secs_f64().ceil();
                Self::Lost(if *trying {
                    format!("{lost}, trying")
                } else {
                    format!("{lost}, retry in {left:.0}s")
                })
            }
            Link::Up => match (app.age(), app.paused) {
                (_, Some(since)) => Self::Paused(since.wall.format("%H:%M:%S UTC").to_string()),
                (None, None) => Self::Connecting,
                (Some(age), None) if age > app.stale_after() => Self::Stale(seconds(age)),
                (Some(_), None) if app.slow() => {
                    let took = app.data.as_ref().map(|data| data.round_trip).unwrap_or_default();
                    Self::Slow(format!("{:.1}s", took.as_secs_f64()))
                }
                (Some(_), None) if app.interval < Duration::from_secs(1) => {
                    Self::Live(format!("{}ms", app.interval.as_millis()))
                }
                (Some(_), None) => Self::Live(seconds(app.interval)),
            },
        }
    }

    /// The word, such as `STALE 12s`.
    pub fn text(&self) -> String {
        match self {
            Self::Connecting => "CONNECTING".into(),
            Self::Live(every) => format!("LIVE {every}"),
            Self::Slow(took) => format!("SLOW {took}"),
            Self::Stale(age) => format!("STALE {age}"),
            Self::Lost(how) => format!("LOST {how}"),
            Self::Paused(since) => format!("PAUSED since {since}"),
            Self::Misfit => "OTHER PROTOCOL".into(),
        }
    }

    /// Whether what is on the screen may be out of date.
    pub fn doubtful(&self) -> bool {
        matches!(self, Self::Stale(_) | Self::Lost(_) | Self::Misfit)
    }
}
