"""Outward: what Hedgerow says to others. Mail, signed webhooks, chat, security events, metrics, lists of addresses.

In come happenings (`happenings`: a closed list of what can be told, never with a person's information) and measures
that are in force; out go messages, each first written into the outbox in the transaction of the act it tells about
(`announcing`), then delivered with retries (`delivering`) over `smtp`, `webhook`, `chat` or `ocsf`. Lists of refused
addresses are files (`block_lists`), figures are `metrics`, and `tracing` is off unless configured.

Settings are one file, `outward.toml` in the state directory (`settings`); secrets lie in files of their own. This room
reads no case and no ledger; whoever calls it has put what may be said into words.
"""
