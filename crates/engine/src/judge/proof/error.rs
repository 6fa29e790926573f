//! Why a proof or a reveal token is not taken.

/// Why a proof or a reveal token is not taken. The sentences are for the operator; the visitor gets a page that says
/// what to do next.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProofError {
    /// Longer than anything we issue.
    #[error("the proof is longer than any that was issued; it was not read")]
    TooLarge,
    /// Not of the form we issue.
    #[error("the proof is not of the form that was issued; it was not taken")]
    Malformed,
    /// Not signed by us, or changed since.
    #[error(
        "the proof was not made with this site's key; it was not taken. After a change of the site secret this is \
         expected for as long as a challenge can be answered"
    )]
    Forged,
    /// Made for another session.
    #[error("the proof was made for another session; it was not taken. A visitor whose cookie changed gets a new one")]
    Foreign,
    /// Too old.
    #[error("the proof came too late; it was not taken, a new challenge is shown")]
    Expired,
    /// Made under a policy by which the same numbers meant another route or other fields.
    #[error(
        "the people map was changed since the link was made; it opened nothing, and the visitor opens the page again"
    )]
    Changed {
        /// The page it was made on.
        back: String,
    },
    /// Used before.
    #[error("the proof was used before; it was not taken again")]
    Spent,
    /// The waiting time has not passed.
    #[error("the button was pressed {wait_s} s too early; nothing was spent, the same button works later")]
    Early {
        /// Seconds still to wait.
        wait_s: u32,
    },
    /// The work was not done.
    #[error("the answer does not solve the challenge; the challenge is spent")]
    WrongAnswer,
    /// The memory of used proofs is full of ones that still hold.
    #[error(
        "{remembered} proofs were answered within their validity and no more can be remembered; this one was not taken \
         so that none is ever taken twice. Shorten `proof.answer_within` or raise its work"
    )]
    Full {
        /// How many are remembered.
        remembered: usize,
    },
    /// The challenge could not be signed.
    #[error("a challenge could not be signed: {0}; the request is treated as refused")]
    Unsigned(String),
}

impl ProofError {
    /// Whether another try with a new challenge is what the visitor needs (and not, say, more patience).
    #[must_use]
    pub fn wants_new_challenge(&self) -> bool {
        !matches!(self, Self::Early { .. } | Self::Full { .. } | Self::Unsigned(_))
    }
}
