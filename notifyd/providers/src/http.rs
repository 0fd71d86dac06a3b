//! The way out over HTTP, one for all: [`Client::send`] is its door. It speaks HTTP/1.1, follows no redirect, knows no
//! proxy and no cookie, and connects to nobody whom the policy of destinations does not let it.
//!
//! The cast, in the order one request meets it:
//!
//! 1. [`target`]: a URL, checked and taken apart once; [`Request`] is what to send there.
//! 2. [`client`]: one request and its time limit; each provider has a client of its own.
//! 3. [`pool`]: a bounded number of connections; an idle one is used again.
//! 4. [`network`]: who may be called, and how names are found; shared by all. [`resolve`] asks the system for them.
//! 5. [`dial`]: from a target to a connection, by way of addresses that were all looked at.
//! 6. [`wire`]: one exchange on it, and whether the first byte of a request has left.
//! 7. [`Answer`], or [`Fault`]; [`classify`] is the table that makes an outcome of either, [`retry_after`] reads when to
//!    come back.
//!
//! The dialogue itself is hyper's; connections and their pool are ours, for three things that clients on top of it do
//! not tell or take: on which side of the first request byte a request failed, which address it went to, and an exception
//! of the policy that is for one port.

pub mod classify;
mod client;
mod dial;
mod fault;
mod network;
mod pool;
mod resolve;
mod retry_after;
mod target;
mod wire;

pub use client::{Answer, Client, End, Limits, Request};
pub use dial::{Dialer, Stream};
pub use fault::{Fault, What};
pub use network::Network;
pub use resolve::{Resolver, SystemResolver};
pub(crate) use retry_after::asked;
pub use target::Target;
