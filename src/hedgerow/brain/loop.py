"""The brain's round: what is due is done, one thing after another, and no failure of one stops the others."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import structlog

from hedgerow.brain import archive, robots, thresholds
from hedgerow.brain.crawler_names import Resolver, settle
from hedgerow.brain.folder import Folder, FolderError, read_words, write_words
from hedgerow.brain.ledgers import COMPACT_S, MORE_S, THIN_S, Ledgers
from hedgerow.brain.tables import Overrides, TablesError, compile_tables, tables_text, write_tables
from hedgerow.control import Control, ControlError, NotRunningError, RefusedError
from hedgerow.policy import Compiled, PolicyError, write_whole

LOOK_S: Final = 1.0
"""How often the policy file is looked at."""
REFUSED_S: Final = 10.0
"""How soon tables that the edge refused are offered again: what it lacked, such as a file, may have come."""
CLAIMS_S: Final = 2.0
SEALED_S: Final = 3_600.0
NOTICES_S: Final = 3_600.0
FIRST_COMPACTION_S: Final = 60.0
FIRST_THINNING_S: Final = 600.0

PATIENT: Final = 10
"""The nice value at which the ledgers' tables are kept."""

Stamp = tuple[int, int, int]
"""When a file was written, its size and its inode: an editor's replacement changes at least one."""
GONE: Final[Stamp] = (0, 0, 0)

log = structlog.get_logger("brain")


