//! A change of all that match a filter: counted first, confirmed, then page by page. What arrives after the count is not
//! touched.

use super::super::Desk;
use super::change::{Tally, Verb, call};
use super::list::PAGE;
use crate::failure::{Ended, Exit, Failure};
use crate::output::rows::Outcome;
use crate::{clock, confirm};
use notify_proto::Status;
use notify_proto::control::ListRequest;
use notify_proto::filter::{Field, Filter, Term};

pub(super) async fn run(desk: &Desk<'_>, verb: Verb, filter: Filter, expect: Option<u64>) -> Ended {
    let filter = narrow(verb, filter);
    let link = desk.link().await?;
    let counts = link.read(link.client.notification_count(link.within(), filter.clone())).await?;
    let total: u64 = counts.values().sum();
    let by_status: Vec<_> = counts
        .iter()
        .filter(|(_, count)| **count > 0)
        .map(|(status, count)| format!("{status} {count}"))
        .collect();
    if expect.is_some_and(|expected| expected != total) {
        let message = format!("{total} match, not {}; nothing was changed", expect.unwrap_or_default());
        return Err(Failure::new(Exit::Conflict, message).into());
    }
    if total == 0 {
        desk.out.note("nothing matches in a state that allows it");
    }
    if total > 0 {
        let question =
            format!("{total} notifications match ({}). {} them?", by_status.join(", "), verb.question());
        confirm::yes(desk.globals, desk.out, &question)?;
    }
    let mut listing = desk.out.list(verb.what())?;
    let mut tally = Tally::default();
    let mut cursor = Some(None).filter(|_| total > 0);
    while let Some(after) = cursor.take() {
        let request = ListRequest { filter: filter.clone(), limit: PAGE, cursor: after, reveal: false };
        let page = link.read(link.client.notification_list(link.within(), request)).await?;
        let ids: Vec<_> = page.items.iter().map(|item| item.id).collect();
        if !ids.is_empty() {
            let changed = call(desk, &link, verb, ids).await?;
            tally.add(&changed);
            if !desk.out.for_people() {
                listing.page(&changed.into_iter().map(Outcome::from).collect::<Vec<_>>())?;
            }
        }
        cursor = page.next_cursor.map(Some);
    }
    listing.close(None, None)?;
    desk.out.note(&tally.sentence(desk, verb));
    tally.end()
}

/// Keeps to the states that allow the change, unless the filter names its own, and to what is there now.
fn narrow(verb: Verb, mut filter: Filter) -> Filter {
    let named =
        filter.terms.iter().any(|term| matches!(term, Term::Is { field: Field::Status, negate: false, .. }));
    if !named {
        let states: &[Status] = match verb {
            Verb::Cancel | Verb::Postpone(_) | Verb::Bury { .. } => {
                &[Status::Pending, Status::Queued, Status::Retrying]
            }
            Verb::Move(_) | Verb::Run => &[Status::Pending, Status::Retrying],
            Verb::Retry => &[Status::Failed],
        };
        filter.and_any(Field::Status, states.iter().map(ToString::to_string).collect());
    }
    filter.and(Term::Until(clock::now()));
    filter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_keeps_to_what_can_be_changed() {
        let all = narrow(Verb::Cancel, Filter::default());
        let values = vec!["pending".to_owned(), "queued".to_owned(), "retrying".to_owned()];
        assert_eq!(all.terms[0], Term::Is { field: Field::Status, values, negate: false });
        assert!(matches!(all.terms[1], Term::Until(_)));
        let own = narrow(Verb::Retry, Filter::parse("status:cancelled", clock::now()).unwrap());
        assert_eq!(own.terms.len(), 2);
    }
}
