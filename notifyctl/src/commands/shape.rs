//! `notifyctl queue shape`.

use super::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use clap::Args;
use notify_proto::shape::{MAX_BUCKETS, MIN_BUCKETS, ShapeBy, ShapeRequest};

pub(crate) const HELP: &str = "What is queued is counted by its age since it was due; retries, scheduled and webhooks by the time until they are due,
which is late when it has passed. Each column ends where it is headed; the last one has the rest. Among retries is what
webhooks did not take and are told again, with a row for each webhook; webhooks is all that is owed to them. All of the
log is counted, not only what is in memory. What is not pinned gets its provider only when it is read, so on disk it
stands in front of the one it would go to first now: a note tells of how many that is an estimate, and so does the
column estimated. Where more than 50,000 are queued, ages count from acceptance, and a note says so. A provider with a
name like queued is named by its id.

Examples:
  notifyctl queue shape
  notifyctl queue shape retries --by provider
  notifyctl queue shape webhooks
  notifyctl queue shape relay --by service --buckets 12
  notifyctl q shape --by service --json | jq '.shape.rows[] | select(.counts[-1] > 0)'";

/// Which table.
#[derive(Debug, Args)]
pub struct Shape {
    /// A provider's queue, or one of queued, retries, scheduled, webhooks [default: queued]
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// What has a row: service, channel or provider [default: provider; service for the queue of one provider]
    #[arg(long, value_name = "WHAT")]
    by: Option<ShapeBy>,
    /// Columns, that of the totals among them [default: 8]
    #[arg(long, value_name = "N", value_parser = given::whole(MIN_BUCKETS..=MAX_BUCKETS))]
    buckets: Option<u32>,
}

impl Shape {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let Self { name: queue, by, buckets } = self;
        let link = desk.link().await?;
        let request = ShapeRequest { queue, by, buckets };
        let shape = link.read(link.client.queue_shape(link.within(), request)).await?;
        desk.out.matrix("queue.shape", &shape)?;
        for note in &shape.notes {
            desk.out.note(note);
        }
        Ok(Exit::Done)
    }
}
