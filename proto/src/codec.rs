//! JSON as the daemon reads it: the caller's deadline is clamped before tarpc sees it.
//!
//! tarpc adds the deadline of a call to its clock and to a timer wheel while it reads the frame; an absurd one overflows
//! there and would take the connection's task with it. So a frame is first read as plain JSON, its deadline brought down
//! to [`MAX_DEADLINE`], and only then understood. What cannot be understood ends the connection with a fixed text: the
//! frame may hold a secret, so nothing of it is repeated.

use crate::transport::MAX_DEADLINE;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::io;
use std::pin::Pin;
use std::time::Duration;
use tarpc::tokio_serde::{Deserializer, Serializer};
use tarpc::tokio_util::bytes::{Bytes, BytesMut};

/// The codec of the programs' end. It reads out of the frame; tarpc's own reads a frame as a stream, byte by byte, which
/// takes an export half its time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl<T: DeserializeOwned> Deserializer<T> for Json {
    type Error = io::Error;

    fn deserialize(self: Pin<&mut Self>, frame: &BytesMut) -> io::Result<T> {
        Ok(serde_json::from_slice(frame)?)
    }
}

impl<T: Serialize> Serializer<T> for Json {
    type Error = io::Error;

    fn serialize(self: Pin<&mut Self>, item: &T) -> io::Result<Bytes> {
        Ok(serde_json::to_vec(item)?.into())
    }
}

/// The codec of the daemon's end.
#[derive(Debug, Clone, Copy, Default)]
pub struct ClampedJson;

impl<T: DeserializeOwned> Deserializer<T> for ClampedJson {
    type Error = io::Error;

    fn deserialize(self: Pin<&mut Self>, frame: &BytesMut) -> io::Result<T> {
        read(frame).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "a frame that is no call"))
    }
}

impl<T: Serialize> Serializer<T> for ClampedJson {
    type Error = io::Error;

    fn serialize(self: Pin<&mut Self>, item: &T) -> io::Result<Bytes> {
        Ok(serde_json::to_vec(item)?.into())
    }
}

fn read<T: DeserializeOwned>(frame: &[u8]) -> Option<T> {
    let mut message: Value = serde_json::from_slice(frame).ok()?;
    if let Some(request) = message.get_mut("Request") {
        // Only the forms tarpc writes: its derived readers would also take arrays, past this check.
        let context = request.as_object_mut()?.get_mut("context")?.as_object_mut()?;
        if let Some(deadline) = context.get_mut("deadline") {
            let asked = Duration::deserialize(&*deadline).ok()?;
            *deadline = serde_json::to_value(asked.min(MAX_DEADLINE)).ok()?;
        }
    }
    serde_json::from_value(message).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use tarpc::ClientMessage;

    fn call(context: &Value) -> Vec<u8> {
        json!({"Request": {"context": context, "id": 1, "message": "x"}}).to_string().into_bytes()
    }

    fn remaining(frame: &[u8]) -> Option<Duration> {
        let message = read::<ClientMessage<String>>(frame)?;
        let ClientMessage::Request(request) = message else { return None };
        #[expect(
            clippy::disallowed_methods,
            reason = "a deadline on the wire is relative to the real monotonic clock"
        )]
        let now = std::time::Instant::now();
        Some(request.context.deadline.saturating_duration_since(now))
    }

    fn trace() -> Value {
        serde_json::to_value(tarpc::context::current().trace_context).unwrap()
    }

    #[test]
    fn a_deadline_is_brought_down_in_every_form_it_can_be_written() {
        for deadline in [json!({"secs": u64::MAX, "nanos": 0}), json!([u64::MAX, 999_999_999])] {
            let left = remaining(&call(&json!({"deadline": deadline, "trace_context": trace()}))).unwrap();
            assert!(left <= MAX_DEADLINE, "{deadline}: {left:?}");
        }
        let left = remaining(&call(&json!({"deadline": {"secs": 5, "nanos": 0}, "trace_context": trace()})))
            .unwrap();
        assert!(left <= Duration::from_secs(5) && left > Duration::from_secs(1));
    }

    #[test]
    fn what_could_slip_past_the_clamp_is_no_call() {
        let absurd = json!({"secs": u64::MAX, "nanos": u32::MAX});
        assert!(remaining(&call(&json!({"deadline": absurd, "trace_context": trace()}))).is_none());
        assert!(remaining(&call(&json!([[u64::MAX, 0], trace()]))).is_none());
        let array = json!({"Request": [{"deadline": [u64::MAX, 0]}, 1, "x"]}).to_string();
        assert!(remaining(array.as_bytes()).is_none());
        assert!(remaining(b"not json").is_none());
    }

    #[test]
    fn a_frame_that_is_no_call_is_not_repeated_in_the_error() {
        let mut codec = ClampedJson;
        let frame = BytesMut::from(&br#"{"Request":"hunter2"}"#[..]);
        let error =
            Deserializer::<ClientMessage<String>>::deserialize(Pin::new(&mut codec), &frame).unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }
}