@dataclass
class Brain:
    """One brain. Clock, DNS, robots.txt and the edge are given, so that a test can be all of them."""

    folder: Folder
    config: Path
    overrides: Overrides
    control: Control
    resolver: Resolver
    fetch_robots: Callable[[str, str | None], str | None] = robots.fetch
    clock: Callable[[], float] = time.time
    orphaned: Callable[[], bool] = lambda: False
    """Whether the supervisor is gone: a brain without one would compile tables beside its successor's."""
    compiled: Compiled | None = None
    """The policy in force: an edge has taken its tables."""
    due: dict[str, float] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)
    _seen: tuple[Stamp, Stamp] | None = None
    _reload_pending: bool = False
    """Whether an edge has yet to say that it took the tables on disk."""
    _offer_again_s: float | None = None
    """When tables that were refused are offered again."""
    _offered: tuple[Compiled | None, str] | None = None
    _accepted: str | None = None
    """The tables an edge took last. Those on disk may be others: of a hand-over, or of a reload without an answer."""
    _ledgers: Ledgers | None = None

    def __post_init__(self) -> None:
        # The supervisor starts a brain when an edge answers, which has read these.
        if self.folder.policy.exists():
            self._accepted = self.folder.policy.read_text(encoding="utf-8")

    def run(self) -> None:
        """Goes round until told to stop."""
        # The policy comes first when a gateway starts, and the start of one must be quick.
        self.due.setdefault("compaction", self.clock() + FIRST_COMPACTION_S)
        self.due.setdefault("thinning", self.clock() + FIRST_THINNING_S)
        # A round of a ledger may take a minute; the policy, and visitors whose crawler is asked about, must not wait.
        keeper = threading.Thread(target=self._keep_ledgers, name="ledgers")
        keeper.start()
        try:
            while not self.stop.is_set() and not self.orphaned():
                self.quick_round()
                self.wake.wait(LOOK_S)
                if self.wake.is_set():
                    self.wake.clear()
                    self._seen = None
        finally:
            self.stop.set()
            # What it is at is one bounded commit, and done in order.
            keeper.join()

    def _keep_ledgers(self) -> None:
        # Compacting is work for a processor; where it shares one with the edge, visitors come first. Whatever threads a
        # query starts are as patient as this one.
        me = threading.get_native_id()
        os.setpriority(os.PRIO_PROCESS, me, max(PATIENT, os.getpriority(os.PRIO_PROCESS, me)))
        while not self.stop.wait(LOOK_S):
            self.ledger_round()

    def round(self) -> None:
        """Does whatever is due now."""
        self.quick_round()
        self.ledger_round()

    def quick_round(self) -> None:
        """Does what is due and does not touch a ledger's store."""
        self._when_due("policy", 0, self.look_at_policy)
        self._when_due("robots", robots.EVERY_S, self.read_robots)
        self._when_due("claims", CLAIMS_S, self.settle_claims)
        self._when_due("notices", NOTICES_S, self.write_notices)
        self._when_due("archive", archive.EVERY_S, self.keep_what_is_in_force)

    def ledger_round(self) -> None:
        """Does what is due with the ledgers' stores. It shares with the other round nothing but what it only reads."""
        self._when_due("sealed", SEALED_S, self.expire_sealed)
        self._when_due("compaction", COMPACT_S, self.compact_ledgers)
        self._when_due("thinning", THIN_S, self.thin_ledgers)

    def _when_due(self, name: str, every_s: float, act: Callable[[], None]) -> None:
        now = self.clock()
        if self.due.get(name, 0.0) > now:
            return
        self.due[name] = now + every_s
        try:
            act()
        except NotRunningError:
            # The supervisor is just starting it again; there is nobody to tell and nothing is lost.
            self.due[name] = now + CLAIMS_S
        except (ControlError, FolderError, TablesError, OSError) as e:
            log.warning("not done", what=name, why=str(e))
        except Exception:
            # A mistake of ours in one thing must not end the others: without a brain nothing is kept up to date.
            log.exception("not done, for a reason nobody foresaw; please report it", what=name)

    def look_at_policy(self) -> None:
        """Compiles the policy when its file has changed. A bad one changes nothing, and says what is wrong with it."""
        # The modes, too: an edge that is started again reads the tables, and must not forget that it was switched.
        with self.folder.deciding_modes():
            self._look_at_policy((_stamp(self.config), _stamp(self.folder.modes)))

    def _look_at_policy(self, seen: tuple[Stamp, Stamp]) -> None:
        again = self._offer_again_s is not None and self.clock() >= self._offer_again_s
        if seen != self._seen or again:
            self._seen, self._offer_again_s = seen, None
            if seen[0] == GONE:
                log.warning("the policy file is gone; the tables in force stay", file=str(self.config))
            else:
                self.recompile()
        elif self._reload_pending:
            self._tell_edge()

    def recompile(self) -> None:
        """Compiles and, where the tables are not those the edge has, has it read them."""
        try:
            compiled = compile_tables(self.config, self.folder, self.overrides)
        except PolicyError as e:
            for line in e.report.lines():
                log.error("the policy has a mistake; the tables in force stay", mistake=line)
            return
        text = tables_text(compiled)
        self._offered = (compiled, text)
        if write_tables(self.folder, compiled) or self._reload_pending or text != self._accepted:
            self._tell_edge()
        else:
            self._take(compiled)

    def _tell_edge(self) -> None:
        in_doubt, self._reload_pending = self._reload_pending, True
        try:
            self.control.ask("reload")
        except RefusedError:
            self._put_back(in_doubt)
            raise
        # Where nobody answers, the tables stay and are asked about again. An edge that cannot start with the former
        # ones would never come back if these were put in their place.
        self._reload_pending = False
        if self._offered is not None:
            compiled, self._accepted = self._offered
            if compiled is not None:
                self._take(compiled)
        log.info("policy reloaded", id=self.compiled.id[:12] if self.compiled else None)

    def _put_back(self, in_doubt: bool) -> None:
        """Puts the tables the edge took last back: one that is started again reads what lies there."""
        self._offer_again_s = self.clock() + REFUSED_S
        refused = self._offered[1] if self._offered is not None else None
        if self._accepted is not None:
            write_whole(self.folder.policy, self._accepted)
            self._offered = (self.compiled, self._accepted)
        # An edge that did not answer may have taken others in the meantime: then it is to read these again.
        self._reload_pending = in_doubt and refused != self._accepted

    def _take(self, compiled: Compiled) -> None:
        """What holds from now on: an edge has taken its tables."""
        if self.compiled is not None and compiled.listen != self.compiled.listen:
            log.warning("the listeners have changed; `hedgerow restart` takes them up without a gap")
        self.compiled = compiled
        self.due["archive"] = 0.0

    def read_robots(self) -> None:
        """Reads each site's robots.txt; one that cannot be read now stays as it was."""
        if self.compiled is None:
            self.due["robots"] = self.clock() + LOOK_S
            return
        known = read_words(self.folder.robots)
        before = dict(known)
        for site in self.compiled.sites:
            name = site.text("name")
            upstream = self.overrides.upstream or site.view("upstream").text("url")
            try:
                text = self.fetch_robots(upstream, site.view("upstream").maybe("host_header"))
            except robots.UnreachableError as e:
                log.warning("robots.txt stays as it was", site=name, why=str(e))
                self.due["robots"] = self.clock() + 300
                continue
            if text is None:
                known.pop(name, None)
            else:
                known[name] = text
        if known != before:
            write_words(self.folder.robots, known)
            with self.folder.deciding_modes():
                self.recompile()

    def settle_claims(self) -> None:
        """Answers the edge's questions about crawlers by DNS."""
        claims = _claims(self.control.ask("claims").get("claims"))

        def learn(address: str, agent: str, genuine: bool, until_s: int) -> None:
            self.control.ask("crawler", address=address, agent=agent, genuine=genuine, until_s=until_s)
            log.info("crawler checked", agent=agent, genuine=genuine)

        settle(claims, self.resolver, learn, int(self.clock()))

    def expire_sealed(self) -> None:
        """Lets sealed addresses go when their time is over."""
        if self.compiled is None:
            self.due["sealed"] = self.clock() + LOOK_S
            return
        if self.ledgers.delete_sealed(self.compiled.sites):
            self.due["sealed"] = self.clock() + MORE_S

    def compact_ledgers(self) -> None:
        """Takes up into the ledgers' tables what edges wrote since; one bounded round."""
        if self.ledgers.compact():
            self.due["compaction"] = self.clock() + MORE_S

    def thin_ledgers(self) -> None:
        """Deletes what is older than the policy says it is kept."""
        if self.compiled is None:
            self.due["thinning"] = self.clock() + LOOK_S
            return
        if self.ledgers.thin(self.compiled.sites):
            self.due["thinning"] = self.clock() + MORE_S

    @property
    def ledgers(self) -> Ledgers:
        """The ledgers of all sites."""
        if self._ledgers is None:
            self._ledgers = Ledgers(self.folder, self.clock)
        return self._ledgers

    def keep_what_is_in_force(self) -> None:
        """Keeps the policy, notices and terms in force, for evidence."""
        if self.compiled is None:
            self.due["archive"] = self.clock() + LOOK_S
            return
        archive.keep(self.folder.path, self.config, self.compiled, self.clock())

    def write_notices(self) -> None:
        """Says when a hand-set threshold no longer fits what is usual."""
        if self.compiled is None:
            self.due["notices"] = self.clock() + LOOK_S
            return
        usual = self.control.ask("status").get("usual")
        if not isinstance(usual, dict):
            return
        for site in self.compiled.sites:
            posture = site.view("posture")
            of_site = usual.get(site.text("name"))
            if "raised" not in posture.written or not isinstance(of_site, dict):
                continue
            written = {s: n for s, limit in posture.view("raised").limits() if (n := limit.get("hour")) is not None}
            for notice in thresholds.notices(written, of_site, posture.real("learned_factor")):
                log.warning("threshold is stale", site=site.text("name"), notice=notice)


def _stamp(path: Path) -> Stamp:
    try:
        stat = path.stat()
    except FileNotFoundError:
        return GONE
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


def _claims(found: object) -> list[tuple[str, str]]:
    """The edge's list: `[{"address": …, "agent": …}]`, or pairs."""
    claims: list[tuple[str, str]] = []
    for claim in found if isinstance(found, list) else []:
        if isinstance(claim, dict):
            claims.append((str(claim.get("address")), str(claim.get("agent"))))
        elif isinstance(claim, list) and len(claim) == 2:
            claims.append((str(claim[0]), str(claim[1])))
    return claims[:1_000]
