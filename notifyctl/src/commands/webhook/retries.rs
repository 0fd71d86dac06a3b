//! `notifyctl webhook retries`.

use crate::commands::Desk;
use crate::failure::{Ended, Exit};
use crate::given;
use crate::output::rows::{always, wide};
use crate::output::{Column, Row, Total};
use clap::Args;
use notify_proto::control::{ListRequest, WithWebhooks};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::line::NotificationLine;
use notify_proto::view::{write_opt_time, write_time};
use notify_proto::{DeliveryId, NotificationId, Open, Timestamp, WebhookEvent, WebhookId};
use serde::Serialize;

/// Rows of one call at most.
const PAGE: u64 = 200;

/// Some of them.
#[derive(Debug, Args)]
#[command(
    after_help = "Of all webhooks that are switched on, whatever they were told of. `schedule list` tells of notifications that
are tried again themselves.

Examples:
  notifyctl webhook retries --service acme
  notifyctl webhook retries --due '<5m' -o id | notifyctl webhook resend - --yes"
)]
pub struct Retries {
    /// Only of this service, by name or id
    #[arg(long, value_name = "SERVICE")]
    service: Option<String>,
    /// Only what is due before then: a span from now, such as <1h, or a time
    #[arg(long, value_name = "TIME", value_parser = due)]
    due: Option<Timestamp>,
    /// How many at most [default: 50]
    #[arg(long, value_name = "N", conflicts_with = "all", value_parser = given::whole(1_u64..))]
    limit: Option<u64>,
    /// All of them
    #[arg(long)]
    all: bool,
    /// Go on where an earlier list ended: its `next`
    #[arg(long, value_name = "CURSOR")]
    after: Option<String>,
}

fn due(text: &str) -> Result<Timestamp, String> {
    given::ahead(text.strip_prefix('<').unwrap_or(text))
}

impl Retries {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let mut filter = Filter::default();
        filter.terms.extend(self.due.map(Term::DueBefore));
        if let Some(service) = self.service {
            filter.and_any(Field::Service, vec![service]);
        }
        let link = desk.link().await?;
        let mut listing = desk.out.list("webhook.retries")?;
        let mut left = if self.all { u64::MAX } else { self.limit.unwrap_or(given::ROWS.into()) };
        let webhooks = WithWebhooks::Only;
        let mut request = ListRequest { filter, cursor: self.after, webhooks, ..ListRequest::default() };
        let (mut total, mut shown) = (None, 0_u64);
        loop {
            request.limit = u32::try_from(left.min(PAGE)).unwrap_or(u32::MAX);
            let call = link.client.notification_lines(link.within(), request.clone(), true);
            let page = link.read(call).await?;
            let rows: Vec<_> = page.items.into_iter().filter_map(Again::of).collect();
            listing.page(&rows)?;
            total = total.or_else(|| page.total.map(|value| Total { value, exact: !page.partial }));
            shown += rows.len() as u64;
            left -= left.min(rows.len() as u64);
            request.cursor = page.next_cursor;
            if left == 0 || request.cursor.is_none() {
                break;
            }
        }
        listing.close(request.cursor.as_deref(), total)?;
        match (request.cursor, shown) {
            (Some(cursor), _) => {
                desk.out.more(self.limit.is_some(), &format!("there are more: --all, or --after {cursor}"));
            }
            (None, 0) => desk.out.advise("no webhook is told anything again"),
            (None, _) => {}
        }
        Ok(Exit::Done)
    }
}

/// One event that is told again. Its members have the names they have in `webhook deliveries`.
#[derive(Debug, Clone, Serialize)]
struct Again {
    id: DeliveryId,
    webhook_id: WebhookId,
    notification_id: Option<NotificationId>,
    service_name: String,
    /// The host that is told.
    host: Option<String>,
    event: Open<WebhookEvent>,
    attempt_count: u32,
    #[serde(serialize_with = "write_opt_time")]
    next_attempt_at: Option<Timestamp>,
    response_status_code: Option<u16>,
    error_message: Option<String>,
    #[serde(serialize_with = "write_time")]
    created_at: Timestamp,
}

impl Again {
    fn of(line: NotificationLine) -> Option<Self> {
        let notification_id = (!line.is_test()).then_some(line.id);
        let told = line.webhook?;
        Some(Self {
            id: told.id,
            webhook_id: told.webhook_id,
            notification_id,
            service_name: line.service_name,
            host: line.provider_name,
            event: told.event,
            attempt_count: line.retry_count,
            next_attempt_at: line.next_attempt_at,
            response_status_code: told.code,
            error_message: line.error_message,
            created_at: line.created_at,
        })
    }
}

impl Row for Again {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.to_string().into()),
        always("due", |it| it.next_attempt_at.into()),
        always("service", |it| it.service_name.as_str().into()),
        always("host", |it| it.host.clone().into()),
        always("event", |it| it.event.to_string().into()),
        always("tries", |it| it.attempt_count.into()),
        always("code", |it| it.response_status_code.map(u64::from).into()),
        wide("owed", |it| it.created_at.into()),
        wide("notification", |it| it.notification_id.map(|id| id.to_string()).into()),
        wide("webhook", |it| it.webhook_id.to_string().into()),
        always("error", |it| it.error_message.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}
