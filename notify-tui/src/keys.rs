//! From keys to what they mean. The help screen lists the same.

use crate::message::Action;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key means; `None` for the others.
pub(crate) fn meaning(key: KeyEvent) -> Option<Action> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        _ if !key.is_press() => None,
        KeyCode::Char('c') if control => Some(Action::Quit),
        KeyCode::Char('r' | 'l') if control => Some(Action::Refresh),
        KeyCode::Char(_) if control => None,
        KeyCode::Char('q') => Some(Action::Quit),
        KeyCode::Char('?') => Some(Action::Help),
        KeyCode::Char('r') => Some(Action::Refresh),
        KeyCode::Char('p') => Some(Action::Pause),
        KeyCode::Char('+') => Some(Action::Faster),
        KeyCode::Char('-') => Some(Action::Slower),
        KeyCode::Esc => Some(Action::Close),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crossterm::event::KeyEventKind;

    #[test]
    fn keys_mean_what_the_help_says() {
        let plain = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        assert_eq!(meaning(plain('q')), Some(Action::Quit));
        assert_eq!(meaning(plain('p')), Some(Action::Pause));
        assert_eq!(meaning(plain('x')), None);
        assert_eq!(meaning(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)), Some(Action::Quit));
        let release = KeyEvent { kind: KeyEventKind::Release, ..plain('q') };
        assert_eq!(meaning(release), None);
    }
}
