"""Cases: what happened, what is decided about it, and whom the law says must be told, by when.

Here lives what a site owes after a disclosure went wrong. `notices` is the first part: the notification regimes as
rules, the facts of a case, the duties and clocks that follow, and the texts that are sent. `language` holds the words
of those texts, a folder a language.

What comes in are facts (typed by a person or read from the ledger) and decisions signed by a person. What goes out are
questions to decide, deadlines, drafts and records. This room must never decide a duty by itself, never fill in a fact
that nobody gave, never send anything, and never read a clock: `now` is an argument everywhere.
"""
