//! Refusals: what a failure of another room says to an operator.

use notify_proto::{ApiError, ErrorCode, Status};
use notifyd_engine::SettingError;
use notifyd_lifecycle::admission::FieldError;
use notifyd_store::StoreError;
use notifyd_store::api::Changed;
use std::error::Error;

/// The arguments are wrong.
pub(crate) fn invalid(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Invalid, message)
}

/// There is no such thing.
pub(crate) fn not_found(kind: &str, name: impl std::fmt::Display) -> ApiError {
    let shown: String = name.to_string().chars().filter(|c| !c.is_control()).take(64).collect();
    ApiError::new(ErrorCode::NotFound, format!("there is no {kind} {shown}"))
}

/// What is to be switched stands so already.
pub(crate) fn unless_switched(object: &str, stands: bool, wanted: bool) -> Result<(), ApiError> {
    let word = if wanted { "enabled" } else { "disabled" };
    if stands == wanted {
        return Err(conflict(format!("{object} is {word} already; nothing would change")));
    }
    Ok(())
}

/// The state does not allow it.
pub(crate) fn conflict(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::Conflict, message)
}

/// The log refused or failed.
#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
pub(crate) fn log(error: StoreError) -> ApiError {
    match error {
        StoreError::Exists { kind: "file", .. } => {
            conflict(error.to_string()).hint("name another file, or remove that one")
        }
        StoreError::Exists { .. }
        | StoreError::Busy(_)
        | StoreError::TooMany { .. }
        | StoreError::Cancelled => conflict(error.to_string()),
        StoreError::ServiceGone => conflict("its service was removed, and so it cannot be sent again"),
        StoreError::Unfinished { ref service, .. } => conflict(error.to_string()).hint(format!(
            "have it send nothing more: notifyctl service disable {service}; then wait, or: notifyctl notification cancel --filter service:{service}"
        )),
        StoreError::NoRoom { .. } => conflict(error.to_string())
            .hint("make room there, or name a file on another disk: notifyctl store backup FILE"),
        StoreError::Slow => ApiError::new(ErrorCode::Failed, error.to_string())
            .hint("narrow it down: fewer days, one service, one status"),
        StoreError::NotFound { kind, ref name } => not_found(kind, name),
        StoreError::Overloaded | StoreError::Closing | StoreError::Pool(_) => {
            ApiError::new(ErrorCode::Unavailable, error.to_string()).hint("try again in a moment")
        }
        StoreError::Latched(_) => ApiError::new(ErrorCode::Unavailable, error.to_string())
            .hint("notifyctl store stats shows the room there is"),
        StoreError::Io { .. } => {
            tracing::warn!(error = chain(&error), "control call failed on a file");
            ApiError::new(ErrorCode::Failed, chain(&error))
                .hint("notifyd itself reads and writes: its user and its unit must be allowed to")
        }
        StoreError::Commit(_) => ApiError::new(ErrorCode::Failed, error.to_string())
            .hint("it may or may not be written: look before you repeat it"),
        _ => {
            tracing::error!(error = chain(&error), "control call failed in the log");
            ApiError::new(ErrorCode::Failed, chain(&error))
        }
    }
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// A setting of a provider is wrong.
#[expect(clippy::needless_pass_by_value, reason = "the shape map_err wants")]
pub(crate) fn setting(error: SettingError) -> ApiError {
    invalid(error.to_string())
}

/// Fields of a notification are wrong.
pub(crate) fn fields(errors: &[FieldError]) -> ApiError {
    let all: Vec<_> = errors.iter().map(|error| format!("{}: {}", error.field, error.message)).collect();
    invalid(all.join("; "))
}

/// The answer of a change to one notification.
pub(crate) fn changed(changed: Changed, cannot: &str) -> Result<Status, ApiError> {
    match changed {
        Changed::Done(status) => Ok(status),
        Changed::NotFound => Err(no_notification()),
        Changed::Refused(status) => Err(refused(status, cannot)),
    }
}

/// No notification has this id.
pub(crate) fn no_notification() -> ApiError {
    ApiError::new(ErrorCode::NotFound, "there is no such notification")
}

/// A notification's status does not allow it.
pub(crate) fn refused(status: Status, cannot: &str) -> ApiError {
    conflict(format!("it is {status} and cannot be {cannot}"))
}
