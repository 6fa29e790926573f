"""The harvest test: real scraping tools against the example directory, with and without the gateway.

    python -m tests.harvest [--quick] [--tool NAME] [--report-only]

Each tool runs from one address and spread over fifty, for a fixed time, and does what a determined scraper would make
it do: no robots.txt, browser headers, several doors to the same person, concurrency. What counts is what it has stored
at the end, compared with the truth: a profile counts when its biography, or its employer and town, are there; a contact
when the e-mail address or the phone number is.
"""
