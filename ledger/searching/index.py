"""The index of one publication on the disk: built beside the old one, renamed when whole, opened by any server.

In: the store, settings and register. Out: `<home>/index/<publication>/` with the words (tantivy), the columns, the
vocabulary and `index.json`, which is written last. It can be thrown away at any time: it holds nothing that the store
does not, and is built again. Read `build`, then `Shelf`.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
import structlog
import tantivy

from ledger import tables
from ledger.projections import number_key
from ledger.reading.values import ROLES
from ledger.searching import words
from ledger.searching.columns import Columns, Gathering
from ledger.settings import Register, Settings
from ledger.store import reading, sync_folder, unpacked
from ledger.values import decimal, utc_text

log = structlog.get_logger(__name__)

FORMAT = 2  # raise it when what is indexed, or how, changes: older indexes are then built again
_STALE_SECONDS = 3600
_HEAP = 256_000_000  # one piece of some 500,000 processes, which is read faster than several


def folder_of(settings: Settings, publication: int) -> Path:
    return settings.home / "index" / str(publication)


def _mark(conn: sa.Connection, publication: int, register: Register) -> str:
    """What an index is of: a store that was restored, or a register with other names, is another ledger."""
    p = tables.publications
    row = conn.execute(sa.select(p.c.at, p.c.change_digest).where(p.c.number == publication)).one()
    names: list[Any] = [(p.id, p.name) for p in register.publishers]
    names += [(a.code, sorted(a.names.items())) for j in register.jurisdictions for a in j.areas]
    told = orjson.dumps([FORMAT, publication, utc_text(row.at), row.change_digest, names])
    return hashlib.sha256(told).hexdigest()


def newest(conn: sa.Connection) -> int:
    return conn.scalar(sa.select(sa.func.max(tables.publications.c.number))) or 0


def is_ready(settings: Settings, conn: sa.Connection, register: Register) -> bool:
    """Whether the newest publication has an index that was finished."""
    publication = newest(conn)
    return not publication or _told(folder_of(settings, publication)) == _mark(conn, publication, register)


def _digests(folder: Path) -> dict[str, str]:
    """Return a digest of every file. A sum from a column that lost a bit would be wrong, and nobody would see it."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != "index.json" and not path.name.endswith(".lock"):
            with path.open("rb") as file:
                found[path.relative_to(folder).as_posix()] = hashlib.file_digest(file, "blake2b").hexdigest()[:32]
    return found


