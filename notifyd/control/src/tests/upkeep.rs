//! Upkeep that takes as long as the test wants, and ends as it wants.

use super::fakes::{House, house_with};
use async_trait::async_trait;
use notify_proto::Status;
use notify_proto::upkeep::{BackupView, StorageView};
use notifyd_store::upkeep::{Progress, Prune};
use notifyd_store::{SqliteStore, StoreError, Upkeep};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use tokio::sync::Semaphore;

/// What comes of a quick look through the log.
#[derive(Clone, Copy, Default)]
pub(super) enum Quick {
    /// What is there.
    #[default]
    Whole,
    Damaged,
    Large,
}

pub(super) struct FakeUpkeep {
    store: Arc<SqliteStore>,
    /// One permit ends one piece of work.
    pub(super) go: Semaphore,
    /// How the next ends, if not well.
    pub(super) fault: Mutex<Option<StoreError>>,
    /// What a check finds.
    pub(super) problems: Mutex<Vec<String>>,
    /// What a quick look finds.
    pub(super) quick: Mutex<Quick>,
    /// What was removed.
    pub(super) pruned: Mutex<Vec<Prune>>,
    /// Whether a backup panics.
    pub(super) panics: Mutex<bool>,
}

/// A house with such upkeep.
pub(super) fn house() -> (House, Arc<FakeUpkeep>) {
    let mut made = None;
    let house = house_with(|store| {
        let fake = Arc::new(FakeUpkeep {
            store,
            go: Semaphore::new(0),
            fault: Mutex::default(),
            problems: Mutex::default(),
            quick: Mutex::default(),
            pruned: Mutex::default(),
            panics: Mutex::default(),
        });
        made = Some(Arc::clone(&fake));
        fake
    });
    (house, made.unwrap())
}

impl FakeUpkeep {
    async fn work(&self, progress: &Progress) -> Result<(), StoreError> {
        progress.total.store(4_218, Ordering::Release);
        progress.done.store(1_000, Ordering::Release);
        loop {
            if progress.cancelled.load(Ordering::Acquire) {
                return Err(StoreError::Cancelled);
            }
            if let Ok(permit) = self.go.try_acquire() {
                permit.forget();
                let fault = self.fault.lock().unwrap().take();
                return fault.map_or(Ok(()), Err);
            }
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Upkeep for FakeUpkeep {
    async fn storage(&self) -> Result<StorageView, StoreError> {
        self.store.storage().await
    }

    async fn backup(&self, to: Option<PathBuf>, progress: Arc<Progress>) -> Result<BackupView, StoreError> {
        self.work(&progress).await?;
        assert!(!*self.panics.lock().unwrap(), "as the test wants it");
        let path = to.unwrap_or_else(|| "usual.db".into()).display().to_string();
        Ok(BackupView { path, bytes: 12_897_485, made_at: None })
    }

    async fn quick_check(&self) -> Result<Vec<String>, StoreError> {
        let quick = *self.quick.lock().unwrap();
        match quick {
            Quick::Whole => self.store.quick_check().await,
            Quick::Damaged => Ok(vec!["page 9 is never used".into(), "page 12 is damaged".into()]),
            Quick::Large => Err(StoreError::Slow),
        }
    }

    async fn check(&self, progress: Arc<Progress>) -> Result<Vec<String>, StoreError> {
        self.work(&progress).await?;
        Ok(self.problems.lock().unwrap().clone())
    }

    async fn compact(&self, progress: Arc<Progress>) -> Result<u64, StoreError> {
        self.work(&progress).await?;
        Ok(3 << 29)
    }

    async fn prunable(&self, prune: Prune) -> Result<BTreeMap<String, u64>, StoreError> {
        let count = |status: &Status| if *status == Status::Failed { 218 } else { 4_000 };
        Ok(prune.statuses.iter().map(|status| (status.to_string(), count(status))).collect())
    }

    async fn prune(&self, prune: Prune, progress: Arc<Progress>) -> Result<u64, StoreError> {
        self.work(&progress).await?;
        let removed = self.prunable(prune.clone()).await?.values().sum();
        self.pruned.lock().unwrap().push(prune);
        Ok(removed)
    }
}
