//! Decides when.
pub mod handle;
pub use handle::Handle;
pub(crate) struct Inner;
