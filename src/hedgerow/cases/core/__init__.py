"""The work on a case, from its opening to its lesson.

Comes in: what the ledger shows (`ledgers`), what a person decides (an `Actor` and a reason), and `now`. Goes out: rows
of the database, each change with its line in the trail of decisions, and `CaseFacts` for those who write letters and
notices. Must never: read a clock, decide what a person has to decide, or change what was said on a timeline.

Rules and other pure parts: `rules`, `noticing`, `actors`, `sharing`, `marks`, `severity`, `ladder`. Everything that
takes a session: `opening`, `working`, `counting`, `containing`, `keeping`, `closing`, `telling`.
"""
