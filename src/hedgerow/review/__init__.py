"""The regular review: a month of protection on one page, and the signature under it.

Authorities expect that measures are reviewed and refreshed as scraping moves on (concluding joint statement of
28 October 2024), and that controls are tested and the results acted on (ICO, penalty notice of 5 June 2025). In come
facts of a month (ledger, cases, appeals, policies in force, drills); out go figures with their definitions, what
changed, what is due, and a digest of all that, which a signature is bound to.

This room must never read a clock, and never sign: a person does, after having been shown what changed.
"""
