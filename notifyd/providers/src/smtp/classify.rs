//! The table that makes an [`Outcome`] of a [`Failure`]. A refusal is looked up by its enhanced code, then by its basic
//! code, then by its first digit; words in the text refine only where the table says so. Anything that is not a whole
//! reply is decided by the step alone: after the final dot nobody knows, before it nothing was sent.

use super::fault::{Failure, Fault, Step};
use super::reply::Reply;
use notifyd_lifecycle::Outcome;
use notifyd_lifecycle::outcome::Invalid;

/// An entry of the tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Dead,
    Permanent,
    Transient,
    Rate,
    Config,
    /// The enhanced code says nothing here: look at the basic code.
    Basic,
}
use Class::{Basic, Config, Dead, Permanent, Rate, Transient};

/// Subject and detail of an enhanced code, its class as 5.x and as 4.x.
type Row = ((u16, u16), Class, Class);

#[rustfmt::skip]
const ENHANCED: &[Row] = &[
    ((1, 1),  Dead,      Transient), // no such mailbox
    ((1, 2),  Dead,      Transient), // bad domain
    ((1, 3),  Dead,      Permanent), // address syntax
    ((1, 6),  Dead,      Transient), // moved, no forwarding
    ((1, 7),  Config,    Transient), // bad sender address
    ((1, 8),  Config,    Transient), // bad sender domain
    ((1, 10), Dead,      Transient), // null MX
    ((2, 1),  Dead,      Transient), // mailbox disabled
    ((2, 2),  Permanent, Transient), // mailbox full
    ((2, 3),  Permanent, Permanent), // too large for the mailbox
    ((3, 1),  Transient, Transient), // system full
    ((3, 2),  Transient, Transient), // not accepting
    ((3, 4),  Permanent, Permanent), // too large for the system
    ((4, 1),  Transient, Transient), // no answer
    ((4, 2),  Transient, Transient), // bad connection
    ((4, 4),  Dead,      Transient), // no route to the domain
    ((4, 5),  Transient, Transient), // congestion
    ((4, 6),  Permanent, Transient), // loop
    ((4, 7),  Permanent, Transient), // expired
    ((5, 1),  Permanent, Transient), // protocol errors
    ((5, 2),  Permanent, Transient),
    ((5, 3),  Permanent, Transient), // too many recipients
    ((5, 4),  Permanent, Transient),
    ((6, 7),  Permanent, Permanent), // non-ASCII address
    ((7, 0),  Permanent, Transient), // security, unspecified; see `refined`
    ((7, 1),  Permanent, Transient), // policy; see `refined`
    ((7, 8),  Config,    Transient), // bad credentials
    ((7, 9),  Config,    Config),    // mechanism too weak
    ((7, 11), Config,    Config),    // encryption needed
    ((7, 12), Basic,     Config),    // password transition needed
    ((7, 13), Dead,      Transient), // account disabled
    ((7, 14), Config,    Transient), // trust relationship
    ((7, 20), Config,    Rate),      // DKIM
    ((7, 21), Config,    Rate),
    ((7, 22), Config,    Rate),
    ((7, 23), Config,    Rate),      // SPF
    ((7, 24), Config,    Rate),
    ((7, 25), Config,    Rate),      // reverse DNS
    ((7, 26), Config,    Rate),      // DMARC
    ((7, 28), Basic,     Rate),      // unusual rate
];

/// Decides.
pub(super) fn outcome(failure: &Failure) -> Outcome {
    match &failure.fault {
        Fault::Refused(reply) => refusal(failure.step, reply),
        Fault::Unfit(_) => Outcome::ProviderConfig,
        Fault::Uncarried(_) => Outcome::Permanent,
        Fault::Io(_) | Fault::Closed | Fault::Garbage(_) | Fault::TimedOut => {
            if failure.step == Step::Dot {
                Outcome::Ambiguous
            } else {
                Outcome::Transient
            }
        }
    }
}

fn refusal(step: Step, reply: &Reply) -> Outcome {
    let text = reply.text().to_lowercase();
    let class = match enhanced(reply, &text) {
        Some(class) => class,
        None => basic(step, reply, &text),
    };
    match placed(step, class) {
        Dead => Outcome::RecipientInvalid(Invalid::Dead),
        Permanent => Outcome::Permanent,
        Rate => Outcome::RateLimited { after: None },
        Config => Outcome::ProviderConfig,
        Transient | Basic => Outcome::Transient,
    }
}

/// Before MAIL no message has been mentioned, and MAIL names only our own address: what is refused for good there is
/// the account, never a recipient.
fn placed(step: Step, class: Class) -> Class {
    match class {
        Dead | Permanent if step < Step::Mail => Config,
        Dead if step == Step::Mail => Config,
        class => class,
    }
}

fn enhanced(reply: &Reply, text: &str) -> Option<Class> {
    let code = reply.enhanced()?;
    let (_, five, four) = ENHANCED.iter().find(|(row, _, _)| *row == code)?;
    let class = match (reply.class(), code) {
        (5, (7, 1)) if text.contains("relay") => Config,
        (4, (7, 0)) if text.contains("try again") => Rate,
        (5, _) => *five,
        _ => *four,
    };
    (class != Basic).then_some(class)
}

#[rustfmt::skip]
fn basic(step: Step, reply: &Reply, text: &str) -> Class {
    match reply.code {
        421 if speaks_of_rate(text) => Rate,
        454 if speaks_of_quota(text) => Rate,           // Amazon SES
        500..=504 | 523 | 530 | 534 | 535 | 538 => Config, // it does not understand us; encryption or login
        521 if step < Step::Rcpt(0) => Config,          // the relay itself takes no mail
        550 if names_the_recipient(step, reply, text) => Dead,
        551 | 556 => Dead,                              // not local; the domain takes no mail
        553 if !has_enhanced(reply) && text.contains("sender") => Config,
        code if code >= 500 => Permanent,
        _ => Transient,
    }
}

/// Words refine only what has no enhanced code.
fn has_enhanced(reply: &Reply) -> bool {
    reply.enhanced().is_some()
}

/// A bare 550 to RCPT that speaks of the mailbox. One that also speaks of a block or a delay is about us.
fn names_the_recipient(step: Step, reply: &Reply, text: &str) -> bool {
    let about_us = ["blocked", "blacklist", "spamhaus", "greylist", "try again", "throttl", "too many"];
    matches!(step, Step::Rcpt(_))
        && !has_enhanced(reply)
        && ["user", "mailbox", "recipient"].iter().any(|word| text.contains(word))
        && !about_us.iter().any(|word| text.contains(word))
}

/// `rate` only as a word of its own: it hides in `operate`, `separate`, `generate`.
fn speaks_of_rate(text: &str) -> bool {
    let alone = text.split(|c: char| !c.is_alphanumeric()).any(|word| word == "rate");
    alone || ["too many", "throttl"].iter().any(|word| text.contains(word))
}

fn speaks_of_quota(text: &str) -> bool {
    ["throttl", "maximum sending rate exceeded", "daily message quota exceeded"]
        .iter()
        .any(|word| text.contains(word))
}

#[cfg(test)]
mod tests;
