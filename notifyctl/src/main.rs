//! notifyctl
fn main() {}
