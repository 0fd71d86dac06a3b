//! The filter language turned into conditions of SQL.

use crate::api::Scope;
use crate::directory::Directory;
use crate::row::millis;
use notify_proto::filter::{Field, Filter, Term};
use rusqlite::types::Value;

/// A condition with its values.
#[derive(Default)]
pub struct Where {
    sql: Vec<String>,
    /// In the order of the question marks.
    pub values: Vec<Value>,
}

impl Where {
    /// One more condition.
    pub fn and(&mut self, sql: impl Into<String>, values: impl IntoIterator<Item = Value>) {
        self.sql.push(sql.into());
        self.values.extend(values);
    }

    /// The condition.
    pub fn text(&self) -> String {
        if self.sql.is_empty() { "1".to_owned() } else { self.sql.join(" AND ") }
    }
}

/// Whether a filter looks into messages.
pub fn needs_message(filter: &Filter) -> bool {
    filter.terms.iter().any(|term| {
        matches!(
            term,
            Term::Is {
                field: Field::Recipient
                    | Field::Tenant
                    | Field::EventType
                    | Field::Content
                    | Field::Meta(_)
                    | Field::Any,
                ..
            }
        )
    })
}

/// A filter as a condition on notifications `n` and, if it looks into them, messages `m`.
pub fn conditions(directory: &Directory, scope: Scope, filter: &Filter) -> Where {
    let mut wanted = Where { sql: Vec::new(), values: Vec::new() };
    if let Scope::Service(no) = scope {
        wanted.and("n.service = ?", [no.into()]);
    }
    for term in &filter.terms {
        match term {
            Term::AttemptsAtLeast(least) => wanted.and("n.attempts >= ?", [Value::from(i64::from(*least))]),
            Term::Since(at) => wanted.and("n.created_at >= ?", [millis(*at).into()]),
            Term::Until(at) => wanted.and("n.created_at < ?", [millis(*at).into()]),
            Term::DueBefore(at) => wanted.and("n.due_at < ?", [millis(*at).into()]),
            Term::Is { field, values, negate } => {
                let mut any = Vec::new();
                let mut bound = Vec::new();
                for value in values {
                    let (sql, more) = one(directory, field, value);
                    any.push(sql);
                    bound.extend(more);
                }
                let not = if *negate { "NOT " } else { "" };
                wanted.and(format!("{not}coalesce(({}), 0)", any.join(" OR ")), bound);
            }
        }
    }
    wanted
}

/// What waits for an operator, and what was put back until a queue opens. Only what was touched since its acceptance can
/// have been put back.
const HELD: &str = "(n.status = 'pending' AND n.due_at IS NULL OR n.status = 'queued' AND n.fence > 1 AND
    (SELECT e.event FROM events e WHERE e.seq = n.seq ORDER BY e.n DESC LIMIT 1) = 'held')";

/// The condition of one value of one field.
fn one(directory: &Directory, field: &Field, value: &str) -> (String, Vec<Value>) {
    let text = |column: &str| {
        let (sql, value) = like(column, value);
        (sql, vec![value])
    };
    match field {
        Field::Id => id(value),
        Field::Status => match value {
            "dead" => ("n.status = 'failed'".into(), vec![]),
            "scheduled" => ("(n.status = 'pending' AND n.due_at IS NOT NULL)".into(), vec![]),
            "held" => (HELD.into(), vec![]),
            word => ("n.status = ?".into(), vec![Value::from(word.to_owned())]),
        },
        Field::Service => among("n.service", numbers(directory.all_services(), value)),
        Field::Provider => {
            among("n.provider", numbers(directory.known().iter().map(|it| (it.no, it.name.as_str())), value))
        }
        Field::Channel => text("n.channel"),
        Field::Priority => {
            let rank = notify_proto::Priority::ALL.iter().position(|priority| priority.as_str() == value);
            (
                "n.priority = ?".into(),
                vec![Value::from(rank.and_then(|rank| i64::try_from(rank).ok()).unwrap_or(-1))],
            )
        }
        Field::Recipient => recipient(value),
        Field::Tenant => text("json_extract(m.body, '$.message.tenant_id')"),
        Field::EventType => text("json_extract(m.body, '$.message.event_type')"),
        // No batches are taken in yet, so nothing belongs to one.
        Field::Batch => ("0".into(), vec![]),
        Field::Reason => text("n.failure_reason"),
        Field::Error => ("instr(lower(n.error), lower(?)) > 0".into(), vec![Value::from(value.to_owned())]),
        Field::Content => {
            let inside = |member: &str| {
                format!("instr(lower(json_extract(m.body, '$.message.{member}')), lower(?)) > 0")
            };
            let sql = format!("(coalesce({}, 0) OR {})", inside("subject"), inside("content"));
            (sql, vec![Value::from(value.to_owned()); 2])
        }
        Field::Fault => (
            "(n.status = 'failed' AND fault(n.failure_reason, n.provider, n.error) = ?)".into(),
            vec![Value::from(value.to_owned())],
        ),
        Field::Meta(key) => {
            let (sql, matched) = like("json_extract(m.body, '$.message.meta_data.' || ?)", value);
            (sql, vec![Value::from(format!("\"{}\"", key.replace('"', ""))), matched])
        }
        Field::Any => {
            let (by_id, mut values) = id(value);
            let (by_recipient, more) = recipient(&format!("{}*", value.trim_end_matches('*')));
            values.extend(more);
            values.push(Value::from(value.to_owned()));
            (format!("{by_id} OR {by_recipient} OR instr(lower(n.error), lower(?)) > 0"), values)
        }
    }
}

