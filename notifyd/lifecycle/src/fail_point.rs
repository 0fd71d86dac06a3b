//! Named places in the life of one notification at which a test has the process die, to prove that nothing is lost there.
//!
//! They are part of every build, so that what is proved is what is shipped. Unless one is armed, reaching one costs one
//! relaxed load. This room only knows the names and who is armed; how to die is handed in by the daemon.

use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The places, in the order one notification passes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailPoint {
    /// The request was understood; nothing is written.
    IntakeReceived,
    /// The acceptance is written, not committed.
    AcceptWritten,
    /// The acceptance is committed; nobody was told.
    AcceptCommitted,
    /// The answer is ready, not yet on the wire.
    IntakeAnswering,
    /// The attempt is written, not committed.
    ClaimWritten,
    /// The attempt is committed; the engine was not told.
    ClaimCommitted,
    /// The provider is about to be called.
    CallBegins,
    /// The provider has answered; nothing of it is written.
    CallAnswered,
    /// The outcome is written, not committed.
    RecordWritten,
    /// The outcome is committed; the slot is not free yet.
    RecordCommitted,
    /// A receipt is written, not committed.
    ReceiptWritten,
    /// A receipt is committed; nothing follows from it yet.
    ReceiptCommitted,
    /// What follows from a receipt is written, not committed.
    SettleWritten,
    /// What follows from a receipt is committed.
    SettleCommitted,
    /// A webhook is about to be called.
    WebhookBegins,
    /// A webhook has answered; nothing of it is written.
    WebhookAnswered,
    /// What came of telling webhooks is written, not committed.
    WebhookWritten,
    /// What came of telling webhooks is committed.
    WebhookCommitted,
    /// A migration of the log is written, not committed.
    MigrationWritten,
    /// A backup is copied, but does not have its name yet.
    BackupWritten,
    /// A restored backup lies beside the log it replaces.
    RestoreCopied,
}

impl FailPoint {
    /// All of them.
    pub const ALL: [Self; 21] = [
        Self::IntakeReceived,
        Self::AcceptWritten,
        Self::AcceptCommitted,
        Self::IntakeAnswering,
        Self::ClaimWritten,
        Self::ClaimCommitted,
        Self::CallBegins,
        Self::CallAnswered,
        Self::RecordWritten,
        Self::RecordCommitted,
        Self::ReceiptWritten,
        Self::ReceiptCommitted,
        Self::SettleWritten,
        Self::SettleCommitted,
        Self::WebhookBegins,
        Self::WebhookAnswered,
        Self::WebhookWritten,
        Self::WebhookCommitted,
        Self::MigrationWritten,
        Self::BackupWritten,
        Self::RestoreCopied,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IntakeReceived => "intake.received",
            Self::AcceptWritten => "accept.written",
            Self::AcceptCommitted => "accept.committed",
            Self::IntakeAnswering => "intake.answering",
            Self::ClaimWritten => "claim.written",
            Self::ClaimCommitted => "claim.committed",
            Self::CallBegins => "call.begins",
            Self::CallAnswered => "call.answered",
            Self::RecordWritten => "record.written",
            Self::RecordCommitted => "record.committed",
            Self::ReceiptWritten => "receipt.written",
            Self::ReceiptCommitted => "receipt.committed",
            Self::SettleWritten => "settle.written",
            Self::SettleCommitted => "settle.committed",
            Self::WebhookBegins => "webhook.begins",
            Self::WebhookAnswered => "webhook.answered",
            Self::WebhookWritten => "webhook.written",
            Self::WebhookCommitted => "webhook.committed",
            Self::MigrationWritten => "migration.written",
            Self::BackupWritten => "backup.written",
            Self::RestoreCopied => "restore.copied",
        }
    }

    /// Whoever armed this place dies here.
    #[inline]
    pub fn reached(self) {
        if LEFT.load(Ordering::Relaxed) != 0 {
            self.count_down();
        }
    }

    #[cold]
    fn count_down(self) {
        if let Some(armed) = ARMED.get()
            && armed.point == self
            && LEFT.fetch_sub(1, Ordering::AcqRel) == 1
        {
            (armed.die)();
        }
    }
}

impl fmt::Display for FailPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How often the armed place may still be reached; 0 when none is armed.
static LEFT: AtomicU32 = AtomicU32::new(0);

static ARMED: OnceLock<Armed> = OnceLock::new();

struct Armed {
    point: FailPoint,
    die: fn(),
}

/// Which place, and at which time it is reached: `call.begins`, or `call.begins:3` for the third time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trap {
    /// The place.
    pub point: FailPoint,
    /// At which time, from 1.
    pub nth: u32,
}

impl FromStr for Trap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, nth) = text.split_once(':').unwrap_or((text, "1"));
        let point = FailPoint::ALL.into_iter().find(|point| point.as_str() == name).ok_or_else(|| {
            let known: Vec<_> = FailPoint::ALL.map(FailPoint::as_str).to_vec();
            format!("there is no fail point `{name}`; there are {}", known.join(", "))
        })?;
        let nth = nth.parse().ok().filter(|nth| *nth > 0);
        let nth = nth.ok_or_else(|| format!("`{text}`: write NAME, or NAME:N with N from 1"))?;
        Ok(Self { point, nth })
    }
}

/// Arms one place for the rest of the process. Only the first call counts.
pub fn arm(trap: Trap, die: fn()) {
    if ARMED.set(Armed { point: trap.point, die }).is_ok() {
        LEFT.store(trap.nth, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static DEATHS: AtomicU32 = AtomicU32::new(0);

    #[test]
    fn only_the_armed_place_fires_once_at_its_time() {
        for point in FailPoint::ALL {
            point.reached();
        }
        arm("call.begins:2".parse().unwrap(), || {
            DEATHS.fetch_add(1, Ordering::AcqRel);
        });
        let deaths = || DEATHS.load(Ordering::Acquire);
        FailPoint::CallAnswered.reached();
        FailPoint::CallBegins.reached();
        assert_eq!(deaths(), 0);
        FailPoint::CallBegins.reached();
        assert_eq!(deaths(), 1);
        FailPoint::CallBegins.reached();
        assert_eq!(deaths(), 1);
    }

    #[test]
    fn a_trap_is_read_and_a_wrong_one_is_told_the_names() {
        for point in FailPoint::ALL {
            assert_eq!(point.as_str().parse(), Ok(Trap { point, nth: 1 }));
        }
        assert!("call".parse::<Trap>().unwrap_err().contains("call.begins"));
        assert!("call.begins:0".parse::<Trap>().unwrap_err().contains("N from 1"));
    }
}
