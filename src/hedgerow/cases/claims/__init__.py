"""Claims: somebody says that people's information has leaked, and it may be true.

Comes in: a message (security.txt, a form, an e-mail dropped into a folder), samples that an operator enters, and the
ledger. Goes out: a claim with its due times, a case with at least medium severity as soon as one record is genuine, and
a decision. Must never: dismiss a claim on one person's word, or without having asked the ledger who was shown the
sampled people in the last 180 days. A company was fined after it had closed such a tip as a hoax.

`mail` and `taking_up` read what was dropped, `receiving` makes claims, `checking` and `samples` compare, `correlation`
asks the ledger, `deciding` decides, `erasing` lets raw samples go.
"""
