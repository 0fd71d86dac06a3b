//! notify-tui
fn main() {}
