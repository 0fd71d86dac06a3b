//! Signatures after Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, so that receivers
//! verify them with any of its libraries. While a secret is replaced, both sign.

use crate::{Entropy, Secret};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// Bytes of a key.
const LENGTH: std::ops::RangeInclusive<usize> = 24..=64;

/// Bytes of a key that is made here.
const MADE: usize = 32;

/// Most secrets that sign at once.
const MAX_KEYS: usize = 4;

/// The secrets that sign, the newest first.
#[derive(Debug, Clone)]
pub struct Keys(Vec<Secret<Vec<u8>>>);

/// Why a text is no secret. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoKey {
    /// Not of this form.
    #[error("is no signing secret: whsec_ and the base64 of 24 to 64 random bytes")]
    Form,
    /// None, or too many.
    #[error("holds no signing secret, or more than {MAX_KEYS}")]
    Count,
}

impl Keys {
    /// Reads the secrets of a text; several are apart by blanks or line ends.
    pub fn parse(text: &str) -> Result<Self, NoKey> {
        let keys = text.split_whitespace().map(|word| {
            let packed = word.strip_prefix(PREFIX).ok_or(NoKey::Form)?;
            let key = Secret::new(BASE64_STANDARD.decode(packed).map_err(|_| NoKey::Form)?);
            if LENGTH.contains(&key.expose().len()) { Ok(key) } else { Err(NoKey::Form) }
        });
        let keys = keys.collect::<Result<Vec<_>, _>>()?;
        if (1..=MAX_KEYS).contains(&keys.len()) { Ok(Self(keys)) } else { Err(NoKey::Count) }
    }

    /// The value of the `webhook-signature` header. `timestamp` is in seconds since 1970.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        // `v1,`, 44 characters and a blank each.
        let mut signatures = String::with_capacity(self.0.len() * 48);
        let timestamp = timestamp.to_string();
        for key in &self.0 {
            // HMAC takes keys of any length, so there is no error to hand on.
            let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.expose()) else { continue };
            for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
                mac.update(part);
            }
            if !signatures.is_empty() {
                signatures.push(' ');
            }
            signatures.push_str("v1,");
            BASE64_STANDARD.encode_string(mac.finalize().into_bytes(), &mut signatures);
        }
        signatures
    }
}

/// A new secret.
pub fn mint(entropy: &dyn Entropy) -> Secret<String> {
    let mut key = zeroize::Zeroizing::new([0; MADE]);
    entropy.fill(&mut *key);
    Secret::new(format!("{PREFIX}{}", BASE64_STANDARD.encode(*key)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SeededEntropy;
    use proptest::prelude::*;

    const SECRET: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";
    const BODY: &[u8] = br#"{"type":"message.sent","id":"m_1"}"#;
    const SIGNATURE: &str = "v1,qGwMg+p/Urn67jUwF1LcNln/bqFWlUN4b59SgPCs6BE=";

    #[test]
    fn the_known_vector_comes_out() {
        assert_eq!(Keys::parse(SECRET).unwrap().sign("msg_01", 1_795_000_000, BODY), SIGNATURE);
    }

    #[test]
    fn while_a_secret_is_replaced_both_sign() {
        let new = mint(&SeededEntropy::new(7));
        let keys = Keys::parse(&format!("{}\n{SECRET}\n", new.expose())).unwrap();
        let both = keys.sign("msg_01", 1_795_000_000, BODY);
        let alone = Keys::parse(new.expose()).unwrap().sign("msg_01", 1_795_000_000, BODY);
        assert_eq!(both, format!("{alone} {SIGNATURE}"));
        assert_ne!(alone, SIGNATURE);
    }

    #[test]
    fn what_is_no_secret_is_refused_and_not_repeated() {
        let of = |length: usize| format!("whsec_{}", BASE64_STANDARD.encode(vec![7; length]));
        for text in ["hunter2", "whsec_", "whsec_hunter2!", "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"] {
            let error = Keys::parse(text).unwrap_err();
            assert_eq!(error, NoKey::Form);
            assert!(!error.to_string().contains("hunter2"));
        }
        for (length, good) in [(23, false), (24, true), (64, true), (65, false)] {
            assert_eq!(Keys::parse(&of(length)).is_ok(), good, "{length}");
        }
        assert_eq!(Keys::parse(" \n").unwrap_err(), NoKey::Count);
        assert_eq!(Keys::parse(&[SECRET; 5].join(" ")).unwrap_err(), NoKey::Count);
        assert!(!format!("{:?}", Keys::parse(SECRET).unwrap()).contains("AAEC"));
    }

    proptest! {
        #[test]
        fn every_part_counts(seed: u64, id in "[a-z]{1,20}", at: i64, body: Vec<u8>) {
            let keys = Keys::parse(mint(&SeededEntropy::new(seed)).expose()).unwrap();
            let signature = keys.sign(&id, at, &body);
            prop_assert_eq!(signature.len(), 47);
            prop_assert_ne!(&keys.sign(&format!("{id}x"), at, &body), &signature);
            prop_assert_ne!(&keys.sign(&id, at.wrapping_add(1), &body), &signature);
            prop_assert_ne!(&keys.sign(&id, at, &[body.as_slice(), b"x"].concat()), &signature);
        }
    }
}
