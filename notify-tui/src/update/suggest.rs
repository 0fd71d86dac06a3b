//! What a filter can go on with: fields, and the values of a field that are known here.

use crate::state::{App, Page};
use notify_proto::{Channel, FailureReason, Priority, Status};
use std::collections::BTreeSet;

/// Fields of the filter language of notifications.
const FIELDS: [&str; 19] = [
    "status", "service", "channel", "provider", "queue", "priority", "to", "error", "content", "reason",
    "fault", "attempts", "since", "until", "due", "id", "type", "tenant", "batch",
];

/// Fields of the one of events.
const OF_EVENTS: [&str; 9] =
    ["event", "severity", "object", "id", "service", "channel", "provider", "status", "actor"];

/// Most that are offered.
const MOST: usize = 8;

/// What the text can go on with: whole words in place of the last one.
pub fn suggestions(app: &App, text: &str) -> Vec<String> {
    if !app.page.speaks() && app.page != Page::Live {
        return Vec::new();
    }
    let token = text.rsplit(' ').next().unwrap_or_default();
    let bare = token.strip_prefix('-').unwrap_or(token);
    let Some((field, values)) = bare.split_once(':') else {
        let fields: &[&str] = if app.page == Page::Live { &OF_EVENTS } else { &FIELDS };
        let fitting = fields.iter().filter(|field| field.starts_with(bare));
        return fitting.take(MOST).map(|field| format!("{field}:")).collect();
    };
    if app.page == Page::Live && !OF_EVENTS.contains(&field) {
        return Vec::new();
    }
    let begun = values.rsplit(',').next().unwrap_or_default();
    let fits = |value: &String| value.starts_with(begun) && value != begun && safe(value);
    // What is frequent goes first, then what else is known, by name.
    let told = app.values.values.get(field).into_iter().flatten().map(|it| it.value.clone());
    let mut all: Vec<String> = Vec::new();
    for value in told.chain(known(app, field)).filter(fits) {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all.truncate(MOST);
    all
}

/// The text with the first suggestion in place of what it goes on with.
pub(super) fn completed(app: &App, text: &str) -> Option<String> {
    let first = suggestions(app, text).into_iter().next()?;
    let token = text.rsplit(' ').next().unwrap_or_default();
    let bare = token.strip_prefix('-').unwrap_or(token);
    let begun =
        bare.split_once(':').map_or(bare, |(_, values)| values.rsplit(',').next().unwrap_or_default());
    Some(format!("{}{first}", &text[..text.len() - begun.len()]))
}

/// Values of a field that the daemon has told of.
fn known(app: &App, field: &str) -> BTreeSet<String> {
    fn words(all: impl IntoIterator<Item = &'static str>) -> BTreeSet<String> {
        all.into_iter().map(str::to_owned).collect()
    }
    let notes = || [&app.notes, &app.retries, &app.dead].into_iter().flat_map(|notes| notes.list.rows());
    let events = || app.live.events.iter();
    match field {
        "status" if app.page == Page::Live => words(Status::ALL.iter().map(|status| status.as_str())),
        "status" => {
            let mut all = words(Status::ALL.iter().map(|status| status.as_str()));
            all.extend(words(["scheduled", "held", "dead"]));
            all
        }
        "channel" => words(Channel::ALL.iter().map(|it| it.as_str())),
        "priority" => words(Priority::ALL.iter().map(|it| it.as_str())),
        "reason" => words(FailureReason::ALL.iter().map(|it| it.as_str())),
        "severity" => words(["info", "warning", "critical"]),
        "service" => {
            let services = app.services.list.rows().iter().map(|it| it.name.clone());
            services.chain(notes().map(|it| it.service_name.clone())).collect()
        }
        "provider" => {
            let providers = app.providers.list.rows().iter().map(|it| it.name.clone());
            providers.chain(notes().filter_map(|it| it.provider_name.clone())).collect()
        }
        // The queue in front of a provider has its name; with webhooks stands none.
        "queue" => {
            let lines = app.overview.iter().flat_map(|(_, it)| &it.queues).map(|it| it.name.clone());
            let mut all: BTreeSet<_> = lines.filter(|name| name != "webhooks").collect();
            all.extend(known(app, "provider").into_iter().chain(words(["retries", "scheduled"])));
            all
        }
        "type" => notes().filter_map(|it| it.event_type.clone()).collect(),
        "tenant" => notes().filter_map(|it| it.tenant_id.clone()).collect(),
        "fault" => app.dead.faults.iter().flat_map(|it| &it.groups).map(|it| it.fault.clone()).collect(),
        "event" => events().map(|it| it.event.clone()).collect(),
        "object" => events().map(|it| it.object.to_string()).collect(),
        "actor" => events().filter_map(|it| it.actor.clone()).collect(),
        "since" => words(["5m", "15m", "1h", "24h", "7d"]),
        "until" | "due" => {
            words(["<5m", "<15m", "<1h", "<24h"].map(|it| if field == "due" { it } else { &it[1..] }))
        }
        "attempts" => words([">=1", ">=2", ">=3"]),
        _ => BTreeSet::new(),
    }
}

/// Whether it can stand in a filter without quotes.
fn safe(text: &str) -> bool {
    !text.is_empty() && !text.contains([' ', ',', '"'])
}
