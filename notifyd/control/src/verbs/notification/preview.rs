//! `notifyctl notification explain --dry-run`: what would become of one that is not sent. Nothing is written.

use crate::refuse;
use crate::session::{Room, Session};
use crate::verbs::provider::steps;
use crate::verbs::service::find;
use notify_proto::control::RouteView;
use notify_proto::explain::Preview;
use notify_proto::send::SendRequest;
use notify_proto::transport::Reply;
use notify_proto::view::rfc3339;
use notifyd_engine::{Route, Verdict};
use notifyd_lifecycle::admission::Draft;
use notifyd_store::{Service, Tenant};
use std::sync::Arc;

/// Goes the way of a notification up to where it would be written.
pub(crate) async fn preview(session: &Session, service: &str, request: SendRequest) -> Reply<Preview> {
    let room = session.look()?;
    let service = find(room, service)?;
    let mut refusals = closed(room, &service);
    let tenant = Tenant::new(Arc::clone(&room.deps.store), Arc::clone(&service));
    let draft = match tenant.draft(request, None, None, room.now(), &room.deps.rules.load()) {
        Ok(draft) => draft,
        Err(errors) => {
            refusals.extend(errors.iter().map(|error| format!("{}: {}", error.field, error.message)));
            return Ok(refused(&service, refusals));
        }
    };
    let routes = room.deps.engine.route(draft.plan.channels.clone(), draft.plan.pinned).await;
    let routes = routes.map_err(refuse::log)?;
    let equal = match &draft.dedup {
        // Whoever may not read messages must not find out by guessing them.
        Some(dedup) if session.may_change() => {
            room.deps.store.equal(*dedup, room.now()).await.map_err(refuse::log)?
        }
        _ => None,
    };
    let mut preview = Preview { route: route(room, &routes, &draft), ..of(&service, &draft) };
    if !refusals.is_empty() {
        preview.sentences = refusals.iter().map(|why| format!("it would be refused: {why}")).collect();
        preview.verdict = "refused".into();
        preview.refusals = refusals;
        return Ok(preview);
    }
    if let Some(equal) = equal {
        preview.verdict = "duplicate".into();
        preview.duplicate_of = Some(equal.id);
        preview.sentences = vec![format!(
            "an equal one was accepted at {} and is {}: the answer would be {}, and nothing would be sent",
            rfc3339(equal.created_at),
            equal.status,
            equal.id
        )];
        return Ok(preview);
    }
    preview.sentences = told(&service, &draft, &routes, session.may_change());
    Ok(preview)
}

/// What refuses everything of this service now.
fn closed(room: &Room, service: &Service) -> Vec<String> {
    let mut why = Vec::new();
    if !service.active {
        why.push(format!("service {} is disabled", service.name));
    }
    if let Some(cause) = room.deps.store.latched() {
        why.push(format!("nothing new is taken: {}", cause.reason()));
    }
    why
}

fn refused(service: &Service, refusals: Vec<String>) -> Preview {
    Preview {
        service_name: service.name.clone(),
        verdict: "refused".into(),
        sentences: refusals.iter().map(|why| format!("it would be refused: {why}")).collect(),
        refusals,
        duplicate_of: None,
        channels: vec![],
        priority: None,
        due_at: None,
        expires_at: None,
        max_retries: None,
        route: RouteView::default(),
    }
}

fn of(service: &Service, draft: &Draft) -> Preview {
    Preview {
        verdict: "accepted".into(),
        channels: draft.plan.channels.iter().map(|channel| (*channel).into()).collect(),
        priority: Some(draft.priority.into()),
        due_at: draft.scheduled_at,
        expires_at: draft.expires_at,
        max_retries: Some(draft.plan.retry.max_retries()),
        ..refused(service, vec![])
    }
}

fn route(room: &Room, routes: &[Route], draft: &Draft) -> RouteView {
    let pinned = match draft.plan.pinned {
        Some(_) if draft.plan.allow_failover => {
            Some("others take over when the provider it is pinned to has failed")
        }
        _ => None,
    };
    let nobody = routes.iter().filter(|route| route.steps.is_empty());
    let nobody = nobody.map(|route| format!("{}: nobody serves it", route.channel));
    RouteView {
        steps: routes.iter().flat_map(|route| steps(room, route)).collect(),
        notes: nobody.chain(pinned.map(str::to_owned)).collect(),
    }
}

/// What would happen, in order.
fn told(service: &Service, draft: &Draft, routes: &[Route], sees_duplicates: bool) -> Vec<String> {
    let channels: Vec<_> = draft.plan.channels.iter().map(ToString::to_string).collect();
    let due = draft.scheduled_at.map_or_else(|| "at once".to_owned(), rfc3339);
    let mut told = vec![format!(
        "it would be accepted from {} for {}, due {due}",
        service.name,
        channels.join(", then ")
    )];
    told.push(match &draft.dedup {
        None => "equal ones are not looked for: it asks for none".into(),
        Some(_) if !sees_duplicates => "whether an equal one was sent is told to admins alone".into(),
        Some(dedup) => format!("no equal one was accepted in the last {} s", dedup.window.as_secs()),
    });
    let goes = |route: &Route| {
        let step = route.steps.iter().find(|step| matches!(step.verdict, Verdict::Taken | Verdict::Awaited));
        step.map(|step| (route.channel, step.name.clone(), step.verdict == Verdict::Awaited))
    };
    told.push(match routes.iter().find_map(goes) {
        Some((channel, name, false)) => {
            format!("were it due now, {name} would be called first, on {channel}")
        }
        Some((channel, name, true)) => {
            format!("were it due now, it would wait for {name} on {channel}, which is busy")
        }
        None => "were it due now, nobody could be called: it would be held until somebody can".into(),
    });
    let retries = draft.plan.retry.max_retries();
    told.push(match draft.expires_at {
        Some(at) => format!("it would be tried again up to {retries} times, and not after {}", rfc3339(at)),
        None => format!("it would be tried again up to {retries} times"),
    });
    told
}
