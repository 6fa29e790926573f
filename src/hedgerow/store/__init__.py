"""What people decided, kept: users, cases, letters, policy versions, and the trail of every decision.

In come acts of the console and of the command line, each within one transaction; out go rows as typed objects, the
same from SQLite (the default, one file in the state directory) and from PostgreSQL (by its URL). `database` opens it,
`base` holds the types all tables share, `models` the tables, one subject a module, `migrations` brings an older
database up to them. This room never holds what visitors were shown: that is the ledger, which it only refers to. It
never changes or removes a row of the trail, never reads a clock of its own, and never logs an address with a password.
"""
