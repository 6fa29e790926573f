"""Reading disclosures: who saw whom.

In comes a state directory; out go entries of the ledger in words or as JSON. Nothing here writes what edges write: the
audit trail is written when a person opens a sealed address, and `store` keeps tables of its own beside the segments.
"""
