"""Letters: what a site writes to those who took information about its people, and to those who can help.

The way through the room, one module a step:

* `kinds` says which letters there are, to whom each goes, what it asks, for how long and what may follow;
* `words` reads the sentences of a language pack, `grounds` the legal rules with their sources, `people` who writes to
  whom;
* `drafting` makes a `document` of the facts of a case; `passages` and `asking` are its parts, `form` the form that the
  other side fills in;
* `docx_writer`, `pdf` and `plain` write a document, `docx_reader` takes an edited one back, `editing` changes it block
  by block;
* `states` is what may happen to a letter and when, `clocks` by when an answer is due and when to look again;
* `keeping`, `approving`, `following`, `rechecking` and `telling` are the same with a database: each act is a decision
  in the trail; `files` keeps what was sent and received by hash, `mailing` is the door to a mail server.

What comes in are `CaseFacts` and what a person typed. What goes out are documents, bytes and states. This room must
never state what the case does not show, never fill a gap, never send anything that no person approved, and never read a
clock: `now` is an argument everywhere.
"""
