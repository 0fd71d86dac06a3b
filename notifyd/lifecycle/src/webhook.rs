//! The rules of webhooks: which steps they tell of and what they say ([`event`]), when an endpoint that did not listen is
//! asked again ([`profile`]), how one is signed ([`sign`]), which headers callers and operators may add ([`header`]), and
//! what may be asked of a webhook ([`ask`]).

pub mod ask;
pub mod event;
pub mod header;
pub mod profile;
pub mod sign;

pub use ask::{Ask, Asked, Settings};
pub use event::{Body, EventSet};
pub use profile::{Heard, Schedule, Verdict};
pub use sign::Keys;
