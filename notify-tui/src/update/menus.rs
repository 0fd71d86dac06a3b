//! Menus before a wish.

use crate::state::{Choice, Menu, Over, Page, Wish};

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

/// What rows can be written as: those of the page here, all that match by the command line.
pub(super) fn formats(page: Page) -> Over {
    let mut choices = vec![
        ('j', "the rows of this page, as JSON Lines".to_owned(), Choice::Export(false)),
        ('c', "the rows of this page, as CSV".to_owned(), Choice::Export(true)),
    ];
    if page.speaks() {
        let all = "all that match: copies the notifyctl line that writes them".to_owned();
        choices.push(('a', all, Choice::Whole));
    }
    Over::Menu(Menu { title: "write rows to a file".into(), choices })
}
