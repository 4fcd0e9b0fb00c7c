"""Answers that are sent again: the same while nothing is written, never longer, and nothing but public pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from starlette.testclient import TestClient

from ledger import store, tables
from ledger.settings import Settings
from public_site import lately
from public_site.app import create_app
from public_site.web import Site
from tests import builders as b

REGISTER = b.register()


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that a page was made for, or looked up, beyond the kept answers."""
    found: list[str] = []
    real = Site.answer

    def answer(self: Site, request: Any, *rest: Any) -> Any:
        found.append(request.url.path)
        return real(self, request, *rest)

    monkeypatch.setattr(Site, "answer", answer)
    return found


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    b.published(engine, settings, REGISTER, [b.procurement("C1", "BZD 380,000")])
    with TestClient(create_app(settings, REGISTER, engine)) as client:
        yield client


def test_what_was_asked_a_moment_ago_is_the_same_bytes(site: TestClient, asked: list[str], engine: sa.Engine) -> None:
    first, again = site.get("/en/search"), site.get("/en/search")
    assert again.content == first.content and dict(again.headers) == dict(first.headers)
    same = site.get("/en/search", headers={"If-None-Match": first.headers["etag"]})
    assert same.status_code == 304 and same.content == b"" and same.headers["etag"] == first.headers["etag"]
    assert same.headers["content-security-policy"] and "content-type" not in same.headers
    assert len(asked) == (1 if engine.dialect.name == "sqlite" else 3)
    assert site.get("/en/search?q=x").content != first.content and site.get("/es/search").content != first.content


def test_who_had_it_before_is_told_so_without_a_page(site: TestClient, asked: list[str], engine: sa.Engine) -> None:
    tag = site.get("/en/search").headers["etag"]
    site.app.middleware_stack = None  # another process: it has answered nobody yet
    for _ in range(3):
        assert site.get("/en/search", headers={"If-None-Match": tag}).status_code == 304
    assert site.get("/en/search").status_code == 200
    assert len(asked) == (3 if engine.dialect.name == "sqlite" else 5)


def test_a_publication_is_seen_at_once(site: TestClient, engine: sa.Engine, settings: Settings) -> None:
    address = "/en/search.json?q=purchase"
    assert site.get(address).json()["count"] == site.get(address).json()["count"] == 1
    b.published(engine, settings, REGISTER, [b.procurement("C1"), b.procurement("C2")])
    assert site.get(address).json()["count"] == 2


def test_any_write_ends_it_and_so_do_new_downloads(
    site: TestClient, asked: list[str], engine: sa.Engine, settings: Settings
) -> None:
    def made() -> int:
        asked.clear()
        site.get("/en/downloads")
        return len(asked)

    made()
    if engine.dialect.name == "sqlite":
        assert made() == 0
    with store.writing(engine) as conn:
        conn.execute(
            sa.insert(tables.rates).values(currency="USD", reporting="BZD", on="2020-01-01", value="2", source="x")
        )
    assert made() == 1
    (settings.downloads / "1").mkdir(parents=True)
    assert made() == 1


def test_nothing_but_public_pages_is_kept(site: TestClient, asked: list[str]) -> None:
    stack = site.app.middleware_stack
    while not isinstance(stack, lately.Lately):
        stack = stack.app
    for path in ("/desk", "/en/process/unknown", "/readyz", "/en/nothing", "/static/x/site.css"):
        site.get(path, follow_redirects=False)
    site.head("/en/search")
    assert not stack.answers


def test_room_is_limited_and_the_least_used_goes_first(site: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lately, "MANY", 3)
    monkeypatch.setattr(lately, "ROOM", 10**9)
    for n in range(6):
        site.get(f"/en/search?q=w{n}")
    stack = site.app.middleware_stack
    while not isinstance(stack, lately.Lately):
        stack = stack.app
    assert len(stack.answers) <= 3 and stack.held == sum(a.size for a in stack.answers.values())
    monkeypatch.setattr(lately, "ROOM", 1)
    site.get("/en/search?q=last")
    assert not stack.answers and stack.held == 0
