"""Evidence packs: what the ledger knows of some principals and a period, so that somebody else can check it.

In come the ledger's views, its segments and its manifest; out goes a folder and the same as a .zip, signed, with a
script (`verify_pack.py`) that needs no Hedgerow. Nothing here opens an address, and nothing leaves that a record does
not say.
"""
