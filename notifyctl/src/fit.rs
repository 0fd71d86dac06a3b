//! Help that fits: prose is filled, lists hang, and an example that is too long goes on after a backslash, so that it can
//! still be pasted.

use clap::Command;
use clap::builder::StyledStr;

/// Columns where there is no terminal, and at most.
const WIDEST: usize = 100;

/// Columns of a man page on a terminal of 80, less its margin.
pub(crate) const OF_A_PAGE: usize = 72;

/// Longest word of a usage that is not taken apart.
const LONG: usize = 40;

/// What stands before the example of a file; it ends where examples of commands begin.
const FILE: &str = "An example:";

/// What a usage begins with.
const USAGE: &str = "Usage: ";

/// Columns there are, as clap sees them.
pub(crate) fn width() -> usize {
    let said = || std::env::var("COLUMNS").ok()?.parse().ok();
    let seen = terminal_size::terminal_size().map(|(width, _)| width.0.into()).or_else(said);
    seen.filter(|width| *width > 0).unwrap_or(WIDEST).min(WIDEST)
}

/// The command with all below it, its help being no wider than that.
pub fn command(command: Command, width: usize) -> Command {
    let mut command = command.term_width(width);
    command.build();
    fitted(command, width)
}

fn fitted(mut command: Command, width: usize) -> Command {
    if let Some(more) = command.get_after_help().map(StyledStr::to_string) {
        command = command.after_help(text(&more, width));
    }
    let said = command.clone().render_usage().to_string();
    if said.lines().any(|line| line.chars().count() > width) {
        let usage = usage(&command, width);
        command = command.override_usage(usage);
    }
    command.mut_subcommands(|below| fitted(below, width))
}

/// How a command is called, behind that word.
pub(crate) fn usage(command: &Command, width: usize) -> String {
    let said = command.clone().render_usage().to_string();
    folded(&flags(said.trim_start_matches(USAGE)), width, USAGE.len(), USAGE.len(), "")
}

/// What stands together in a line.
enum Part {
    /// Prose, or what is said behind a word of a list: what stands before it, and the columns before its other lines.
    Filled { first: String, hang: usize, words: String },
    /// An example of a command: the columns of its first line.
    Typed(usize, String),
    /// An example of a file.
    AsIs(String),
    /// An empty line.
    Blank,
}

/// Text of help, no wider than that.
pub(crate) fn text(text: &str, width: usize) -> String {
    let mut parts: Vec<Part> = Vec::new();
    let (mut examples, mut file) = (false, false);
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let words = line.trim();
        if words.is_empty() {
            parts.push(Part::Blank);
            continue;
        }
        if indent == 0 {
            examples = words == "Examples:";
            file = !examples && (file || words == FILE);
        }
        if file {
            parts.push(Part::AsIs(line.to_owned()));
            continue;
        }
        match parts.last_mut() {
            // It goes on; two columns in, another entry of a list begins.
            Some(Part::Filled { hang, words: before, .. }) if *hang == indent && indent != 2 => {
                before.push(' ');
                before.push_str(words);
            }
            _ if examples && indent > 0 && !words.ends_with(':') => {
                parts.push(Part::Typed(indent, words.to_owned()));
            }
            _ => parts.push(listed(line, indent)),
        }
    }
    let lines = parts.iter().map(|part| match part {
        Part::Blank => String::new(),
        Part::Filled { first, hang, words } => {
            let words: Vec<_> = words.split(' ').map(str::to_owned).collect();
            format!("{first}{}", folded(&words, width, first.chars().count(), *hang, ""))
        }
        Part::AsIs(line) => line.clone(),
        Part::Typed(indent, words) => {
            let room = " ".repeat(*indent);
            format!("{room}{}", folded(&typed(words), width, *indent, indent + 4, " \\"))
        }
    });
    let all = lines.collect::<Vec<_>>().join("\n");
    if text.ends_with('\n') { all + "\n" } else { all }
}

/// A line of prose; or of a list, a word and what is said of it, with a gap between them.
fn listed(line: &str, indent: usize) -> Part {
    let words = line.trim();
    let gap = words.find("  ").filter(|_| indent > 0);
    let Some(at) = gap else {
        return Part::Filled { first: " ".repeat(indent), hang: indent, words: words.to_owned() };
    };
    let said = words[at..].trim_start();
    let first = &line[..line.len() - said.len() - (line.len() - line.trim_end().len())];
    Part::Filled { first: first.to_owned(), hang: first.chars().count(), words: said.to_owned() }
}

