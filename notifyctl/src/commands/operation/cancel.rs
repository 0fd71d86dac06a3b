//! `notifyctl operation cancel`.

use super::super::Desk;
use crate::confirm;
use crate::failure::{Ended, Exit};

pub(super) async fn run(desk: &Desk<'_>, id: String) -> Ended {
    let link = desk.link().await?;
    if !confirm::is_answered(desk.globals) {
        let call = link.client.operation_cancel(link.within(), id.clone(), desk.globals.rehearsal());
        let operation = link.read(call).await?;
        let question = format!("Have {} ({}) given up?", operation.id, operation.verb);
        confirm::yes(desk.globals, desk.out, &question)?;
    }
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
