//! Where a page ended, sealed: a number of the log would tell a service how much all the others send.

use crate::api::Scope;
use crate::error::{Result, StoreError};
use crate::seal::Seal;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use notifyd_lifecycle::Entropy;
use std::sync::Arc;

/// Makes cursors and reads them back. One that was made for another scope is refused like one that was made up.
#[derive(Clone)]
pub struct Cursors {
    seal: Arc<Seal>,
    entropy: Arc<dyn Entropy>,
}

impl Cursors {
    /// With the key of the log.
    pub const fn new(seal: Arc<Seal>, entropy: Arc<dyn Entropy>) -> Self {
        Self { seal, entropy }
    }

    /// The cursor of a number: 64 characters of `A-Z a-z 0-9 _ -`.
    pub fn make(&self, scope: Scope, seq: i64) -> Result<String> {
        let sealed = self.seal.close(&place(scope), &seq.to_be_bytes(), &*self.entropy)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    /// Its number again.
    pub fn read(&self, scope: Scope, cursor: &str) -> Result<i64> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let opened = sealed.and_then(|sealed| self.seal.unlock(&place(scope), &sealed));
        opened
            .and_then(|bytes| bytes.try_into().ok())
            .map(i64::from_be_bytes)
            .ok_or_else(|| StoreError::NotFound { kind: "cursor", name: cursor.chars().take(40).collect() })
    }
}

fn place(scope: Scope) -> Vec<u8> {
    match scope {
        Scope::All => b"cursor:all".to_vec(),
        Scope::Service(no) => [b"cursor:service:".as_slice(), &no.to_be_bytes()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notifyd_lifecycle::Secret;
    use notifyd_lifecycle::entropy::SeededEntropy;

    #[test]
    fn only_its_own_scope_reads_a_cursor() {
        let seal = Arc::new(Seal::new(&Secret::new([1; 32])));
        let cursors = Cursors::new(seal, Arc::new(SeededEntropy::new(1)));
        let cursor = cursors.make(Scope::Service(7), 1_234).unwrap();
        assert_eq!(cursor.len(), 64);
        assert_eq!(cursors.read(Scope::Service(7), &cursor).unwrap(), 1_234);
        assert_ne!(cursors.make(Scope::Service(7), 1_234).unwrap(), cursor, "equal places look different");
        for (scope, cursor) in
            [(Scope::All, cursor.as_str()), (Scope::Service(8), &cursor), (Scope::All, "1234")]
        {
            assert!(matches!(cursors.read(scope, cursor), Err(StoreError::NotFound { .. })), "{cursor}");
        }
    }
}
