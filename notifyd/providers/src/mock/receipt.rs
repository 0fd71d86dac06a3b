//! The mock's receipts: what it is told to say later of a message that it took, or of a call whose end nobody knows.
//! Those under way live in memory alone: when the daemon ends they are as if they were never said.

use super::plan::members;
use super::script::millis;
use crate::Sink;
use crate::config::{ConfigError, Fields};
use notify_proto::Says;
use notifyd_lifecycle::receipt::Reference;
use notifyd_lifecycle::{Clock, Receipt};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// Receipts of one provider under way, at most; further ones never come.
const MAX_UNDER_WAY: usize = 100_000;

/// What becomes of the receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Told {
    /// It is awaited and never comes.
    Never,
    /// It comes.
    Later(Word),
}

/// When a receipt comes, and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    pub after_ms: (u32, u32),
    pub says: Says,
    pub reason: Option<String>,
}

/// The member `receipt`, if there is one.
pub(super) fn read(fields: Fields<'_>) -> Result<Option<Told>, ConfigError> {
    let entry = match fields.get("receipt") {
        None => return Ok(None),
        Some(Value::String(word)) if word == "never" => return Ok(Some(Told::Never)),
        Some(entry @ Value::Object(_)) => members(entry, "receipt", &["after_ms", "says", "reason"])?,
        Some(_) => {
            let fix = "use \"never\", or such as {\"after_ms\": 4000, \"says\": \"delivered\"}";
            return Err(ConfigError::invalid("receipt", "is neither \"never\" nor an object", fix));
        }
    };
    word(entry).map(|word| Some(Told::Later(word))).map_err(|error| error.within("receipt"))
}

fn word(entry: Fields<'_>) -> Result<Word, ConfigError> {
    let says = match entry.text("says")?.map(str::parse) {
        None => Says::Delivered,
        Some(Ok(says)) => says,
        Some(Err(_)) => {
            let known: Vec<_> = Says::ALL.iter().map(|says| says.as_str()).collect();
            let fix = format!("use one of {}", known.join(", "));
            return Err(ConfigError::invalid("says", "is no word of a receipt", fix));
        }
    };
    let reason = entry.text("reason")?.map(str::to_owned);
    if says == Says::Delivered && reason.is_some() {
        return Err(ConfigError::invalid("reason", "has no effect with this word", "leave it out"));
    }
    Ok(Word { after_ms: millis(entry, "after_ms")?.unwrap_or((0, 0)), says, reason })
}

/// Receipts on their way.
pub(super) struct Post {
    sink: Sink,
    clock: Arc<dyn Clock>,
    under_way: Arc<AtomicUsize>,
}

impl Post {
    pub(super) fn new(sink: Sink, clock: Arc<dyn Clock>) -> Self {
        Self { sink, clock, under_way: Arc::default() }
    }

    /// Has it said after some time. The call does not wait for it.
    pub(super) fn send(&self, of: Reference, word: &Word, after: Duration) {
        if self.under_way.fetch_add(1, Ordering::AcqRel) >= MAX_UNDER_WAY {
            self.under_way.fetch_sub(1, Ordering::AcqRel);
            tracing::warn!("mock: too many receipts are under way; one more never comes");
            return;
        }
        let (sink, clock, under_way) =
            (self.sink.clone(), Arc::clone(&self.clock), Arc::clone(&self.under_way));
        let Word { says, reason, .. } = word.clone();
        tokio::spawn(async move {
            if !after.is_zero() {
                tokio::time::sleep(after).await;
            }
            under_way.fetch_sub(1, Ordering::AcqRel);
            if !sink.put(Receipt::new(of, says, reason.as_deref(), clock.now())) {
                tracing::warn!("mock: a receipt found no room and is lost");
            }
        });
    }
}
