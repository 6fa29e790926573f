"""The web screens of the people who answer for the site: what happens, what to decide, what was decided.

In come requests of signed-in people and of their programs; out go pages, their JSON twins and rows of the store. `app`
puts it together, `routes` is how every route is declared (with the permission it needs, or the app does not start),
`access` knows who somebody is and what they may do, `decisions` writes the trail in the transaction of the act,
`rendering` makes pages; `pages` and `api` hold one subject a module, each found by itself. This room never decides
instead of a person, never stands in a visitor's path (the gateway goes on without it), never shows more of a person
than a role may see, sends nothing to third parties and loads nothing from them.
"""
