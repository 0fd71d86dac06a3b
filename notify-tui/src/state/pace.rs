//! How fast long work goes.

use notify_proto::control::Limit;
use std::fmt;
use std::str::FromStr;

/// How many a second; none for as fast as it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace(pub Option<u32>);

impl Pace {
    /// What `+` and `-` go through.
    const STEPS: [u32; 7] = [10, 20, 50, 100, 200, 500, 1_000];

    /// The next one, up to none at all.
    #[must_use]
    pub fn faster(self) -> Self {
        Self(self.0.and_then(|rate| Self::STEPS.into_iter().find(|step| *step > rate)))
    }

    /// The one before.
    #[must_use]
    pub fn slower(self) -> Self {
        let below = |step: &u32| self.0.is_none_or(|rate| *step < rate);
        Self(Self::STEPS.into_iter().rev().find(below).or(self.0))
    }

    /// As the daemon takes it.
    pub fn limit(self) -> Limit<f64> {
        self.0.map_or(Limit::Lift, |rate| Limit::Set(rate.into()))
    }
}

impl Default for Pace {
    fn default() -> Self {
        Self(Some(50))
    }
}

/// As the command line has it.
impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(rate) => write!(f, "{rate}/s"),
            None => f.write_str("none"),
        }
    }
}

impl FromStr for Pace {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let rate = text.strip_suffix("/s").and_then(|rate| rate.parse().ok());
        let rate = rate.filter(|rate| (1..=1_000_000).contains(rate));
        rate.map(|rate| Self(Some(rate)))
            .ok_or_else(|| format!("write 1/s to 1000000/s, or none, not `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_has_steps_and_an_end_at_either_side() {
        let walk = |from: Option<u32>, by: fn(Pace) -> Pace| by(Pace(from)).0;
        assert_eq!(
            [Some(50), Some(30), Some(1_000), None].map(|it| walk(it, Pace::faster)),
            [Some(100), Some(50), None, None]
        );
        let slower = [Some(50), Some(30), Some(10), Some(3), None].map(|it| walk(it, Pace::slower));
        assert_eq!(slower, [Some(20), Some(20), Some(10), Some(3), Some(1_000)]);
    }

    #[test]
    fn it_is_written_as_on_the_command_line() {
        for text in ["50/s", "1/s", "none"] {
            assert_eq!(text.parse::<Pace>().unwrap().to_string(), text);
        }
        for text in ["50", "0/s", "1000001/s", "5/m", "fast", ""] {
            assert!(text.parse::<Pace>().unwrap_err().contains("or none"), "{text}");
        }
    }
}
