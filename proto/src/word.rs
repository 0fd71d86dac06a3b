//! Closed vocabularies. Each word is written the same in the log, in JSON, in filters and on screens.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// A word that is not in its vocabulary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no {vocabulary}; use one of {allowed}")]
pub struct UnknownWord {
    /// What was given.
    pub given: String,
    /// What kind of word was expected, such as `channel`.
    pub vocabulary: &'static str,
    /// The words that would do, separated by commas.
    pub allowed: String,
}

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident ($vocabulary:literal) { $($(#[$vdoc:meta])* $variant:ident = $word:literal),+ $(,)? })+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every word, in the order of this page.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as written everywhere.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(UnknownWord {
                        given: text.chars().take(40).collect(),
                        vocabulary: $vocabulary,
                        allowed: [$($word),+].join(", "),
                    }),
                }
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Visitor;
                impl serde::de::Visitor<'_> for Visitor {
                    type Value = $name;

                    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                        write!(f, "one of {}", [$($word),+].join(", "))
                    }

                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(Visitor)
            }
        }
    )+};
}

words! {
    /// A way to reach people.
    Channel ("channel") {
        /// Text message to an E.164 number.
        Sms = "sms",
        /// Mail to one or several addresses.
        Email = "email",
        /// WhatsApp message to an E.164 number.
        Whatsapp = "whatsapp",
        /// Push message to a device token.
        Push = "push",
        /// Telegram message to a chat id.
        Telegram = "telegram",
        /// Slack message to a channel.
        Slack = "slack",
        /// Microsoft Teams message.
        Teams = "teams",
        /// JSON POST to a URL.
        Webhook = "webhook",
    }

    /// Who goes first. Declared from most to least urgent, so that `Ord` sorts the most urgent first.
    Priority ("priority") {
        /// Somebody is waiting at a screen (one-time passwords).
        Instant = "instant",
        /// Soon.
        High = "high",
        /// The default.
        Normal = "normal",
        /// Campaigns; counts as `normal` after a while in the queue.
        Low = "low",
    }

    /// Where a notification stands. The rules of who moves it on are `lifecycle::transition`.
    Status ("status") {
        /// Accepted and durable, not due yet. Moved on by its time.
        Pending = "pending",
        /// Due, waiting for its turn. Moved on by a free slot.
        Queued = "queued",
        /// An attempt has been written down and is under way. Moved on by the outcome, or by recovery.
        Sending = "sending",
        /// An attempt failed and the next one has a time. Moved on by its time.
        Retrying = "retrying",
        /// A provider took it. Final, except that a negative receipt moves it to `failed`.
        Delivered = "delivered",
        /// Gave up: the dead letter. Final until an operator retries it.
        Failed = "failed",
        /// Revoked before it was sent. Final until an operator retries it.
        Cancelled = "cancelled",
    }

    /// Why a notification became a dead letter.
    FailureReason ("failure reason") {
        /// Every retry was spent.
        Exhausted = "exhausted",
        /// The provider refused the message for good.
        Permanent = "permanent",
        /// The address is dead, opted out or cannot be reached.
        InvalidRecipient = "invalid_recipient",
        /// The address is on the suppression list; nothing was sent.
        Suppressed = "suppressed",
        /// `expires_at` passed.
        Expired = "expired",
        /// No provider is left for any of its channels.
        NoProvider = "no_provider",
        /// The template could not be rendered.
        Template = "template",
        /// A receipt says that the provider could not deliver it after all.
        Undelivered = "undelivered",
        /// The daemon died three times while sending it; an operator must look.
        CrashLoop = "crash_loop",
        /// An attempt ended without a whole answer and the policy says not to send again.
        InDoubt = "in_doubt",
        /// An operator gave it up before it was sent.
        Buried = "buried",
    }

    /// What proves a delivery.
    DeliveryProof ("delivery proof") {
        /// The provider took responsibility.
        Accepted = "accepted",
        /// A receipt confirmed it.
        Receipt = "receipt",
    }

    /// What a receipt says: the provider's last word on a message that it took.
    Says ("word of a receipt") {
        /// It reached the recipient.
        Delivered = "delivered",
        /// It did not, and will not.
        Undelivered = "undelivered",
    }

    /// What receipts have said of one attempt.
    ReceiptStatus ("receipt status") {
        /// The provider tells, and has not yet.
        Awaited = "awaited",
        /// The message reached the recipient.
        Delivered = "delivered",
        /// It did not.
        Undelivered = "undelivered",
        /// First the one, then the other; the first counts.
        Contradicted = "contradicted",
    }

    /// A step of a notification that webhooks tell of.
    WebhookEvent ("webhook event") {
        /// It was accepted.
        Created = "created",
        /// A cycle failed, and another one has its time.
        RetryScheduled = "retry_scheduled",
        /// An attempt of another cycle began.
        RetryAttempted = "retry_attempted",
        /// A provider took it.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
        /// It was revoked.
        Cancelled = "cancelled",
    }

    /// Where one event owed to one webhook stands.
    WebhookStatus ("webhook delivery status") {
        /// Not sent yet.
        Pending = "pending",
        /// The endpoint took it.
        Acknowledged = "acknowledged",
        /// It did not, and is asked again.
        Retrying = "retrying",
        /// It did not, and is not asked any more.
        Failed = "failed",
    }

    /// When an endpoint that did not take an event is asked again.
    RetryProfile ("retry profile") {
        /// After 1, 5 and 15 minutes.
        Standard = "standard",
        /// After some seconds, then in ever longer pauses of up to three hours, for a day.
        Persistent = "persistent",
    }

    /// Why the daemon has switched a webhook off.
    WebhookFault ("webhook fault") {
        /// Its endpoint answered that it is gone for good.
        Gone = "gone",
        /// Its endpoint took nothing for too long.
        Failing = "failing",
    }

    /// How one attempt ended, or that it has not.
    AttemptStatus ("attempt status") {
        /// Written down, no outcome yet.
        Started = "started",
        /// The provider took it.
        Delivered = "delivered",
        /// It did not.
        Failed = "failed",
        /// The provider was passed over; nothing was sent.
        Skipped = "skipped",
        /// The request went out and no whole answer came back.
        InDoubt = "in_doubt",
    }

    /// Why a provider was passed over.
    SkipReason ("skip reason") {
        /// Its circuit breaker is open.
        BreakerOpen = "breaker_open",
        /// Its queue is paused by an operator.
        Paused = "paused",
        /// An operator lets its queue run dry: what is under way may finish, nothing new begins.
        Draining = "draining",
        /// An operator has switched it off.
        Disabled = "disabled",
        /// The provider said when to come back and that time is ahead.
        RateLimited = "rate_limited",
        /// It had no free slot, and the notification had waited long enough for one.
        Busy = "busy",
        /// The notification has no address for the channel.
        NoAddress = "no_address",
        /// No active provider supports the channel.
        NoProvider = "no_provider",
    }

    /// What an operator forces by hand on one provider.
    HoldKind ("hold") {
        /// Nothing goes to it.
        Pause = "pause",
        /// Fewer calls at once than its own limit.
        Limit = "limit",
        /// Nothing new goes to it; what is under way finishes.
        Drain = "drain",
        /// Its circuit is open, whatever it answers.
        CircuitOpen = "circuit_open",
        /// It is switched off, and on again when this ends.
        Disabled = "disabled",
        /// It is switched on, and off again when this ends.
        Enabled = "enabled",
    }

    /// A queue that no provider stands behind: what goes to any of them may wait there.
    SharedQueue ("queue") {
        /// What webhooks are to be told.
        Webhooks = "webhooks",
        /// Notifications that are tried again later.
        Retries = "retries",
        /// Notifications that were accepted for a later time.
        Scheduled = "scheduled",
    }

    /// By what all that waits for a time is told apart.
    GroupBy ("grouping") {
        /// The last error, without what differs from one to the next.
        Error = "error",
        /// The provider of the last attempt.
        Provider = "provider",
        /// The service.
        Service = "service",
        /// The queue it comes to next: that of the provider of the last attempt, or of a webhook.
        Queue = "queue",
        /// The channel.
        Channel = "channel",
        /// The webhook that is to be told: these are events, and no notifications.
        Webhook = "webhook",
    }

    /// What is done to all notifications that match a filter.
    BulkOp ("bulk operation") {
        /// Start dead letters again.
        Retry = "retry",
        /// Revoke what was not sent yet.
        Cancel = "cancel",
        /// Remove dead letters from the log.
        Discard = "discard",
        /// Give what waits a later time.
        Postpone = "postpone",
        /// Give up what was not sent yet: to the dead letters.
        Bury = "bury",
        /// Give what waits for a time another one.
        Move = "move",
        /// Make what waits for a time due now.
        Run = "run",
    }

    /// How much something asks for a look.
    Severity ("severity") {
        /// Somebody must act: it does harm now.
        Critical = "critical",
        /// Somebody should look: it may do harm.
        Warning = "warning",
        /// Good to know.
        Info = "info",
    }

    /// What something is about.
    ObjectKind ("kind of thing") {
        /// A notification.
        Notification = "notification",
        /// A provider.
        Provider = "provider",
        /// A line of work.
        Queue = "queue",
        /// A webhook.
        Webhook = "webhook",
        /// A service.
        Service = "service",
        /// A piece of long work.
        Operation = "operation",
        /// The log and its disk.
        Store = "store",
        /// The daemon itself.
        Daemon = "daemon",
    }

    /// What is wrong with something that needs attention.
    AlertKind ("kind of alert") {
        /// A circuit is open or half open.
        Circuit = "circuit",
        /// The oldest in a line waits for too long.
        Old = "old",
        /// A line has work, nobody works, and nothing says why.
        Stalled = "stalled",
        /// A webhook takes too little of what it is told.
        AckRate = "ack_rate",
        /// A webhook was switched off by the daemon.
        WebhookDisabled = "webhook_disabled",
        /// Dead letters come too fast.
        DeadLetters = "dead_letters",
        /// A service is locked out after failed authentications.
        Locked = "locked",
        /// Nothing new is taken, or nothing is sent.
        Refusing = "refusing",
        /// The disk is almost full.
        Disk = "disk",
        /// The clock was set.
        Clock = "clock",
        /// What an operator forces ends soon.
        HoldEnding = "hold_ending",
        /// What an operator forces keeps work from going.
        Held = "held",
        /// No provider is active.
        NoProvider = "no_provider",
    }

    /// What is measured.
    LatencyKind ("latency") {
        /// From due to the begin of the call.
        QueueWait = "queue_wait",
        /// Calls of providers.
        ProviderCall = "provider_call",
        /// From accepted to delivered.
        AcceptToDeliver = "accept_to_deliver",
        /// From an event to its acknowledgement by a webhook.
        WebhookAck = "webhook_ack",
    }

    /// What to do after an attempt of unknown end.
    OnUnknown ("on_unknown policy") {
        /// Send again and flag the notification `possible_duplicate`.
        Resend = "resend",
        /// Keep it for an operator.
        Hold = "hold",
        /// Give up with `failed/in_doubt`.
        Fail = "fail",
    }
}

