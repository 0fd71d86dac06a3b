//! The rules of webhooks: how one is signed ([`sign`]), and which headers callers and operators may add ([`header`]).

pub mod header;
pub mod sign;

pub use sign::Keys;
