//! Spans of time, each the column of a table.

use chrono::TimeDelta;
use notify_proto::Timestamp;
use notify_proto::shape::ShapeBucket;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Ages at which columns part, seconds.
const AGES: [u64; 14] = [
    1,
    10,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
];

/// The same of times ahead.
const AHEAD: [u64; 14] = [
    0,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    4 * HOUR,
    8 * HOUR,
    DAY,
    2 * DAY,
    4 * DAY,
    7 * DAY,
    14 * DAY,
];

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Measure {
    /// How long ago.
    Age,
    /// In how long; what is past stands in a column of its own.
    DueIn,
}

impl Measure {
    /// The word as written everywhere.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Age => "age",
            Self::DueIn => "due_in",
        }
    }
}

/// The edges of so many spans, seconds from now.
fn edges(measure: Measure, spans: usize) -> &'static [u64] {
    let all: &[u64] = match measure {
        Measure::Age => &AGES,
        Measure::DueIn => &AHEAD,
    };
    &all[..spans.saturating_sub(1).min(all.len())]
}

/// The moments that part so many spans.
pub(crate) fn moments(measure: Measure, spans: usize, now: Timestamp) -> Vec<Timestamp> {
    let at = |seconds: &u64| {
        let away = TimeDelta::seconds(i64::try_from(*seconds).unwrap_or(i64::MAX));
        match measure {
            Measure::Age => now - away,
            Measure::DueIn => now + away,
        }
    };
    edges(measure, spans).iter().map(at).collect()
}

/// So many spans, as columns.
pub(crate) fn columns(measure: Measure, spans: usize) -> Vec<ShapeBucket> {
    let edges = edges(measure, spans);
    let ms = |edge: Option<&u64>| edge.map(|seconds| seconds * 1_000);
    let label = |index: usize| match (index.checked_sub(1).map(|it| edges[it]), edges.get(index)) {
        (None, Some(0)) => "late".to_owned(),
        (None | Some(0), Some(to)) => format!("<{}", span(*to)),
        (_, Some(to)) => span(*to),
        (from, None) => format!("{}+", span(from.unwrap_or(0))),
    };
    let column = |index: usize| ShapeBucket {
        label: label(index),
        from_ms: match index {
            0 if measure == Measure::Age => Some(0),
            _ => index.checked_sub(1).and_then(|it| ms(edges.get(it))),
        },
        to_ms: ms(edges.get(index)),
    };
    (0..=edges.len()).map(column).collect()
}

/// A span in its largest unit.
fn span(seconds: u64) -> String {
    match seconds {
        0..MINUTE => format!("{seconds}s"),
        MINUTE..HOUR => format!("{}m", seconds / MINUTE),
        HOUR..DAY => format!("{}h", seconds / HOUR),
        _ => format!("{}d", seconds / DAY),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(measure: Measure, spans: usize) -> String {
        columns(measure, spans).into_iter().map(|it| it.label).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn columns_are_headed_by_where_they_end() {
        assert_eq!(labels(Measure::Age, 7), "<1s 10s 1m 5m 15m 1h 1h+");
        assert_eq!(labels(Measure::DueIn, 7), "late <1m 5m 15m 30m 1h 1h+");
        assert_eq!(labels(Measure::Age, 3), "<1s 10s 10s+");
        assert_eq!(labels(Measure::DueIn, 3), "late <1m 1m+");
        assert!(labels(Measure::Age, 15).ends_with("8h 1d 2d 4d 7d 14d 14d+"));
    }

    #[test]
    fn each_begins_where_the_one_before_ends() {
        let now = Timestamp::from_timestamp(1_800_000_000, 0).unwrap();
        for measure in [Measure::Age, Measure::DueIn] {
            for spans in 3..=15 {
                let columns = columns(measure, spans);
                assert_eq!((columns.len(), moments(measure, spans, now).len()), (spans, spans - 1));
                assert_eq!(columns[0].from_ms, (measure == Measure::Age).then_some(0));
                assert_eq!(columns[spans - 1].to_ms, None);
                for pair in columns.windows(2) {
                    assert!(pair[0].to_ms.is_some() && pair[0].to_ms == pair[1].from_ms, "{pair:?}");
                }
            }
        }
    }
}