#[expect(clippy::derivable_impls, reason = "the enum is written by the macro, which marks no default")]
impl Default for Priority {
    fn default() -> Self {
        Self::Normal
    }
}

impl HoldKind {
    /// Whether it switches a provider on or off for as long as it stands.
    pub const fn switches(self) -> Option<bool> {
        match self {
            Self::Disabled => Some(false),
            Self::Enabled => Some(true),
            Self::Pause | Self::Limit | Self::Drain | Self::CircuitOpen => None,
        }
    }
}

impl Status {
    /// Whether nothing moves it on but an operator or a receipt.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Cancelled)
    }
}

/// A word as read from a daemon that may be newer than this program: unknown words are kept as text instead of
/// failing the whole reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Open<T> {
    /// A word of this version's vocabulary.
    Known(T),
    /// A word this version does not know.
    Unknown(String),
}

impl<T: Copy> Open<T> {
    /// The word, when this version knows it.
    pub const fn known(&self) -> Option<T> {
        match self {
            Self::Known(word) => Some(*word),
            Self::Unknown(_) => None,
        }
    }
}

/// By hand: an untagged enum would copy each word before it is looked at, and an export has a handful in every line.
impl<'de, T: FromStr> Deserialize<'de> for Open<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<T>(PhantomData<T>);

        impl<T: FromStr> serde::de::Visitor<'_> for Visitor<T> {
            type Value = Open<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a word")
            }

            fn visit_str<E>(self, text: &str) -> Result<Open<T>, E> {
                Ok(text.parse().map_or_else(|_| Open::Unknown(text.to_owned()), Open::Known))
            }
        }

        deserializer.deserialize_str(Visitor(PhantomData))
    }
}

impl<T> From<T> for Open<T> {
    fn from(word: T) -> Self {
        Self::Known(word)
    }
}

impl<T: fmt::Display> fmt::Display for Open<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Known(word) => word.fmt(f),
            Self::Unknown(text) => f.pad(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse::<Status>().unwrap(), *status);
            let json = serde_json::to_string(status).unwrap();
            assert_eq!(serde_json::from_str::<Status>(&json).unwrap(), *status);
        }
    }

    #[test]
    fn a_wrong_word_names_the_right_ones() {
        let error = "fax".parse::<Channel>().unwrap_err().to_string();
        assert_eq!(
            error,
            "`fax` is no channel; use one of sms, email, whatsapp, push, telegram, slack, teams, webhook"
        );
    }

    #[test]
    fn the_most_urgent_sorts_first() {
        let mut all = Priority::ALL.to_vec();
        all.reverse();
        all.sort();
        assert_eq!(all, Priority::ALL);
    }

    #[test]
    fn a_newer_daemons_word_is_kept() {
        let word: Open<Status> = serde_json::from_str("\"paused\"").unwrap();
        assert_eq!(word, Open::Unknown("paused".into()));
        assert_eq!(word.to_string(), "paused");
        assert_eq!(word.known(), None);
    }
}
