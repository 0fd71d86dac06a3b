//! What an answer means here, where it differs from the [table for all](classify).
//!
//! An operator's own URL is the provider: what is wrong with it is the provider's fault. A recipient's URL is somebody
//! else's: what is wrong with it must not stop the messages to all others, so nothing of it is the provider's doing, and
//! only there `410 Gone` says that the recipient is. One that may not be called fails the message and no more: the name,
//! or what the operator allows, may be another tomorrow, and a suppressed recipient would not be.

use crate::http::{Answer, classify};
use notify_proto::Timestamp;
use notifyd_lifecycle::Outcome;
use notifyd_lifecycle::outcome::{Invalid, Scope};

/// What an answer means; `scope` is that of the provider's URL, or of the recipient's.
pub(super) fn answer(answer: &Answer, scope: Scope, attempt: u32, now: Timestamp) -> Outcome {
    let outcome = match answer.status.as_u16() {
        404 => Outcome::Permanent,
        501 | 505 => Outcome::Transient,
        _ => classify::answer(answer, attempt, now),
    };
    fault(outcome, scope)
}

/// Whose fault it is.
pub(super) fn fault(outcome: Outcome, scope: Scope) -> Outcome {
    match (outcome, scope) {
        (Outcome::RecipientInvalid(Invalid::Dead), Scope::Provider) => Outcome::ProviderConfig,
        (Outcome::ProviderConfig, Scope::Target) => Outcome::Permanent,
        (outcome, _) => outcome,
    }
}
