"""Which routes show people, learnt from the log itself: a proposal with its evidence and its doubts.

A log knows addresses and who asked for them, and nothing of what was on a page. So the evidence is what addresses say
(words for people in several languages, what stands below one identifier), how many different ones there are, and how
they are read. The proposal is a policy to be corrected by somebody who knows the site.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from hedgerow.audit.address_words import BESIDE, DATA, EXPORTS, LISTS, OTHER, PEOPLE, SEARCHES, SHORT, says
from hedgerow.audit.paths import Shape, Template, templates

FEWEST: Final = 8
"""Different identifiers a route must have in the log before it is proposed."""
SURE, LIKELY, DOUBTFUL = 6, 4, 2
"""Points from which on a route is called so; what is doubtful is not counted, only shown."""
_SLUG: Final = re.compile(r"[a-z]{2,20}(?:[-_.][a-z]{2,20}){1,2}(?:[-_.]?\d{1,4})?", re.IGNORECASE)
_LONG_SLUG: Final = re.compile(r"(?:[a-z0-9]+[-_]){4,}[a-z0-9]+", re.IGNORECASE)
_LITERAL: Final = re.compile(r"[A-Za-z0-9._~@+,!$'()=;-]{1,80}")


@dataclass(frozen=True)
class Route:
    """One route as learnt."""

    path: str
    kind: str
    person: str
    points: int
    people: int
    """Different identifiers, or paths, in the log."""
    reads: int
    """Sum over those: by how many actors each was read."""
    evidence: tuple[str, ...]
    doubts: tuple[str, ...] = ()

    @property
    def sure(self) -> str:
        """How sure, in a word."""
        return "sure" if self.points >= SURE else "likely" if self.points >= LIKELY else "doubtful"


@dataclass
class Learnt:
    """All that was learnt of the routes of a log."""

    routes: list[Route] = field(default_factory=list)
    """Counted: sure and likely ones, and the lists and searches around them."""
    doubtful: list[Route] = field(default_factory=list)
    """Not counted unless the operator adds them."""
    doubts: list[str] = field(default_factory=list)
    paths: int = 0

    @property
    def finds_people(self) -> bool:
        """Whether any route names people."""
        return any(r.person == "path" for r in self.routes)


def learn(paths: Iterable[tuple[str, int]]) -> Learnt:
    """Proposes routes from the paths of a log, each with how many actors read it."""
    ordered = sorted(paths)
    found, skipped = templates(ordered)
    out = Learnt(paths=len(ordered))
    if skipped:
        out.doubts.append(f"{skipped:,} paths were too long, too deep or too many different ones to be looked at")
    below = _below(found)
    judged = [r for t in found if (r := _judge(t, below)) is not None]
    judged.sort(key=lambda r: (-r.points, -r.people, r.path))
    names = {r.path for r in judged if r.points >= LIKELY}
    for route in judged:
        # A page below a person's (`/members/7/photo`) is as sure as the person's own.
        base = _base(route.path)
        raised = route if base == route.path or base not in names else _with_base(route, base)
        (out.routes if raised.points >= LIKELY else out.doubtful).append(raised)
    out.routes += _around(found, out.routes)
    out.routes.sort(key=lambda r: (_ORDER.index(r.kind), r.path))
    out.doubtful = out.doubtful[:12]
    if not out.finds_people:
        out.doubts.append("no address in this log speaks of people; if there are such, name them with --map")
    return out


_ORDER: Final = ("profile", "api", "list", "search", "export", "other")


def _base(path: str) -> str:
    return path[: path.index("{person}") + 8] if "{person}" in path else path


def _with_base(route: Route, base: str) -> Route:
    return Route(
        route.path, route.kind, route.person, LIKELY + 1, route.people, route.reads,
        (f"below the address of one person, {base}", *route.evidence), route.doubts,
    )  # fmt: skip


def _below(found: list[Template]) -> dict[tuple[str | Shape, ...], list[tuple[str, int]]]:
    """By the parts up to a hole: words that stand below it, and how many paths have them."""
    below: dict[tuple[str | Shape, ...], list[tuple[str, int]]] = {}
    for t in found:
        for at in t.holes:
            if at + 1 < len(t.parts) and isinstance(word := t.parts[at + 1], str):
                below.setdefault(t.parts[: at + 1], []).append((word, t.paths))
    return below


def _person_hole(t: Template) -> int | None:
    """Which of the parts that vary names the person.

    The first after a word for people; otherwise the last, or of `/7/ann-lee` the number, since the words after it are
    for readers.
    """
    holes = t.holes
    if not holes:
        return None
    for at in holes:
        if at and isinstance(before := t.parts[at - 1], str) and says(before, PEOPLE):
            return at
    if (
        len(holes) > 1
        and holes[-1] == holes[-2] + 1
        and _kind(t, holes[-2]) == "number"
        and _kind(t, holes[-1]) == "word"
    ):
        return holes[-2]
    return holes[-1]


def _kind(t: Template, at: int) -> str:
    part = t.parts[at]
    return part if isinstance(part, str) else part[1]


def _judge(t: Template, below: dict[tuple[str | Shape, ...], list[tuple[str, int]]]) -> Route | None:
    at = _person_hole(t)
    if at is None or t.paths < FEWEST or not all(_LITERAL.fullmatch(p) for p in t.parts if isinstance(p, str)):
        return None
    path = t.named(at)
    literals = [p for p in t.parts if isinstance(p, str)]
    before = t.parts[at - 1] if at else None
    points, why, doubts = 0, [], []
    word = says(before, PEOPLE) if isinstance(before, str) else None
    earlier = next((w for p in t.parts[: max(at - 1, 0)] if isinstance(p, str) and (w := says(p, PEOPLE))), None)
    other = says(before, OTHER) if isinstance(before, str) else None
    if word:
        points += 5
        why.append(f"the word `{word}` stands before the part that varies")
    elif earlier and not other:
        points += 3
        why.append(f"the word `{earlier}` stands in the address")
    elif isinstance(before, str) and before.lower() in SHORT:
        points += 2
        why.append(f"`/{before}/` is where some sites keep people")
    if other and not word:
        points -= 4
        doubts.append(f"`{other}` mostly speaks of something else than people")
    shape = t.parts[at]
    if not isinstance(shape, str) and shape[0] in {"@", "~"}:
        points += 4
        why.append(f"identifiers begin with `{shape[0]}`, as names of people do")
    elif not isinstance(shape, str) and shape[0]:
        stem = says(shape[0], PEOPLE)
        points += 5 if stem else -1
        (why if stem else doubts).append(f"identifiers begin with `{shape[0]}`")
    points += _from_samples(t, at, why, doubts)
    beside = below.get(t.parts[: at + 1], [])
    strong = sorted({w for w, n in beside if n >= 3 and BESIDE.get(w.lower(), 0) == 3})
    weak = sorted({w for w, n in beside if n >= 3 and BESIDE.get(w.lower(), 0) == 1})
    if strong:
        points += 3
    if weak:
        points += 1
    if strong or weak:
        why.append(f"below one identifier stands {', '.join(f'`{w}`' for w in (strong + weak)[:4])}")
    last = t.parts[-1]
    if isinstance(last, str) and says(last, OTHER | EXPORTS) and not says(last, frozenset(BESIDE)):
        points -= 1
    if path.endswith(".vcf"):
        points += 4
        why.append("vCards are addresses of people")
    why.append(
        f"{t.paths:,} different ones, read {t.reads:,} times by different visitors ({t.reads / t.paths:.1f} each)"
    )
    if t.paths >= 100:
        points += 1
    if at == 0 and not isinstance(shape, str) and shape[1] == "word" and not shape[0]:
        doubts.append("the first part of an address is a page of the site as often as a person's name")
        points -= 1
    data = next((w for p in literals if (w := says(p, DATA))), None) or (path.endswith(".json") and "json")
    if data:
        why.append(f"`{data}` says that it is for programs")
    if points < DOUBTFUL:
        return None
    kind = "api" if data else "profile"
    return Route(path, kind, "path", points, t.paths, t.reads, tuple(why), tuple(doubts))


def _from_samples(t: Template, at: int, why: list[str], doubts: list[str]) -> int:
    if at != t.holes[-1] or not t.samples:
        return 0
    kind = _kind(t, at)
    if kind == "number":
        why.append("identifiers are numbers")
        return 1
    if kind == "hash":
        why.append("identifiers are hashes or UUIDs")
        return 0
    bare = [re.sub(r"^[@~]|\.\w{2,5}$", "", s) for s in t.samples]
    names = sum(bool(_SLUG.fullmatch(s)) for s in bare) / len(bare)
    titles = sum(bool(_LONG_SLUG.fullmatch(s)) for s in bare) / len(bare)
    if titles >= 0.4:
        doubts.append("the identifiers are long, as titles are")
        return -3
    if names >= 0.5:
        why.append("identifiers look like names of people")
        return 1
    return 0


def _around(found: list[Template], people: list[Route]) -> list[Route]:
    """Lists, searches and exports around the routes that show people: a log cannot say whom they showed."""
    roots = {p for r in people if r.person == "path" for p in _roots(r.path)}
    taken = {r.path for r in people}
    out = []
    for t in found:
        path = t.named(None)
        literals = [p for p in t.parts if isinstance(p, str)]
        if path in taken or not all(_LITERAL.fullmatch(p) for p in literals) or len(t.holes) > 1:
            continue
        root = next((r for r in sorted(roots, key=len, reverse=True) if path == r or path.startswith(f"{r}/")), None)
        last = literals[-1] if literals else ""
        kind = None
        if says(last, SEARCHES) and (root or len(t.parts) == 1):
            kind, why = "search", f"`{last}` is where one searches"
        elif root and says(last, EXPORTS):
            kind, why = "export", f"`{last}` below {root} sounds like many people at once"
        elif root and (path == root or (path.removeprefix(root).strip("/").split("/")[0].lower() in LISTS)):
            kind, why = "list", f"it stands around {root}/{{person}}"
        if kind:
            read = f"{t.reads:,} times read by different visitors"
            out.append(
                Route(path, kind, "header", LIKELY, t.paths, t.reads, (why, read), (
                    "a log cannot say whom this page showed: nobody is counted here",
                ))
            )  # fmt: skip
            taken.add(path)
    return out


def _roots(path: str) -> list[str]:
    before = path[: path.index("{person}")].rstrip("/")
    return [before] if before and "{" not in before else []


def as_yaml(learnt: Learnt, *, name: str) -> str:
    """The proposal as a policy an operator can correct, evidence and doubts as comments."""
    lines = [
        "# Proposed by `hedgerow audit`, from a log alone. Read every line: the evidence stands beside it, doubts are",
        "# marked DOUBT. Correct it, then run the audit again with --map and this file.",
        *(f"# DOUBT: {_comment(d)}" for d in learnt.doubts),
        "sites:",
        f"  - name: {name}",
        "    upstream: http://127.0.0.1:3000  # the audit does not use it; `protect` needs the address of the site",
        "    mode: watch",
    ]
    if not learnt.routes:
        return "\n".join([*lines, *_doubtful(learnt)]) + "\n"
    lines += [
        "    people:",
        "      # What a page of one person shows, as far as a log can know.",
        "      fields: {name: basic, profile: personal}",
        "      routes:",
    ]
    for r in learnt.routes:
        lines.append(f"        # {r.sure}: {_comment('; '.join(r.evidence))}")
        lines += [f"        # DOUBT: {_comment(d)}" for d in r.doubts]
        lines += [f"        - path: {json.dumps(r.path)}", f"          kind: {r.kind}", f"          person: {r.person}"]
    return "\n".join([*lines, *_doubtful(learnt)]) + "\n"


def _doubtful(learnt: Learnt) -> list[str]:
    if not learnt.doubtful:
        return []
    lines = ["# Not counted, because it is too doubtful. If it shows people, make it a route as above:"]
    return lines + [f"#   {r.path}  ({_comment('; '.join(r.evidence + r.doubts))})" for r in learnt.doubtful]


def _comment(text: str) -> str:
    """Words of the log as part of a comment: a line break in them must not end it."""
    return re.sub(r"[^ -~\u00a0-\ud7ff]+", " ", text)
