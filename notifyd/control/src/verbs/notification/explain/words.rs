//! The reasons in words. A reason that this version does not know is told as it is.

use notify_proto::{ReceiptStatus, SkipReason};

/// Why a candidate cannot be called, as in "relay was passed over: its circuit was open".
pub(super) fn closed(reason: &str, past: bool) -> String {
    let is = if past { "was" } else { "is" };
    match reason.parse() {
        Ok(SkipReason::BreakerOpen) => format!("its circuit {is} open"),
        Ok(SkipReason::Paused) => format!("an operator {} it paused", if past { "had" } else { "has" }),
        Ok(SkipReason::Draining) => format!("an operator {} it run dry", if past { "let" } else { "lets" }),
        Ok(SkipReason::Disabled) => format!("it {is} switched off"),
        Ok(SkipReason::RateLimited) => {
            format!("it {} to be left alone for a while", if past { "had asked" } else { "asked" })
        }
        Ok(SkipReason::Busy) => format!("it {is} busy, and the notification had waited long enough"),
        Ok(SkipReason::NoAddress) => "the notification has no address for it".into(),
        Ok(SkipReason::NoProvider) => format!("nobody {} it", if past { "served" } else { "serves" }),
        Err(_) => reason.to_owned(),
    }
}

/// What an attempt came to, as in "attempt 2 through relay failed: …".
pub(super) fn outcome(class: &str) -> &str {
    match class {
        "accepted" => "the provider took it",
        "transient" => "it did not work this time",
        "rate_limited" => "it asked for fewer calls",
        "permanent" => "the provider refused the message for good",
        "recipient_dead" => "the address will never be valid again",
        "recipient_opted_out" => "the person has opted out",
        "recipient_not_reachable" => "the address cannot be reached on this channel",
        "provider_config" => "the provider's account is at fault",
        "ambiguous" | "in_doubt" => "no whole answer came, so nobody knows whether it was sent",
        "expired" => "it had expired",
        other => other,
    }
}

/// Why it was given up.
pub(super) fn failure(reason: &str) -> &str {
    match reason {
        "exhausted" => "every retry is spent",
        "permanent" => "the message was refused for good",
        "invalid_recipient" => "the recipient cannot be reached",
        "suppressed" => "the recipient is on the suppression list",
        "expired" => "it expired before it could be sent",
        "no_provider" => "no provider is left for any of its channels",
        "template" => "its template could not be rendered",
        "undelivered" => "a receipt says that it was not delivered after all",
        "crash_loop" => "the daemon died several times while sending it",
        "in_doubt" => "nobody knows whether an attempt sent it, and it may not be sent again",
        "buried" => "an operator gave it up",
        other => other,
    }
}

/// Why it is held for an operator.
pub(super) fn held(reason: &str) -> &str {
    match reason {
        "in_doubt" => {
            "nobody knows whether an attempt sent it, and its policy leaves the decision to an operator"
        }
        "restored" => "the log is a restored copy, and it may have been sent since the copy was made",
        other => other,
    }
}

/// What was heard of an attempt that did not move the notification.
pub(super) fn heard(word: &str) -> &str {
    match word.parse() {
        Ok(ReceiptStatus::Awaited) => "a receipt is awaited",
        Ok(ReceiptStatus::Delivered) => "a receipt says that an attempt arrived, which changes nothing",
        Ok(ReceiptStatus::Undelivered) => {
            "a receipt says that an attempt did not arrive, which changes nothing else"
        }
        Ok(ReceiptStatus::Contradicted) => "a receipt contradicts an earlier one, which counts",
        Err(_) => word,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::FailureReason;
    use notifyd_lifecycle::Outcome;

    #[test]
    fn every_reason_there_is_has_words() {
        for reason in SkipReason::ALL {
            let (is, was) = (closed(reason.as_str(), false), closed(reason.as_str(), true));
            assert!(is.contains(' ') && was.contains(' '), "{reason}");
        }
        for word in ReceiptStatus::ALL {
            assert!(heard(word.as_str()).contains(' '), "{word}");
        }
        for reason in FailureReason::ALL {
            assert!(failure(reason.as_str()).contains(' '), "{reason}");
        }
        for end in Outcome::EACH {
            assert!(outcome(end.class()).contains(' '), "{end:?}");
        }
        assert_eq!(
            (closed("newer", true).as_str(), outcome("newer"), failure("newer")),
            ("newer", "newer", "newer")
        );
    }
}
