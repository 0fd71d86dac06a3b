//! How moments and spans are written.

use super::Out;
use crate::cli::TimeStyle;
use chrono::Local;
use notify_proto::Timestamp;
use notify_proto::view::rfc3339;

impl Out {
    /// A moment, for this output.
    pub(super) fn moment(&self, at: Timestamp) -> String {
        match self.time {
            TimeStyle::Auto if self.on_screen() => relative(self.now.get(), at),
            TimeStyle::Auto | TimeStyle::Utc => rfc3339(at),
            TimeStyle::Relative => relative(self.now.get(), at),
            TimeStyle::Local => at.with_timezone(&Local).format("%Y-%m-%dT%H:%M:%S%.3f%:z").to_string(),
            TimeStyle::Unix => at.timestamp().to_string(),
        }
    }

    /// The same of what goes on: how long ago it was is wrong a second later, so a screen has the time of day.
    pub(super) fn time_of_day(&self, at: Timestamp) -> String {
        match self.time {
            TimeStyle::Auto if self.on_screen() => at.with_timezone(&Local).format("%H:%M:%S").to_string(),
            _ => self.moment(at),
        }
    }
}

/// Such as `12s` for what is past and `in 5m` for what is to come.
fn relative(now: Timestamp, at: Timestamp) -> String {
    let seconds = (now - at).num_seconds();
    let span = short(seconds.unsigned_abs());
    if seconds < 0 { format!("in {span}") } else { span }
}

/// A span in its two largest units.
pub(crate) fn short(seconds: u64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{minutes}m{:02}s", seconds % 60),
        3_600..86_400 => format!("{hours}h{:02}m", minutes % 60),
        _ => format!("{days}d{:02}h", hours % 24),
    }
}

/// A span in a sentence, as it would be given on the command line: `10m`, not `10m00s`.
pub(crate) fn spoken(seconds: u64) -> String {
    let span = short(seconds);
    let round = ["00s", "00m", "00h"].iter().find_map(|none| span.strip_suffix(none));
    round.map_or_else(|| span.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_show_their_two_largest_units() {
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        let back = |seconds| relative(now, now - chrono::TimeDelta::seconds(seconds));
        assert_eq!(
            [back(0), back(59), back(61), back(3_660), back(90_000)],
            ["0s", "59s", "1m01s", "1h01m", "1d01h"]
        );
        assert_eq!(back(-300), "in 5m00s");
        let said = [600, 86_400, 5_400, 90, 5].map(spoken);
        assert_eq!(said, ["10m", "1d", "1h30m", "1m30s", "5s"]);
        assert_eq!([3_600, 36_000, 0].map(spoken), ["1h", "10h", "0s"]);
    }
}
