"""Filing: the notices of a case, kept. Who stated what, who signed what, what left, what is still owed, and to whom.

In come acts of people (an answer, a signature, a filing, a file of addresses) and the facts of a case
(`cases.case_facts`); out go plans, drafts, due items, mail and the register. What the law asks is worked out in
`cases.notices`, which knows no database; this room stores what people said and hands it there.

* `statements` are what people stated, `sheet` puts them and the case together into facts, `casework` reads it all;
* `deciding` signs, `sending` records what left, `dues` says by when, `registering` keeps the register;
* `address_file` reads whom to tell, `mailings` approves and deletes, `posting` sends, `bounces` reads what came back.

Nothing here decides whether a notice is due, and nothing here changes a row that somebody stated, signed or sent.
"""
