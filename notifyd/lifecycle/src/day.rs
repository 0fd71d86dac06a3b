//! Counts of the last day, an hour at a time.

use std::collections::VecDeque;
use std::time::Duration;

/// Hours that are remembered.
const DAY: u64 = 24;

/// How often each of `N` things happened, by the number of the hour since a clock began that nobody sets, the oldest first.
#[derive(Debug, Clone)]
pub struct Day<const N: usize>(VecDeque<(u64, [u64; N])>);

impl<const N: usize> Default for Day<N> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<const N: usize> Day<N> {
    /// One more of the thing at this place, which is below `N`.
    pub fn note(&mut self, which: usize, steady: Duration) {
        let hour = hour(steady);
        while self.0.pop_front_if(|(it, _)| *it + DAY <= hour).is_some() {}
        if self.0.back().is_none_or(|(it, _)| *it != hour) {
            self.0.push_back((hour, [0; N]));
        }
        if let Some((_, counts)) = self.0.back_mut() {
            counts[which] += 1;
        }
    }

    /// Those of the last 24 hours.
    pub fn sum(&self, steady: Duration) -> [u64; N] {
        let hour = hour(steady);
        let recent = self.0.iter().filter(|(it, _)| *it + DAY > hour);
        recent.fold([0; N], |sum, (_, it)| std::array::from_fn(|n| sum[n] + it[n]))
    }
}

const fn hour(steady: Duration) -> u64 {
    steady.as_secs() / 3_600
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_happened_counts_for_a_day() {
        let mut day = Day::<2>::default();
        let at = |hours: u64| Duration::from_secs(hours * 3_600);
        day.note(0, at(1));
        day.note(1, at(1));
        day.note(1, at(20));
        assert_eq!(day.sum(at(24)), [1, 2]);
        assert_eq!(day.sum(at(25)), [0, 1]);
        day.note(0, at(60));
        assert_eq!(day.0.len(), 1, "what has passed is not kept");
    }
}
