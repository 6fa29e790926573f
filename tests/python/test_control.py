"""The control client says in a sentence whatever goes wrong."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from hedgerow.control import Control, ControlError, NotRunningError


@contextmanager
def answering(path: Path, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    """A server that answers one question."""
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(str(path))
    server.listen()

    def serve() -> None:
        client, _ = server.accept()
        with client:
            client.makefile("rb").readline()
            answer(client)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        server.close()


def test_nobody_there_names_the_command_that_starts_a_gateway(short_path: Path) -> None:
    with pytest.raises(NotRunningError, match="hedgerow protect"):
        Control(short_path / "control.sock").ask("status")


def test_a_stale_socket_file_is_nobody_there(short_path: Path) -> None:
    path = short_path / "control.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
        s.bind(str(path))
    with pytest.raises(NotRunningError):
        Control(path).ask("status")


def test_an_answer_in_pieces_is_put_together(short_path: Path) -> None:
    def pieces(client: socket.socket) -> None:
        for piece in (b'{"ok": ', b'true, "n"', b": 1}\n"):
            client.sendall(piece)

    with answering(short_path / "s", pieces):
        assert Control(short_path / "s").ask("status") == {"ok": True, "n": 1}


def test_the_edges_refusal_comes_in_its_own_words(short_path: Path) -> None:
    with (
        answering(short_path / "s", lambda c: c.sendall(b'{"ok": false, "error": "no such site"}\n')),
        pytest.raises(ControlError, match="no such site"),
    ):
        Control(short_path / "s").ask("mode", site="x", mode="watch")


@pytest.mark.parametrize("said", [b"", b"oops\n", b"[1]\n", b'{"ok": 1}\n'])
def test_what_is_no_answer_is_an_error_and_never_taken_for_one(short_path: Path, said: bytes) -> None:
    with answering(short_path / "s", lambda c: c.sendall(said)), pytest.raises(ControlError):
        Control(short_path / "s").ask("status")


def test_a_silent_edge_is_not_waited_for_forever(short_path: Path) -> None:
    released = threading.Event()

    def hold() -> None:
        released.wait(10)

    with answering(short_path / "s", lambda _c: hold()):
        with pytest.raises(ControlError, match="did not answer"):
            Control(short_path / "s", timeout_s=0.1).ask("status")
        released.set()
