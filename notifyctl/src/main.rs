//! `notifyctl`: the program is in the library, so that tests and the man pages can reach its command tree.

fn main() -> std::process::ExitCode {
    notifyctl::main(std::env::args_os())
}
