//! The pace of long work, in the question before it.

use crate::deed::Deed;
use crate::state::{Dialog, Pace};
use notify_proto::control::Limit;

/// What the line of a question begins with that tells it.
const PACE: &str = "pace     ";

/// The pace of a change, where it has one.
fn of(deed: &mut Deed) -> Option<&mut Limit<f64>> {
    match deed {
        Deed::Bulk(request) => Some(&mut request.rate_per_second),
        Deed::Recover(_, request) => Some(&mut request.rate_per_second),
        _ => None,
    }
}

/// The line of a question that tells how fast it goes, and how long that takes.
pub(super) fn line(deed: &Deed) -> String {
    let rate = match deed {
        Deed::Bulk(request) => request.rate_per_second,
        Deed::Recover(_, request) => request.rate_per_second,
        _ => Limit::Keep,
    };
    let pace = match rate {
        Limit::Set(rate) if rate > 0.0 => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "it is about so long"
            )]
            let seconds = (deed.subject().0 as f64 / rate).ceil() as u64;
            format!("{rate}/s, about {}", crate::view::span(seconds))
        }
        _ => "as fast as it goes".to_owned(),
    };
    format!("{PACE}{pace}, as an operation that outlives this program; + faster, - slower")
}

/// Another pace, by a key; false where that key means nothing.
pub(super) fn turn(dialog: &mut Dialog, chord: &str) -> bool {
    let Some(rate) = of(&mut dialog.deed) else { return false };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it has steps of whole numbers"
    )]
    let now = Pace(match rate {
        Limit::Set(rate) => Some(*rate as u32),
        Limit::Keep | Limit::Lift => None,
    });
    let then = match chord {
        "+" => now.faster(),
        "-" => now.slower(),
        _ => return false,
    };
    *rate = then.limit();
    let told = line(&dialog.deed);
    for line in dialog.lines.iter_mut().filter(|line| line.starts_with(PACE)) {
        line.clone_from(&told);
    }
    true
}
