//! The key that finds an equal earlier notification.

use crate::message::Message;
use notify_proto::{Channel, ServiceId};
use sha2::{Digest, Sha256};

/// Sixteen bytes of SHA-256 over service, channels, recipient, subject and content. Equal keys mean equal requests: at
/// a billion notifications a collision has a chance of one in 10²⁰.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DedupKey(pub [u8; 16]);

impl DedupKey {
    /// The key of this message: the caller's own, where there is one.
    pub fn of(service: ServiceId, channels: &[Channel], message: &Message) -> Self {
        let mut hash = Sha256::new();
        hash.update(service.as_bytes());
        if let Some(own) = &message.dedup_key {
            // No list of channels begins with a part that is empty.
            part(&mut hash, "");
            part(&mut hash, own);
            return Self::short(hash);
        }
        for channel in channels {
            part(&mut hash, channel.as_str());
        }
        for (channel, addresses) in &message.addresses {
            part(&mut hash, channel.as_str());
            for address in addresses {
                part(&mut hash, address);
            }
        }
        for text in [&message.subject, &message.content, &message.html_body, &message.media_url] {
            // A missing text and an empty one are different requests.
            hash.update([u8::from(text.is_some())]);
            part(&mut hash, text.as_deref().unwrap_or_default());
        }
        for attachment in &message.attachments {
            part(&mut hash, &attachment.filename);
            part(&mut hash, &attachment.content_base64);
        }
        if let Some(options) = &message.channel_options {
            part(&mut hash, &serde_json::to_string(options).unwrap_or_default());
        }
        Self::short(hash)
    }

    fn short(hash: Sha256) -> Self {
        let digest = hash.finalize();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        Self(key)
    }
}

/// Length first, so that no two lists of parts run together alike.
fn part(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::text;

    fn key(message: &Message) -> DedupKey {
        DedupKey::of(ServiceId::from_bytes([1; 16]), &[Channel::Sms], message)
    }

    #[test]
    fn equal_requests_have_equal_keys_and_each_part_counts() {
        let base = text("+15005550006");
        assert_eq!(key(&base), key(&base.clone()));
        let mut other = base.clone();
        other.content = Some("hello!".into());
        assert_ne!(key(&base), key(&other));
        assert_ne!(key(&base), key(&text("+15005550007")));
        let mut titled = base.clone();
        titled.subject = Some(String::new());
        assert_ne!(key(&base), key(&titled));
        let own = |key: &str, content: &str| Message {
            dedup_key: Some(key.into()),
            content: Some(content.into()),
            ..base.clone()
        };
        assert_eq!(
            key(&own("order-1", "hello")),
            key(&own("order-1", "hello again")),
            "it stands for the content"
        );
        assert_ne!(key(&own("order-1", "hello")), key(&own("order-2", "hello")));
        assert_ne!(key(&own("order-1", "hello")), key(&base));
        let other_service = DedupKey::of(ServiceId::from_bytes([2; 16]), &[Channel::Sms], &base);
        assert_ne!(key(&base), other_service);
    }
}
