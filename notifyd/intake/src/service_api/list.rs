//! Many notifications, newest first.

use crate::answer::json;
use crate::auth::Caller;
use crate::problem::Problem;
use crate::query::Query;
use axum::body::Body;
use axum::extract::Query as Pairs;
use axum::http::{Response, StatusCode};
use notify_proto::filter::{Field, Filter, MAX_VALUES, Term};
use notify_proto::view::NotificationView;
use notify_proto::{Channel, Priority, Status};
use notifyd_lifecycle::address;
use notifyd_store::StoreError;
use notifyd_store::api::{Page, Total};
use serde::Serialize;

/// Rows of a page when the caller does not say.
const DEFAULT_LIMIT: u32 = 100;
/// Rows of a page at most.
const MAX_LIMIT: u32 = 1_000;

#[derive(Serialize)]
struct Answer {
    notifications: Vec<NotificationView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
    next_cursor: Option<String>,
    /// The scan stopped before the page was full; `next_cursor` goes on.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    partial: bool,
}

/// `GET /api/v1/notifications`.
pub(crate) async fn list(
    Caller(tenant): Caller,
    Pairs(pairs): Pairs<Vec<(String, String)>>,
) -> Result<Response<Body>, Problem> {
    let mut found = tenant.list(page(Query::new(pairs))?).await.map_err(|error| match error {
        StoreError::NotFound { kind: "cursor", .. } => wrong_cursor(),
        error => error.into(),
    })?;
    found.items.iter_mut().for_each(NotificationView::settle);
    let answer = Answer {
        notifications: found.items,
        total: found.total,
        next_cursor: found.next_cursor,
        partial: found.partial,
    };
    Ok(json(StatusCode::OK, &answer))
}

fn wrong_cursor() -> Problem {
    Problem::field("cursor", "is not one that next_cursor gave")
}

pub(crate) fn page(mut query: Query) -> Result<Page, Problem> {
    let mut filter = Filter::default();
    filter
        .and_any(Field::Status, query.words::<Status>("status"))
        .and_any(Field::Channel, query.words::<Channel>("notification_type"))
        .and_any(Field::Priority, query.words::<Priority>("priority"))
        .and_any(Field::Provider, texts(&mut query, "provider"))
        .and_any(Field::Tenant, texts(&mut query, "tenant_id"))
        .and_any(Field::EventType, texts(&mut query, "event_type"))
        .and_any(Field::Batch, texts(&mut query, "batch_id"))
        .and_any(Field::Recipient, recipients(&mut query));
    if let Some(at) = query.time("created_after") {
        filter.and(Term::Since(at));
    }
    if let Some(at) = query.time("created_before") {
        filter.and(Term::Until(at));
    }
    let skip = query.parsed("skip", "must be a whole number from 0").unwrap_or(0);
    let limit = query.parsed("limit", "must be a whole number from 1 to 1000").unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        query.wrong("limit", "must be a whole number from 1 to 1000");
    }
    let with_total = query.parsed("with_total", "must be true or false").unwrap_or(false);
    let cursor = query.one("cursor");
    let fit = |cursor: &String| {
        cursor.len() <= 64 && cursor.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    if cursor.as_ref().is_some_and(|cursor| !fit(cursor)) {
        query.wrong("cursor", "is not one that next_cursor gave");
    }
    query.finish()?;
    let total = if with_total { Total::Whole } else { Total::Not };
    Ok(Page { filter, skip, limit, cursor, total, most_tried: false })
}

fn texts(query: &mut Query, name: &str) -> Vec<String> {
    let values = query.all(name);
    if values.len() > MAX_VALUES {
        query.wrong(name, format!("may be given at most {MAX_VALUES} times"));
    }
    values.into_iter().map(literal).collect()
}

/// The filter language takes a star at the end for "starts with"; here a value is meant as it is.
fn literal(value: String) -> String {
    match value.strip_suffix('*') {
        Some(start) => format!("{start}\\*"),
        None => value,
    }
}

/// A `+` that was not escaped arrives as a blank, and no address begins with one. Each value also in its normal forms.
fn recipients(query: &mut Query) -> Vec<String> {
    let values = texts(query, "recipient");
    let plus = |it: String| it.strip_prefix(' ').map(|rest| format!("+{rest}")).unwrap_or(it);
    let mut forms = Vec::new();
    for given in values.into_iter().map(plus) {
        // Addresses are kept in their normal forms, and whoever asks knows theirs only as it was sent.
        let normal = [Channel::Sms, Channel::Email].map(|channel| address::normalise(channel, &given).ok());
        forms.extend(normal.into_iter().flatten().filter(|normal| *normal != given));
        forms.push(given);
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Page, Problem> {
        page(Query::new(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()))
    }

    #[test]
    fn parameters_become_terms() {
        let page = read(&[
            ("status", "failed"),
            ("status", "retrying"),
            ("notification_type", "sms"),
            ("recipient", " 15005550006"),
            ("created_after", "2026-01-31T12:00:00 00:00"),
            ("limit", "5"),
            ("with_total", "true"),
        ])
        .unwrap();
        let is = |field, values: &[&str]| Term::Is {
            field,
            values: values.iter().map(|value| (*value).to_owned()).collect(),
            negate: false,
        };
        assert_eq!(page.filter.terms[0], is(Field::Status, &["failed", "retrying"]));
        assert_eq!(page.filter.terms[1], is(Field::Channel, &["sms"]));
        assert_eq!(page.filter.terms[2], is(Field::Recipient, &["+15005550006"]));
        assert!(matches!(page.filter.terms[3], Term::Since(_)));
        assert_eq!((page.skip, page.limit, page.total), (0, 5, Total::Whole));
        assert_eq!(read(&[]).unwrap().limit, 100);
    }

    #[test]
    fn wrong_and_unknown_parameters_are_refused() {
        for pair in [
            ("colour", "red"),
            ("status", "lost"),
            ("notification_type", "fax"),
            ("priority", "urgent"),
            ("limit", "0"),
            ("limit", "1001"),
            ("limit", "many"),
            ("skip", "-1"),
            ("with_total", "yes"),
            ("created_after", "yesterday"),
            ("cursor", "1 OR 1"),
            ("cursor", "%2e"),
        ] {
            assert_eq!(read(&[pair]).unwrap_err().status(), 422, "{pair:?}");
        }
        assert!(read(&[("skip", "1"), ("skip", "2")]).is_err());
    }
}
