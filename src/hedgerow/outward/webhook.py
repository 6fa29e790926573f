"""Signed webhooks, after Standard Webhooks 1.0: the three headers, HMAC-SHA-256 over `id.timestamp.body`.

Source: standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from hedgerow.outward.settings import OutwardError

PREFIX: Final = "whsec_"
WINDOW_S: Final = 300
"""A receiver refuses what is older or newer than this: a recorded message cannot be sent again later."""
FOLDER: Final = "channel-secrets"
USER_AGENT: Final = "Hedgerow-Webhook/1"


class SignatureError(OutwardError):
    """A message that is not what it says."""


def new_secret() -> str:
    """A fresh secret of 32 random bytes, in the notation of the standard."""
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def _key(secret: str) -> bytes:
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error as e:
        raise OutwardError("the secret of this webhook cannot be read; make a new one") from e
    if len(key) < 24:
        raise OutwardError("the secret of this webhook is too short; make a new one")
    return key


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers for a body."""
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{_signature(secret, message_id, stamp, body)}",
    }


def _signature(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    signed = f"{message_id}.{stamp}.".encode() + body
    return base64.b64encode(hmac.new(_key(secret), signed, hashlib.sha256).digest()).decode()


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """What a receiver does; returns the message's identifier, which it remembers for `WINDOW_S` against replays.

    Raises:
        SignatureError: with what is wrong.
    """
    given = {k.lower(): v for k, v in headers.items()}
    message_id, stamp = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not message_id or not (stamp.isascii() and stamp.isdigit() and len(stamp) < 16):
        raise SignatureError("webhook-id or webhook-timestamp is missing")
    if abs(now.timestamp() - int(stamp)) > WINDOW_S:
        raise SignatureError(f"the message is more than {WINDOW_S} s away from this clock")
    wanted = _signature(secret, message_id, stamp, body)
    for entry in given.get("webhook-signature", "").split()[:20]:
        version, _, value = entry.partition(",")
        if version == "v1" and hmac.compare_digest(value.encode(), wanted.encode()):
            return message_id
    raise SignatureError("no signature fits")


def body_of(payload: Mapping[str, Any], console_url: str) -> bytes:
    """The body: `type`, `timestamp` and `data`, as the standard advises."""
    data = {k: v for k, v in payload.items() if k not in {"type", "at", "path"} and v is not None}
    data["link"] = f"{console_url}{payload['path']}" if console_url else None
    said = {
        "type": payload["type"],
        "timestamp": datetime.fromisoformat(payload["at"]).astimezone(UTC).isoformat(timespec="seconds"),
        "data": {k: v for k, v in data.items() if v is not None},
    }
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def keep_secret(state: Path, channel_id: str, secret: str) -> None:
    """Writes a channel's secret into a file that only the service reads; the database and its copies never hold it."""
    folder = state / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / channel_id
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as f:
        f.write(secret + "\n")


def drop_secret(state: Path, channel_id: str) -> None:
    """Removes a channel's secret."""
    (state / FOLDER / channel_id).unlink(missing_ok=True)
