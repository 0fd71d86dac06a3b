//! The `[intake]` and `[limits]` sections of the configuration.

use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

const MIB: usize = 1_048_576;

/// The `[intake]` section: where requests come in and how much of them is borne.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Options {
    /// The address and port to listen at. Anything but a loopback address opens the daemon to the network; port 0
    /// takes a free one.
    pub listen: SocketAddr,
    /// Names, besides `localhost` and the addresses listened at, by which callers may ask for the daemon.
    pub allowed_hosts: Vec<String>,
    /// Origins, such as `https://app.example.org`, whose web pages may call; requests of all others are refused.
    pub cors_origins: Vec<String>,
    /// The service that callers without a key act as. Only on loopback, off when absent.
    pub anonymous_service: Option<String>,
    /// Whether `/metrics` answers callers from other machines.
    pub metrics_remote: bool,
    /// Largest body of a request, bytes, 1 KiB to 64 MiB.
    pub body_limit_bytes: usize,
    /// MiB that the bodies and answers of requests under way may take together, 1 to 4,096, and at least twice
    /// `body_limit_bytes`.
    pub in_flight_mib: usize,
    /// Connections at once, 1 to 65,536.
    pub max_connections: usize,
    /// Connections at once of one peer address, 1 to 65,536.
    pub max_connections_per_peer: usize,
    /// How long a connection may take to send the head of its next request, seconds, 1 to 600. An idle connection
    /// is closed after the same time.
    pub header_timeout_seconds: u64,
    /// How long a request's body may take, seconds, 1 to 600.
    pub body_timeout_seconds: u64,
    /// How long a peer may leave an answer untaken, seconds, 1 to 600.
    pub write_timeout_seconds: u64,
    /// How long requests under way may take to finish when the daemon stops, seconds, 0 to 600.
    pub stop_timeout_seconds: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
            allowed_hosts: Vec::new(),
            cors_origins: Vec::new(),
            anonymous_service: None,
            metrics_remote: false,
            body_limit_bytes: 1_048_576,
            in_flight_mib: 32,
            max_connections: 512,
            max_connections_per_peer: 64,
            header_timeout_seconds: 10,
            body_timeout_seconds: 30,
            write_timeout_seconds: 30,
            stop_timeout_seconds: 2,
        }
    }
}

/// The `[limits]` section: how often callers may ask.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Requests per second of one service that has no rate of its own, more than 0 to 1,000,000; unlimited when
    /// absent.
    pub service_requests_per_second: Option<f64>,
    /// Requests per second of one peer address that come without a valid key, 0 to 1,000,000; 0 for no limit.
    pub peer_requests_per_second: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { service_requests_per_second: None, peer_requests_per_second: 100.0 }
    }
}

/// A setting that is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} {problem}")]
pub struct SettingError {
    /// Section and key, such as `intake.listen`.
    pub key: &'static str,
    /// What a right value looks like.
    pub problem: String,
}

