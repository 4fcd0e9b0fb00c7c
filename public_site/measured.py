"""How the ledger is doing, for whoever operates it: `/metrics`, in the text format of Prometheus.

In: every answer that leaves the site, and the store. Out: how many answers of which kind and how long they took, the
newest publication and its time, jobs by state, whether the search has its index. Nothing of a reader and no address is
counted, so there is nothing to keep from anybody. Each server process counts its own answers. Read `Measured`.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import sqlalchemy as sa
from prometheus_client import CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ledger import tables, workflow
from ledger.searching import is_ready
from ledger.store import reading
from public_site import i18n
from public_site.web import Site, policy

SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10.0)
JOBS = ("waiting", "running", "done", "failed")
_KINDS = ("api", "chart", "desk", "downloads", "embed", "ocds", "static")


class Metrics:
    """What one server process has counted, and what the store says when it is asked."""

    def __init__(self, site: Site) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_Store(site))
        self.answers = Histogram(
            "ledger_answer_seconds",
            "Time from a question to the end of its answer.",
            ("kind", "status"),
            buckets=SECONDS,
            registry=self.registry,
        )

    @policy("public")
    def endpoint(self, request: Request) -> Response:
        return Response(
            generate_latest(self.registry), headers={"Cache-Control": "no-store", "Content-Type": CONTENT_TYPE_LATEST}
        )


class _Store(Collector):
    def __init__(self, site: Site) -> None:
        self.site = site

    def collect(self) -> Iterator[GaugeMetricFamily]:
        j = tables.jobs
        with reading(self.site.engine) as conn:
            number = workflow.latest_publication(conn)
            at = workflow.published_at(conn, number) if number else None
            counted = dict.fromkeys(JOBS, 0) | {
                state: n for state, n in conn.execute(sa.select(j.c.state, sa.func.count()).group_by(j.c.state))
            }
            ready = is_ready(self.site.settings, conn, self.site.register)
        yield GaugeMetricFamily("ledger_publication", "Number of the newest publication; 0 before the first.", number)
        if at is not None:
            text = "Time of the newest publication, in seconds since 1970."
            yield GaugeMetricFamily("ledger_published_timestamp_seconds", text, at.timestamp())
        yield GaugeMetricFamily(
            "ledger_search_index_ready", "1 when the newest publication has its search index, else 0.", int(ready)
        )
        jobs = GaugeMetricFamily("ledger_jobs", "Work in the background, by state.", labels=("state",))
        for state, n in counted.items():
            jobs.add_metric([state], n)
        yield jobs


class Measured:
    """The outermost door: times each answer, also one that our own code could not give."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun, status = time.perf_counter(), "none"

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            took = time.perf_counter() - begun
            self.metrics.answers.labels(_kind(scope["path"]), status).observe(took)


def _kind(path: str) -> str:
    """Few and fixed, whatever is asked for: a name that a stranger can choose must not become a time series."""
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return "page" if first in i18n.languages() else first if first in _KINDS else "other"
