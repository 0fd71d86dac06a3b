//! Menus before a wish.

use crate::state::{App, Choice, Menu, Over, Page, Wish};

/// What a filter can do.
pub(super) fn bulk_menu(page: Page) -> Over {
    let mut choices = match page {
        Page::Dead => vec![
            ('r', "retry all that match", Wish::RetryAll),
            ('d', "discard all that match", Wish::DiscardAll),
        ],
        _ => vec![
            ('r', "retry all that match", Wish::RetryAll),
            ('c', "cancel all that match", Wish::CancelAll),
            ('d', "bury all that match", Wish::BuryAll),
            ('n', "run all that match now", Wish::RunAll),
        ],
    };
    if page == Page::Retries {
        choices.remove(0);
    }
    let choices = choices.into_iter().map(|(key, text, wish)| (key, text.to_owned(), Choice::Ask(wish)));
    Over::Menu(Menu { title: "with all that match the filter".into(), choices: choices.collect() })
}

/// What can be done with keys.
pub(super) fn key_menu() -> Over {
    let choices = vec![
        ('n', "a new key; the others end after a grace time".to_owned(), Choice::Ask(Wish::Rotate)),
        ('r', "revoke a key at once".to_owned(), Choice::Ask(Wish::Revoke)),
    ];
    Over::Menu(Menu { title: "keys".into(), choices })
}

/// Where among those that are tried a provider can go.
pub(super) fn order_menu() -> Over {
    let choices = vec![
        ('+', "tried sooner: before the one before it".to_owned(), Choice::Ask(Wish::Sooner)),
        ('-', "tried later: behind the one after it".to_owned(), Choice::Ask(Wish::Later)),
    ];
    Over::Menu(Menu { title: "in which order it is tried".into(), choices })
}

/// Whether to go while something that was begun here is under way; nothing when there is nothing.
pub(super) fn leaving(app: &App) -> Option<Over> {
    let mut parts: Vec<String> =
        app.begun.iter().map(|id| format!("{id} goes on in the daemon without this program")).collect();
    if let Some(export) = &app.export {
        let rows = notify_proto::upkeep::grouped(export.rows);
        let kept = format!(", its {rows} rows stay in {}.partial", export.name);
        parts.push(format!("the export ends{}", if export.rows > 0 { kept } else { String::new() }));
    }
    if parts.is_empty() {
        return None;
    }
    let quit = format!("quit; {}", parts.join("; "));
    let choices = vec![('y', quit, Choice::Quit), ('n', "stay".to_owned(), Choice::Stay)];
    Some(Over::Menu(Menu { title: "something is under way".into(), choices }))
}
