"""Talks to a running edge: one JSON object a line over a Unix socket, one a line back."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from typing import Final

MAX_ANSWER_BYTES: Final = 16 << 20
"""Longest answer that is read."""

Json = dict[str, object]


class ControlError(Exception):
    """The edge could not be asked, or answered that it could not do what was asked."""


class NotRunningError(ControlError):
    """Nobody listens on the control socket."""


class RefusedError(ControlError):
    """The edge answered that it could not do what was asked."""


class Control:
    """One edge, by its control socket. Every question is a connection of its own; there is nothing to close."""

    def __init__(self, path: Path, timeout_s: float = 5.0) -> None:
        self.path = path
        self.timeout_s = timeout_s

    def ask(self, do: str, **words: object) -> Json:
        """Asks one thing and returns the answer.

        Raises:
            NotRunningError: nobody listens.
            RefusedError: the edge's own refusal, in its words.
            ControlError: no answer in time, or not an answer.
        """
        question = json.dumps({"do": do, **words}).encode() + b"\n"
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
                s.settimeout(self.timeout_s)
                s.connect(str(self.path))
                s.sendall(question)
                answer = self._line(s)
        except (FileNotFoundError, ConnectionRefusedError) as e:
            raise NotRunningError(
                f"no gateway is running with the state directory {self.path.parent}; start one with `hedgerow protect` "
                "or name another directory with --state"
            ) from e
        except PermissionError as e:
            raise ControlError(
                f"{self.path} belongs to another user; run this as the user who started the gateway"
            ) from e
        except TimeoutError as e:
            raise ControlError(f"the gateway did not answer within {self.timeout_s:g} s; it may be overloaded") from e
        except OSError as e:
            raise ControlError(f"the gateway could not be asked: {e}") from e
        return _checked(answer)

    def _line(self, s: socket.socket) -> bytes:
        until = time.monotonic() + self.timeout_s
        pieces: list[bytes] = []
        length = 0
        while True:
            # The limit is on the whole answer: a byte now and then must not keep us for ever.
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            s.settimeout(left)
            piece = s.recv(65_536)
            if not piece:
                return b"".join(pieces)
            pieces.append(piece)
            length += len(piece)
            if b"\n" in piece:
                return b"".join(pieces).partition(b"\n")[0]
            if length > MAX_ANSWER_BYTES:
                raise ControlError(f"the gateway's answer is longer than {MAX_ANSWER_BYTES:,} bytes")

    def answers(self) -> bool:
        """Whether an edge is there and well."""
        try:
            self.ask("status")
        except ControlError:
            return False
        return True


def _checked(answer: bytes) -> Json:
    if not answer:
        raise ControlError("the gateway closed the connection without an answer")
    try:
        said = json.loads(answer)
    except ValueError as e:
        raise ControlError("the gateway's answer is not JSON; are gateway and command of the same version?") from e
    if not isinstance(said, dict):
        raise ControlError("the gateway's answer is not an object; are gateway and command of the same version?")
    if said.get("ok") is not True:
        raise RefusedError(str(said.get("error") or "the gateway refused without a reason"))
    return said
