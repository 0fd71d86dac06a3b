//! Names of services and providers.

use notify_proto::{ApiError, ErrorCode, SharedQueue};

/// Longest name, characters.
const MAX_NAME: usize = 64;

/// Checks a name for something new.
pub(crate) fn check(kind: &str, name: &str) -> Result<(), ApiError> {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    let rest = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b));
    if kind == "provider" && name.parse::<SharedQueue>().is_ok() {
        let message =
            format!("{name} is a queue that no provider stands behind; a queue is called as its provider");
        return Err(ApiError::new(ErrorCode::Invalid, message).hint("give the provider another name"));
    }
    if first && rest && name.len() <= MAX_NAME {
        return Ok(());
    }
    let message = format!(
        "a {kind} name has 1 to {MAX_NAME} characters of a-z, 0-9, `.`, `_` and `-`, and starts with a letter or digit"
    );
    Err(ApiError::new(ErrorCode::Invalid, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_queue_can_be_told_from_a_provider_by_its_name() {
        for queue in SharedQueue::ALL {
            assert!(check("provider", queue.as_str()).is_err() && check("service", queue.as_str()).is_ok());
        }
    }

    #[test]
    fn the_rule() {
        for name in ["acme", "0", "a.b_c-d", &"x".repeat(64)] {
            assert!(check("service", name).is_ok(), "{name}");
        }
        for name in ["", "-acme", ".a", "Acme", "a b", "ä", "a/b", "a\n", &"x".repeat(65)] {
            let error = check("service", name).unwrap_err();
            assert!(error.message.contains("1 to 64 characters"), "{name}");
        }
    }
}
