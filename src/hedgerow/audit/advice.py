"""What to do next, in order, each with the command or the person for it."""

from __future__ import annotations

from hedgerow.audit.replaying import Json
from hedgerow.audit.wording import count, listed, number, share


def next_steps(report: Json, out: str) -> list[Json]:
    """Ordered steps: what, why, and the command if there is one."""
    steps: list[Json] = []
    harvests, log = report["harvests"], report["log"]
    policy = report["map"]["file"] or f"{out}/proposed-policy.yaml"
    if not log["read"]:
        return [
            _step(
                "Say which format the log has",
                "No line could be read. The examples below show what the lines look like.",
                "hedgerow audit access.log --format 'nginx:LOG_FORMAT'   # as in your server's configuration",
            )
        ]
    if log["skipped_lines"] > 0.02 * log["lines"]:
        steps.append(
            _step(
                "Look at the lines that could not be read",
                f"{share(log['skipped_lines'], log['lines'])} of the log is missing from this report. A format given "
                "with --format may read them.",
                None,
            )
        )
    if not report["people"]["seen"]:
        steps.append(
            _step(
                "Name the pages that show people",
                "No address in this log was found to speak of people. Write the routes into the proposed policy, then "
                "run the audit again. If addresses carry no identifier, no log can answer this; a gateway can.",
                f"hedgerow audit access.log --map {out}/proposed-policy.yaml",
            )
        )
        return steps
    if report["map"]["source"] == "learnt":
        steps.append(
            _step(
                "Check the routes",
                "They were guessed from addresses. If one is wrong, or one is missing, every number here changes.",
                f"hedgerow audit access.log --map {out}/proposed-policy.yaml",
            )
        )
    if harvests:
        largest = harvests[0]
        steps += [
            _step(
                "Keep the log, and this report",
                "They are the evidence. Copy both, unchanged, to where nobody can overwrite them, and note who did it "
                "and when.",
                None,
            ),
            _step(
                "Tell whoever answers for data protection, today",
                f"{count(report['taken']['people'], 'person', 'people')} "
                f"({share(report['taken']['people'], report['people']['whole'])}) appear to have been collected. "
                "Whether that must be notified is theirs to decide, and where the GDPR applies the time is short: "
                "72 hours from becoming aware (Article 33).",
                None,
            ),
            _step(
                "List the people affected",
                "For letters and for the authority: who was read by these actors, and when.",
                f"hedgerow ledger affected --help   # with --state {out}, after an audit with --ledger",
            ),
        ]
        if largest["shares"]:
            steps.append(
                _step(
                    "Look for a feature that gives it away",
                    f"Harvest {largest['name']} shares {listed(largest['shares'])}. Your server's own log says which "
                    "addresses and programs those are; their providers have an address for complaints.",
                    None,
                )
            )
    done, likely = report["policy"]["harvests"], report["policy"]["likely_people"]
    why = (
        f"Hedgerow's {report['policy']['name']} would have masked or withheld something of "
        f"{number(done['withheld'])} of the {number(done['people_reads'])} people that the harvests read."
        if harvests
        else "No harvest was found for certain in this log; the next one may be under way already."
    )
    steps.append(
        _step(
            "Put a gateway in front and watch",
            f"{why} In watch mode it counts, records and stops nobody.",
            f"hedgerow protect http://127.0.0.1:3000 --config {policy}",
        )
    )
    steps.append(
        _step(
            "Before you enforce, try the policy on what was recorded",
            f"On this log it would have touched {share(likely['touched'], likely['actors'])} of the likely people. "
            "Enforce it only when you have read what that says.",
            f"hedgerow backtest {policy} --since 7d",
        )
    )
    steps.append(
        _step(
            "Show less", "What is not shown cannot be taken: contact details on request, old profiles not at all.", None
        )
    )
    return steps


def _step(what: str, why: str, command: str | None) -> Json:
    return {"what": what, "why": why, "command": command}
