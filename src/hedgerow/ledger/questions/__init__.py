"""The questions a privacy officer asks of the ledger, as pure functions.

In comes a DuckDB connection with the documented views (`docs/reference/ledger-views.md`), who and when is meant, and a
clock where one is needed; out go typed rows. Nothing here opens a file, reads a clock, prints, or writes (`written`
writes the one file that the connection was opened for).

    with Store.open(state, site).snapshot() as snapshot:                        # one moment of the ledger
        connection = snapshot.connect(threads=2)                                # one a thread; a screen keeps it open
        group = find_group(connection, [read_ref("203.0.113.9", keys)])         # `refs`

| to show | ask | a page of it |
|---|---|---|
| a person in figures | `summary.of_person(connection, id)` | `.recipients(limit, skip)` |
| a principal in figures | `summary.of_group(connection, group)` | `.shown(limit, skip)` |
| their entries | `records.entries_of_person`, `records.entries_of_group` | `limit`, `before=page.older` |
| what sketches still know | `records.days_of_person`, `records.days_of_group` | all: at most some a day |
| who is affected | `affected.affected(connection, group, period)` | `.page(limit, skip)` |
| who has seen how much | `coverage.coverage(connection, today, members)` | `top`, `levels`, `windows` |
| a person's own question | `subject.of_person`, `subject.of_account` | `limit` |
| all of it as a file | `written` | as it comes |

Figures of ten million disclosures cost less than a second of a processor (docs/reference/ledger-store.md), pages less:
no row is made into Python's objects that is not on the page. A snapshot that stays open keeps the files it reads.
"""
