"""Time the public pages of a large ledger under load, against a tuned Datasette on the same rows, in the same run.

    python benchmarks/site.py                             100,000 processes, made first: a few minutes
    python benchmarks/site.py --home var/ledger-1m --only ours

Datasette is installed for this run alone (a virtual environment in the temporary folder, `pip install datasette`). It
gets one flat row a process with an index on each column that it counts, a full-text index, statistics, an immutable
file with its row counts written down, no suggested facets and long time limits: what its documentation advises. Both
are one server process with its own defaults of threads; the load comes from one other process, which keeps its
connections open. Questions are drawn at random (words, filters), each run with its own seed, so that hardly one is
asked twice, for we keep pages that were made: only `again` asks one again, and every fourth question of words alone,
which has one of the 80 words that titles are made of.
It prints a table and ratios, and never passes or fails. Read `QUESTIONS` first.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import multiprocessing
import random
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

HERE = Path(__file__).resolve()
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import ledger  # noqa: E402
from benchmarks.reading import machine  # noqa: E402

SECONDS = 6.0
FLAT = """
CREATE TABLE contracts (ocid TEXT PRIMARY KEY, title TEXT, kind TEXT, method TEXT, "on" TEXT, buyer TEXT,
                        supplier TEXT, stage TEXT, area TEXT, currency TEXT, amount REAL, words TEXT);
INSERT INTO contracts
SELECT r.ocid, r.title, r.kind, r.method, r."on",
       (SELECT party FROM ledger.record_parties p WHERE p.ocid = r.ocid AND role IN ('buyer', 'aidRecipient') LIMIT 1),
       (SELECT party FROM ledger.record_parties p WHERE p.ocid = r.ocid AND role IN ('supplier', 'donor') LIMIT 1),
       a.stage, a.area, a.currency, a.amount / 10000.0, r.search_text
FROM ledger.records r LEFT JOIN ledger.arcs a ON a.ocid = r.ocid AND a.position = 0 WHERE r.to_publication IS NULL;
CREATE INDEX i1 ON contracts (kind); CREATE INDEX i2 ON contracts (method); CREATE INDEX i3 ON contracts (area);
CREATE INDEX i4 ON contracts (currency); CREATE INDEX i5 ON contracts ("on"); CREATE INDEX i6 ON contracts (buyer);
CREATE VIRTUAL TABLE contracts_fts USING fts5 (words, content=contracts, tokenize='porter unicode61');
INSERT INTO contracts_fts (rowid, words) SELECT rowid, words FROM contracts;
"""


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that readers ask: how we are asked, how Datasette is, and whether the answer is a 304."""

    ours: Callable[[random.Random, list[str]], str]
    datasette: Callable[[random.Random, list[str]], str] | None
    unchanged: bool = False


def _filters(chance: random.Random) -> dict[str, str]:
    some = {
        "kind": ("procurement", "procurement", "aid"),
        "method": ledger.METHODS,
        "area": tuple(ledger.AREAS),
        "from": tuple(f"2020-{m:02d}" for m in range(3, 12)),
    }
    # A least amount of its own for every question: no answer may come from memory.
    return {k: chance.choice(some[k]) for k in chance.sample(list(some), 2)} | {"min": str(chance.randrange(1, 10**6))}


def _flat(asked: dict[str, str]) -> dict[str, str]:
    turned = {"from": "on__gte", "min": "amount__gte", "q": "_search"}
    return {turned.get(k, k): v for k, v in asked.items()}


def _datasette(asked: dict[str, str]) -> str:
    facets = [("_facet", c) for c in ("kind", "method", "area", "currency")]
    return f"/flat/contracts?{urlencode([*facets, ('_size', '25'), ('_sort_desc', 'on'), *_flat(asked).items()])}"


def _words(chance: random.Random) -> dict[str, str]:
    return {"q": " ".join(chance.sample(ledger.WORDS, chance.choice((1, 2, 2, 3))))}


