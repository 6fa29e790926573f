"""The settings by which the edge judges: what is unusual, the posture, the ladder, challenges, own rules."""

from __future__ import annotations

from typing import Final

from hedgerow.policy import defaults, words
from hedgerow.policy.named_shapes import NAME, SENSITIVITY, STANDING, seconds
from hedgerow.policy.shapes import REQUIRED, Choice, Flag, Keyed, Limits, Real, Section, Setting, Text, Whole

_POSTURE_LIMITS: Final = Keyed(SENSITIVITY, Limits(month=False))
_NEWCOMERS: Final = Keyed(STANDING, Keyed(SENSITIVITY, Whole(0, 100_000)))

UNUSUAL: Final = Section(
    "unusual",
    (
        Setting(
            "days",
            Whole(0, 60),
            14,
            "days",
            "Whoever was shown to no stranger for one to two times so long is visited by nobody; 0 = not looked at.",
        ),
        Setting("people", Whole(1, 1_000_000), 60, "people", "Such people in a day, before the posture is raised, ..."),
        Setting("factor", Real(1.0, 100.0), 2.0, "times", "... and this many times what is usual, ..."),
        Setting(
            "share_percent",
            Whole(0, 100),
            30,
            "percent",
            "... and at least this share of everybody strangers are shown in a day. Twice as many: high.",
        ),
    ),
    "When strangers together are shown people whom nobody usually visits. Nothing is concluded before days + 7 days.",
)

POSTURE: Final = Section(
    "posture",
    (
        Setting(
            "raised",
            _POSTURE_LIMITS,
            defaults.RAISED,
            "people",
            "All strangers together, before every newcomer's allowance shrinks.",
        ),
        Setting("high", _POSTURE_LIMITS, defaults.HIGH, "people", "... before it shrinks to next to nothing."),
        Setting(
            "learn_after_hours",
            Whole(0, 8_760),
            168,
            "hours",
            "With this much history, learned thresholds replace the written ones; 0 = never.",
        ),
        Setting(
            "learned_factor",
            Real(1.0, 100.0),
            2.0,
            "times",
            "A learned threshold is this many times the usual, and never under the written one.",
        ),
        seconds(
            "newcomer_age_s", 86_400, 60, 30 * 86_400, "Whoever was first seen less than this long ago is a newcomer."
        ),
        Setting(
            "newcomers_raised",
            _NEWCOMERS,
            defaults.NEWCOMERS_RAISED,
            "people a day",
            "What one newcomer may be shown while the posture is raised.",
        ),
        Setting(
            "newcomers_high",
            _NEWCOMERS,
            defaults.NEWCOMERS_HIGH,
            "people a day",
            "... while it is high.",
        ),
        Setting(
            "newcomer_days",
            Whole(0, 30),
            2,
            "days",
            "... and so is whoever was shown people on fewer different days of the last thirty.",
        ),
        Setting(
            "known_factor",
            Real(0.0, 100.0),
            2.0,
            "times",
            "While it is high, somebody known is shown this many times the personal fields of a usual day of its own.",
        ),
        Setting("unusual", UNUSUAL, {}, "", "People nobody usually visits."),
        seconds(
            "calm_after_s", 3_600, 60, 7 * 86_400, "The posture falls one step after this long below its threshold."
        ),
    ),
    "How tense the site gets when strangers together are shown unusually many people.",
)

LADDER: Final = Section(
    "ladder",
    (
        Setting("prove_at", Whole(1, 10_000), 50, "points", "Points of signals for a challenge."),
        Setting("slow_at", Whole(1, 10_000), 80, "points", "... to slow down."),
        Setting("refuse_at", Whole(1, 10_000), 120, "points", "... to refuse."),
        Setting(
            "prove_beyond",
            Whole(1, 1_000_000),
            15,
            "people",
            "People asked for beyond the budget, in an hour, before a challenge.",
        ),
        Setting("sign_in_beyond", Whole(1, 1_000_000), 60, "people", "... before sign-in is asked."),
        Setting("refuse_beyond", Whole(1, 1_000_000), 150, "people", "... before refusal."),
        Setting("slow_ms", Whole(0, 30_000), 3_000, "milliseconds", "How long `slow` waits."),
        seconds("refuse_for_s", 900, 1, 86_400, "How long a refusal lasts."),
    ),
    "When the steps from showing to refusing are taken.",
)

PROOF: Final = Section(
    "proof",
    (
        Setting(
            "easy_work", Whole(1, 100_000_000), 50_000, "hashes", "Work of the easiest challenge, as expected number."
        ),
        Setting("hard_work", Whole(1, 100_000_000), 500_000, "hashes", "Work of the hardest."),
        seconds("easy_wait_s", 5, 1, 600, "Wait on the way without JavaScript, easiest."),
        seconds("hard_wait_s", 30, 1, 600, "... hardest."),
        seconds(
            "answer_within_s", 1_200, 60, 86_400, "How long a challenge can be answered; people with aids need time."
        ),
        seconds("holds_s", 12 * 3_600, 60, 30 * 86_400, "How long a solved challenge holds."),
        Setting(
            "shared_networks",
            Whole(1, 255),
            4,
            "networks",
            "More networks than this on one pass are the signal pass_shared.",
        ),
    ),
    "Challenges: self-hosted work of the browser, or a wait without JavaScript.",
)

RULE: Final = Section(
    "rule",
    (
        Setting("name", NAME, REQUIRED, "", "Its name, for the ledger."),
        Setting(
            "when",
            Text('request.path.startsWith("/export")', words.wrong_rule),
            REQUIRED,
            "CEL",
            "Condition over request, identity and state.",
        ),
        Setting("then", Choice(defaults.ACTIONS), None, "", "What it does."),
        Setting("weight", Whole(0, 1_000), None, "points", "Points instead of an action, added like a signal's."),
        Setting("last", Flag(), False, "", "Stop at this rule, even with allow."),
    ),
    "A rule of the operator.",
)
