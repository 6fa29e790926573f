"""What a gateway has to carry that is no page: event streams, websockets, uploads and downloads."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

MOST_BYTES = 8 << 30
"""Longest download."""

PERIOD = 251
"""The download repeats bytes 0 to 250, so that any part of it can be checked: byte `i` is `i % 251`."""

_BLOCK = bytes(range(PERIOD)) * 261


async def events(request: Request) -> Response:
    """Server-sent events: `count` of them (default: for ever), one every `every_ms` milliseconds."""
    try:
        count = int(request.query_params.get("count", "1000000000"))
        every_s = max(1, int(request.query_params.get("every_ms", "1000"))) / 1000
    except ValueError:
        return PlainTextResponse("count and every_ms are numbers", 400)

    async def stream() -> AsyncIterator[bytes]:
        for number in range(1, count + 1):
            yield f'id: {number}\nevent: visitors\ndata: {{"here": {3 + number * 7 % 11}}}\n\n'.encode()
            if number < count:
                await asyncio.sleep(every_s)

    return StreamingResponse(stream(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})


async def echo(socket: WebSocket) -> None:
    """Sends back what comes, text as text and bytes as bytes."""
    await socket.accept()
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if message.get("text") is not None:
                await socket.send_text(message["text"])
            else:
                await socket.send_bytes(message.get("bytes") or b"")
    except WebSocketDisconnect:
        return


async def upload(request: Request) -> Response:
    """Counts the bytes of the body and keeps none."""
    total = 0
    async for piece in request.stream():
        total += len(piece)
    return JSONResponse({"bytes": total}, headers={"Cache-Control": "no-store"})


async def download(request: Request) -> Response:
    """`bytes` bytes, with range requests of one range (RFC 9110 section 14)."""
    try:
        size = int(request.query_params.get("bytes", "0"))
    except ValueError:
        size = -1
    if not 0 <= size <= MOST_BYTES:
        return PlainTextResponse(f"bytes is a number from 0 to {MOST_BYTES}", 400)
    first, last, status = 0, size - 1, 200
    asked = re.fullmatch(r"bytes=(\d*)-(\d*)", request.headers.get("range", ""))
    if asked and (asked[1] or asked[2]):
        if asked[1]:
            first, last = int(asked[1]), min(int(asked[2] or size - 1), size - 1)
        else:
            first = max(0, size - int(asked[2]))
        if first > last:
            return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
        status = 206
    headers = {"Content-Length": str(last - first + 1), "Accept-Ranges": "bytes", "Cache-Control": "no-store"}
    if status == 206:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"

    async def stream() -> AsyncIterator[bytes]:
        at, end = first, last + 1
        while at < end:
            start = at % PERIOD
            piece = _BLOCK[start : start + min(len(_BLOCK) - start, end - at)]
            at += len(piece)
            yield piece

    return StreamingResponse(stream(), status, headers, media_type="application/octet-stream")