/// Equal, or starting alike when the value ends in `*`, or ending alike when it begins with one; a star that is meant is
/// written `\*`.
fn like(column: &str, value: &str) -> (String, Value) {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
    let matching = format!("{column} LIKE ? ESCAPE '\\'");
    match Wanted::of(value) {
        Wanted::Whole(whole) => (format!("{column} = ?"), Value::from(whole)),
        Wanted::Start(start) => (matching, Value::from(format!("{}%", escaped(start)))),
        Wanted::End(end) => (matching, Value::from(format!("%{}", escaped(end)))),
    }
}

/// What a value of a filter asks for.
enum Wanted<'a> {
    Whole(String),
    Start(&'a str),
    End(&'a str),
}

impl<'a> Wanted<'a> {
    fn of(value: &'a str) -> Self {
        match (value.strip_suffix("\\*"), value.strip_suffix('*')) {
            (Some(start), _) => Self::Whole(format!("{start}*")),
            (None, Some(start)) => Self::Start(start),
            (None, None) => match (value.strip_prefix("\\*"), value.strip_prefix('*')) {
                (Some(rest), _) => Self::Whole(format!("*{rest}")),
                (None, Some(end)) => Self::End(end),
                (None, None) => Self::Whole(value.to_owned()),
            },
        }
    }
}

/// The digits of an id behind its last dash, by which people tell ids apart that lists have cut.
fn is_end(value: &str) -> bool {
    value.len() == 12 && value.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A whole id, the start of one, or the end of one.
fn id(value: &str) -> (String, Vec<Value>) {
    if let Wanted::End(end) = Wanted::of(value) {
        return ("hex(n.id) LIKE ?".into(), vec![Value::from(format!("%{}", end.to_ascii_uppercase()))]);
    }
    match hex(value) {
        Some(hex) if is_end(value) => {
            let end = match filled(&hex, '0') {
                Value::Blob(bytes) => Value::Blob(bytes[..6].to_vec()),
                other => other,
            };
            let (low, high) = (filled(&hex, '0'), filled(&hex, 'f'));
            ("(n.id BETWEEN ? AND ? OR substr(n.id, 11) = ?)".into(), vec![low, high, end])
        }
        Some(hex) => ("n.id BETWEEN ? AND ?".into(), vec![filled(&hex, '0'), filled(&hex, 'f')]),
        None => ("0".into(), vec![]),
    }
}

/// The lowest and the highest id that starts like that, if it is long enough for few to do so: ids start with the time, and
/// eight digits of it are a minute.
pub fn id_range(value: &str) -> Option<(Value, Value)> {
    // What may be the end of one is searched for.
    let hex = hex(value).filter(|hex| hex.len() >= 8 && !is_end(value) && !value.starts_with('*'))?;
    Some((filled(&hex, '0'), filled(&hex, 'f')))
}

fn hex(value: &str) -> Option<String> {
    let hex: String = value.trim_end_matches('*').chars().filter(|c| *c != '-').collect();
    let is_start = !hex.is_empty() && hex.len() <= 32 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    is_start.then_some(hex)
}

fn filled(hex: &str, fill: char) -> Value {
    let padded: String = hex.chars().chain(std::iter::repeat(fill)).take(32).collect();
    Value::Blob((0..32).step_by(2).filter_map(|i| u8::from_str_radix(&padded[i..i + 2], 16).ok()).collect())
}

/// Any address of any channel.
fn recipient(value: &str) -> (String, Vec<Value>) {
    let (matches, value) = like("a.value", value);
    let sql = format!(
        "EXISTS (SELECT 1 FROM json_tree(m.body, '$.message.addresses') a WHERE a.type = 'text' AND {matches})"
    );
    (sql, vec![value])
}

/// Services and providers are named by people and numbered in rows.
pub fn numbers<'a>(all: impl Iterator<Item = (i64, &'a str)>, value: &str) -> Vec<i64> {
    let wanted = Wanted::of(value);
    let matches = |name: &str| match &wanted {
        Wanted::Whole(whole) => name == whole,
        Wanted::Start(start) => name.starts_with(start),
        Wanted::End(end) => name.ends_with(end),
    };
    all.filter(|(_, name)| matches(name)).map(|(no, _)| no).collect()
}

fn among(column: &str, numbers: Vec<i64>) -> (String, Vec<Value>) {
    let sql = format!("{column} IN ({})", vec!["?"; numbers.len()].join(","));
    (sql, numbers.into_iter().map(Value::from).collect())
}
