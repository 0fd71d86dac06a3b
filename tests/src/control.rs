//! The control socket from a test: asks how the daemon is, and waits in it, not beside it.

use anyhow::{Context, Result};
use notify_proto::control::{ControlClient, Hello, ListRequest};
use notify_proto::transport::{connect, within};
use notify_proto::view::{NotificationDetail, NotificationView, StatusView};
use notify_proto::{NotificationId, Status};
use std::path::Path;
use std::time::Duration;

/// How long one notification may take to its end before a test gives up: no measure, only an end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Longest the daemon waits in one call, seconds.
const TURN: u32 = 60;

/// Rows of a page of a list: the most the daemon gives.
const PAGE: u32 = 200;

/// A connection that has said hello.
pub struct Control {
    client: ControlClient,
}

impl Control {
    /// Connects to the daemon behind this socket.
    pub async fn connect(socket: &Path) -> Result<Self> {
        let client = connect(socket).await.context("the control socket")?;
        client.hello(within(Duration::from_secs(5)), Hello::of("a test")).await??;
        Ok(Self { client })
    }

    /// How the daemon is.
    pub async fn status(&self) -> Result<StatusView> {
        Ok(self.client.status(within(Duration::from_secs(10))).await??)
    }

    /// Notifications with this status.
    pub async fn count(&self, status: Status) -> Result<u64> {
        Ok(self.status().await?.by_status.get(status.as_str()).copied().unwrap_or_default())
    }

    /// Looks at every notification in the log, newest first.
    pub async fn each(&self, mut look: impl FnMut(NotificationView)) -> Result<()> {
        let mut request = ListRequest { limit: PAGE, ..ListRequest::default() };
        loop {
            let call = within(Duration::from_secs(30));
            let page = self.client.notification_list(call, request.clone()).await??;
            page.items.into_iter().for_each(&mut look);
            if page.next_cursor.is_none() {
                return Ok(());
            }
            request.cursor = page.next_cursor;
        }
    }

    /// The story of a notification.
    pub async fn story(&self, id: NotificationId) -> Result<NotificationDetail> {
        Ok(self.client.notification_show(within(Duration::from_secs(10)), id, false).await??)
    }

    /// Waits until this notification is final; its story.
    pub async fn settled(&self, id: &str) -> Result<NotificationDetail> {
        let id: NotificationId = id.parse().context("an id")?;
        let waiting = async {
            loop {
                let call = within(Duration::from_secs(u64::from(TURN) + 10));
                let detail = self.client.notification_wait(call, id, TURN).await??;
                if detail.notification.status.known().is_some_and(Status::is_final) {
                    return anyhow::Ok(detail);
                }
            }
        };
        if let Ok(detail) = tokio::time::timeout(PATIENCE, waiting).await {
            return detail;
        }
        let detail = self.story(id).await?;
        anyhow::bail!("it did not come to its end: {detail:#?}")
    }
}