impl Options {
    /// Checks the ranges.
    pub fn check(&self) -> Result<(), SettingError> {
        let ranges = [
            ("intake.body_limit_bytes", self.body_limit_bytes as u64, 1_024..=67_108_864),
            ("intake.in_flight_mib", self.in_flight_mib as u64, 1..=4_096),
            ("intake.max_connections", self.max_connections as u64, 1..=65_536),
            ("intake.max_connections_per_peer", self.max_connections_per_peer as u64, 1..=65_536),
            ("intake.header_timeout_seconds", self.header_timeout_seconds, 1..=600),
            ("intake.body_timeout_seconds", self.body_timeout_seconds, 1..=600),
            ("intake.write_timeout_seconds", self.write_timeout_seconds, 1..=600),
            ("intake.stop_timeout_seconds", self.stop_timeout_seconds, 0..=600),
        ];
        for (key, value, range) in ranges {
            if !range.contains(&value) {
                let problem = format!("is {value}; use {} to {}", range.start(), range.end());
                return Err(SettingError { key, problem });
            }
        }
        let least = (2 * self.body_limit_bytes).div_ceil(MIB);
        if self.in_flight_mib < least {
            let limit = self.body_limit_bytes;
            let problem = format!(
                "is {}; bodies of intake.body_limit_bytes = {limit} need at least {least}, twice as much",
                self.in_flight_mib
            );
            return Err(SettingError { key: "intake.in_flight_mib", problem });
        }
        if self.anonymous_service.is_some() && !self.listen.ip().is_loopback() {
            let problem = format!(
                "works on loopback only, but intake.listen is {}; remove it, or listen at 127.0.0.1",
                self.listen
            );
            return Err(SettingError { key: "intake.anonymous_service", problem });
        }
        let is_origin = |text: &str| {
            let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
            rest.is_some_and(|host| !host.is_empty() && !host.contains(['/', '*', ' ']))
        };
        if let Some(wrong) = self.cors_origins.iter().find(|origin| !is_origin(origin)) {
            let problem = format!("has `{wrong}`; write origins as https://app.example.org");
            return Err(SettingError { key: "intake.cors_origins", problem });
        }
        Ok(())
    }

    pub(crate) const fn in_flight_bytes(&self) -> usize {
        self.in_flight_mib * MIB
    }

    pub(crate) fn header_timeout(&self) -> Duration {
        Duration::from_secs(self.header_timeout_seconds)
    }

    pub(crate) fn body_timeout(&self) -> Duration {
        Duration::from_secs(self.body_timeout_seconds)
    }

    pub(crate) fn write_timeout(&self) -> Duration {
        Duration::from_secs(self.write_timeout_seconds)
    }

    pub(crate) fn stop_timeout(&self) -> Duration {
        Duration::from_secs(self.stop_timeout_seconds)
    }
}

impl Limits {
    /// Checks the ranges.
    pub fn check(&self) -> Result<(), SettingError> {
        let peer = self.peer_requests_per_second;
        if !(0.0..=1_000_000.0).contains(&peer) {
            let problem = format!("is {peer}; use 0 for no limit, or up to 1000000");
            return Err(SettingError { key: "limits.peer_requests_per_second", problem });
        }
        match self.service_requests_per_second {
            Some(rate) if !(rate > 0.0 && rate <= 1_000_000.0) => Err(SettingError {
                key: "limits.service_requests_per_second",
                problem: format!("is {rate}; use more than 0 to 1000000, or leave it out for no limit"),
            }),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_within_their_ranges() {
        assert_eq!(Options::default().check(), Ok(()));
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_wrong_setting_is_named_with_what_is_right() {
        let wrong = Options { max_connections: 0, ..Options::default() };
        assert_eq!(wrong.check().unwrap_err().to_string(), "intake.max_connections is 0; use 1 to 65536");
        let open = Options {
            listen: "0.0.0.0:1".parse().unwrap(),
            anonymous_service: Some("demo".into()),
            ..Options::default()
        };
        assert!(open.check().unwrap_err().to_string().contains("loopback only"));
        let narrow = Options { body_limit_bytes: 16 * MIB + 1, ..Options::default() };
        assert!(narrow.check().unwrap_err().to_string().contains("need at least 33"));
        let origins = Options { cors_origins: vec!["*".into()], ..Options::default() };
        assert_eq!(origins.check().unwrap_err().key, "intake.cors_origins");
        for rate in [0.0, -1.0, f64::NAN] {
            let limits = Limits { service_requests_per_second: Some(rate), ..Limits::default() };
            assert_eq!(limits.check().unwrap_err().key, "limits.service_requests_per_second");
        }
        for rate in [-1.0, f64::NAN, f64::INFINITY] {
            let limits = Limits { peer_requests_per_second: rate, ..Limits::default() };
            assert_eq!(limits.check().unwrap_err().key, "limits.peer_requests_per_second");
        }
    }
}
