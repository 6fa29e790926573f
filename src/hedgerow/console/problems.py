"""What can go wrong for the person at the screen, as exceptions that pages raise and one place that answers them."""

from __future__ import annotations


def sentence_of(said: Exception | str) -> str:
    """What an error says, as a sentence: rooms write theirs small and without a stop, to stand in others."""
    text = str(said)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "!", "?")) else ".")


class Problem(Exception):  # noqa: N818 - it names what the person sees
    """An answer in plain words instead of the page. `sentence` is shown: what happened, and what to do."""

    status = 500
    title = "Something went wrong"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class NotFound(Problem):
    """There is no such thing."""

    status = 404
    title = "There is no such page"


class NoPolicy(NotFound):
    """There is no policy yet. A page that has nothing to show says how to make one; a program gets a problem."""

    title = "There is no policy yet"


class NotAllowed(Problem):
    """They may not do this."""

    status = 403
    title = "This is not yours to do"


class Wrong(Problem):
    """What was entered will not do."""

    status = 422
    title = "This will not do"


class Conflict(Problem):
    """Somebody else was quicker, or it is too late for this."""

    status = 409
    title = "It has changed meanwhile"


class TooOften(Problem):
    """Too many attempts."""

    status = 429
    title = "Too many attempts"

    def __init__(self, sentence: str, wait_s: int) -> None:
        super().__init__(sentence)
        self.wait_s = wait_s


class SignInNeeded(Problem):
    """Nobody is signed in."""

    status = 401
    title = "Sign in first"


class FreshSignInNeeded(Problem):
    """They are signed in, but this act needs a fresh proof of who they are."""

    status = 403
    title = "Confirm that it is you"
