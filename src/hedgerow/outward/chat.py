"""Messages for chat: the shape that Slack's incoming webhooks take, which Mattermost and others take too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

_MARK: Final = {"note": "\u25ab", "low": "\u25ab", "medium": "\u25c6", "high": "\u25b2", "critical": "\u25cf"}


def body_of(payload: Mapping[str, Any], console_url: str) -> bytes:
    """The message: a fallback text, and blocks of plain text. Nothing in it is read as markup."""
    lines = sentences(payload)
    link = f"{console_url}{payload['path']}" if console_url else ""
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": {"type": "plain_text", "text": line[:3_000], "emoji": False}} for line in lines
    ]
    if link:
        blocks.append(
            {
                "type": "actions",
                "elements": [
                    {"type": "button", "text": {"type": "plain_text", "text": "Open the console"}, "url": link}
                ],
            }
        )
    return json.dumps({"text": plain("\n".join(lines)), "blocks": blocks}, ensure_ascii=False).encode()


def sentences(payload: Mapping[str, Any]) -> list[str]:
    """A happening in lines: what happened, what to decide, by when."""
    head = f"{_MARK[payload['severity']]} {payload['title']}"
    if payload.get("case"):
        head += f" ({payload['case']})"
    lines = [head]
    if payload.get("decide"):
        lines.append(f"To decide: {payload['decide']}")
    if payload.get("by"):
        at = datetime.fromisoformat(payload["by"]).astimezone(UTC)
        lines.append(f"By: {at:%Y-%m-%d %H:%M} UTC")
    return lines


def plain(text: str) -> str:
    """Without the three characters that Slack's text reads as control sequences (`<!channel>`, links)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
