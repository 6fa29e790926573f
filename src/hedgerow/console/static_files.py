"""The console's own files: read once, served under the hash of their content, so that a browser may keep them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from hedgerow.console.problems import NotFound
from hedgerow.console.routes import PUBLIC, page

FOLDER: Final = Path(__file__).parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".json": "application/json",
}


@dataclass(frozen=True)
class StaticFiles:
    """Every file of the folder, in memory: there are few and they are small."""

    files: dict[str, bytes]
    digest: str = field(default="")

    @classmethod
    def read(cls, folder: Path = FOLDER) -> StaticFiles:
        """Reads them all. One digest for all: modules import each other by relative names."""
        found = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*"))
            if path.is_file() and path.suffix in _TYPES
        }
        whole = hashlib.sha256()
        for name, body in found.items():
            whole.update(f"{name}\0{len(body)}\0".encode() + body)
        return cls(found, whole.hexdigest()[:16])

    def url(self, name: str) -> str:
        """Where a file is served; a name that does not exist is a mistake of ours and shows at once."""
        if name not in self.files:
            raise KeyError(f"no static file {name}")
        return f"/static/{self.digest}/{name}"


def router(files: StaticFiles) -> APIRouter:
    """The one route that serves them."""
    routes = APIRouter()

    @page(routes, "/static/{digest}/{name:path}", needs=PUBLIC)
    def static_file(digest: str, name: str) -> Response:
        body = files.files.get(name)
        if body is None:
            raise NotFound("There is no such file.")
        # An old page may ask for an old digest: it gets today's file, which must not be kept under that name.
        kept = "public, max-age=31536000, immutable" if digest == files.digest else "no-cache"
        kind = _TYPES[Path(name).suffix]
        return Response(body, media_type=kind, headers={"cache-control": kept})

    return routes
