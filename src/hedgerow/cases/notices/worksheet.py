"""Was it a breach? Eight facts to record before any law is asked, and what each answer means for the tests.

Scraping of what a site shows is called a breach by some authorities and a design failure by others. So nothing here
answers the question: each answer says which tests it bears on and in which direction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hedgerow.cases.notices.problems import NoticeError


class Answer(StrEnum):
    """What can be answered."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Question:
    """One question: its words, why it matters, and what in Hedgerow answers it."""

    code: str
    asks: str
    why: str
    evidence: str
    """What to look at. `affected` is the list of people, fields and confidence that the ledger gives a case."""
    if_yes: str
    if_no: str


QUESTIONS: Final[dict[str, Question]] = {
    q.code: q
    for q in (
        Question(
            "Q1",
            "Did somebody get past a control: a sign-in, a budget, a block, a challenge, a token, an invitation?",
            "Most tests ask for access that was not authorised.",
            "verdicts and reasons of the principals in the ledger; passes and sign-ins used by them",
            "Access without authority is shown in most regimes.",
            "Access was open as the site was built; whether it was a breach turns on Q2 and Q3.",
        ),
        Question(
            "Q2",
            "Did information go beyond the audience the person had chosen?",
            "It is the strongest sign of disclosure without authority.",
            "affected fields beside each person's choices of audience at that time",
            "Disclosure without authority is shown; that it was public elsewhere must not lower the severity.",
            "Everybody concerned had chosen this audience, or had no choice to make.",
        ),
        Question(
            "Q3",
            "Did it create a link that was not public: number to name, account to account, a list of all members?",
            "Harm comes from linking more than from secrecy.",
            "routes used (look-up, import, recovery), share of the membership in affected",
            "There is harm from linking; that each part was public must not lower the severity.",
            "No new link is known.",
        ),
        Question(
            "Q4",
            "Were many people concerned, or a large share of the membership, or did it go on for long?",
            "Some regimes count people; everywhere it bears on how serious it is.",
            "number of people in affected with its range, coverage of the principals, first and last time",
            "Tests with a number may be met by it alone; look at each regime's hint.",
            "Few people, a short time.",
        ),
        Question(
            "Q5",
            "Were there special categories, children, places, contact details, passwords, or signs of a group?",
            "It makes the breach grave everywhere.",
            "sensitivity of the affected fields, flags of members",
            "Consequences are grave; people may need to be told to protect themselves.",
            "Only basic information, as far as known.",
        ),
        Question(
            "Q6",
            "Is anything known of what the holder wants: to sell, to profile, to harass, to train a model?",
            "How likely misuse is decides several tests.",
            "principals of the case, claims received, offers seen on markets",
            "Misuse is more likely; say what is known and how.",
            "The purpose is not known; that is not the same as harmless.",
        ),
        Question(
            "Q7",
            "Was it lawfully published by a public body, or truly open because the person wanted it so?",
            "Some regimes leave such information out.",
            "people map (why public), choices of the people affected",
            "In some places the notice to people may not be due; the number can still count.",
            "No exclusion for public information helps.",
        ),
        Question(
            "Q8",
            "Has anything reduced the harm already: deletion confirmed, sessions ended, numbers hidden, people warned?",
            "In some regimes it can take the duty to notify away.",
            "containment log, confirmations of deletion, measures taken",
            "Weigh it under the factor for measures; a promise of deletion is weaker than proof.",
            "Nothing has reduced the harm yet.",
        ),
    )
}


@dataclass(frozen=True)
class Follows:
    """What the answers come to."""

    said: tuple[str, ...]
    """One sentence an answer."""
    open: tuple[str, ...]
    """Questions without an answer, or answered `unknown`."""
    public_must_not_lower: bool
    """Whether `it was public anyway` must not lower the severity (Q2 or Q3 is yes)."""
    toward_notice: tuple[str, ...]
    """Questions whose answer speaks for notice."""
    against_notice: tuple[str, ...]


def follows(answers: dict[str, str]) -> Follows:
    """What follows from answers; nothing is decided.

    Raises:
        NoticeError: for a question or an answer there is not.
    """
    for code, given in answers.items():
        if code not in QUESTIONS:
            raise NoticeError(f"there is no question `{code}`; there are {', '.join(QUESTIONS)}")
        if given not in set(Answer):
            raise NoticeError(f"{code} is answered yes, no or unknown, not `{given}`")
    said: list[str] = []
    left: list[str] = []
    toward: list[str] = []
    against: list[str] = []
    for code, question in QUESTIONS.items():
        given = answers.get(code, Answer.UNKNOWN)
        if given == Answer.UNKNOWN:
            left.append(code)
            continue
        said.append(f"{code}: {question.if_yes if given == Answer.YES else question.if_no}")
        # Q7 and Q8 are the two that speak against notice when they are answered yes.
        speaks_for = (given == Answer.YES) != (code in {"Q7", "Q8"})
        (toward if speaks_for else against).append(code)
    beyond = Answer.YES in {answers.get("Q2"), answers.get("Q3")}
    return Follows(tuple(said), tuple(left), beyond, tuple(toward), tuple(against))
