"""The layers of every route of people as the gateway has them now: by the policy, and the modes switched since."""

from __future__ import annotations

from dataclasses import dataclass

from hedgerow.brain.folder import FolderError, read_words
from hedgerow.console.policy_desk import current
from hedgerow.console.problems import Wrong
from hedgerow.console.services import Services
from hedgerow.policy import Compiled, PolicyError, load_text
from hedgerow.policy.layers import Protection, layers_of


@dataclass(frozen=True)
class InForce:
    """The policy in force, and what it protects."""

    compiled: Compiled
    protections: tuple[Protection, ...]
    modes: dict[str, str]
    """Modes that `hedgerow enforce` or `hedgerow watch` set after the policy, by site; `*` = all."""


def in_force(services: Services) -> InForce:
    """Reads the policy file.

    Raises:
        NoPolicy: there is none.
        Wrong: it cannot be read or has mistakes.
    """
    found = current(services)
    try:
        compiled = load_text(found.text.encode(), found.path.name)
        modes = read_words(services.folder.modes)
    except PolicyError as e:
        raise Wrong("The policy has mistakes: " + " ".join(e.report.lines()[:5])) from e
    except FolderError as e:
        raise Wrong(f"{e}.") from e
    switched = {site.text("name"): modes.get(site.text("name"), modes.get("*", "")) for site in compiled.sites}
    return InForce(compiled, tuple(layers_of(compiled, switched)), switched)
