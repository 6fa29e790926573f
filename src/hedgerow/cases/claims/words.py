"""The acknowledgement of a claim, in the languages that there are: a file `claims.yaml` in each language pack."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from string import Template
from typing import Final

import yaml

from hedgerow.cases.core.problems import CaseError
from hedgerow.cases.notices.languages import FOLDER
from hedgerow.store.models.claims import Claim

FALLBACK: Final = "en"
_KEYS: Final = ("subject", "body")


def languages() -> list[str]:
    """Languages in which a claim can be acknowledged."""
    return sorted(p.parent.name for p in FOLDER.glob("*/claims.yaml"))


def acknowledgement(claim: Claim, organisation: str) -> tuple[str, str]:
    """Subject and text for whoever sent a claim: that it arrived, its number, what happens next. No promise beyond.

    Nothing of what they sent is repeated: anybody can write in another's name, and this goes to the address given.
    """
    words = _words(claim.language if claim.language in languages() else FALLBACK)
    values = {
        "number": claim.number,
        "organisation": organisation or claim.site,
        "day": f"{claim.examine_by:%Y-%m-%d %H:%M} UTC",
    }
    return Template(words["subject"]).substitute(values), Template(words["body"]).substitute(values)


@cache
def _words(code: str) -> dict[str, str]:
    path: Path = FOLDER / code / "claims.yaml"
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))["acknowledgement"]
        return {key: str(found[key]) for key in _KEYS}
    except (OSError, KeyError, TypeError, yaml.YAMLError) as error:
        raise CaseError(f"{path} does not have an acknowledgement with subject and body") from error
