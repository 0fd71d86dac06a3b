//! What lies over the view and takes the keys: the help, a bar to write in, a menu, a question before a change.

use crate::deed::Deed;

/// What lies over the view.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// The keys, with what is searched for among them, and the first line shown.
    Help(String, usize),
    /// What was done, from this line on.
    Log(usize),
    /// Text to read: its title, its lines, the first line shown.
    Reader(String, Vec<String>, usize),
    /// A line to write in.
    Bar(Bar),
    /// Something to choose from.
    Menu(Menu),
    /// A question before a change.
    Dialog(Box<Dialog>),
    /// A secret that is shown this once: what it is, and itself.
    Secret(String, Hidden),
}

/// A secret; its `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(pub String);

impl std::fmt::Debug for Hidden {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hidden")
    }
}

/// A line to write in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bar {
    /// Whether it takes commands; else a filter.
    pub command: bool,
    /// What was written.
    pub text: String,
    /// What is wrong with it.
    pub error: Option<String>,
}

/// Something to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Menu {
    /// What it is about.
    pub title: String,
    /// The choices: their key, their words, what follows.
    pub choices: Vec<(char, String, Choice)>,
}

/// What follows from a choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// The list is sorted by this.
    Sort(usize),
    /// The list of notifications begins with those of most attempts, or with the newest.
    Tried(bool),
    /// The list has this filter.
    Filter(String),
    /// Another question comes.
    Ask(Wish),
    /// Rows are written to a file, as CSV or as JSON Lines.
    Export(bool),
    /// The line that writes them is copied.
    Whole,
    /// The program ends.
    Quit,
    /// It does not.
    Stay,
}

/// What somebody wishes to do with what is under the cursor or marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Start again, or make due now.
    Retry,
    /// Revoke.
    Cancel,
    /// Give up, or remove for good.
    Bury,
    /// Stop or go on.
    Pause,
    /// Another limit of calls at once.
    Limit,
    /// Later.
    Postpone,
    /// Try again with another provider.
    Reroute,
    /// Switch on or off.
    Switch,
    /// Try.
    Test,
    /// Make one real call.
    Call,
    /// Open the circuit.
    Open,
    /// Half open it.
    HalfOpen,
    /// Close it.
    Close,
    /// Tell again.
    Resend,
    /// Tell again all that failed.
    Recover,
    /// Another secret or key.
    Rotate,
    /// End a key.
    Revoke,
    /// Try a provider before the one that is tried before it.
    Sooner,
    /// Try it behind the one that is tried after it.
    Later,
    /// Clear a lock.
    Unlock,
    /// Delete a service.
    Remove,
    /// Another service.
    New,
    /// Retry all that match.
    RetryAll,
    /// Cancel all that match.
    CancelAll,
    /// Bury all that match.
    BuryAll,
    /// Discard all that match.
    DiscardAll,
    /// Make all that match due now.
    RunAll,
}

/// A question before a change.
#[derive(Debug, Clone, PartialEq)]
pub struct Dialog {
    /// What it is about.
    pub title: String,
    /// What will happen.
    pub lines: Vec<String>,
    /// What can be said: a name and what stands there. The last is the answer that lets it happen.
    pub fields: Vec<(&'static str, String)>,
    /// Those that have something in them already, which what is typed first replaces.
    pub prefilled: Vec<&'static str>,
    /// Which of them is written in.
    pub at: usize,
    /// The answer that lets it happen: `y`, a count, a name.
    pub wanted: String,
    /// What is wrong with what was written.
    pub error: Option<String>,
    /// What happens then.
    pub deed: Deed,
}

impl Dialog {
    /// A question that `y` answers.
    pub fn yes(title: impl Into<String>, lines: Vec<String>, deed: Deed) -> Self {
        Self {
            title: title.into(),
            lines,
            fields: vec![("y to go on, N to leave it", String::new())],
            prefilled: Vec::new(),
            at: 0,
            wanted: "y".into(),
            error: None,
            deed,
        }
    }

    /// A question that only this word answers.
    pub fn typed(
        title: impl Into<String>,
        lines: Vec<String>,
        wanted: impl Into<String>,
        deed: Deed,
    ) -> Self {
        let mut dialog = Self::yes(title, lines, deed);
        dialog.wanted = wanted.into();
        dialog.fields = vec![("type it to go on", String::new())];
        dialog
    }

    /// With one more thing that can be said, before the answer.
    pub fn field(mut self, name: &'static str, value: &str) -> Self {
        if !value.is_empty() {
            self.prefilled.push(name);
        }
        let last = self.fields.len() - 1;
        self.fields.insert(last, (name, value.to_owned()));
        self
    }

    /// The text of the field that is written in. What was in it before anybody wrote goes when something new comes.
    pub fn writes(&mut self, something: bool) -> &mut String {
        let (name, text) = &mut self.fields[self.at];
        let before = self.prefilled.len();
        self.prefilled.retain(|it| it != name);
        if something && self.prefilled.len() < before {
            text.clear();
        }
        text
    }

    /// Whether it is answered by one key.
    pub fn quick(&self) -> bool {
        self.wanted == "y" && self.at + 1 == self.fields.len()
    }

    /// What was said under this name.
    pub fn said(&self, name: &str) -> &str {
        self.fields.iter().find(|(it, _)| *it == name).map(|(_, value)| value.trim()).unwrap_or_default()
    }
}
