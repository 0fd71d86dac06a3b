//! A panic on demand, so that a test sees what the terminal shows after one. Only programs built for tests have it.

use crate::state::App;

/// The variable that says which part shall fail once there is data: `loop`, `task` or `thread`.
const VARIABLE: &str = "NOTIFY_TUI_FAULT";

/// Fails there.
#[expect(clippy::panic, reason = "that is what it is for")]
pub(crate) fn strike(app: &App) {
    if app.data.is_none() {
        return;
    }
    match std::env::var(VARIABLE).as_deref() {
        Ok("loop") => panic!("the loop fails, as {VARIABLE} says"),
        Ok("task") => drop(tokio::spawn(async { panic!("a task fails, as {VARIABLE} says") })),
        Ok("thread") => drop(std::thread::spawn(|| panic!("a thread fails, as {VARIABLE} says"))),
        _ => {}
    }
}
