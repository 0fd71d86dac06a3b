//! `notifyctl operation cancel`.

use super::super::Desk;
use crate::confirm;
use crate::failure::{Ended, Exit};

pub(super) async fn run(desk: &Desk<'_>, id: String) -> Ended {
    confirm::yes(desk.globals, desk.out, &format!("Have {id} given up?"))?;
    let link = desk.link().await?;
    let call = link.client.operation_cancel(link.within(), id, desk.globals.change());
    let operation = link.change(call).await?;
    let sentence = if desk.globals.dry_run {
        format!("dry run: {} ({}) would be given up", operation.id, operation.verb)
    } else {
        format!("{} ({}) is being given up", operation.id, operation.verb)
    };
    desk.out.changed("operation.cancel", "operation", &sentence, &operation)?;
    desk.out.advise(&format!("next: notifyctl operation wait {}", operation.id));
    Ok(Exit::Done)
}
