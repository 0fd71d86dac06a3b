//! From questions to calls.

use super::{PATIENCE, Stop, came, deeds};
use crate::ask::{Answer, Question};
use crate::state::Story;
use notify_proto::ObjectKind;
use notify_proto::control::ControlClient;
use notify_proto::filter::Filter;
use notify_proto::happening::{EventField, EventFilter, EventTerm, EventsRequest};
use notify_proto::transport::within;
use std::time::Duration;

/// Asks, and waits for the answer.
pub(super) async fn ask(client: &ControlClient, question: Question) -> Result<Answer, Stop> {
    let soon = || within(PATIENCE);
    Ok(match question {
        Question::Status => Answer::Status(Box::new(came(client.status(soon()).await)?)),
        Question::Overview { rev, webhooks } => {
            Answer::Overview(came(client.overview(soon(), rev, webhooks).await)?)
        }
        Question::Events(request) => {
            let patience = PATIENCE + Duration::from_millis(request.wait_ms.into());
            Answer::Events(Box::new(came(client.events(within(patience), request).await)?))
        }
        Question::Notifications(request) => {
            Answer::Page(Box::new(came(client.notification_lines(soon(), request, false).await)?))
        }
        Question::Schedule(request) => {
            Answer::Page(Box::new(came(client.notification_lines(soon(), request, true).await)?))
        }
        Question::Count(filter) => Answer::Count(came(client.notification_count(soon(), filter).await)?),
        Question::Notification(id, revealed) => {
            let detail = came(client.notification_show(soon(), id, revealed).await)?;
            let told = came(client.notification_webhooks(soon(), id).await)?;
            Answer::Notification(Box::new(Story { detail, told, revealed }))
        }
        Question::Faults(filter) => Answer::Faults(came(client.dead_group(soon(), filter).await)?),
        Question::Histogram => Answer::Histogram(came(client.schedule_histogram(soon()).await)?),
        Question::Groups(request) => Answer::Groups(came(client.schedule_group(soon(), request).await)?),
        Question::Queues => Answer::Queues(came(client.queue_list(soon()).await)?),
        Question::Shape(request) => Answer::Shape(Box::new(came(client.queue_shape(soon(), request).await)?)),
        Question::Provider(name, request) => {
            let provider = came(client.provider_show(soon(), name).await)?;
            let route = came(client.provider_route(soon(), request).await)?;
            Answer::Provider(Box::new(provider), route)
        }
        Question::Webhooks => Answer::Webhooks(came(client.webhook_list(soon(), None).await)?),
        Question::Log(name) => {
            let is = |field, value: &str| EventTerm { field, values: vec![value.to_owned()], negate: false };
            let terms =
                vec![is(EventField::Object, ObjectKind::Provider.as_str()), is(EventField::Id, &name)];
            let request =
                EventsRequest { last: 20, filter: EventFilter { terms }, ..EventsRequest::default() };
            let view = came(client.events(soon(), Box::new(request)).await)?;
            Answer::Log(name, view.events)
        }
        Question::Deliveries(id, request) => {
            let page = came(client.webhook_deliveries(soon(), id, request).await)?;
            Answer::Deliveries(id, Box::new(page))
        }
        Question::Stats(id, since) => {
            Answer::Stats(id, Box::new(came(client.webhook_stats(soon(), id, since).await)?))
        }
        Question::Delivery(id) => {
            Answer::Delivery(Box::new(came(client.webhook_delivery(soon(), id, false, false).await)?))
        }
        Question::Services => Answer::Services(came(client.service_list(soon()).await)?),
        Question::Keys(service) => {
            let keys = came(client.key_list(soon(), service.clone()).await)?;
            Answer::Keys(service, keys)
        }
        Question::Died(service, request) => {
            Answer::Died(service, came(client.notification_list(soon(), request).await)?.items)
        }
        Question::Series(request) => Answer::Series(came(client.series(soon(), request).await)?),
        Question::Values => {
            Answer::Values(came(client.notification_values(soon(), Filter::default()).await)?)
        }
        Question::Config => Answer::Config(came(client.daemon_config(soon()).await)?),
        Question::Operations => Answer::Operations(came(client.operation_list(soon()).await)?),
        Question::Deed(deed, reason) => {
            let outcome = deeds::make(client, deed.clone(), reason.clone()).await?;
            Answer::Deed(Box::new(deed), reason, outcome)
        }
    })
}
