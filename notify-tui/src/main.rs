//! `notify-tui`: the program is in the library, so that tests and the man page can reach it.

fn main() -> std::process::ExitCode {
    notify_tui::main(std::env::args_os())
}
