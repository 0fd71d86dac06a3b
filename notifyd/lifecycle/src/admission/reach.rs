//! Whether anybody can deliver it: of the channels asked for, one must have both an address and a provider that is switched
//! on. Fallback needs no more than one; a pin narrows the providers down.

use super::Errors;
use crate::candidate::Candidate;
use crate::message::{Message, Plan};
use notify_proto::send::{Recipient, SendRequest};
use notify_proto::{Channel, ProviderId};

/// The pinned provider. It must be switched on and serve one of the channels; without a pin, any other must.
pub(super) fn pinned(
    request: &SendRequest,
    channels: &[Channel],
    providers: &[Candidate],
    errors: &mut Errors,
) -> Option<ProviderId> {
    let Some(wanted) = &request.provider_id else {
        let served = |channel: &Channel| serves(providers, None, *channel);
        if !channels.is_empty() && !channels.iter().any(served) {
            errors.add(
                field(request),
                format!("no active provider serves {}; {}", names(channels), others(providers)),
            );
        }
        return None;
    };
    let found = providers.iter().find(|p| p.name == *wanted || wanted.parse() == Ok(p.id));
    let problem = match found {
        None => "no provider has this name or id".to_owned(),
        Some(provider) if !provider.active => format!("provider {} is switched off", provider.name),
        Some(provider) if channels.is_empty() => return Some(provider.id),
        Some(provider) if channels.iter().any(|it| provider.channels.has(*it)) => return Some(provider.id),
        Some(provider) => format!("provider {} does not serve {}", provider.name, names(channels)),
    };
    errors.add("provider_id", format!("{problem}; name another, or leave it out"));
    None
}

/// Refuses what has its addresses on some channels and its providers on others. What has none at all of either was
/// refused before.
pub(super) fn deliverable(plan: &Plan, message: &Message, providers: &[Candidate], errors: &mut Errors) {
    let pin = plan.pinned.filter(|_| !plan.allow_failover);
    let has_address = |channel: Channel| message.addresses.get(&channel).is_some_and(|all| !all.is_empty());
    let reached = |channel: &Channel| has_address(*channel) && serves(providers, pin, *channel);
    if plan.channels.iter().any(reached) {
        return;
    }
    let who = pin.and_then(|pin| providers.iter().find(|it| it.id == pin));
    let served: Vec<Channel> =
        plan.channels.iter().copied().filter(|channel| serves(providers, pin, *channel)).collect();
    // That nobody serves any of them was said before.
    let Some(first) = served.first() else { return };
    let names = served.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(" and ");
    let (only, or) = match who {
        Some(pinned) => (
            format!("provider {} serves only {names}", pinned.name),
            ", or name another provider_id, or none",
        ),
        None => (format!("active providers serve only {names}"), ""),
    };
    match &message.recipient {
        Recipient::PerChannel(_) => errors.add(
            format!("recipient.{first}"),
            format!("is missing: of the channels, {only}; give an address there{or}"),
        ),
        Recipient::One(_) | Recipient::Many(_) => errors.add(
            "recipient",
            format!("has no address for {names}, and of the channels, {only}; {PER_CHANNEL}{or}"),
        ),
    }
}

/// How each channel gets its own address.
pub(super) const PER_CHANNEL: &str = "give a map from channel to address";

/// The field that names the channels.
fn field(request: &SendRequest) -> &'static str {
    if request.channels.is_some() { "channels" } else { "channel" }
}

/// Whether a provider that is switched on serves a channel: the pinned one, or any.
fn serves(providers: &[Candidate], pin: Option<ProviderId>, channel: Channel) -> bool {
    let asked = |it: &&Candidate| pin.is_none_or(|pin| pin == it.id);
    providers.iter().filter(asked).any(|it| it.active && it.channels.has(channel))
}

fn names(channels: &[Channel]) -> String {
    channels.iter().map(|channel| channel.as_str()).collect::<Vec<_>>().join(" or ")
}

/// What could be asked for instead.
fn others(providers: &[Candidate]) -> String {
    let served: Vec<_> =
        Channel::ALL.iter().copied().filter(|channel| serves(providers, None, *channel)).collect();
    if served.is_empty() {
        return "no channel is served now; ask the operator".to_owned();
    }
    let served: Vec<_> = served.iter().map(|channel| channel.as_str()).collect();
    format!("these channels are served now: {}", served.join(", "))
}
