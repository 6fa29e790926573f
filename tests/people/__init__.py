"""The people test: ordinary visitors at the protected example directory, who must notice nothing.

    python -m tests.people [--quick] [--journey NAME] [--bare]

Real Chromium with a mouse and with a keyboard only, text browsers with and without cookies, fifty people behind one
address, and axe-core on every page of ours. Nobody may be refused or sent in circles, nobody may be challenged while
they read their first twenty people, and a page in which nothing is masked has the same bytes as without the gateway.
"""
