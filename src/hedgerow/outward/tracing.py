"""Traces of console requests over OpenTelemetry: off unless `outward.toml` names an endpoint and the extra is there.

A span has the route's template and never the path itself, whose identifiers belong to cases and people; no query, no
header, no user. Source: OpenTelemetry semantic conventions 1.44, HTTP spans.
"""

from __future__ import annotations

import importlib
import threading
from typing import Any, Final

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hedgerow.outward.settings import OutwardError
from hedgerow.outward.standing import Standing

SERVICE: Final = "hedgerow-console"
EXTRA: Final = "pip install 'hedgerow[otel]'"


class Traced:
    """The layer around the console that makes a span of every request."""

    def __init__(self, app: ASGIApp, tracer: Any, provider: Any = None) -> None:
        self.app = app
        self.tracer = tracer
        self.provider = provider

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        kind = importlib.import_module("opentelemetry.trace").SpanKind.SERVER
        with self.tracer.start_as_current_span(method, kind=kind, record_exception=False) as span:
            span.set_attribute("http.request.method", method)
            span.set_attribute("url.scheme", scope.get("scheme", "http"))
            try:
                await self.app(scope, receive, watched)
            finally:
                template = getattr(scope.get("route"), "path", "")
                if template:
                    span.set_attribute("http.route", template)
                    span.update_name(f"{method} {template}")
                if status:
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_attribute("error.type", str(status))


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def traced(app: ASGIApp, endpoint: str, version: str, exporter: Any = None) -> ASGIApp:
    """The app with traces, or the app itself where no endpoint is named.

    Args:
        app: the console.
        endpoint: OTLP over HTTP, as http://127.0.0.1:4318/v1/traces.
        version: of Hedgerow.
        exporter: instead of OTLP, for tests.

    Raises:
        OutwardError: traces are wished and the extra is not installed.
    """
    if not endpoint and exporter is None:
        return app
    try:
        resources = importlib.import_module("opentelemetry.sdk.resources")
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        otlp = (
            importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter") if not exporter else None
        )
    except ImportError as e:
        raise OutwardError(f"outward.toml wishes traces, which need an extra: {EXTRA}") from e
    provider = sdk.TracerProvider(
        resource=resources.Resource({"service.name": SERVICE, "service.version": version}), shutdown_on_exit=True
    )
    if otlp is not None:
        processor = export.BatchSpanProcessor(otlp.OTLPSpanExporter(endpoint=endpoint, timeout=5))
    else:
        processor = export.SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    return Traced(app, provider.get_tracer("hedgerow.console", version), provider)


class Following:
    """The console with traces as `outward.toml` says at each moment: off, on, or to another endpoint."""

    def __init__(self, app: ASGIApp, standing: Standing, version: str) -> None:
        """Begins with the settings as they are.

        Raises:
            OutwardError: they have mistakes, or traces are wished and the extra is not installed.
        """
        self.app = app
        self.standing = standing
        self.version = version
        self.endpoint = standing.current().traces_endpoint
        self._inner = traced(app, self.endpoint, version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        wished = self.standing.current().traces_endpoint
        if wished != self.endpoint:
            self._change(wished)
        await self._inner(scope, receive, send)

    def _change(self, wished: str) -> None:
        before, self.endpoint = self._inner, wished
        try:
            self._inner = traced(self.app, wished, self.version)
        except OutwardError as e:
            structlog.get_logger().error("traces_not_taken", error=str(e))
            return
        if isinstance(before, Traced) and before.provider is not None:
            # It sends what it still has, which waits for the network: never in a request.
            threading.Thread(target=before.provider.shutdown, name="traces", daemon=True).start()
