//! What a change did: a sentence for people, the new object for programs.

use super::{Out, Row, json, text};
use crate::cli::Format;
use crate::failure::Stop;
use notify_proto::upkeep::ChangedSetting;
use serde_json::Value;
use std::io;

impl Out {
    /// What a change did: a sentence for people, the new object for programs. `what` is noun and verb, `member` the
    /// object's name in the JSON document.
    pub(crate) fn changed<T: Row>(
        &self,
        what: &str,
        member: &str,
        sentence: &str,
        object: &T,
    ) -> Result<(), Stop> {
        if self.for_people() {
            return Ok(self.sentence(sentence)?);
        }
        if self.format == Format::Json {
            let document = serde_json::json!({ member: json::value(object)? });
            return Ok(self.document(what, self.rehearsed(document))?);
        }
        self.one(what, member, object)
    }

    /// What a change of settings did: the sentence with each of them for people, the object and what is different for
    /// programs.
    pub(crate) fn updated<T: Row>(
        &self,
        what: &str,
        member: &str,
        sentence: &str,
        object: &T,
        changed: &[ChangedSetting],
    ) -> Result<(), Stop> {
        if matches!(self.format, Format::Json | Format::Jsonl) {
            let document = serde_json::json!({ member: json::value(object)?, "changed": changed });
            return Ok(self.document(what, self.rehearsed(document))?);
        }
        let told: Vec<_> = changed.iter().map(|it| format!("{} {} -> {}", it.key, it.from, it.to)).collect();
        self.changed(what, member, &format!("{sentence}: {}", told.join(", ")), object)
    }

    /// What a change did that leaves no object behind.
    pub(crate) fn did(&self, what: &str, sentence: &str, more: Value) -> Result<(), Stop> {
        if matches!(self.format, Format::Json | Format::Jsonl) {
            return Ok(self.document(what, self.rehearsed(more))?);
        }
        Ok(self.sentence(sentence)?)
    }

    /// What a change did, as a document; of a rehearsal it says that it is one.
    fn rehearsed(&self, document: Value) -> Value {
        match document {
            Value::Object(mut members) if self.dry_run => {
                members.insert("dry_run".into(), Value::Bool(true));
                Value::Object(members)
            }
            Value::Null if self.dry_run => serde_json::json!({"dry_run": true}),
            other => other,
        }
    }

    fn sentence(&self, sentence: &str) -> io::Result<()> {
        if self.quiet { Ok(()) } else { self.line(&text::clean(sentence)) }
    }
}
