"""Back-up and restore of everything: ledger, keys, letters, evidence, policies, and the console's database.

One file goes out, made while the gateway runs; one command brings it back, on this machine or another, into SQLite or
PostgreSQL whichever it came from. What is only of a running gateway (sockets, process numbers) is left out. Nothing is
written over: a restore goes into an empty place or not at all.
"""