QUESTIONS: dict[str, Question] = {
    "record": Question(
        lambda c, ocids: f"/en/process/{quote(c.choice(ocids))}", lambda c, ocids: f"/flat/contracts/{c.choice(ocids)}"
    ),
    "list, three filters, facets": Question(
        lambda c, _: f"/en/search?{urlencode(_filters(c))}", lambda c, _: _datasette(_filters(c))
    ),
    "list, words, facets": Question(
        lambda c, _: f"/en/search?{urlencode(_words(c))}", lambda c, _: _datasette(_words(c))
    ),
    "list, words, three filters, facets": Question(
        lambda c, _: f"/en/search?{urlencode(_words(c) | _filters(c))}",
        lambda c, _: _datasette(_words(c) | _filters(c)),
    ),
    # With a number of its own each, so that no answer is a kept one: what a page of totals costs to make.
    "front page, made anew": Question(lambda c, _: f"/en/?fresh={c.random()}", None),
    "money out, made anew": Question(lambda c, _: f"/en/money-out?fresh={c.random()}", None),
    "flows, made anew": Question(lambda c, _: f"/en/follow?fresh={c.random()}", None),
    "the whole list, again": Question(lambda c, _: "/en/search", lambda c, _: _datasette({})),
    "unchanged list (304)": Question(lambda c, _: "/en/search", None, unchanged=True),
    "null endpoint": Question(lambda c, _: "/livez", None),
}


@dataclass(frozen=True, slots=True)
class Measured:
    rate: float  # answers a second
    p50: float  # milliseconds
    p95: float
    p99: float
    wrong: int  # answers that were not 200 (304 where that is asked)
    size: int  # bytes of the last answer, as sent (gzip where the server does it)


def load(port: int, paths: list[str], connections: int, seconds: float, unchanged: bool) -> Measured:
    """Ask as fast as the server answers, on so many connections, each with one question at a time."""
    times: list[float] = []
    wrong, size = [0], [0]
    tag = ""
    if unchanged:
        first = http.client.HTTPConnection("127.0.0.1", port)
        first.request("GET", paths[0])
        answer = first.getresponse()
        tag = answer.headers["ETag"]
        answer.read()
    until = time.perf_counter() + seconds

    def ask(n: int) -> None:
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {"Accept": "text/html", "Accept-Encoding": "gzip"} | ({"If-None-Match": tag} if tag else {})
        while time.perf_counter() < until:
            path = paths[n % len(paths)]
            n += connections
            start = time.perf_counter()
            link.request("GET", path, headers=headers)
            answer = link.getresponse()
            body = answer.read()
            times.append(time.perf_counter() - start)
            size[0] = len(body)
            wrong[0] += answer.status != (304 if unchanged else 200)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(connections)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    cut = statistics.quantiles(times, n=100, method="inclusive") if len(times) > 1 else times * 99
    return Measured(len(times) / took, cut[49] * 1e3, cut[94] * 1e3, cut[98] * 1e3, wrong[0], size[0])


def _loaded(out: multiprocessing.SimpleQueue[Measured], *told: object) -> None:
    out.put(load(*told))  # type: ignore[arg-type]


def measured(port: int, paths: list[str], connections: int, seconds: float, unchanged: bool) -> Measured:
    """The same in a process of its own, so that asking does not hold up answering or this program."""
    spawn = multiprocessing.get_context("spawn")
    out: multiprocessing.SimpleQueue[Measured] = spawn.SimpleQueue()
    process = spawn.Process(target=_loaded, args=(out, port, paths, connections, seconds, unchanged))
    process.start()
    found = out.get()
    process.join()
    return found


# --- the servers -----------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def served(command: list[str], port: int, path: str) -> Iterator[int]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                link = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                link.request("GET", path)
                if link.getresponse().status == 200:
                    break
            if process.poll() is not None:
                raise RuntimeError(f"{command[0]} ended")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait()


def free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


def serve(home: str, port: str) -> None:
    import uvicorn

    from ledger.settings import Settings
    from public_site.app import create_app

    uvicorn.run(create_app(Settings(home=Path(home))), port=int(port), log_level="error", access_log=False)


