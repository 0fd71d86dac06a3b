//! `notifyctl provider remove`.

use crate::cli::Format;
use crate::commands::Desk;
use crate::confirm;
use crate::failure::{Ended, Exit};
use clap::Args;
use serde_json::json;

/// Which.
#[derive(Debug, Args)]
pub struct Remove {
    /// The provider, by name or id
    #[arg(value_name = "NAME")]
    name: String,
    /// The provider's name, instead of being asked for it
    #[arg(long, value_name = "NAME")]
    confirm: Option<String>,
}

impl Remove {
    pub(super) async fn run(self, desk: &Desk<'_>) -> Ended {
        let link = desk.link().await?;
        let call = link.client.provider_remove(link.within(), self.name, desk.globals.rehearsal());
        let would = link.read(call).await?;
        let name = &would.provider.name;
        let mut question = format!(
            "Provider {name} is removed with its settings and its secret; what is pinned to it alone fails."
        );
        if !would.unserved.is_empty() {
            let channels: Vec<_> = would.unserved.iter().map(ToString::to_string).collect();
            question = format!("{question} No active provider serves {} then.", channels.join(", "));
        }
        confirm::name(desk.globals, desk.out, &question, name, self.confirm.as_deref())?;
        // By its id: the name may have gone to another while somebody thought about the answer.
        let id = would.provider.id.to_string();
        let call = link.client.provider_remove(link.within(), id, desk.globals.change());
        let done = link.change(call).await?;
        if matches!(desk.out.format, Format::Json | Format::Jsonl) {
            let document = json!({"provider": done.provider, "unserved": done.unserved});
            desk.out.document("provider.remove", document)?;
        } else {
            let sentence = desk.says(&format!("provider {}", done.provider.name), "removed");
            desk.out.changed("provider.remove", "provider", &sentence, &done.provider)?;
        }
        super::unserved(desk, done.unserved.iter());
        Ok(Exit::Done)
    }
}
