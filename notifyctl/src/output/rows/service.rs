//! Services and their keys.

use super::{always, wide, yes};
use crate::output::{Column, Row};
use notify_proto::view::{KeyView, ServiceView};

impl Row for ServiceView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.name.as_str().into()),
        wide("id", |it| it.id.to_string().into()),
        always("active", |it| yes(it.active)),
        always("keys", |it| it.active_keys.into()),
        always("rate", |it| it.rate_per_second.map(|rate| format!("{rate}/s")).into()),
        always("failures", |it| it.auth_failures.into()),
        always("locked_until", |it| it.locked_until.into()),
        wide("deduplicated_24h", |it| it.deduplicated_24h.into()),
        wide("throttled_24h", |it| it.throttled_24h.into()),
        always("created", |it| it.created_at.into()),
        always("description", |it| it.description.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for KeyView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("prefix", |it| it.prefix.as_str().into()),
        always("fingerprint", |it| it.fingerprint.as_str().into()),
        wide("id", |it| it.id.to_string().into()),
        always("label", |it| it.label.clone().into()),
        always("created", |it| it.created_at.into()),
        always("last_used", |it| it.last_used_at.into()),
        always("expires", |it| it.expires_at.into()),
        always("revoked", |it| it.revoked_at.into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}
