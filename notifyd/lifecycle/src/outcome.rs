//! What a provider said, as a value. Providers report; they never decide about retries.

use std::time::Duration;

/// Why a recipient cannot be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Never valid again.
    Dead,
    /// Until the person opts in again.
    OptedOut,
    /// Not on this channel (a landline, no WhatsApp account); may change.
    NotReachable,
}

/// How one call of a provider ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider took responsibility.
    Accepted {
        /// Its own id of the message, when it gives one.
        external_id: Option<String>,
    },
    /// It did not work this time: network before the first byte, 5xx, SMTP 4xx.
    Transient,
    /// Throttled. Costs no retry.
    RateLimited {
        /// When to come back, if the provider says so.
        after: Option<Duration>,
    },
    /// This message can never be accepted.
    Permanent,
    /// This address can never be reached.
    RecipientInvalid(Invalid),
    /// The account is at fault: credentials, quota, billing, wrong URL.
    ProviderConfig,
    /// The request went out and no whole answer came back.
    Ambiguous,
}

impl Outcome {
    /// One of each class.
    pub const EACH: [Self; 9] = [
        Self::Accepted { external_id: None },
        Self::Transient,
        Self::RateLimited { after: None },
        Self::Permanent,
        Self::RecipientInvalid(Invalid::Dead),
        Self::RecipientInvalid(Invalid::OptedOut),
        Self::RecipientInvalid(Invalid::NotReachable),
        Self::ProviderConfig,
        Self::Ambiguous,
    ];

    /// The class in one word, as stored with the attempt.
    pub const fn class(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Transient => "transient",
            Self::RateLimited { .. } => "rate_limited",
            Self::Permanent => "permanent",
            Self::RecipientInvalid(Invalid::Dead) => "recipient_dead",
            Self::RecipientInvalid(Invalid::OptedOut) => "recipient_opted_out",
            Self::RecipientInvalid(Invalid::NotReachable) => "recipient_not_reachable",
            Self::ProviderConfig => "provider_config",
            Self::Ambiguous => "ambiguous",
        }
    }
}

/// Whose doing an outcome is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Scope {
    /// The provider's: another message would have fared alike.
    #[default]
    Provider,
    /// That of the place which this message alone names, such as the URL of its recipient: it says nothing of others.
    Target,
}

/// Longest text of a provider's answer that is kept, bytes (reference/providers, rules of 1.1).
pub const MAX_RESPONSE_BYTES: usize = 2_048;

/// An outcome with the provider's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The class.
    pub outcome: Outcome,
    /// What a person should read: the provider's text or the local error. Never a secret, at most 2 KiB.
    pub message: Option<String>,
    /// Whether the provider says later whether the message arrived.
    pub awaits_receipt: bool,
    /// Whose doing it is.
    pub scope: Scope,
}

impl Report {
    /// A report; the message is cut to [`MAX_RESPONSE_BYTES`] and loses control characters.
    pub fn new(outcome: Outcome, message: impl Into<Option<String>>) -> Self {
        let message = message.into().map(|text| tidy(&text));
        Self { outcome, message, awaits_receipt: false, scope: Scope::Provider }
    }

    /// The provider took it.
    pub fn accepted(external_id: Option<String>) -> Self {
        Self::new(Outcome::Accepted { external_id }, None)
    }

    /// The same from a provider that says later whether the message arrived.
    pub fn awaiting_receipt(self) -> Self {
        Self { awaits_receipt: true, ..self }
    }

    /// The same as the doing of this one.
    pub fn of(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    /// What it teaches about the provider: nothing when something went wrong with a place that only this message names.
    /// One that took its message is proof of a provider that works all the same.
    pub const fn lesson(&self) -> Option<&Outcome> {
        match (self.scope, &self.outcome) {
            (Scope::Provider, outcome) | (Scope::Target, outcome @ Outcome::Accepted { .. }) => Some(outcome),
            (Scope::Target, _) => None,
        }
    }
}

/// A provider's words as they are kept.
pub(crate) fn tidy(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(MAX_RESPONSE_BYTES));
    for c in text.chars() {
        let c = if c.is_control() { ' ' } else { c };
        if kept.len() + c.len_utf8() > MAX_RESPONSE_BYTES {
            break;
        }
        kept.push(c);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_short_and_has_no_control_characters() {
        let report = Report::new(Outcome::Transient, Some(format!("\u{1b}[31m{}", "é".repeat(3_000))));
        let message = report.message.unwrap();
        assert!(message.len() <= MAX_RESPONSE_BYTES);
        assert!(message.starts_with(" [31mé"));
    }

    #[test]
    fn a_place_that_one_message_names_teaches_nothing_but_success() {
        for outcome in Outcome::EACH {
            let report = Report::new(outcome.clone(), None);
            assert_eq!(report.lesson(), Some(&outcome), "the provider's own doing");
            let theirs = report.of(Scope::Target);
            let taken = matches!(outcome, Outcome::Accepted { .. });
            assert_eq!(theirs.lesson(), taken.then_some(&outcome), "{outcome:?}");
            assert_eq!(theirs.awaiting_receipt().scope, Scope::Target);
        }
    }
}
