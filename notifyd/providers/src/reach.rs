//! Whether the other end of a way out is there.

/// What came of the look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// There is nobody to connect to, and why.
    Nowhere(&'static str),
    /// It is there: who, and how far the connection came.
    There(String),
    /// It is not: a sentence without secrets.
    Away(String),
}
