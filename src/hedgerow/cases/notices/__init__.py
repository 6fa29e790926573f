"""Notices: which regimes apply to a case, what each asks, by when, and what the notice must say.

The way through the room, one module a step:

* `rules` are the regimes as data (`regimes/*.yaml`), read strictly by `loading` and `inheriting`;
* `facts` are the case (`facts_file` reads them), `worksheet` and `severity` the questions before the law;
* `applying` says which regimes are concerned, `duties` what each asks, `clocks` by when, `plan` puts it together;
* `decisions` and `filings` record what people decided and sent, `register` what is kept;
* `contents`, `people_notice`, `european_form` and `recipients` are the texts and lists, `reading_level` their check.

Nothing here is legal advice: a rule carries its source, its date and whether it was verified, and says so wherever it
is shown. A duty is a question to a person with a deadline; the answer is a signed `Decision`.
"""
