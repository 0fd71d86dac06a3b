//! What a request with several channels lacks, said of the field that mends it.
//!
//! The rules refuse what has its addresses on some channels and its providers on others, and say so of the field that names
//! the channels or the provider. What is missing is an address, though: of which channel, the caller is told here. A request
//! that is good never comes by.

use notify_proto::Channel;
use notify_proto::send::{Recipient, SendRequest};
use notifyd_lifecycle::address::normalise;
use notifyd_lifecycle::admission::FieldError;
use notifyd_lifecycle::candidate::Candidate;

/// The errors of a request to an address that names no channel, in the words of whoever can mend them.
pub(super) fn told(
    mut errors: Vec<FieldError>,
    request: &SendRequest,
    providers: &[Candidate],
) -> Vec<FieldError> {
    let (Some(channels), Some(recipient)) = (request.channels.as_deref(), &request.recipient) else {
        return errors;
    };
    let ([first, _, ..], true) = (channels, each_once(channels)) else { return errors };
    if let Recipient::One(address) = recipient
        && let Err(problem) = normalise(*first, address)
        && let Some(error) = errors.iter_mut().find(|it| it.field == "recipient" && it.message == problem)
    {
        error.message = format!("{problem}, as the first of the channels, {first}, needs; {MAP}");
    } else if let [error] = errors.as_mut_slice()
        && ["channels", "provider_id"].contains(&error.field.as_str())
        && let Some(better) = no_address(channels, recipient, request, providers)
    {
        *error = better;
    }
    errors
}

/// How each channel gets its own.
const MAP: &str = "give a map from channel to address";

fn each_once(channels: &[Channel]) -> bool {
    channels.iter().enumerate().all(|(index, channel)| !channels[..index].contains(channel))
}

/// Of channels that a provider serves, and that all have no address.
fn no_address(
    channels: &[Channel],
    recipient: &Recipient,
    request: &SendRequest,
    providers: &[Candidate],
) -> Option<FieldError> {
    let pinned = match request.provider_id.as_deref() {
        // What is wrong with the pinned one itself was said.
        Some(wanted) => Some(providers.iter().find(|it| it.active && is(it, wanted))?),
        None => None,
    };
    let pinned = pinned.filter(|_| request.allow_failover != Some(true));
    let asked = |it: &&Candidate| it.active && pinned.is_none_or(|pinned| pinned.id == it.id);
    let serves = |channel: &&Channel| providers.iter().filter(asked).any(|it| it.channels.has(**channel));
    let served: Vec<Channel> = channels.iter().filter(serves).copied().collect();
    let first = *served.first()?;
    if served.iter().any(|channel| has_address(recipient, *channel)) {
        return None;
    }
    let names = served.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(" and ");
    let only = match pinned {
        Some(pinned) => format!("of the channels, provider {} serves only {names}", pinned.name),
        None => format!("of the channels, active providers serve only {names}"),
    };
    let or = if pinned.is_some() { ", or name another provider_id, or none" } else { "" };
    Some(match recipient {
        Recipient::PerChannel(_) => FieldError {
            field: format!("recipient.{first}"),
            message: format!("is missing: {only}; give an address there{or}"),
        },
        Recipient::One(_) | Recipient::Many(_) => FieldError {
            field: "recipient".to_owned(),
            message: format!("has no address for {names}, and {only}; {MAP}{or}"),
        },
    })
}

fn is(provider: &Candidate, wanted: &str) -> bool {
    provider.name == wanted || wanted.parse() == Ok(provider.id)
}

/// Whether a recipient without errors has an address on a channel.
fn has_address(recipient: &Recipient, channel: Channel) -> bool {
    match recipient {
        Recipient::One(address) => normalise(channel, address).is_ok(),
        Recipient::Many(_) => channel == Channel::Email,
        Recipient::PerChannel(map) => map.contains_key(channel.as_str()),
    }
}
