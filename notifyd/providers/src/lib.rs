//! One file per way out. A provider takes a [`Call`] and answers a [`Report`]: what it said, classed; whether to try
//! again is the engine's decision.
//!
//! The cast:
//!
//! * [`kind`] is the list of provider types and the one door in: [`build`] turns a stored configuration into a
//!   [`Provider`], or into a [`ConfigError`] that names the field and the fix;
//! * [`Sink`] takes what a provider hears later of what it took; [`Reach`] says whether its other end is there;
//! * `config` reads the fields of a configuration;
//! * `mock` sends nothing and behaves as it is told;
//! * `smtp` hands mail to a relay;
//! * `webhook` hands a signed document to a URL;
//! * [`endpoint`] is a service's webhook, told of what happened to its notifications;
//! * [`http`] is the way out of all that speak HTTP: one client, one policy of destinations, one table of answers.

mod config;
pub mod endpoint;
pub mod http;
pub mod kind;
mod mock;
mod reach;
mod receipts;
mod smtp;
mod trust;
mod webhook;

use async_trait::async_trait;
use notify_proto::{Channel, NotificationId};
use notifyd_lifecycle::outcome::Scope;
use notifyd_lifecycle::{Message, Report};
use std::time::Duration;

pub use config::ConfigError;
pub use endpoint::Endpoint;
pub use http::Network;
pub use kind::{BuildContext, Kind, SecretUse, build, kinds};
pub use reach::Reach;
pub use receipts::{Heard, Sink};

/// One message to hand over.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The stable reference: the same on every attempt, so that a receiver can recognise a repeat.
    pub notification: NotificationId,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// The channel.
    pub channel: Channel,
    /// The checked addresses of that channel; at least one.
    pub to: &'a [String],
    /// The content.
    pub message: &'a Message,
}

/// A way out.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Hands one message over. Never retries, never waits longer than its own time limit, never panics on bad content.
    /// Dropping the future abandons the call.
    async fn send(&self, call: Call<'_>) -> Report;

    /// Whose doing it is when a message does not get through: the provider's, unless each message names where it goes.
    fn scope(&self) -> Scope {
        Scope::Provider
    }

    /// Whether what its settings name may be called as things stand. Asked when they are given, and not when a stored row
    /// is built: what is allowed may change while the daemon runs.
    fn check(&self) -> Result<(), ConfigError> {
        Ok(())
    }

    /// Whether its other end is there, found out by a connection that is given up before anything is sent.
    async fn reach(&self, _within: Duration) -> Reach {
        Reach::Nowhere("it connects to nobody")
    }
}
