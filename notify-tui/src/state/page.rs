//! The views, as the tab line has them.

/// One view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// How it is.
    Overview,
    /// The line of work in front of each provider.
    Queues,
    /// All notifications.
    Notifications,
    /// What waits for a time.
    Retries,
    /// What was given up.
    Dead,
    /// The ways out.
    Providers,
    /// Who is told what.
    Webhooks,
    /// Who sends.
    Services,
    /// What happens now.
    Live,
}

impl Page {
    /// All, in the order of the tab line.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Queues,
        Self::Notifications,
        Self::Retries,
        Self::Dead,
        Self::Providers,
        Self::Webhooks,
        Self::Services,
        Self::Live,
    ];

    /// The digit that opens it.
    pub fn digit(self) -> char {
        let index = Self::ALL.iter().position(|page| *page == self).unwrap_or_default();
        char::from_digit(u32::try_from(index).unwrap_or_default() + 1, 10).unwrap_or('1')
    }

    /// The view that this digit opens.
    pub fn of(digit: char) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.digit() == digit)
    }

    /// Its name in the tab line, and in short where there is little room.
    pub const fn title(self) -> (&'static str, &'static str) {
        match self {
            Self::Overview => ("Overview", "Ovr"),
            Self::Queues => ("Queues", "Que"),
            Self::Notifications => ("Notifs", "Not"),
            Self::Retries => ("Retries", "Ret"),
            Self::Dead => ("Dead", "Dead"),
            Self::Providers => ("Providers", "Prov"),
            Self::Webhooks => ("Webhooks", "Hook"),
            Self::Services => ("Services", "Svc"),
            Self::Live => ("Live", "Live"),
        }
    }

    /// Its name in the command bar, the configuration and the flags.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Overview => "overview",
            Self::Queues => "queues",
            Self::Notifications => "notifications",
            Self::Retries => "retries",
            Self::Dead => "dead",
            Self::Providers => "providers",
            Self::Webhooks => "webhooks",
            Self::Services => "services",
            Self::Live => "live",
        }
    }

    /// The view with this name or digit; the beginning of a name will do when only one begins so.
    pub fn named(text: &str) -> Option<Self> {
        let mut digits = text.chars();
        if let (Some(digit), None) = (digits.next(), digits.next())
            && let Some(page) = Self::of(digit)
        {
            return Some(page);
        }
        let mut fitting =
            Self::ALL.into_iter().filter(|page| !text.is_empty() && page.word().starts_with(text));
        fitting.next().filter(|_| fitting.next().is_none())
    }

    /// The view in which something that needs attention is found.
    pub fn of_alert(alert: &notify_proto::overview::Alert) -> Self {
        match (alert.object.to_string().as_str(), alert.name.as_str()) {
            ("queue", "retries" | "scheduled") => Self::Retries,
            ("queue", "webhooks") | ("webhook", _) => Self::Webhooks,
            ("queue", _) => Self::Queues,
            ("provider", _) => Self::Providers,
            ("service", _) => Self::Services,
            ("notification", _) => Self::Dead,
            ("operation" | "store" | "daemon", _) if alert.kind.to_string() == "dead_letters" => Self::Dead,
            _ => Self::Overview,
        }
    }

    /// Whether its filter is the filter language of the daemon; elsewhere it is words that a row has to have.
    pub const fn speaks(self) -> bool {
        matches!(self, Self::Notifications | Self::Retries | Self::Dead)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_view_has_a_digit_a_name_and_unmistakable_beginnings() {
        for page in Page::ALL {
            assert_eq!(Page::of(page.digit()), Some(page));
            assert_eq!(Page::named(page.word()), Some(page));
        }
        assert_eq!(Page::named("we"), Some(Page::Webhooks));
        assert_eq!(Page::named("7"), Some(Page::Webhooks));
        assert_eq!((Page::named(""), Page::named("x"), Page::named("77")), (None, None, None));
    }
}
