//! The configuration file, `$XDG_CONFIG_HOME/notify/tui.toml`: how somebody likes it. Flags go before it.

use crate::cli::Cli;
use crate::keys::Keymap;
use crate::state::{Confirm, Pace, Page};
use crate::view::Theme;
use notify_proto::Timestamp;
use notify_proto::filter::Filter;
use notify_proto::send::OneOrMany;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// The file as it is written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    socket: Option<PathBuf>,
    theme: Option<String>,
    interval: Option<String>,
    time: Option<String>,
    ascii: Option<bool>,
    reduce_motion: Option<bool>,
    mouse: Option<bool>,
    view: Option<String>,
    confirm: Option<String>,
    bulk_pace: Option<String>,
    filters: BTreeMap<String, String>,
    columns: BTreeMap<String, Vec<String>>,
    keys: BTreeMap<String, OneOrMany>,
}

/// How times are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Times {
    /// As ages.
    #[default]
    Relative,
    /// By the clock on the wall.
    Local,
    /// In UTC.
    Utc,
}

/// What flags and file come to.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// The socket.
    pub socket: Option<PathBuf>,
    /// The colours.
    pub theme: Theme,
    /// Between two looks.
    pub interval: Duration,
    /// How times are written.
    pub times: Times,
    /// ASCII alone.
    pub ascii: bool,
    /// Ages move every ten seconds.
    pub calm: bool,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// The view to begin with.
    pub view: Page,
    /// How grave the question before a change is at least.
    pub confirm: Confirm,
    /// How fast a change of all that match goes, unless somebody says something else.
    pub bulk_pace: Pace,
    /// Filters by name.
    pub filters: BTreeMap<String, String>,
    /// The columns of each list, where not all of them are wanted.
    pub columns: BTreeMap<Page, Vec<String>>,
    /// The keys.
    pub keys: Keymap,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            socket: None,
            theme: Theme::Default,
            interval: Duration::from_secs(1),
            times: Times::Relative,
            ascii: false,
            calm: false,
            mouse: true,
            view: Page::Overview,
            confirm: Confirm::None,
            bulk_pace: Pace::default(),
            filters: BTreeMap::new(),
            columns: BTreeMap::new(),
            keys: Keymap::default(),
        }
    }
}

/// Where the file is.
fn path(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let set = |name| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let config = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(config.join("notify/tui.toml"))
}

