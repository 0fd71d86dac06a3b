//! Rows to a file: all that match, in the background, where a view has pages; else those that are shown. Where some are
//! marked, only they.

use super::leave;
use crate::message::{Action, Cmd, Told, Wanted};
use crate::state::{App, Choice, Export, Item as _, Menu, Notes, Over, Page, Rows as _};
use notify_proto::filter::{Field, Filter, MAX_VALUES, Term};
use notify_proto::upkeep::grouped;

/// Asks as what; or ends the one that goes on.
pub(super) fn ask(app: &mut App, cmds: &mut Vec<Cmd>) {
    if !end(app, cmds) {
        app.over = Some(formats(app));
    }
}

/// Ends the one that goes on; false when there is none.
pub(super) fn end(app: &mut App, cmds: &mut Vec<Cmd>) -> bool {
    let Some(export) = &mut app.export else { return false };
    if !std::mem::replace(&mut export.ending, true) {
        cmds.push(Cmd::EndExport);
        app.notice = None;
    }
    true
}

/// What rows can be written as; the line that writes them is copied.
fn formats(app: &App) -> Over {
    let marked = app.rows().map_or(0, |rows| rows.marked().len());
    let which = match (marked, app.page.speaks()) {
        (1.., _) => format!("the {marked} marked rows"),
        (0, true) => app.matching().map_or_else(
            || "all rows that match".to_owned(),
            |total| format!("all rows that match, {}", grouped(total)),
        ),
        (0, false) => "the rows of this view".to_owned(),
    };
    let mut choices = vec![
        ('j', format!("{which}, as JSON Lines"), Choice::Export(false)),
        ('c', format!("{which}, as CSV"), Choice::Export(true)),
    ];
    if app.page.speaks() {
        choices.push(('a', "copy the notifyctl line that writes them".to_owned(), Choice::Whole));
    }
    Over::Menu(Menu { title: "write rows to a file".into(), choices })
}

/// Begins one.
pub(super) fn begin(app: &mut App, csv: bool, cmds: &mut Vec<Cmd>) {
    let ending = if csv { "csv" } else { "jsonl" };
    let name = format!("notify-{}-{}.{ending}", app.page.word(), app.now.wall.format("%Y%m%dT%H%M%SZ"));
    if !app.page.speaks() {
        let rows = leave::json_rows(app);
        if rows.is_empty() {
            return app.say("there is nothing to write");
        }
        return cmds.push(Cmd::Save(name, if csv { leave::csv(&rows) } else { leave::lines(&rows) }));
    }
    let empty = app.notes_of(app.page).is_some_and(|notes| notes.list.loaded && notes.list.is_empty());
    match which(app) {
        Err(why) => app.say(why),
        Ok(_) if empty => app.say("there is nothing to write"),
        Ok(filter) => {
            let line = line(app, csv, &name).unwrap_or_default();
            let total = app.notes_of(app.page).map(|notes| notes.list.marked().len()).filter(|n| *n > 0);
            let total = total.map_or_else(|| app.matching(), |marked| Some(marked as u64));
            // What happened before is no news beside it.
            app.notice = None;
            app.export = Some(Export { name: name.clone(), line, rows: 0, total, ending: false });
            cmds.push(Cmd::Export(Box::new(Wanted { name, csv, filter })));
        }
    }
}

/// The line that writes the same to a file of this name.
pub(super) fn line(app: &App, csv: bool, name: &str) -> Result<String, String> {
    let mut filter = which(app)?;
    let noun = if app.page == Page::Dead { "dead" } else { "notification" };
    // That command looks for nothing else.
    filter.terms.retain(|term| app.page != Page::Dead || *term != status(&["dead"]));
    let filter = match filter.to_string() {
        none if none.is_empty() => none,
        text => format!(" --filter {}", crate::deed::quoted(&text)),
    };
    let format = if csv { " --format csv" } else { "" };
    Ok(format!("notifyctl {noun} export{filter}{format} --out {name}"))
}

/// Those that are written: the marked ones, or all that match.
fn which(app: &App) -> Result<Filter, String> {
    let ids = app.rows().map(crate::state::Rows::marked).unwrap_or_default();
    if ids.is_empty() {
        return matching(app);
    }
    let told =
        |notes: &Notes| notes.list.rows().iter().any(|row| row.webhook.is_some() && ids.contains(&row.id()));
    if app.notes_of(app.page).is_some_and(told) {
        return Err(
            "a webhook is told some of the marked rows: notifyctl webhook retries writes those".into()
        );
    }
    if ids.len() > MAX_VALUES {
        return Err(format!("at most {MAX_VALUES} marked rows are written at once; u unmarks, / finds more"));
    }
    let mut filter = Filter::default();
    filter.and_any(Field::Id, ids);
    Ok(filter)
}

fn status(words: &[&str]) -> Term {
    let values = words.iter().map(|word| (*word).to_owned()).collect();
    Term::Is { field: Field::Status, values, negate: false }
}

/// All that the view would show, page after page.
pub(super) fn matching(app: &App) -> Result<Filter, String> {
    let notes = app.notes_of(app.page).ok_or("there are no notifications here")?;
    let only = (app.page == Page::Dead).then_some("dead");
    let mut filter = notes.asked(only, app.now.wall).map_err(|error| error.to_string())?;
    let named = |term: &Term| matches!(term, Term::Is { field: Field::Status, .. });
    if app.page == Page::Retries && !filter.terms.iter().any(named) {
        filter.and(status(&["scheduled", "retrying"]));
    }
    Ok(filter)
}

/// Takes how it goes. It ends as a change does: with what came of it and the line that does the same.
pub(super) fn take(app: &mut App, told: Told) {
    let text = match told {
        Told::Rows(rows) => {
            if let Some(export) = &mut app.export {
                export.rows = rows;
            }
            return;
        }
        Told::Done(rows, path) => format!("{} written to {path}", several(rows)),
        Told::Ended(rows, Some(path), why) => {
            format!("the export ended early, {} written to {path}: {why}", several(rows))
        }
        Told::Ended(_, None, why) => format!("nothing was written: {why}"),
    };
    let Some(export) = app.export.take() else { return };
    app.say(format!("{text}; same as {}", export.line));
    app.note(export.line);
    if let Some(entry) = app.log.last_mut() {
        entry.result = Some(text);
    }
}

fn several(rows: u64) -> String {
    if rows == 1 { "1 row is".into() } else { format!("{} rows are", grouped(rows)) }
}

/// How it goes, for the last line.
pub(crate) fn progress(app: &App, export: &Export) -> String {
    let of = export.total.map(|total| format!(" of {}", grouped(total.max(export.rows)))).unwrap_or_default();
    let rows = grouped(export.rows);
    if export.ending {
        return format!("export: {rows}{of} rows, ending");
    }
    let chord = app.settings.keys.chord(Action::Export, app.page);
    let end = chord.map(|chord| format!("; {chord} ends it")).unwrap_or_default();
    format!("export: {rows}{of} rows to {}{end}", export.name)
}
