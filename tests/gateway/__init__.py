"""Black-box tests: the gateway as a process, real sockets, a site that does what a script says.

Nothing here looks into the engine. `wire` is the visitor, `site` the application behind, `running` the gateway itself,
`policies` what its operator wrote.
"""
