"""The questions a privacy officer asks of the ledger, as pure functions.

In comes a DuckDB connection with the documented views (`docs/reference/ledger-views.md`), who and when is meant, and a
clock where one is needed; out go typed rows. Nothing here opens a file, reads a clock, prints, or writes.
"""
