//! HTTP in: the service API.
//!
//! The cast, in the order one request meets it:
//!
//! 1. [`Intake`] listens and gives each connection a seat, or a refusal when the house or the peer's share is full
//!    (`seats`); `connection` speaks HTTP/1.1 on it within bounds of time and size, over `wire`.
//! 2. `front` gives the request its `correlation` id and refuses foreign names and origins (`host`).
//! 3. `auth` asks who it is. The answer is a [`Tenant`](notifyd_store::Tenant), a view of one service, and the only way
//!    from here to a notification; `rate` says whether the service, or a peer that is nobody, asks too often. What has
//!    become known of the request is its `visit`.
//! 4. `room` says whether there is memory for it; `body` reads, `decode` understands, `idempotency` remembers.
//! 5. `service_api` has one file per thing that can be asked.
//! 6. `problem` is every refusal, `answer` everything else, and `metrics` counts both.
//!
//! One `POST /api/v1/sms`: `front` sees that it is a request to send, so `service_api::send` takes it past the router.
//! Its key opens the door, its body becomes a [`Draft`](notifyd_lifecycle::admission::Draft) by the rules of
//! [`admission`](notifyd_lifecycle::admission), the log accepts it, and only after the commit is on disk the caller
//! reads 202.
//!
//! `health` answers supervisors; what it cannot see itself, the engine's [`Pulse`], is handed in.

mod acceptor;
mod answer;
mod auth;
mod body;
mod connection;
mod context;
mod correlation;
mod decode;
mod front;
#[cfg(test)]
mod fuzz;
mod health;
mod host;
mod idempotency;
mod intake;
mod metrics;
mod options;
mod problem;
mod pulse;
mod query;
mod rate;
mod room;
mod seats;
mod service_api;
mod visit;
mod vitals;
mod wire;

pub use intake::{BindError, Bound, Deps, Handle, Intake};
pub use options::{Limits, Options, SettingError};
pub use pulse::{Pulse, PulseSource};
pub use service_api::operations;
