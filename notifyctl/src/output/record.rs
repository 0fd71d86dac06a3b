//! Records for programs: CSV after RFC 4180.

use notify_proto::text::csv_field;

/// One CSV record, without its line end. Line ends inside a field stay, quoted; other control characters are escaped.
pub(super) fn csv(fields: impl IntoIterator<Item = String>) -> String {
    fields.into_iter().map(|field| csv_field(&field)).collect::<Vec<_>>().join(",")
}
