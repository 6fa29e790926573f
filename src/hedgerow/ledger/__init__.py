"""Reading disclosures: who saw whom.

In comes a state directory; out go entries of the ledger in words or as JSON. Nothing here writes to the ledger. The
one thing that is written is the audit trail, when a person opens a sealed address.
"""
