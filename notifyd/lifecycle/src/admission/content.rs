//! The content of a notification and its addresses: what may be in them, and how large they may be.

use super::reach::PER_CHANNEL;
use super::{Errors, MAX_LABEL};
use crate::Policy;
use crate::address::{MAX_RECIPIENTS, email, normalise, shown};
use crate::message::Message;
use crate::webhook::header;
use notify_proto::Channel;
use notify_proto::send::{Attachment, OneOrMany, Recipient, SendRequest};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Longest subject, characters (RFC 5322's line limit).
pub const MAX_SUBJECT: usize = 998;
/// Most attachments of a mail.
const MAX_ATTACHMENTS: usize = 100;
/// Deepest `meta_data` and `channel_options`, levels. They are stored inside other JSON, which nobody may find too deep
/// to read.
const MAX_META_DEPTH: usize = 32;
/// Largest `meta_data` and `channel_options`, bytes of JSON.
pub const MAX_META_BYTES: usize = 16 * 1_024;
/// Largest attachments of one mail, bytes decoded.
pub const MAX_ATTACHMENT_BYTES: usize = 10 * 1_024 * 1_024;

/// Checks subject, texts, labels and data.
pub(super) fn texts(request: &SendRequest, is_email: bool, channels: &[Channel], errors: &mut Errors) {
    errors.line("subject", request.subject.as_deref(), MAX_SUBJECT);
    for (field, text) in [
        ("tenant_id", &request.tenant_id),
        ("event_type", &request.event_type),
        ("category", &request.category),
        ("sender_id", &request.sender_id),
    ] {
        errors.line(field, text.as_deref(), MAX_LABEL);
    }
    errors.line("dedup_key", request.dedup_key.as_deref(), MAX_LABEL);
    if request.dedup_key.as_deref().is_some_and(|key| key.trim().is_empty()) {
        errors.add("dedup_key", "is empty; give a key, or leave it out");
    }
    if request.dedup_key.is_some() && request.deduplicate == Some(false) {
        errors.add("dedup_key", "goes with deduplication; leave out deduplicate, or the key");
    }
    let empty = |text: &Option<String>| text.as_deref().is_none_or(|text| text.trim().is_empty());
    let media = channels == [Channel::Whatsapp] && !empty(&request.media_url);
    let html = channels == [Channel::Email] && !empty(&request.html_body);
    if empty(&request.content) && !media && !html {
        errors.add("content", "is missing; give the text to send");
    }
    for (field, text) in [("content", &request.content), ("html_body", &request.html_body)] {
        if text.as_deref().is_some_and(|text| text.contains('\0')) {
            errors.add(field, "must not contain NUL characters");
        }
    }
    if let Some(url) = &request.media_url
        && let Err(problem) = normalise(Channel::Webhook, url)
    {
        errors.add("media_url", problem);
    }
    if !is_email {
        for (field, given) in [
            ("cc", request.cc.is_some()),
            ("bcc", request.bcc.is_some()),
            ("reply_to", request.reply_to.is_some()),
            ("attachments", request.attachments.is_some()),
            ("html_body", request.html_body.is_some()),
        ] {
            if given {
                errors.add(field, "is for the email channel only");
            }
        }
    }
    if let Some(options) = &request.channel_options
        && channels.contains(&Channel::Webhook)
    {
        webhook_options(options, errors);
    }
    for (field, object) in [("meta_data", &request.meta_data), ("channel_options", &request.channel_options)]
    {
        let size =
            object.as_ref().and_then(|object| serde_json::to_vec(object).ok()).map_or(0, |json| json.len());
        if size > MAX_META_BYTES {
            errors.add(field, format!("is {size} bytes as JSON; at most {MAX_META_BYTES} are allowed"));
        }
        if object
            .as_ref()
            .is_some_and(|object| object.values().any(|value| deeper(value, MAX_META_DEPTH - 1)))
        {
            errors.add(field, format!("is nested too deeply; at most {MAX_META_DEPTH} levels are allowed"));
        }
    }
}

/// Checks how a webhook is to be called: `channel_options.webhook`.
fn webhook_options(options: &Map<String, Value>, errors: &mut Errors) {
    const FIELD: &str = "channel_options.webhook";
    let Some(options) = options.get("webhook") else { return };
    let Value::Object(options) = options else {
        errors.add(FIELD, "must be an object with method and headers");
        return;
    };
    for (name, value) in options {
        match name.as_str() {
            "method" if header::METHODS.iter().any(|it| value == it) => {}
            "method" => {
                errors
                    .add(format!("{FIELD}.method"), format!("must be one of {}", header::METHODS.join(", ")));
            }
            "headers" => {
                if let Err(wrong) = header::read(value) {
                    let name = if wrong.name.is_empty() { String::new() } else { format!(".{}", wrong.name) };
                    errors.add(format!("{FIELD}.headers{name}"), wrong.problem);
                }
            }
            _ => errors.add(format!("{FIELD}.{}", shown(name)), "is not known; use method or headers"),
        }
    }
}

/// Whether a value has more than so many levels of objects and arrays.
fn deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Array(values) => levels == 0 || values.iter().any(|value| deeper(value, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|value| deeper(value, levels - 1)),
        _ => false,
    }
}

