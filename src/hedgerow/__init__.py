"""Hedgerow keeps the people a site shows from being harvested: it counts disclosures, not requests.

The request path is Rust (`hedgerow._engine`); everything an operator reads, writes or decides is here.
"""

__version__ = "0.1.0"
