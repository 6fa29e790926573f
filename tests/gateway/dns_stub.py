"""A DNS server on the loopback whose answers are written down."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class Zone:
    """Names and addresses by question: `("9.2.0.192.in-addr.arpa.", "PTR")`. What is not there does not exist."""

    records: Mapping[tuple[str, str], Sequence[str]]
    silent: frozenset[str] = frozenset()
    """Names about which nothing is ever said."""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, wire: bytes) -> bytes | None:
        """The answer to one packet."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self.silent:
            return None
        told = dns.message.make_response(query)
        told.flags |= dns.flags.RA
        found = self.records.get((name, kind))
        if found:
            told.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", kind, found))
        elif not any(known == name for known, _ in self.records):
            told.set_rcode(dns.rcode.NXDOMAIN)
        return told.to_wire()


@contextmanager
def serving(zone: Zone) -> Iterator[tuple[str, int]]:
    """Serves a zone by UDP; gives address and port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))

        def serve() -> None:
            while True:
                packet, client = bound.recvfrom(4_096)
                if not packet:
                    return
                told = zone.answer(packet)
                if told is not None:
                    bound.sendto(told, client)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        host, port = bound.getsockname()
        try:
            yield host, port
        finally:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as end:
                end.sendto(b"", (host, port))
            thread.join(10)
