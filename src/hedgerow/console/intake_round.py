"""Takes up what visitors wrote at the edge, sends answers that wait, and lets go of what was kept long enough."""

from __future__ import annotations

import structlog

from hedgerow.appeals import answering, explaining, keeping
from hedgerow.cases.claims.letters import keep_letter
from hedgerow.cases.core.sealing import Sealer
from hedgerow.console.services import Services
from hedgerow.intake import Appeal, Claim, Spool, TakenUp
from hedgerow.outward.smtp import Mailer
from hedgerow.secret import SecretError, read_secret


def take_up(services: Services) -> TakenUp:
    """One round: each letter is committed before its file is taken away, so none is lost and none is kept twice.

    Raises:
        SecretError: what visitors wrote cannot be sealed; the letters wait.
        OSError: the folder cannot be read or changed.
    """
    spool = Spool(services.folder.path)
    if not spool.waiting():
        return TakenUp()
    sealer = Sealer(read_secret(services.folder.path))

    def keep(letter: Appeal | Claim) -> None:
        now = services.clock()
        if isinstance(letter, Claim):
            keep_letter(services.database, now, letter, sealer)
            return
        verdict = explaining.explain(services.control, letter.site, letter.reference)
        with services.database.session() as session:
            keeping.keep(session, now, letter, sealer, verdict)

    done = spool.take_up(keep)
    for refused in done.refused:
        structlog.get_logger().warning("letter_refused", file=refused.file, why=refused.why)
    return done


def send_answers(services: Services, mailer: Mailer | None) -> int:
    """Sends answers that wait; none without a mail server or the secret."""
    if mailer is None:
        return 0
    try:
        sealer = Sealer(read_secret(services.folder.path))
    except SecretError as e:
        structlog.get_logger().warning("answers_not_sent", error=str(e))
        return 0
    return answering.send_answers(services.database, services.clock(), sealer, mailer)


def erase_due(services: Services) -> int:
    """Lets go of words and addresses whose time is over, and of examples; how many appeals that were."""
    now = services.clock()
    with services.database.session() as session:
        erased = keeping.erase_due(session, now)
        session.flush()
        answering.forget_examples(session, now)
        return erased
