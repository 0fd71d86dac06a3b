//! Pure rules of a notification's life. No I/O, no async, no clock and no randomness of its own: every rule receives
//! `now` and an RNG, so that tests own them.
//!
//! The cast, in the order one notification meets it:
//!
//! 1. [`key`]: is the caller who it says it is? [`peer`] says who counts as one caller before that is known.
//! 2. [`admission`]: the request becomes a checked [`Draft`](admission::Draft), or a list of field errors;
//!    [`address`] knows numbers and mail addresses, [`dedup`] makes the key that finds an equal earlier one.
//! 3. [`lane`]: the line it waits in; [`order`]: whose turn it is: priority, then services in turns, fresh and retried work
//!    alternating.
//! 4. [`candidate`]: which provider to try; [`breaker`] and [`pacing`] say whether it may be called now.
//! 5. [`outcome`]: what the provider said, as a value.
//! 6. [`decide`]: what follows from it, as a [`Transition`]; [`retry`] knows the delays.
//! 7. [`receipt`]: what the provider says later of what it took, and what follows from that.
//! 8. [`steer`]: what an operator may do with what waits: another time, now, or never.
//!
//! [`destination`] says where the daemon may call to, [`webhook`] how what it calls knows that it was us.
//! [`emptying`] tells in how long a queue is empty, [`fault`] dead letters with the same fault by one fingerprint.
//! [`fail_point`] names the places at which a test has the process die.
//!
//! ```text
//!            accept ──► pending ──its time──► queued ◄──its time── retrying
//!               └────────────────────────────►│  ▲                    ▲
//!                                        claim│  │next candidate      │retry
//!                                             ▼  │or hold             │
//!                                           sending ──────────────────┤
//!                                             ├──► delivered ──receipt──► failed
//!                                             └──► failed
//!            pending, queued, retrying ──revoke──► cancelled          expiry ──► failed
//!            failed, cancelled, held pending ──operator──► queued
//!            pending, queued, retrying ──operator──► later, now, or failed
//!            pending, queued, retrying ──receipt of an earlier attempt──► delivered
//!            held in doubt ──receipt: it did not arrive──► queued
//! ```

pub mod address;
pub mod admission;
pub mod breaker;
pub mod candidate;
pub mod clock;
pub mod day;
pub mod decide;
pub mod dedup;
pub mod destination;
pub mod emptying;
pub mod entropy;
pub mod fail_point;
pub mod fault;
pub mod key;
pub mod lane;
pub mod message;
pub mod order;
pub mod outcome;
pub mod pacing;
pub mod peer;
pub mod quote;
pub mod receipt;
pub mod retry;
pub mod revision;
pub mod secret;
pub mod steer;
pub mod transition;
pub mod webhook;

pub use clock::Clock;
pub use day::Day;
pub use destination::{Destination, Policy};
pub use entropy::Entropy;
pub use fail_point::FailPoint;
pub use lane::Lane;
pub use message::{Message, Plan};
pub use outcome::{Outcome, Report};
pub use peer::Household;
pub use receipt::Receipt;
pub use secret::Secret;
pub use transition::Transition;
