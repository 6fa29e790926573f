"""Roles and what each may do: the one table. The reference page and the tests follow from it."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final


class Permission(StrEnum):
    """One thing that may be allowed. A closed list: a new one is a change of this file."""

    SEE = "see"
    SEE_PEOPLE = "see_people"
    ACT = "act"
    EDIT_POLICY = "edit_policy"
    APPROVE_POLICY = "approve_policy"
    WORK_CASE = "work_case"
    DECIDE_CASE = "decide_case"
    OPEN_SEALED = "open_sealed"
    WRITE_LETTER = "write_letter"
    APPROVE_LETTER = "approve_letter"
    DECIDE_NOTICE = "decide_notice"
    SEND = "send"
    SIGN_REVIEW = "sign_review"
    MANAGE_USERS = "manage_users"
    SETTINGS = "settings"


class Role(StrEnum):
    """What somebody answers for. One user may hold several."""

    OWNER = "owner"
    ANALYST = "analyst"
    PRIVACY = "privacy"
    COUNSEL = "counsel"
    AUDITOR = "auditor"


ROLES: Final[dict[Role, str]] = {
    Role.OWNER: "answers for the site, and for who may do what",
    Role.ANALYST: "watches, acts on principals, writes the policy",
    Role.PRIVACY: "privacy officer: cases, people affected, notices",
    Role.COUNSEL: "lawyer: severity, letters, notices",
    Role.AUDITOR: "sees everything, changes nothing",
}

_O, _A, _P, _C, _U = Role
_TABLE: Final[dict[Permission, tuple[str, tuple[Role, ...]]]] = {
    Permission.SEE: ("see every page", (_O, _A, _P, _C, _U)),
    Permission.SEE_PEOPLE: ("see the identifiers of people affected", (_O, _A, _P, _C, _U)),
    Permission.ACT: ("set and release measures, answer appeals", (_O, _A)),
    Permission.EDIT_POLICY: ("change the people map and the policy", (_O, _A)),
    Permission.APPROVE_POLICY: ("agree to another's change of the policy", (_O,)),
    Permission.WORK_CASE: ("open cases, tasks, notes, containment", (_O, _A, _P, _C)),
    Permission.DECIDE_CASE: ("decide severity, hoax, hold and closing of a case", (_O, _P, _C)),
    Permission.OPEN_SEALED: ("open sealed addresses, with a reason", (_O, _P)),
    Permission.WRITE_LETTER: ("draft letters", (_O, _A, _P, _C)),
    Permission.APPROVE_LETTER: ("approve letters", (_O, _C)),
    Permission.DECIDE_NOTICE: ("decide and sign what the law asks, per regime", (_O, _P, _C)),
    Permission.SEND: ("send letters, filings and notices", (_O, _P, _C)),
    Permission.SIGN_REVIEW: ("sign the review of the month", (_O, _P)),
    Permission.MANAGE_USERS: ("add, change and shut out users", (_O,)),
    Permission.SETTINGS: ("change settings of the console", (_O,)),
}


def sentence(permission: Permission) -> str:
    """What a permission allows, in words."""
    return _TABLE[permission][0]


def roles_with(permission: Permission) -> tuple[Role, ...]:
    """Which roles have a permission."""
    return _TABLE[permission][1]


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """What somebody with these roles may do."""
    held = set(roles)
    return frozenset(p for p, (_, who) in _TABLE.items() if held.intersection(who))
