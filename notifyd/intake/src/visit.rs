//! What is known of one request beside what it says: where it comes from, its id, and, once that is clear, who asks.

use crate::correlation::Correlation;
use crate::rate::Quota;
use std::net::IpAddr;
use std::sync::OnceLock;

/// One request. Inside the router it travels as an extension.
pub(crate) struct Visit {
    /// The peer's address.
    pub(crate) peer: IpAddr,
    /// The id by which it is found again.
    pub(crate) correlation: Correlation,
    /// The store's number of the service that proved who it is.
    pub(crate) service: OnceLock<i64>,
    /// What the caller may still do, if there is a limit.
    pub(crate) quota: OnceLock<Quota>,
}

impl Visit {
    pub(crate) fn new(peer: IpAddr, correlation: Correlation) -> Self {
        Self { peer, correlation, service: OnceLock::new(), quota: OnceLock::new() }
    }

    /// The service for what is counted by service; those without one count together.
    pub(crate) fn payer(&self) -> i64 {
        self.service.get().copied().unwrap_or_default()
    }
}