/// The message, with the addresses of each channel checked and in their normal forms.
pub(super) fn message(
    request: SendRequest,
    channels: &[Channel],
    destinations: &Policy,
    correlation_id: Option<String>,
    errors: &mut Errors,
) -> Message {
    let mails = |field: &str, list: Option<OneOrMany>, errors: &mut Errors| -> Vec<String> {
        let mut good = Vec::new();
        let list = list.map(OneOrMany::into_vec).unwrap_or_default();
        if too_many(field, &list, errors) {
            return good;
        }
        for (index, address) in list.iter().enumerate() {
            match email(address) {
                Ok(address) => good.push(address),
                Err(problem) => errors.add(format!("{field}[{index}]"), problem),
            }
        }
        good
    };
    let cc = mails("cc", request.cc, errors);
    let bcc = mails("bcc", request.bcc, errors);
    let reply_to = mails("reply_to", request.reply_to.map(OneOrMany::One), errors).pop();
    let attachments = request.attachments.unwrap_or_default();
    check_attachments(&attachments, errors);
    let (recipient, addresses) = if let Some(recipient) = request.recipient {
        let addresses = addresses(&recipient, channels, destinations, errors);
        (recipient, addresses)
    } else {
        errors.add("recipient", "is missing; give the address to send to");
        (Recipient::Many(vec![]), BTreeMap::new())
    };
    let to = addresses.get(&Channel::Email).map_or(0, Vec::len);
    if to + cc.len() + bcc.len() > MAX_RECIPIENTS {
        errors.add("recipient", format!("a mail has at most {MAX_RECIPIENTS} addresses over to, cc and bcc"));
    }
    Message {
        recipient,
        addresses,
        cc,
        bcc,
        reply_to,
        attachments,
        subject: request.subject,
        content: request.content,
        html_body: request.html_body,
        media_url: request.media_url,
        sender_id: request.sender_id,
        channel_options: request.channel_options,
        dedup_key: request.dedup_key,
        tenant_id: request.tenant_id,
        event_type: request.event_type,
        category: request.category,
        meta_data: request.meta_data,
        correlation_id,
    }
}

/// An address in its normal form, one that may be called.
fn reachable(channel: Channel, address: &str, destinations: &Policy) -> Result<String, String> {
    let normal = normalise(channel, address)?;
    if channel == Channel::Webhook {
        destinations.check_url(&normal).map_err(|refusal| format!("`{}` {refusal}", shown(address)))?;
    }
    Ok(normal)
}

