//! The word for each step of a closed list: as policies, ledgers and screens write it, and as `serde` reads it.

use super::{Action, Lane, Level, Sensitivity, Standing};

impl Level {
    /// `address`, `network`, ...
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Network => "network",
            Self::Session => "session",
            Self::Account => "account",
            Self::Client => "client",
            Self::Licence => "licence",
            Self::Strangers => "strangers",
        }
    }
}

impl Lane {
    /// `visitor`, `member`, ...
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Visitor => "visitor",
            Self::Member => "member",
            Self::SearchEngine => "search_engine",
            Self::Preview => "preview",
            Self::Licensed => "licensed",
            Self::Researcher => "researcher",
            Self::Automation => "automation",
        }
    }
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; super::STANDINGS] = [
        Self::Stranger,
        Self::Proven,
        Self::NewMember,
        Self::Member,
        Self::Automation,
        Self::SearchEngine,
        Self::Preview,
        Self::Licensed,
        Self::Researcher,
    ];

    /// `stranger`, `proven`, ...
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stranger => "stranger",
            Self::Proven => "proven",
            Self::NewMember => "new_member",
            Self::Member => "member",
            Self::Automation => "automation",
            Self::SearchEngine => "search_engine",
            Self::Preview => "preview",
            Self::Licensed => "licensed",
            Self::Researcher => "researcher",
        }
    }
}

impl Sensitivity {
    /// `basic`, `personal`, ...
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Basic => "basic",
            Self::Personal => "personal",
            Self::Contact => "contact",
            Self::Special => "special",
        }
    }
}

impl Action {
    /// All of them, in the order of the ladder.
    pub const ALL: [Self; super::ACTIONS] =
        [Self::Allow, Self::Mask, Self::Prove, Self::Slow, Self::SignIn, Self::Refuse, Self::Decoy];

    /// `allow`, `mask`, ...
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Mask => "mask",
            Self::Prove => "prove",
            Self::Slow => "slow",
            Self::SignIn => "sign_in",
            Self::Refuse => "refuse",
            Self::Decoy => "decoy",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use super::*;

    fn read<T: DeserializeOwned>(word: &str) -> T {
        serde_json::from_value(word.into()).unwrap()
    }

    #[test]
    fn every_word_is_read_back_as_what_it_names() {
        for level in [
            Level::Address,
            Level::Network,
            Level::Session,
            Level::Account,
            Level::Client,
            Level::Licence,
            Level::Strangers,
        ] {
            assert_eq!(read::<Level>(level.word()), level);
        }
        for lane in [
            Lane::Visitor,
            Lane::Member,
            Lane::SearchEngine,
            Lane::Preview,
            Lane::Licensed,
            Lane::Researcher,
            Lane::Automation,
        ] {
            assert_eq!(read::<Lane>(lane.word()), lane);
        }
        for standing in Standing::ALL {
            assert_eq!(read::<Standing>(standing.word()), standing);
        }
        for action in Action::ALL {
            assert_eq!(read::<Action>(action.word()), action);
        }
        for sensitivity in Sensitivity::ALL {
            assert_eq!(read::<Sensitivity>(sensitivity.word()), sensitivity);
        }
    }
}
