//! Secrets at rest: XChaCha20-Poly1305, with the place of the value as associated data, so that a sealed value cannot be
//! moved to another row.

use crate::error::{Result, StoreError};
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use notify_proto::ProviderId;
use notifyd_lifecycle::{Entropy, Secret};
use rusqlite::{Connection, OptionalExtension};
use std::path::Path;

/// Bytes of the nonce in front of a sealed value.
const NONCE: usize = 24;

/// The sealed word of `seal_check`, and its place.
const CHECK: &[u8] = b"seal_check.sealed";

/// Seals and opens.
pub struct Seal(XChaCha20Poly1305);

impl Seal {
    /// With the master key.
    pub fn new(master: &Secret<[u8; 32]>) -> Self {
        Self(XChaCha20Poly1305::new(master.expose().into()))
    }

    /// Seals the secret of a provider.
    pub fn seal(&self, provider: ProviderId, secret: &str, entropy: &dyn Entropy) -> Result<Vec<u8>> {
        self.close(&place(provider), secret.as_bytes(), entropy)
    }

    /// Opens it.
    pub fn open(&self, provider: ProviderId, sealed: &[u8]) -> Result<Secret<String>> {
        let opened = self.unlock(&place(provider), sealed).and_then(|text| String::from_utf8(text).ok());
        opened.map(Secret::new).ok_or_else(|| {
            StoreError::Seal("the secret cannot be opened: is this the master key it was sealed with?".into())
        })
    }

    /// Makes sure that this is the key the log was written with; a new log takes this one.
    pub fn check(&self, connection: &Connection, path: &Path, entropy: &dyn Entropy) -> Result<()> {
        let kept: Option<Vec<u8>> = connection
            .query_row(include_str!("sql/seal_check.sql"), [], |row| row.get(0))
            .optional()
            .map_err(StoreError::Read)?;
        if let Some(kept) = kept {
            let opened = self.unlock(CHECK, &kept);
            return opened.map(drop).ok_or_else(|| StoreError::WrongKey { path: path.to_owned() });
        }
        let sealed = self.close(CHECK, CHECK, entropy)?;
        connection
            .execute(include_str!("sql/seal_check_add.sql"), [sealed])
            .map(drop)
            .map_err(StoreError::Write)
    }

    /// Seals bytes for a place.
    pub fn close(&self, place: &[u8], text: &[u8], entropy: &dyn Entropy) -> Result<Vec<u8>> {
        let mut sealed = vec![0; NONCE];
        entropy.fill(&mut sealed);
        let text = self
            .0
            .encrypt(XNonce::from_slice(&sealed), Payload { msg: text, aad: place })
            .map_err(|_| StoreError::Seal("the secret could not be sealed".into()))?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens them; none when they were sealed for another place, or with another key.
    pub fn unlock(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_at_checked(NONCE)?;
        self.0.decrypt(XNonce::from_slice(nonce), Payload { msg: text, aad: place }).ok()
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
