"""Replay of access logs: has this site been harvested already, by whom, and what would the policy have done?

In come log files and, if there is one, a policy; out go a report for people, the same as JSON, a proposed policy and,
on request, a ledger. The engine of the gateway decides about every line (`_engine.LogReplay`); nothing is decided here
a second time. `learning` finds the routes that show people, `groups` finds actors that act together (pure functions, no
input or output), `findings` gathers the numbers of a report, `page` and `charts` draw it.
"""