/// What is in the file; nothing when there is none.
pub(crate) fn load(variable: &dyn Fn(&str) -> Option<String>) -> Result<Settings, String> {
    let Some(path) = path(variable) else { return Ok(Settings::default()) };
    match std::fs::read_to_string(&path) {
        Ok(text) => read(&text).map_err(|error| format!("{}: {error}", path.display())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Settings::default()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

/// Keeps a filter under a name in the file, and leaves the rest of it as it is. Answers with the file's name.
pub(crate) fn keep(name: &str, filter: &str) -> Result<String, String> {
    let place = path(&|name| std::env::var(name).ok()).ok_or("there is no home for a configuration")?;
    let shown = place.display().to_string();
    let fault = |error: std::io::Error| format!("{shown}: {error}");
    let text = match std::fs::read_to_string(&place) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(fault(error)),
    };
    let text = kept(&text, name, filter).map_err(|error| format!("{shown}: {error}"))?;
    if let Some(directory) = place.parent() {
        std::fs::create_dir_all(directory).map_err(fault)?;
    }
    // Whole or not at all.
    let fresh = place.with_extension("toml.new");
    std::fs::write(&fresh, text).and_then(|()| std::fs::rename(&fresh, &place)).map_err(fault)?;
    Ok(shown)
}

/// The file's text with this filter in it.
fn kept(text: &str, name: &str, filter: &str) -> Result<String, String> {
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let line = format!("{} = {}", quoted(name), quoted(filter));
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    match lines.iter().position(|line| line.trim() == "[filters]") {
        None => lines.extend([String::new(), "[filters]".to_owned(), line]),
        Some(at) => {
            let same = |line: &String| {
                let key = line.split_once('=').map(|(key, _)| key.trim());
                key.is_some_and(|key| key == name || key == quoted(name))
            };
            let section = lines[at + 1..].iter().position(|line| line.trim_start().starts_with('['));
            let end = section.map_or(lines.len(), |to| at + 1 + to);
            match lines[at + 1..end].iter().position(same) {
                Some(there) => lines[at + 1 + there] = line,
                None => lines.insert(at + 1, line),
            }
        }
    }
    let text = lines.join("\n") + "\n";
    let settings = read(&text)?;
    if settings.filters.get(name).map(String::as_str) == Some(filter) {
        Ok(text)
    } else {
        Err("its [filters] are written in a way that cannot be added to".into())
    }
}

/// Reads the file's text; what is wrong is told with its line.
fn read(text: &str) -> Result<Settings, String> {
    parse(text).map_err(|error| match line_of(text, &error) {
        Some(line) => format!("line {line}: {error}"),
        None => error,
    })
}

/// Where the key stands that an error begins with, such as `keys.help: `.
fn line_of(text: &str, error: &str) -> Option<usize> {
    let (path, _) = error.split_once(": ")?;
    let (section, key) = path.rsplit_once('.').unwrap_or(("", path));
    let mut here = "";
    for (n, line) in text.lines().enumerate() {
        let line = line.trim();
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            here = name.trim();
        }
        let named = line.split_once('=').map(|(name, _)| name.trim().trim_matches(['"', '\'']));
        if here == section && named == Some(key) {
            return Some(n + 1);
        }
    }
    None
}

fn parse(text: &str) -> Result<Settings, String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| text[..span.start].matches('\n').count() + 1);
        let line = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        format!("{line}{}", error.message())
    })?;
    let mut settings = Settings { socket: file.socket, filters: file.filters, ..Settings::default() };
    if let Some(name) = file.theme {
        settings.theme = name.parse().map_err(|error| format!("theme: {error}"))?;
    }
    if let Some(text) = file.interval {
        settings.interval = crate::cli::interval(&text).map_err(|error| format!("interval: {error}"))?;
    }
    if let Some(word) = file.time {
        settings.times = match word.as_str() {
            "relative" => Times::Relative,
            "local" => Times::Local,
            "utc" => Times::Utc,
            _ => return Err(format!("time: `{word}` is none of relative, local, utc")),
        };
    }
    if let Some(word) = file.view {
        let page = Page::named(&word);
        settings.view = page.ok_or_else(|| format!("view: there is no view `{word}`"))?;
    }
    if let Some(word) = file.confirm {
        settings.confirm = word.parse().map_err(|error| format!("confirm: {error}"))?;
    }
    if let Some(text) = file.bulk_pace {
        settings.bulk_pace = text.parse().map_err(|error| format!("bulk_pace: {error}"))?;
    }
    settings.ascii = file.ascii.unwrap_or_default();
    settings.calm = file.reduce_motion.unwrap_or_default();
    settings.mouse = file.mouse.unwrap_or(true);
    for (name, filter) in &settings.filters {
        // Only whether it can be read counts, whenever that is.
        Filter::parse(filter, Timestamp::UNIX_EPOCH).map_err(|error| format!("filters.{name}: {error}"))?;
    }
    settings.columns = columns(file.columns)?;
    let keys = file.keys.into_iter().map(|(name, chords)| (name, chords.into_vec())).collect();
    settings.keys = Keymap::with(&keys)?;
    Ok(settings)
}

/// The columns by view; only those that there are.
fn columns(file: BTreeMap<String, Vec<String>>) -> Result<BTreeMap<Page, Vec<String>>, String> {
    let mut columns = BTreeMap::new();
    for (word, wanted) in file {
        let page = Page::named(&word).ok_or_else(|| format!("columns: there is no view `{word}`"))?;
        let heads = crate::view::heads(page);
        if heads.is_empty() {
            return Err(format!("columns.{word}: this view has no list"));
        }
        let wanted: Vec<_> = wanted.iter().map(|head| head.to_uppercase()).collect();
        let known = |head: &String| heads.iter().any(|it| it.to_uppercase() == *head);
        if let Some(head) = wanted.iter().find(|head| !known(head)) {
            return Err(format!("columns.{word}: `{head}` is none of {}", heads.join(", ")));
        }
        columns.insert(page, wanted);
    }
    Ok(columns)
}

impl Settings {
    /// With what the flags say.
    pub(crate) fn flagged(mut self, cli: &Cli) -> Self {
        self.socket = cli.socket.clone().or(self.socket);
        self.theme = cli.theme.unwrap_or(self.theme);
        if cli.color == "never" {
            self.theme = Theme::Mono;
        }
        self.interval = cli.interval.unwrap_or(self.interval);
        self.ascii |= cli.ascii;
        self.calm |= cli.reduce_motion;
        self.mouse &= !cli.no_mouse;
        self.view = cli.view.unwrap_or(self.view);
        self
    }

