//! The message becomes a [`Mail`]: an envelope and the bytes after DATA. Text values that could become protocol are
//! refused by name; intake refuses them too, this is the second fence.

use super::encode;
use crate::Call;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lettre::message::header::{self, ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment as FilePart, Mailbox, Mailboxes, MessageBuilder, MultiPart, SinglePart};
use lettre::{Address, Message as Letter};
use notify_proto::Timestamp;
use notify_proto::send::Attachment;
use notifyd_lifecycle::Message;
use std::time::SystemTime;

/// What goes over the wire.
#[derive(Debug)]
pub(super) struct Mail {
    pub sender: Address,
    /// To, Cc and Bcc without repeats; at least one.
    pub recipients: Vec<Address>,
    /// Headers and content, line ends CRLF, the last line ended.
    pub bytes: Vec<u8>,
}

impl Mail {
    /// Whether an address needs SMTPUTF8.
    pub(super) fn needs_utf8(&self) -> bool {
        std::iter::once(&self.sender).chain(&self.recipients).any(|address| !is_ascii(address))
    }
}

/// Why a message cannot be a mail, ever.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("{0} contains a line break or NUL")]
    Control(&'static str),
    #[error("{field} holds no mail address: {reason}")]
    Address { field: &'static str, reason: lettre::address::AddressError },
    #[error("there is nobody to send it to")]
    Nobody,
    #[error("attachment {0} is no valid base64")]
    Base64(usize),
    #[error("attachment {0} has no valid content type")]
    ContentType(usize),
    #[error("the mail cannot be built: {0}")]
    Build(#[from] lettre::error::Error),
    #[error("the mail would contain a bare line end")]
    BareLineEnd,
}

/// Builds the mail. `Message-ID` is made of the notification alone, so that every attempt carries the same.
pub(super) fn build(call: &Call<'_>, from: &Mailbox, now: Timestamp) -> Result<Mail, Refusal> {
    let message = call.message;
    let to = mailboxes("recipient", call.to)?;
    let cc = mailboxes("cc", &message.cc)?;
    let bcc = mailboxes("bcc", &message.bcc)?;
    let mut recipients: Vec<Address> = Vec::with_capacity(to.len() + cc.len() + bcc.len());
    for mailbox in to.iter().chain(&cc).chain(&bcc) {
        if !recipients.contains(&mailbox.email) {
            recipients.push(mailbox.email.clone());
        }
    }
    if recipients.is_empty() {
        return Err(Refusal::Nobody);
    }
    let id = format!("<{}@{}>", call.notification, from.email.domain());
    let mut builder = Letter::builder()
        .from(from.clone())
        .header(header::To::from(to.into_iter().collect::<Mailboxes>()))
        .date(SystemTime::from(now))
        .message_id(Some(id))
        .raw_header(HeaderValue::new(
            HeaderName::new_from_ascii_str("Auto-Submitted"),
            String::from("auto-generated"),
        ));
    if !cc.is_empty() {
        builder = builder.header(header::Cc::from(cc.into_iter().collect::<Mailboxes>()));
    }
    if let Some(reply_to) = &message.reply_to {
        builder = builder.reply_to(mailbox("reply_to", reply_to)?);
    }
    if let Some(subject) = &message.subject {
        builder = builder.subject(checked("subject", subject)?);
    }
    let mut bytes = with_content(builder, message)?.formatted();
    if !bytes.ends_with(b"\r\n") {
        bytes.extend_from_slice(b"\r\n");
    }
    if has_bare_line_end(&bytes) {
        return Err(Refusal::BareLineEnd);
    }
    Ok(Mail { sender: from.email.clone(), recipients, bytes })
}

/// Plain first, HTML last (the preferred one), files after both.
fn with_content(builder: MessageBuilder, message: &Message) -> Result<Letter, Refusal> {
    enum Content {
        One(SinglePart),
        Both(MultiPart),
    }
    let plain = |text: &str| SinglePart::builder().header(ContentType::TEXT_PLAIN).body(encode::text(text));
    let html = |text: &str| SinglePart::builder().header(ContentType::TEXT_HTML).body(encode::text(text));
    let content = match (message.content.as_deref(), message.html_body.as_deref()) {
        (Some(text), Some(page)) => {
            Content::Both(MultiPart::alternative().singlepart(plain(text)).singlepart(html(page)))
        }
        (None, Some(page)) => Content::One(html(page)),
        (text, None) => Content::One(plain(text.unwrap_or_default())),
    };
    if message.attachments.is_empty() {
        return Ok(match content {
            Content::One(part) => builder.singlepart(part)?,
            Content::Both(part) => builder.multipart(part)?,
        });
    }
    let mut mixed = match content {
        Content::One(part) => MultiPart::mixed().singlepart(part),
        Content::Both(part) => MultiPart::mixed().multipart(part),
    };
    for (index, attachment) in message.attachments.iter().enumerate() {
        mixed = mixed.singlepart(file(index + 1, attachment)?);
    }
    Ok(builder.multipart(mixed)?)
}

fn file(number: usize, attachment: &Attachment) -> Result<SinglePart, Refusal> {
    let name = checked("attachment filename", &attachment.filename)?;
    let kind = checked("attachment content type", &attachment.content_type)?;
    let bytes = BASE64_STANDARD.decode(&attachment.content_base64).map_err(|_| Refusal::Base64(number))?;
    let lower = kind.trim_start().to_ascii_lowercase();
    // RFC 2046 forbids base64 on these: a receiver would look for parts inside. Sent as a plain file instead.
    let composite = lower.starts_with("multipart/") || lower.starts_with("message/");
    let kind = if composite { "application/octet-stream" } else { kind };
    let kind = ContentType::parse(kind).map_err(|_| Refusal::ContentType(number))?;
    Ok(FilePart::new(name.to_owned()).body(encode::file(bytes), kind))
}

fn mailboxes(field: &'static str, list: &[String]) -> Result<Vec<Mailbox>, Refusal> {
    list.iter().map(|address| mailbox(field, address)).collect()
}

fn mailbox(field: &'static str, text: &str) -> Result<Mailbox, Refusal> {
    let mailbox: Mailbox =
        checked(field, text)?.parse().map_err(|reason| Refusal::Address { field, reason })?;
    punycoded(mailbox).map_err(|reason| Refusal::Address { field, reason })
}

/// The same mailbox with its domain in the form every server understands.
pub(super) fn punycoded(mailbox: Mailbox) -> Result<Mailbox, lettre::address::AddressError> {
    if mailbox.email.domain().is_ascii() {
        return Ok(mailbox);
    }
    let domain = idna::domain_to_ascii(mailbox.email.domain())
        .map_err(|_| lettre::address::AddressError::InvalidDomain)?;
    Ok(Mailbox::new(mailbox.name, Address::new(mailbox.email.user(), domain)?))
}

pub(super) fn is_ascii(address: &Address) -> bool {
    AsRef::<str>::as_ref(address).is_ascii()
}

fn checked<'a>(field: &'static str, text: &'a str) -> Result<&'a str, Refusal> {
    if text.contains(['\r', '\n', '\0']) { Err(Refusal::Control(field)) } else { Ok(text) }
}

fn has_bare_line_end(bytes: &[u8]) -> bool {
    let before = std::iter::once(0).chain(bytes.iter().copied());
    let lone_lf = before.zip(bytes).any(|(previous, byte)| *byte == b'\n' && previous != b'\r');
    let lone_cr = bytes.iter().zip(bytes[1.min(bytes.len())..].iter().copied().chain([0]));
    lone_lf || lone_cr.into_iter().any(|(byte, next)| *byte == b'\r' && next != b'\n')
}

#[cfg(test)]
mod tests;