def _told(folder: Path) -> str:
    try:
        return str(orjson.loads((folder / "index.json").read_bytes())["mark"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def build(engine: sa.Engine, settings: Settings, register: Register) -> Path | None:
    """Build the index of the newest publication; None when nothing is published.

    A build that is interrupted leaves a folder that nobody reads; the next one takes it away. Two builds at once do
    the same work twice and harm nothing: the last rename stands. Cost: about a minute for 300,000 processes.
    """
    with reading(engine) as conn:
        publication = newest(conn)
        if not publication:
            return None
        final = folder_of(settings, publication)
        final.parent.mkdir(parents=True, exist_ok=True)
        staged = final.parent / f".{publication}.{secrets.token_hex(4)}.part"
        staged.mkdir()
        try:
            _write(conn, staged, register)
            told = {"mark": _mark(conn, publication, register), "files": _digests(staged)}
            (staged / "index.json").write_bytes(orjson.dumps(told))
        except BaseException:
            shutil.rmtree(staged, ignore_errors=True)
            raise
    aside = final.parent / f".{publication}.{secrets.token_hex(4)}.old"
    if final.exists():
        final.rename(aside)
    staged.rename(final)
    sync_folder(final.parent)
    _sweep(final.parent, publication)
    return final


def _sweep(shelf: Path, publication: int) -> None:
    """Take away indexes of older publications, and what interrupted builds left. Open ones stay readable."""
    for folder in shelf.iterdir():
        old = folder.name.isdecimal() and int(folder.name) < publication
        left = folder.name.endswith((".part", ".old")) and time.time() - folder.stat().st_mtime > _STALE_SECONDS
        if old or left or folder.name.endswith(".old"):
            shutil.rmtree(folder, ignore_errors=True)


# --- what is indexed ------------------------------------------------------------------------------------------------


class _Names:
    """Names that stand behind codes: of areas, publishers, programmes, and every spelling of a party."""

    def __init__(self, conn: sa.Connection, register: Register) -> None:
        self.areas = {a.code: tuple(a.names.values()) for j in register.jurisdictions for a in j.areas}
        self.publishers = {p.id: p.name for p in register.publishers}
        r, n, p = tables.records, tables.party_names, tables.parties
        query = sa.select(r.c.ocid, r.c.title).where(r.c.to_publication.is_(None), r.c.kind == "programme")
        self.programmes = {ocid: title for ocid, title in conn.execute(query)}
        self.parties: dict[str, tuple[str, ...]] = {}
        for id, name in conn.execute(sa.select(p.c.id, p.c.name).where(p.c.to_publication.is_(None))):
            self.parties[id] = (name,)
        for id, name in conn.execute(sa.select(n.c.party, n.c.name).order_by(n.c.party, n.c.name)):
            if name not in self.parties.get(id, ()):
                self.parties[id] = (*self.parties.get(id, ()), name)
        self.identifiers = {
            id: identifier
            for id, identifier in conn.execute(
                sa.select(p.c.id, p.c.identifier).where(p.c.to_publication.is_(None), p.c.identifier.is_not(None))
            )
        }


def _write(conn: sa.Connection, folder: Path, register: Register) -> None:
    names, gathering = _Names(conn, register), Gathering()
    vocabulary: Counter[str] = Counter()
    index = _new(folder / "words")
    with index.writer(_HEAP, 1) as writer:
        for n, (row, figures, playing, numbers) in enumerate(_processes(conn)):
            gathering.process(row, figures, [(p.party, p.role) for p in playing])
            vocabulary.update(w for w in row.search_text.split() if len(w) >= words.MENDED_FROM and w.isalpha())
            doc = unpacked(row.compiled)  # not tidied, which costs half a build: stubs of what was deleted say nothing
            told = _text(row, doc, figures, playing, names)
            ids = [number_key(row.ocid), *(x.number_key for x in numbers)]
            # The record's own amounts, and those of its figures: a contract paid from two funds is two figures.
            amounts = [words.amount_text(f.amount) for f in figures if f.amount is not None]
            writer.add_document(words.document(n, row.title, told, ids, [*_amounts(doc), *amounts]))
    gathering.write(folder / "columns")
    for several in (*names.parties.values(), *names.areas.values()):
        for name in several:
            for word in words.analyzers()["plain"].analyze(name):
                if len(word) >= words.MENDED_FROM and word.isalpha():
                    vocabulary[word] = vocabulary.get(word, 0) or 1
    (folder / "vocabulary.json").write_bytes(orjson.dumps(vocabulary))
    _write_things(folder, names, gathering)


def _new(folder: Path) -> tantivy.Index:
    folder.mkdir()
    return words.with_analyzers(tantivy.Index(words.schema(), str(folder)))


def _processes(conn: sa.Connection) -> Iterator[tuple[Any, list[Any], list[Any], list[Any]]]:
    """Yield each process with its figures, parties and numbers, in order of ocid by bytes."""
    r = tables.records
    ocids = sorted(conn.scalars(sa.select(r.c.ocid).where(r.c.to_publication.is_(None))))
    several = {t: tables.metadata.tables[t] for t in ("records", "arcs", "record_parties", "numbers")}
    for start in range(0, len(ocids), 500):
        part = ocids[start : start + 500]
        found: dict[str, dict[str, list[Any]]] = {}
        for name, table in several.items():
            query = sa.select(table).where(table.c.ocid.in_(part), table.c.to_publication.is_(None))
            if name == "arcs":
                query = query.order_by(table.c.ocid, table.c.position)
            held = found.setdefault(name, {})
            for row in conn.execute(query):
                held.setdefault(row.ocid, []).append(row)
        for ocid in part:
            yield (
                found["records"][ocid][0],
                *(found[name].get(ocid, []) for name in ("arcs", "record_parties", "numbers")),
            )


def _amounts(value: Any) -> Iterator[str]:
    """Yield every amount that stands anywhere in a record."""
    if isinstance(value, list):
        for member in value:
            yield from _amounts(member)
    elif isinstance(value, dict):
        for key, member in value.items():
            if key == "amount" and isinstance(member, int | float | str):
                yield words.amount_text(decimal(member))
            elif isinstance(member, list | dict):
                yield from _amounts(member)


def _text(row: Any, doc: dict[str, Any], figures: list[Any], playing: list[Any], names: _Names) -> Iterator[str]:
    """Yield every sentence and name that a process may be found by."""
    yield row.ocid
    tender, aid = doc.get("tender") or {}, (doc.get("planning") or {}).get("aid") or {}
    for holder in (doc, tender, aid, *(doc.get("awards") or ()), *(doc.get("contracts") or ())):
        if holder is not doc and set(holder) - {"id", "awardID"}:
            yield str(holder.get("id") or "")
        for key in ("title", "description"):
            yield str(holder.get(key) or "")
        for item in holder.get("items") or ():
            yield str(item.get("description") or "")
    for party in doc.get("parties") or ():
        yield str(party.get("name") or "")
    for playing_party in playing:
        yield from names.parties.get(playing_party.party, ())
    for figure in figures:
        yield from names.areas.get(figure.area, ())
        yield figure.item or ""
        yield names.programmes.get(figure.programme, "")
    yield names.publishers.get(row.publisher, "")


def _write_things(folder: Path, names: _Names, gathering: Gathering) -> None:
    """Index what has a page of its own beside processes: organisations, goods, areas."""
    most: dict[str, Counter[str]] = {}
    for party, bits in zip(gathering.pair_party, gathering.pair_bits, strict=True):
        for n, part in enumerate(ROLES):
            if bits >> n & 1:
                most.setdefault(party, Counter())[part] += 1
    things: list[tuple[str, str, str]] = []
    with _new(folder / "things").writer(_HEAP, 1) as writer:

        def add(part: str, id: str, spellings: tuple[str, ...], *ids: str) -> None:
            told = words.document(len(things), spellings[0], spellings, [number_key(i) for i in (id, *ids)], ())
            writer.add_document(told)
            things.append((part, id, spellings[0]))

        for id, spellings in sorted(names.parties.items()):
            if id in most:
                identifier = names.identifiers.get(id, "")
                add(most[id].most_common(1)[0][0], id, spellings, identifier, identifier.partition(":")[2])
        for key, label in sorted(gathering.items.items()):
            add("item", key, (label,), key.partition("/")[2])
        for code, several in sorted(names.areas.items()):
            add("area", code, several)
    (folder / "things.json").write_bytes(orjson.dumps(things))


# --- reading it -----------------------------------------------------------------------------------------------------


class Opened:
    """One index, open for reading by any number of threads."""

    def __init__(self, folder: Path, mark: str) -> None:
        self.mark = mark
        if orjson.loads((folder / "index.json").read_bytes())["files"] != _digests(folder):
            raise ValueError("a file is not as it was written")
        self.columns = Columns(folder / "columns")
        self.words = words.with_analyzers(tantivy.Index.open(str(folder / "words"))).searcher()
        self.things = words.with_analyzers(tantivy.Index.open(str(folder / "things"))).searcher()
        self.thing_names: list[tuple[str, str, str]] = orjson.loads((folder / "things.json").read_bytes())
        self.vocabulary: dict[str, int] = orjson.loads((folder / "vocabulary.json").read_bytes())
        if self.words.num_docs != self.columns.count or self.things.num_docs != len(self.thing_names):
            raise ValueError("words and columns are of different ledgers")


class Shelf:
    """Finds the index of the newest publication for one server; remembers the open one."""

    def __init__(self, settings: Settings, register: Register) -> None:
        self.settings, self.register = settings, register
        self.open: Opened | None = None
        self.number = 0
        self.refused = ""  # the mark of an index that could not be read: not asked again until it is another

    def of(self, conn: sa.Connection, publication: int) -> Opened | None:
        """Return the index of a publication; None when there is none, or none that can be read."""
        if self.open is not None and self.number == publication:
            return self.open
        folder = folder_of(self.settings, publication)
        told = _told(folder)
        if not publication or not told or told != _mark(conn, publication, self.register):
            return None
        try:
            opened = Opened(folder, told)
        except Exception as problem:  # whatever is wrong with it, the store can answer
            self.broken(folder, problem)
            return None
        self.open, self.number = opened, publication
        return opened

    def broken(self, folder: Path, problem: BaseException) -> None:
        """Give up an index that cannot be read: without its mark it is built again."""
        log.warning("search index cannot be read, it will be built again", folder=folder.name, problem=repr(problem))
        (folder / "index.json").unlink(missing_ok=True)
        self.open = None
