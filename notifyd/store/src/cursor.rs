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
        self.close(&place(scope), &seq.to_be_bytes())
    }

    /// Its number again.
    pub fn read(&self, scope: Scope, cursor: &str) -> Result<i64> {
        self.open(&place(scope), cursor).map(i64::from_be_bytes)
    }

    /// The cursor of a place among what waits for a time: a due time, and a number within it.
    pub fn make_place(&self, (due, seq): (i64, i64)) -> Result<String> {
        self.close(SCHEDULE, &[due.to_be_bytes(), seq.to_be_bytes()].concat())
    }

    /// That place again.
    pub fn read_place(&self, cursor: &str) -> Result<(i64, i64)> {
        let both = i128::from_be_bytes(self.open(SCHEDULE, cursor)?);
        #[expect(clippy::cast_possible_truncation, reason = "the halves of it")]
        Ok(((both >> 64) as i64, both as i64))
    }

    fn close(&self, place: &[u8], bytes: &[u8]) -> Result<String> {
        let sealed = self.seal.close(place, bytes, &*self.entropy)?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
    }

    fn open<const N: usize>(&self, place: &[u8], cursor: &str) -> Result<[u8; N]> {
        let sealed = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok();
        let opened = sealed.and_then(|sealed| self.seal.unlock(place, &sealed));
        opened
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| StoreError::NotFound { kind: "cursor", name: cursor.chars().take(40).collect() })
    }
}

/// The scope of cursors into what waits for a time.
const SCHEDULE: &[u8] = b"cursor:schedule";

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
        assert!(cursors.read_place(&cursor).is_err(), "of another list");
        for place in [(1_234, 5), (-1, 7), (i64::MIN, 0), (i64::MAX, i64::MAX)] {
            assert_eq!(cursors.read_place(&cursors.make_place(place).unwrap()).unwrap(), place);
        }
    }
}
