//! JSON that is safe on a terminal.

use serde::Serialize;
use serde_json::Value;
use std::io;

pub(super) use notify_proto::text::json as text;

/// As a value.
pub(super) fn value(object: &impl Serialize) -> io::Result<Value> {
    Ok(serde_json::to_value(object)?)
}
