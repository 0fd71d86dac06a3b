//! Secrets at rest: XChaCha20-Poly1305, with the place of the value as associated data, so that a sealed value cannot be
//! moved to another row.

use crate::error::StoreError;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use notify_proto::ProviderId;
use notifyd_lifecycle::{Entropy, Secret};

/// Bytes of the nonce in front of a sealed value.
const NONCE: usize = 24;

/// Seals and opens.
pub struct Seal(XChaCha20Poly1305);

impl Seal {
    /// With the master key.
    pub fn new(master: &Secret<[u8; 32]>) -> Self {
        Self(XChaCha20Poly1305::new(master.expose().into()))
    }

    /// Seals the secret of a provider.
    pub fn seal(
        &self,
        provider: ProviderId,
        secret: &str,
        entropy: &dyn Entropy,
    ) -> Result<Vec<u8>, StoreError> {
        let mut sealed = vec![0; NONCE];
        entropy.fill(&mut sealed);
        let payload = Payload { msg: secret.as_bytes(), aad: &place(provider) };
        let text = self
            .0
            .encrypt(XNonce::from_slice(&sealed), payload)
            .map_err(|_| StoreError::Seal("the secret could not be sealed".into()))?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens it.
    pub fn open(&self, provider: ProviderId, sealed: &[u8]) -> Result<Secret<String>, StoreError> {
        let wrong = || {
            StoreError::Seal("the secret cannot be opened: is this the master key it was sealed with?".into())
        };
        if sealed.len() < NONCE {
            return Err(wrong());
        }
        let (nonce, text) = sealed.split_at(NONCE);
        let payload = Payload { msg: text, aad: &place(provider) };
        let opened = self.0.decrypt(XNonce::from_slice(nonce), payload).map_err(|_| wrong())?;
        String::from_utf8(opened).map(Secret::new).map_err(|_| wrong())
    }
}

fn place(provider: ProviderId) -> Vec<u8> {
    [b"providers.secret:".as_slice(), provider.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::entropy::SeededEntropy;

    #[test]
    fn only_its_own_place_and_key_open_it() {
        let entropy = SeededEntropy::new(1);
        let seal = Seal::new(&Secret::new([1; 32]));
        let here = ProviderId::from_bytes([1; 16]);
        let sealed = seal.seal(here, "hunter2", &entropy).unwrap();
        assert!(!sealed.windows(7).any(|window| window == b"hunter2"));
        assert_eq!(seal.open(here, &sealed).unwrap().expose(), "hunter2");
        assert!(seal.open(ProviderId::from_bytes([2; 16]), &sealed).is_err());
        assert!(Seal::new(&Secret::new([2; 32])).open(here, &sealed).is_err());
        assert!(seal.open(here, &sealed[..10]).is_err());
    }
}