    /// As a file that says the same.
    pub(crate) fn dump(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::new();
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut say = |name: &str, value: &str| {
            let _ = writeln!(text, "{name} = {value}");
        };
        if let Some(socket) = &self.socket {
            say("socket", &quoted(&socket.display().to_string()));
        }
        say("theme", &quoted(self.theme.as_str()));
        let milliseconds = self.interval.as_millis();
        let interval = if milliseconds < 1_000 {
            format!("{milliseconds}ms")
        } else {
            format!("{}s", milliseconds / 1_000)
        };
        say("interval", &quoted(&interval));
        let times = match self.times {
            Times::Relative => "relative",
            Times::Local => "local",
            Times::Utc => "utc",
        };
        say("time", &quoted(times));
        say("ascii", &self.ascii.to_string());
        say("reduce_motion", &self.calm.to_string());
        say("mouse", &self.mouse.to_string());
        say("view", &quoted(self.view.word()));
        say("confirm", &quoted(self.confirm.as_str()));
        say("bulk_pace", &quoted(&self.bulk_pace.to_string()));
        text.push_str("\n[filters]\n");
        for (name, filter) in &self.filters {
            let _ = writeln!(text, "{} = {}", quoted(name), quoted(filter));
        }
        text.push_str("\n[columns]\n");
        for (page, heads) in &self.columns {
            let heads: Vec<_> = heads.iter().map(|head| quoted(head)).collect();
            let _ = writeln!(text, "{} = [{}]", page.word(), heads.join(", "));
        }
        text.push_str("\n[keys]\n");
        for (action, name, ..) in crate::keys::ACTIONS {
            let chords: Vec<_> = self.keys.chords(*action).iter().map(|chord| quoted(chord)).collect();
            let _ = writeln!(text, "{name} = [{}]", chords.join(", "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dumped_reads_back() {
        let text = "theme = \"cb\"\ninterval = \"2s\"\ntime = \"utc\"\nview = \"dead\"\nascii = true\nconfirm = \"count\"\n\
            bulk_pace = \"none\"\n[filters]\nmine = 'service:acme error:\"a b\"'\n[keys]\nrefresh = [\"f5\"]";
        let settings = read(text).unwrap();
        assert_eq!((settings.theme, settings.view, settings.times), (Theme::Cb, Page::Dead, Times::Utc));
        assert_eq!((settings.confirm, settings.bulk_pace), (Confirm::Count, Pace(None)));
        assert_eq!(read(&settings.dump()).unwrap(), settings);
        let plain = Settings { interval: Duration::from_millis(250), ..Settings::default() };
        assert_eq!(read(&plain.dump()).unwrap(), plain);
    }

    #[test]
    fn a_filter_is_kept_and_the_rest_stays() {
        let text = "# mine\ntheme = \"cb\"\n\n[filters]\n# old\nlate = 'x'\n\n[keys]\nrefresh = [\"f5\"]\n";
        let once = kept(text, "late ones", "due:<5m error:\"a b\"").unwrap();
        assert!(once.contains("# mine") && once.contains("# old") && once.contains("f5"), "{once}");
        let twice = kept(&once, "late", "status:held").unwrap();
        let settings = read(&twice).unwrap();
        assert_eq!(settings.filters["late"], "status:held");
        assert_eq!(settings.filters["late ones"], "due:<5m error:\"a b\"");
        assert_eq!(read(&kept("", "a", "b").unwrap()).unwrap().filters["a"], "b");
        assert!(kept("filters = {}", "a", "b").is_err());
    }

    #[test]
    fn columns_are_those_that_there_are() {
        let settings = read("[columns]\nqueues = [\"queue\", \"Ready\"]").unwrap();
        assert_eq!(settings.columns[&Page::Queues], ["QUEUE", "READY"]);
        assert_eq!(read(&settings.dump()).unwrap(), settings);
        let wrong = |text| read(text).unwrap_err();
        assert!(wrong("[columns]\nqueues = [\"moon\"]").contains("`MOON` is none of QUEUE"));
        assert!(wrong("[columns]\noverview = [\"x\"]").contains("no list"));
        assert!(wrong("[columns]\nmoon = []").contains("moon"));
    }

    #[test]
    fn a_fault_has_its_line_or_its_key() {
        let wrong = |text| read(text).unwrap_err();
        assert!(
            wrong("ascii = true\nanswer = 42").starts_with("line 2: "),
            "{}",
            wrong("ascii = true\nanswer = 42")
        );
        assert!(wrong("ascii = true\n\ntheme = \"sepia\"").starts_with("line 3: theme: "));
        assert!(
            wrong("[keys]\nhelp = [\"x\"]\nquit = [\"x\"]")
                .starts_with("line 2: keys.help: `x` is a key of quit")
        );
        assert_eq!(read("[keys]\nrefresh = \"f5\"").unwrap(), read("[keys]\nrefresh = [\"f5\"]").unwrap());
        assert!(wrong("[keys]\nhelp = [\"r\"]").contains("`r` is a key of refresh as well"));
        assert!(wrong("[filters]\na = \"x\"\nb = \"bogus:1\"").starts_with("line 3: filters.b: "));
        assert!(wrong("interval = \"2\"").contains("2s"));
        assert!(wrong("view = \"moon\"").contains("moon"));
        assert!(
            wrong("bulk_pace = \"50\"").starts_with("line 1: bulk_pace: write 1/s to 1000000/s, or none")
        );
        assert!(wrong("confirm = \"twice\"").starts_with("line 1: confirm: `twice` is none of none, yes"));
    }
}
