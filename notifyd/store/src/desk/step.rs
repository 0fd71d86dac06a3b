//! A step of a notification and where it can fail.

use notifyd_lifecycle::FailPoint;

/// A step of a notification that a transaction takes: where it fails before its commit, and after.
#[derive(Debug, Clone, Copy)]
pub enum Step {
    /// An acceptance.
    Accept,
    /// A claim.
    Claim,
    /// An outcome.
    Record,
    /// A receipt that was heard.
    Receive,
    /// What follows from one.
    Settle,
    /// What came of telling a webhook.
    Acknowledge,
}

impl Step {
    pub(super) const ALL: [Self; 6] =
        [Self::Accept, Self::Claim, Self::Record, Self::Receive, Self::Settle, Self::Acknowledge];

    pub(super) const fn written(self) -> FailPoint {
        match self {
            Self::Accept => FailPoint::AcceptWritten,
            Self::Claim => FailPoint::ClaimWritten,
            Self::Record => FailPoint::RecordWritten,
            Self::Receive => FailPoint::ReceiptWritten,
            Self::Settle => FailPoint::SettleWritten,
            Self::Acknowledge => FailPoint::WebhookWritten,
        }
    }

    pub(super) const fn committed(self) -> FailPoint {
        match self {
            Self::Accept => FailPoint::AcceptCommitted,
            Self::Claim => FailPoint::ClaimCommitted,
            Self::Record => FailPoint::RecordCommitted,
            Self::Receive => FailPoint::ReceiptCommitted,
            Self::Settle => FailPoint::SettleCommitted,
            Self::Acknowledge => FailPoint::WebhookCommitted,
        }
    }
}
