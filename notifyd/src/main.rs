//! notifyd
fn main() {}
