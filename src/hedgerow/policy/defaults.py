"""The defaults: how many people whoever may be shown before anybody writes a word of policy.

What they aim at, on a site of 5,000 people: one address gets at most 2 % of `personal` fields and 0.3 % of `contact`
in a day; fifty addresses in fifty networks, real browsers that solve everything included, at most 10 % and 1.5 %
(that is the posture's work); somebody who opens fifteen profiles meets nothing at all. `make harvest` measures it.

A cell that is absent has no limit of its own. Numbers are distinct people: reading somebody again is free.
"""

from __future__ import annotations

from typing import Final

SENSITIVITIES: Final = {
    "basic": "name, picture, headline",
    "personal": "biography, employer, town, connections",
    "contact": "e-mail, phone, address",
    "special": "health, faith, orientation, children; never to strangers",
}

STANDINGS: Final = {
    "stranger": "not signed in, proved nothing",
    "proven": "not signed in, solved a challenge",
    "new_member": "an account younger than account.new_for_s",
    "member": "an account of age",
    "automation": "automation that nobody vouches for",
    "search_engine": "a search engine whose address proved it",
    "preview": "link previews, feed readers, monitors",
    "licensed": "a licence holder",
    "researcher": "a vetted researcher",
}

LEVELS: Final = {
    "address": "one address (IPv6: the /64)",
    "network": "a network (IPv4: the /24, IPv6: the /48)",
    "session": "one visitor's cookie",
    "account": "an account of the site",
    "client": "the software, by its prints; shared by many honest people",
    "licence": "a licence",
}

NO_LEVELS: Final = {
    "strangers": (
        "all strangers together have no budget of their own, or one harvester could spend everybody's; what they are "
        "shown together moves the posture, and it shrinks what each newcomer is shown",
        "posture: {raised: {personal: 900/hour}}",
    ),
}
"""What is no level of a budget, though it is one of the ledger: why, and what to write instead."""

BUDGETS: Final[dict[str, dict[str, dict[str, str]]]] = {
    # An address may be a household or an office: it gets more than a session, and never more than 2 % of 5,000 a day.
    "stranger": {
        "session": {
            "basic": "400/hour 1500/day 6000/month",
            "personal": "40/hour 60/day 400/month",
            "contact": "5/hour 8/day 40/month",
        },
        "address": {
            "basic": "3000/hour 10000/day",
            "personal": "60/hour 90/day 600/month",
            "contact": "8/hour 12/day 60/month",
        },
        "network": {
            "basic": "6000/hour 20000/day",
            "personal": "150/hour 250/day 2000/month",
            "contact": "15/hour 25/day 150/month",
        },
    },
    # A pass moves to another budget; the address and the network stay what they were.
    "proven": {
        "session": {
            "basic": "600/hour 2000/day 8000/month",
            "personal": "60/hour 80/day 500/month",
            "contact": "6/hour 10/day 50/month",
        },
        "address": {
            "basic": "3000/hour 10000/day",
            "personal": "60/hour 90/day 600/month",
            "contact": "8/hour 12/day 60/month",
        },
        "network": {
            "basic": "6000/hour 20000/day",
            "personal": "150/hour 250/day 2000/month",
            "contact": "15/hour 25/day 150/month",
        },
    },
    "new_member": {
        "account": {
            "basic": "600/hour 2000/day 10000/month",
            "personal": "60/hour 100/day 700/month",
            "contact": "6/hour 10/day 60/month",
        },
        # Many fresh accounts behind one address are one harvester more often than one household.
        "address": {"personal": "120/hour 200/day", "contact": "12/hour 20/day"},
        "network": {"personal": "300/hour 500/day", "contact": "30/hour 50/day"},
    },
    "member": {
        "account": {
            "basic": "2000/hour 6000/day 40000/month",
            "personal": "150/hour 400/day 3000/month",
            "contact": "30/hour 60/day 300/month",
            "special": "5/hour 10/day 30/month",
        },
        "address": {"personal": "600/hour 1500/day", "contact": "100/hour 200/day"},
    },
    "automation": {
        "session": {"basic": "60/hour 200/day", "personal": "15/hour 15/day 60/month", "contact": "0/month"},
        "address": {"basic": "60/hour 200/day", "personal": "15/hour 15/day 60/month", "contact": "0/month"},
        "network": {"basic": "120/hour 400/day", "personal": "30/hour 30/day 120/month", "contact": "0/month"},
    },
    # Crawlers share networks and come from many addresses; what they are is proved, so the limit is only a brake.
    "search_engine": {
        "address": {"basic": "100000/day", "personal": "100000/day", "contact": "0/month"},
        "network": {"basic": "100000/day", "personal": "100000/day", "contact": "0/month"},
    },
    "preview": {
        "address": {"basic": "600/hour 3000/day", "personal": "60/hour 200/day", "contact": "0/month"},
        "network": {"basic": "600/hour 3000/day", "personal": "60/hour 200/day", "contact": "0/month"},
    },
    "licensed": {"licence": {"basic": "10000/day", "personal": "1000/day", "contact": "0/month"}},
    "researcher": {"licence": {"basic": "10000/day", "personal": "1000/day", "contact": "0/month"}},
}

