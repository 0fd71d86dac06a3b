//! How long things took in the last five minutes: a histogram of all of it, and one of each minute, to be taken away again.

use hdrhistogram::Histogram;
use std::collections::VecDeque;
use std::time::Duration;

/// Minutes it reaches back, besides the one that goes on.
const MINUTES: u64 = 5;

/// The longest that is told apart.
const LONGEST: u64 = 86_400_000_000;

/// Percentiles, milliseconds; none when nothing was measured.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Quantiles {
    /// How many were measured.
    pub count: u64,
    /// Median, 95 and 99 in 100, and the longest.
    pub ms: Option<[f64; 4]>,
}

/// What was measured, to so many digits: each more makes the steps an eighth as wide and the histograms seven times as large,
/// which are at most 15 KB with two. Nothing is kept of what was never used: they grow with what is put into them.
#[derive(Default)]
pub(crate) struct Sliding<const DIGITS: u8 = 2> {
    all: Option<Histogram<u32>>,
    /// The oldest first, each with the number of its minute.
    minutes: VecDeque<(u64, Histogram<u32>)>,
}

impl<const DIGITS: u8> Sliding<DIGITS> {
    /// Something took so long, in this minute.
    pub(crate) fn record(&mut self, minute: u64, took: Duration) {
        self.expire(minute);
        if self.minutes.back().is_none_or(|(last, _)| *last != minute) {
            self.minutes.extend(empty(DIGITS).map(|fresh| (minute, fresh)));
        }
        self.all = self.all.take().or_else(|| empty(DIGITS));
        let micros = u64::try_from(took.as_micros()).unwrap_or(LONGEST).clamp(1, LONGEST);
        let last = self.minutes.back_mut().map(|(_, last)| last);
        for histogram in last.into_iter().chain(&mut self.all) {
            // It grows to whatever comes.
            let _ = histogram.record(micros);
        }
    }

    /// How long things took by now.
    pub(crate) fn quantiles(&mut self, minute: u64) -> Quantiles {
        self.expire(minute);
        self.all.as_ref().map_or_else(Quantiles::default, of)
    }

    /// 99 in 100 of one minute, milliseconds.
    pub(crate) fn p99_of(&self, minute: u64) -> Option<f64> {
        let (_, histogram) = self.minutes.iter().find(|(it, _)| *it == minute)?;
        of(histogram).ms.map(|ms| ms[2])
    }

    /// How much it takes.
    #[cfg(test)]
    pub(crate) fn bytes(&self) -> usize {
        let of = |it: &Histogram<u32>| it.distinct_values() * size_of::<u32>();
        let minutes: usize =
            self.minutes.iter().map(|(_, it)| of(it) + size_of::<(u64, Histogram<u32>)>()).sum();
        minutes + self.all.as_ref().map_or(0, of)
    }

    fn expire(&mut self, minute: u64) {
        while let Some((_, old)) = self.minutes.pop_front_if(|(it, _)| *it + MINUTES < minute) {
            match &mut self.all {
                Some(all) if !self.minutes.is_empty() => {
                    // What is taken away was put in.
                    let _ = all.subtract(&old);
                }
                all => *all = None,
            }
        }
    }
}

fn empty(digits: u8) -> Option<Histogram<u32>> {
    Histogram::new(digits).ok()
}

fn of(histogram: &Histogram<u32>) -> Quantiles {
    if histogram.is_empty() {
        return Quantiles::default();
    }
    #[expect(clippy::cast_precision_loss, reason = "at most a day in microseconds")]
    let ms = |micros: u64| micros as f64 / 1_000.0;
    let at = |quantile| ms(histogram.value_at_quantile(quantile));
    Quantiles { count: histogram.len(), ms: Some([at(0.5), at(0.95), at(0.99), ms(histogram.max())]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_five_minutes_old_counts_no_more() {
        let mut it = <Sliding>::default();
        assert_eq!(it.quantiles(7), Quantiles::default());
        for n in 1..=100 {
            it.record(7, Duration::from_millis(n));
        }
        it.record(9, Duration::from_secs(90));
        let both = it.quantiles(12);
        let [p50, p95, p99, max] = both.ms.unwrap();
        assert_eq!(both.count, 101);
        assert!((50.0..53.0).contains(&p50) && (95.0..98.0).contains(&p95), "{p50} {p95}");
        assert!((99.0..102.0).contains(&p99) && (90_000.0..91_000.0).contains(&max), "{p99} {max}");
        let late = it.quantiles(13);
        assert_eq!(late.count, 1);
        assert!(late.ms.unwrap()[0] > 89_000.0, "the hundred of minute 7 are gone");
        assert!(it.p99_of(9).is_some() && it.p99_of(7).is_none());
        assert_eq!(it.quantiles(15), Quantiles::default());
        assert!(it.all.is_none() && it.minutes.is_empty(), "nothing is kept of what is over");
    }
}