/// Words in lines: the first begins at this column, the others hang; `on` ends a line that goes on.
fn folded(words: &[String], width: usize, at: usize, hang: usize, on: &str) -> String {
    let mut text = String::new();
    let mut column = at;
    let whole = at + words.iter().map(|word| word.chars().count() + 1).sum::<usize>() <= width + 1;
    for (n, word) in words.iter().enumerate() {
        let long = word.chars().count();
        // Room for what says that it goes on, unless this is the end; a shell goes on after a pipe by itself.
        let kept = if n + 1 == words.len() || word.ends_with('|') { 0 } else { on.len() };
        // What is typed is best read stage by stage.
        let stage = !whole && !on.is_empty() && text.ends_with('|');
        if stage || (n > 0 && column + 1 + long + kept > width) {
            text.push_str(if text.ends_with('|') { "" } else { on });
            text.push('\n');
            text.push_str(&" ".repeat(hang));
            column = hang;
        } else if n > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += long;
    }
    text
}

/// The words of a command, as a shell reads them, a flag with its value; quotes stay.
fn typed(line: &str) -> Vec<String> {
    let mut quote = None;
    let words = split(line, |c| {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        quote.is_some()
    });
    with_values(words, |word| !word.starts_with(['-', '|', '>']))
}

/// The words of a usage: what is in brackets stays together, and a flag with its value.
fn flags(line: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let words = split(line, |c| {
        match c {
            '<' | '[' => depth += 1,
            '>' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > 0
    });
    let words = with_values(words, |word| word.starts_with('<'));
    // Many that exclude each other are a line or more of their own.
    words
        .into_iter()
        .flat_map(|word| if word.chars().count() > LONG { apart(&word) } else { vec![word] })
        .collect()
}

/// The flags of a group of which one or several are to be given.
fn apart(group: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let parts = group.split_inclusive(|c| {
        match c {
            '<' => depth += 1,
            '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '|' && depth == 1
    });
    parts.map(str::to_owned).collect()
}

/// Puts what may be the value of a flag to it.
fn with_values(words: Vec<String>, value: impl Fn(&str) -> bool) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for word in words {
        match all.last_mut() {
            Some(flag) if flag.starts_with("--") && !flag.contains(' ') && value(&word) => {
                flag.push(' ');
                flag.push_str(&word);
            }
            _ => all.push(word),
        }
    }
    all
}

/// Splits at blanks outside of what is said to stay together.
fn split(line: &str, mut together: impl FnMut(char) -> bool) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in line.chars() {
        let inside = together(c);
        match words.last_mut() {
            Some(_) if c == ' ' && !inside => words.push(String::new()),
            Some(word) => word.push(c),
            None => {}
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_filled_lists_hang_and_examples_can_be_pasted() {
        let said = "It is said at\nlength and told.\n\n  -o csv   after RFC 4180 with\n           a header\n  word\n\nExamples:\n  notifyctl ntf cancel --filter 'a b' --yes | jq -r .id\n";
        let expected = "It is said at length\nand told.\n\n  -o csv   after RFC\n           4180 with\n           a header\n  word\n\nExamples:\n  notifyctl ntf \\\n      cancel \\\n      --filter 'a b' \\\n      --yes |\n      jq -r .id\n";
        assert_eq!(text(said, 20), expected);
        let joined = expected.replace("\\\n      ", "").replace("|\n      ", "| ");
        assert_eq!(text(&joined, 200), text(said, 200));
    }

    #[test]
    fn a_usage_is_broken_between_flags() {
        let words =
            flags("notifyctl send [OPTIONS] --to <ADDRESS> <--body <TEXT>|--body-file <FILE>> [ID]...");
        assert_eq!(
            words,
            [
                "notifyctl",
                "send",
                "[OPTIONS]",
                "--to <ADDRESS>",
                "<--body <TEXT>|--body-file <FILE>>",
                "[ID]..."
            ]
        );
        assert_eq!(
            folded(&words[..4], 35, USAGE.len(), USAGE.len(), ""),
            "notifyctl send [OPTIONS]\n       --to <ADDRESS>"
        );
    }
}