SHOW: Final[dict[str, dict[str, str]]] = {
    "stranger": {"basic": "budgeted", "personal": "budgeted", "contact": "on_request", "special": "never"},
    "proven": {"basic": "budgeted", "personal": "budgeted", "contact": "on_request", "special": "never"},
    "new_member": {"basic": "budgeted", "personal": "budgeted", "contact": "on_request", "special": "never"},
    "member": {"basic": "budgeted", "personal": "budgeted", "contact": "budgeted", "special": "on_request"},
    "automation": {"basic": "budgeted", "personal": "budgeted", "contact": "never", "special": "never"},
    "search_engine": {"basic": "budgeted", "personal": "budgeted", "contact": "never", "special": "never"},
    "preview": {"basic": "budgeted", "personal": "budgeted", "contact": "never", "special": "never"},
    "licensed": {"basic": "budgeted", "personal": "budgeted", "contact": "never", "special": "never"},
    "researcher": {"basic": "budgeted", "personal": "budgeted", "contact": "never", "special": "never"},
}

# All strangers together. `basic` has no threshold: ordinary visitors keep reading it throughout.
RAISED: Final = {"personal": "150/hour 600/day", "contact": "20/hour 60/day"}
HIGH: Final = {"personal": "300/hour 1200/day", "contact": "40/hour 120/day"}

# People a newcomer may be shown in a day while the site is tense. Declared automation waits until it is calm.
NEWCOMERS_RAISED: Final = {
    "stranger": {"personal": 8, "contact": 1},
    "proven": {"personal": 12, "contact": 2},
    "automation": {"personal": 2, "contact": 0},
}
NEWCOMERS_HIGH: Final = {
    "stranger": {"personal": 2, "contact": 0},
    "proven": {"personal": 4, "contact": 0},
    "automation": {"personal": 0, "contact": 0},
}

# Points. A text browser without pictures and scripts that only reads profiles, keeps no cookie and has run into its
# budget makes 15 + 15 + 10 + 5 = 45 and so never meets a challenge for what it is (ladder.prove_at is 50).
SIGNALS: Final[dict[str, tuple[int, str]]] = {
    "declared_automation": (40, "the agent says that it is a robot"),
    "library_client": (40, "the agent names a programming library or command-line tool"),
    "header_contradiction": (25, "headers that contradict each other or the handshake"),
    "forged_crawler": (80, "claims a crawler whose address says otherwise"),
    "enumeration": (40, "asks for identifiers in order, or with even gaps; or for page after page of a list"),
    "profile_only_diet": (15, "reads profiles and nothing else"),
    "no_subresources": (15, "pages without their images, styles and scripts"),
    "robots_refused": (30, "asks for what robots.txt refuses"),
    "bait_taken": (100, "followed a link no person is shown"),
    "unsolved_challenges": (10, "was challenged and went on without an answer"),
    "pass_shared": (60, "one pass used from many networks"),
    "environment_odd": (5, "an environment check of the browser did not agree; never proof"),
    "cookie_not_kept": (10, "a session cookie that was never given back"),
    "asks_beyond_budget": (
        5,
        "keeps asking for people after the budget is spent: half of ladder.prove_beyond and more",
    ),
}

ACTIONS: Final = {
    "allow": "let it pass",
    "mask": "let it pass; fields beyond the allowance are masked",
    "prove": "ask for a proof first",
    "slow": "wait, then let it pass",
    "sign_in": "ask to sign in",
    "refuse": "refuse",
    "decoy": "serve made-up people",
}
