"""The people map: finding which routes of a site show people, and proposing how to read them.

In comes an address; out goes a proposal an operator can read line by line: each route, each field, with the evidence,
the share of pages it held on, and what stays doubtful. Nothing here decides anything; the operator does.
"""