/// The addresses per channel. A single address serves every channel it is valid for, and must be so for the first.
fn addresses(
    recipient: &Recipient,
    channels: &[Channel],
    destinations: &Policy,
    errors: &mut Errors,
) -> BTreeMap<Channel, Vec<String>> {
    let mut all = BTreeMap::new();
    match recipient {
        Recipient::One(address) => {
            for (index, channel) in channels.iter().enumerate() {
                match reachable(*channel, address, destinations) {
                    Ok(normal) => {
                        all.insert(*channel, vec![normal]);
                    }
                    // Fallback needs no more than the first.
                    Err(_) if index > 0 => {}
                    Err(problem) if channels.len() == 1 => errors.add("recipient", problem),
                    Err(problem) => errors.add(
                        "recipient",
                        format!("{problem}, as the first of the channels, {channel}, needs; {PER_CHANNEL}"),
                    ),
                }
            }
        }
        Recipient::Many(list) => {
            if channels != [Channel::Email] {
                if !channels.is_empty() {
                    errors.add(
                        "recipient",
                        "a list of addresses is for email alone; send one notification each",
                    );
                }
                return all;
            }
            if too_many("recipient", list, errors) {
                return all;
            }
            let mut good = Vec::new();
            for (index, address) in list.iter().enumerate() {
                match email(address) {
                    Ok(normal) => good.push(normal),
                    Err(problem) => errors.add(format!("recipient[{index}]"), problem),
                }
            }
            all.insert(Channel::Email, good);
        }
        Recipient::PerChannel(map) => {
            for (name, list) in map {
                let field = format!("recipient.{name}");
                let channel = match name.parse::<Channel>() {
                    Ok(channel) => channel,
                    Err(_) if name == "user_id" => {
                        errors.add(field, "users are not enabled in this daemon; give an address");
                        continue;
                    }
                    Err(problem) => {
                        errors.add(field, problem.to_string());
                        continue;
                    }
                };
                if !channels.contains(&channel) {
                    errors.add(field, "is not among the channels of this notification");
                    continue;
                }
                let list = list.clone().into_vec();
                if too_many(&field, &list, errors) {
                    continue;
                }
                if channel != Channel::Email && list.len() != 1 {
                    errors.add(field, "must be one address");
                    continue;
                }
                let mut good = Vec::new();
                for address in &list {
                    match reachable(channel, address, destinations) {
                        Ok(normal) => good.push(normal),
                        Err(problem) => errors.add(field.clone(), problem),
                    }
                }
                all.insert(channel, good);
            }
        }
    }
    let wrong = errors
        .0
        .iter()
        .any(|error| error.field.starts_with("recipient") || error.field.starts_with("channel"));
    if !wrong && all.values().all(Vec::is_empty) {
        errors.add("recipient", "has no address for any of the channels");
    }
    all
}

/// Whether a list has more addresses than a mail may have, before each of them is looked at.
fn too_many(field: &str, list: &[String], errors: &mut Errors) -> bool {
    let many = list.len() > MAX_RECIPIENTS;
    if many {
        errors.add(field, format!("a mail has at most {MAX_RECIPIENTS} addresses over to, cc and bcc"));
    }
    many
}

fn check_attachments(attachments: &[Attachment], errors: &mut Errors) {
    if attachments.len() > MAX_ATTACHMENTS {
        errors
            .add("attachments", format!("are {}; at most {MAX_ATTACHMENTS} are allowed", attachments.len()));
        return;
    }
    let mut total = 0;
    for (index, file) in attachments.iter().enumerate() {
        let at = |part: &str| format!("attachments[{index}].{part}");
        let name = file.filename.as_str();
        if name.is_empty()
            || name.len() > 255
            || name.contains(['/', '\\', '"'])
            || name.chars().any(char::is_control)
        {
            errors
                .add(at("filename"), "must be a file name of 1 to 255 characters without slashes or quotes");
        }
        let type_ok =
            file.content_type.split_once('/').is_some_and(|(kind, sub)| !kind.is_empty() && !sub.is_empty());
        if !type_ok || !file.content_type.bytes().all(|b| b.is_ascii_graphic() || b == b' ') {
            errors.add(at("content_type"), "must be a MIME type such as application/pdf");
        }
        match base64::Engine::decode(&base64::engine::general_purpose::STANDARD, &file.content_base64) {
            Ok(bytes) => total += bytes.len(),
            Err(_) => errors.add(at("content_base64"), "must be standard base64 with padding"),
        }
    }
    if total > MAX_ATTACHMENT_BYTES {
        errors.add("attachments", format!("are {total} bytes; at most {MAX_ATTACHMENT_BYTES} are allowed"));
    }
}
