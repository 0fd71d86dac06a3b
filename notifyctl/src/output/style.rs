//! Colour: never alone, and only where it is wanted.

use crate::cli::ColorWhen;

/// What a value says, beyond its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// Nothing.
    Plain,
    /// As it should be.
    Good,
    /// Under way or worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Less important.
    Dim,
    /// A heading.
    Strong,
}

/// Whether to colour: the flag first, then `NO_COLOR`, then the forcing variables, then whether it is a terminal that
/// can.
pub(super) fn wanted(when: ColorWhen, terminal: bool, variable: &dyn Fn(&str) -> Option<String>) -> bool {
    let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
    let forced = |name: &str| variable(name).is_some_and(|value| !value.is_empty() && value != "0");
    match when {
        ColorWhen::Always => true,
        ColorWhen::Never => false,
        ColorWhen::Auto if set("NO_COLOR") => false,
        ColorWhen::Auto if forced("CLICOLOR_FORCE") || forced("FORCE_COLOR") => true,
        ColorWhen::Auto => terminal && variable("TERM").as_deref() != Some("dumb"),
    }
}

/// The text in the colour of its tone.
pub(super) fn paint(color: bool, tone: Tone, text: &str) -> String {
    let code = match tone {
        _ if !color => return text.to_owned(),
        Tone::Plain => return text.to_owned(),
        Tone::Good => "32",
        Tone::Warn => "33",
        Tone::Bad => "31",
        Tone::Dim => "2",
        Tone::Strong => "1",
    };
    format!("\u{1b}[{code}m{text}\u{1b}[0m")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_flag_environment_and_terminal() {
        let auto = |terminal, set: &'static [(&str, &str)]| {
            let find = move |name: &str| {
                set.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned())
            };
            wanted(ColorWhen::Auto, terminal, &find)
        };
        assert!(auto(true, &[]) && !auto(false, &[]));
        assert!(!auto(true, &[("NO_COLOR", "1")]) && auto(true, &[("NO_COLOR", "")]));
        assert!(!auto(true, &[("TERM", "dumb")]));
        assert!(auto(false, &[("CLICOLOR_FORCE", "1")]) && !auto(false, &[("FORCE_COLOR", "0")]));
        assert!(!auto(true, &[("NO_COLOR", "1"), ("FORCE_COLOR", "1")]));
        assert!(wanted(ColorWhen::Always, false, &|_| None) && !wanted(ColorWhen::Never, true, &|_| None));
    }
}
