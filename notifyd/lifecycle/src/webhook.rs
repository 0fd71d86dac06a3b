//! The rules of webhooks: which steps they tell of and what they say ([`event`]), and when an endpoint that did not listen
//! is asked again ([`profile`]).

pub mod event;
pub mod profile;

pub use event::{Body, EventSet};
pub use profile::{Heard, Schedule, Verdict};