def datasette(folder: Path, store: Path) -> list[str]:
    """Install Datasette, write its file, and return the command that serves it."""
    venv.create(folder / "venv", with_pip=True)
    subprocess.run([folder / "venv/bin/pip", "install", "-q", "datasette"], check=True)
    flat = folder / "flat.db"
    with contextlib.closing(sqlite3.connect(flat)) as conn:
        conn.execute("ATTACH ? AS ledger", (str(store),))
        conn.executescript(FLAT)
        conn.commit()
        conn.execute("DETACH ledger")
        conn.execute("ANALYZE")
        conn.commit()
        conn.execute("VACUUM")
    program = str(folder / "venv/bin/datasette")
    (folder / "counts.json").write_bytes(
        subprocess.run([program, "inspect", flat], check=True, capture_output=True).stdout
    )
    limits = {"sql_time_limit_ms": 60000, "facet_time_limit_ms": 60000, "suggest_facets": 0, "default_page_size": 25}
    told = [word for name, value in limits.items() for word in ("--setting", name, str(value))]
    return [program, "serve", "-i", str(flat), "--inspect-file", str(folder / "counts.json"), *told]


# --- the run --------------------------------------------------------------------------------------------------------


def _paths(make: Callable[[random.Random, list[str]], str], ocids: list[str], seed: int) -> list[str]:
    chance = random.Random(seed)
    return [make(chance, ocids) for _ in range(3000)]


def _all(port: int, mine: bool, ocids: list[str], seconds: float) -> dict[tuple[str, int], Measured]:
    found: dict[tuple[str, int], Measured] = {}
    for name, question in QUESTIONS.items():
        make = question.ours if mine else question.datasette
        if make is None:
            continue
        for connections in (2, 16):
            measured(port, _paths(make, ocids[:1000], 99 + connections), connections, 1.0, question.unchanged)
            half = ocids[1000:8000] if connections == 2 else ocids[8000:]
            paths = _paths(make, half, connections)
            found[name, connections] = measured(port, paths, connections, seconds, question.unchanged)
            print(name, connections, found[name, connections], file=sys.stderr, flush=True)
    return found


def _ocids(store: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(store)) as conn:
        query = "SELECT ocid FROM records WHERE kind = 'procurement' ORDER BY random() LIMIT 15000"
        return [ocid for (ocid,) in conn.execute(query)]


def run(home: Path, only: str, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="site-") as folder:
        ocids = _ocids(home / "ledger.db")
        port = free_port()
        with served([sys.executable, str(HERE), "--serve", str(home), str(port)], port, "/en/search"):
            ours = _all(port, True, ocids, seconds)
        theirs: dict[tuple[str, int], Measured] = {}
        if only != "ours":
            port = free_port()
            command = [*datasette(Path(folder), home / "ledger.db"), "-p", str(port)]
            with served(command, port, "/-/versions.json"):
                theirs = _all(port, False, ocids, seconds)
    mine = "ours: answers/s | p50 ms | p95 ms | p99 ms | kB sent"
    print(f"| question | connections | {mine} | Datasette: answers/s | p50 ms | p95 ms | ratio |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|")
    for (name, connections), m in ours.items():
        other = theirs.get((name, connections))
        beside = (
            f"{other.rate:.1f} | {other.p50:.0f} | {other.p95:.0f} | {m.rate / other.rate:.1f}" if other else "| | |"
        )
        wrong = f" ({m.wrong} wrong)" if m.wrong else ""
        print(
            f"| {name}{wrong} | {connections} | {m.rate:.1f} | {m.p50:.1f} | {m.p95:.1f} | {m.p99:.1f} | "
            f"{m.size / 1000:.1f} | {beside} |"
        )
        if other and other.wrong:
            print(f"| (Datasette: {other.wrong} wrong) |")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--size", default="100k", help=f"a number, or one of {', '.join(ledger.SIZES)}")
    arguments.add_argument("--home", type=Path, help="a home that `ledger.py` has made already")
    arguments.add_argument("--only", choices=["ours", ""], default="")
    arguments.add_argument("--seconds", type=float, default=SECONDS, help="of load, for one question")
    arguments.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    told = arguments.parse_args()
    if told.serve:
        serve(*told.serve)
        return
    print(machine())
    with tempfile.TemporaryDirectory(prefix="ledger-") as folder:
        home = told.home or Path(folder) / "home"
        if not told.home:
            ledger.write(home, ledger.SIZES.get(told.size) or int(told.size))
        run(home, told.only, told.seconds)


if __name__ == "__main__":
    main()
