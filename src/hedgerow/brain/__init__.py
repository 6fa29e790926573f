"""Everything of a running gateway that is not the request path: the supervisor and the brain.

`hedgerow protect` is the supervisor: it prepares the state directory, starts the edge and the brain and keeps both
alive. The brain compiles policy when its file changes, reads robots.txt, looks up crawlers' names, compacts the ledgers
and deletes what is older than it is kept. In comes the operator's file and what the edge asks over the control socket;
out go compiled tables and short messages to the edge. No request ever waits for anything here: if the brain dies, the
edge goes on with its last tables.
"""
