"""The tools. Each module is a program that is given a job file; it ends by itself or is ended when its time is over."""

from __future__ import annotations

from typing import Final

TOOLS: Final = {
    "wget": "tests.harvest.tools.wget",
    "curl": "tests.harvest.tools.curl",
    "scrapy": "tests.harvest.tools.scrapy_spider",
    "httpx": "tests.harvest.tools.httpx_client",
    "curl_cffi": "tests.harvest.tools.curl_cffi_client",
    "chromium": "tests.harvest.tools.chromium",
}
"""Name in the results and module to run."""
