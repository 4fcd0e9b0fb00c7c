"""The newest publication as columns of numbers: filters, counts and exact sums over a million processes in memory.

In: rows as they are read while the index is built. Out: `Columns`, whose arrays lie in one folder and are mapped into
memory, so that several servers share them. What matches is the same as in `ledger.reading.facets`, which is its judge:
filters that speak of figures must all hold for one and the same figure, and each facet is counted with every filter but
its own. Sums are whole ten-thousandths, added in two halves so that no float loses a cent. Read `Columns.matched`.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from ledger.arcs import GOODS_ONLY
from ledger.reading.facets import OF_FIGURES, OF_RECORD
from ledger.reading.lists import NO_AMOUNT
from ledger.reading.values import ROLES, SORTS, Wanted
from ledger.tables import STAGES
from ledger.totals import Total

Numbers = NDArray[Any]

SCALE = 10_000
_HALF = 1 << 24
_FEW = 16  # a selection of less than one in so many is counted by itself, not by going over everything
_BITS = {part: 1 << n for n, part in enumerate(ROLES)}
_OF_ARC = ("stage", "area", "programme", "item", "currency", "crossing")


class Gathering:
    """Takes rows while the index is built, one process after the other in order of ocid, and writes the arrays."""

    def __init__(self) -> None:
        self.docs: dict[str, list[Any]] = {k: [] for k in ("ocid", *OF_RECORD, "publisher", "on", "date", "title")}
        self.arcs: dict[str, list[Any]] = {k: [] for k in (*_OF_ARC, "on")}
        self.arc_doc, self.amount = array("l"), array("q")
        self.bits = array("B")
        self.pair_doc, self.pair_bits = array("l"), array("B")
        self.pair_party: list[str] = []
        self.items: dict[str, str] = {}
        self._same: dict[str, str] = {}

    def _one(self, text: str | None) -> str | None:
        """One object for equal texts: a million figures have few different areas."""
        return None if text is None else self._same.setdefault(text, text)

    def process(self, row: Any, figures: Iterable[Any], playing: Iterable[tuple[str, str]]) -> None:
        doc = len(self.docs["ocid"])
        for column, told in self.docs.items():
            value = getattr(row, column)
            told.append(value if column in ("ocid", "title") else self._one(value))
        for f in figures:
            self.arc_doc.append(doc)
            for column in _OF_ARC:
                self.arcs[column].append(self._one(f.item_key if column == "item" else getattr(f, column)))
            self.arcs["on"].append(self._one(f.on))
            self.amount.append(0 if f.amount is None else int(f.amount * SCALE))
            shown = f.counted and f.event != GOODS_ONLY
            flags = (f.amount is not None, f.counted, shown, f.in_kind, f.loan)
            self.bits.append(sum(1 << n for n, flag in enumerate(flags) if flag))
            if f.item_key is not None and f.item:
                self.items[f.item_key] = min(f.item, self.items.get(f.item_key, f.item))
        parties: dict[str, int] = {}
        for party, role in playing:
            bits = sum(_BITS[part] for part, roles in ROLES.items() if role in roles)
            parties[party] = parties.get(party, 0) | bits
        for party, bits in parties.items():
            self.pair_doc.append(doc)
            self.pair_party.append(self._one(party) or "")
            self.pair_bits.append(bits)

    def write(self, folder: Path) -> None:
        """Write every array and the names behind their numbers."""
        folder.mkdir()
        names: dict[str, Any] = {}
        told: dict[str, Numbers] = {"ocid": np.array([o.encode() for o in self.docs["ocid"]], dtype="S")}
        for column in (*OF_RECORD, "publisher"):
            names[column], told[column] = _coded(self.docs[column])
        for sort, column, turned in (
            ("newest", "on", True), ("oldest", "on", False), ("changed", "date", True), ("title", "title", False),
        ):  # fmt: skip
            _, key = _coded(self.docs[column])
            order = np.lexsort((np.arange(len(key)), -key if turned else key))
            told[f"rank_{sort}"] = np.empty(len(key), np.int32)
            told[f"rank_{sort}"][order] = np.arange(len(key), dtype=np.int32)
        for column, values in self.arcs.items():
            fixed = list(STAGES) if column == "stage" else None
            names[f"arc_{column}"], told[f"arc_{column}"] = _coded(values, fixed)
        names["arc_year"], told["arc_year"] = _coded([None if on is None else on[:4] for on in self.arcs["on"]])
        told["arc_doc"] = np.array(self.arc_doc, np.int32)
        told["amount"] = np.array(self.amount, np.int64)
        bits = np.array(self.bits, np.uint8)
        for n, name in enumerate(("has_amount", "counted", "shown", "in_kind", "loan")):
            told[name] = (bits >> n & 1).astype(bool)
        names["lines"], told["arc_line"] = _lines(names, told)
        for column in (*OF_FIGURES, "line"):
            # Of a sum's line only figures that are shown count; of everything else any figure.
            last = ~told["shown"] if column == "line" else np.zeros(len(bits), bool)
            codes, docs = told[f"arc_{column}"], told["arc_doc"]
            order = np.lexsort((last, docs, codes))
            told[f"by_{column}"] = order.astype(np.int32)
            told[f"once_{column}"] = np.zeros(len(bits), bool)
            told[f"once_{column}"][order] = _firsts(codes[order], docs[order])
        names["party"], told["pair_party"] = _coded(self.pair_party)
        told["pair_doc"], told["pair_bits"] = np.array(self.pair_doc, np.int32), np.array(self.pair_bits, np.uint8)
        names["items"] = self.items
        for name, numbers in told.items():
            np.save(folder / f"{name}.npy", numbers)
        (folder / "names.json").write_bytes(orjson.dumps(names))


def _coded(values: list[str] | list[Any], fixed: list[str] | None = None) -> tuple[list[str], Numbers]:
    """Return the different values in order, and each value's place among them (-1: none)."""
    names = fixed or sorted({v for v in values if v is not None})
    place: dict[Any, int] = {v: n for n, v in enumerate(names)}
    place[None] = -1
    return names, np.fromiter((place[v] for v in values), np.int32, len(values))


def _firsts(codes: Numbers, docs: Numbers) -> Numbers:
    """Return, for figures in order of code and process, which is the first of its code and process."""
    first = np.ones(len(codes), bool)
    first[1:] = (codes[1:] != codes[:-1]) | (docs[1:] != docs[:-1])
    return first


def _lines(names: dict[str, Any], told: dict[str, Numbers]) -> tuple[list[list[Any]], Numbers]:
    """Return what may never be added across, and which of these each figure belongs to (`totals.Total.line`)."""
    owner = told["jurisdiction"][told["arc_doc"]] if len(told["arc_doc"]) else np.zeros(0, np.int32)
    currency = np.where(told["has_amount"], told["arc_currency"], -1)
    parts = np.stack([owner, told["arc_stage"], currency, told["in_kind"], told["loan"]], axis=1).astype(np.int32)
    different, place = np.unique(parts, axis=0, return_inverse=True)
    lines = [
        [names["jurisdiction"][j], STAGES[s], names["arc_currency"][c] if c >= 0 else "", bool(k), bool(loan)]
        for j, s, c, k, loan in different.tolist()
    ]
    return lines, place.reshape(-1).astype(np.int32)


class Matched:
    """What matches one question: processes, and the figures of theirs that pass the filters that speak of figures."""

    def __init__(self, told: dict[str, Numbers], mask: Numbers, figures: Numbers | None) -> None:
        self.told, self.mask, self.figures = told, mask, figures

    @cached_property
    def places(self) -> Numbers:
        """The places of the matching figures, in order of process."""
        selected = self.mask[self.told["arc_doc"]]
        return np.flatnonzero(selected if self.figures is None else selected & self.figures)

    @cached_property
    def plays(self) -> Numbers:
        """The places of who plays a part in the matching processes."""
        return np.flatnonzero(self.mask[self.told["pair_doc"]])


class Columns:
    """The arrays of one publication, mapped from their folder. A process is its place in the order of ocids."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[str, Any] = orjson.loads((folder / "names.json").read_bytes())
        self.told: dict[str, Numbers] = {
            p.stem: np.asarray(np.load(p, mmap_mode="r") if p.stat().st_size > 4096 else np.load(p))
            for p in folder.glob("*.npy")
        }
        self.count = len(self.told["ocid"])
        if len(self.told["arc_doc"]) != len(self.told["amount"]):
            raise ValueError("columns of different lengths")

    def ocids(self, docs: Iterable[int]) -> list[str]:
        return [self.told["ocid"][d].decode() for d in docs]

    def doc(self, ocid: str) -> int | None:
        """Return the place of a process, None when it is not there."""
        wanted = ocid.encode()
        place = int(np.searchsorted(self.told["ocid"], np.bytes_(wanted)))
        return place if place < self.count and self.told["ocid"][place] == wanted else None

    def _code(self, column: str, value: str) -> int:
        names = self.names[column]
        if column == "arc_stage":
            return names.index(value) if value in names else -2
        place = bisect_left(names, value)
        return place if place < len(names) and names[place] == value else -2

    # --- which match ------------------------------------------------------------------------------------------------

    def figures(self, wanted: Wanted) -> Numbers | None:
        """Return which figures pass every filter that speaks of figures; None: there is no such filter."""
        told, found = self.told, None

        def also(mask: Numbers) -> None:
            nonlocal found
            found = mask if found is None else found & mask

        for column in _OF_ARC:
            if value := getattr(wanted, column):
                also(told[f"arc_{column}"] == self._code(f"arc_{column}", value))
        if wanted.since:
            also(told["arc_on"] >= bisect_left(self.names["arc_on"], wanted.since))
        if wanted.until:
            until = bisect_right(self.names["arc_on"], f"{wanted.until}~")
            also((told["arc_on"] >= 0) & (told["arc_on"] < until))
        if wanted.least is not None:
            also(told["has_amount"] & (told["amount"] >= int(wanted.least * SCALE)))
        if wanted.most is not None:
            also(told["has_amount"] & (told["amount"] <= int(wanted.most * SCALE)))
        return found

    def matched(self, wanted: Wanted, words: Numbers | None) -> Matched:
        """Return what matches. `words` are those that have the words (None: no words are asked for)."""
        told, figures = self.told, self.figures(wanted)
        found = np.ones(self.count, bool)
        if words is not None:
            found[:] = False
            found[words] = True
        for column in OF_RECORD:
            if value := getattr(wanted, column):
                found &= told[column] == self._code(column, value)
        for part in (*ROLES, "party"):
            if value := getattr(wanted, part):
                plays = told["pair_party"] == self._code("party", value)
                if part != "party":
                    plays &= (told["pair_bits"] & _BITS[part]) > 0
                found &= self._docs(told["pair_doc"][plays])
        if figures is not None:
            found &= self._docs(told["arc_doc"][figures])
        return Matched(told, found, figures)

    def _docs(self, docs: Numbers) -> Numbers:
        found = np.zeros(self.count, bool)
        found[docs] = True
        return found

    # --- what they are ----------------------------------------------------------------------------------------------

    def facet(self, name: str, matched: Matched, most: int) -> list[tuple[str, int]]:
        """Return the commonest values of one facet among the matching processes, each with how many have it."""
        told = self.told
        if name in OF_RECORD:
            codes = told[name][matched.mask]
            return self._named(np.bincount(codes[codes >= 0]), self.names[name], most)
        if name in ROLES:
            plays = (told["pair_bits"][matched.plays] & _BITS[name]) > 0
            return self._named(np.bincount(told["pair_party"][matched.plays][plays]), self.names["party"], most)
        most = len(STAGES) + 200 if name in ("stage", "year") else most
        return self._named(self._processes(name, matched, matched.places), self.names[f"arc_{name}"], most)

    def _processes(self, name: str, matched: Matched, places: Numbers) -> Numbers:
        """Count different processes per value: a process with three payments in one area is one."""
        codes, docs = self.told[f"arc_{name}"], self.told["arc_doc"]
        if matched.figures is None:
            places = places[self.told[f"once_{name}"][places]]
            counted = codes[places]
        elif len(places) * _FEW < len(codes):
            places = places[np.lexsort((docs[places], codes[places]))]
            counted = codes[places][_firsts(codes[places], docs[places])]
        else:
            selected = np.zeros(len(codes), bool)
            selected[places] = True
            order = self.told[f"by_{name}"]
            places = order[selected[order]]
            counted = codes[places][_firsts(codes[places], docs[places])]
        return np.bincount(counted[counted >= 0])

    @staticmethod
    def _named(counts: Numbers, names: list[str], most: int) -> list[tuple[str, int]]:
        there = np.flatnonzero(counts)
        if len(there) > 4 * most:
            there = there[counts[there] >= np.partition(counts[there], -most)[-most]]
        # Largest first, and of equal counts the first in the order of codes, as the answer in SQL has it.
        there = there[np.lexsort((there, -counts[there]))][:most]
        return [(names[c], int(counts[c])) for c in there]

    def totals(self, matched: Matched) -> list[Total]:
        """Return the exact totals of the matching processes' figures, in no order."""
        told = self.told
        selected = matched.places[told["shown"][matched.places]]
        lines = told["arc_line"][selected]
        if not len(lines):
            return []
        amounts = told["amount"][selected]
        several = len(self.names["lines"])
        # A float holds whole numbers exactly below 2**53: the halves of a sum stay far from that.
        low = np.bincount(lines, weights=amounts % _HALF, minlength=several)
        high = np.bincount(lines, weights=amounts // _HALF, minlength=several)
        counts = np.bincount(lines, minlength=several)
        without = np.bincount(lines[~told["has_amount"][selected]], minlength=several)
        processes = self._processes("line", matched, selected)
        return [
            Total(
                *self._line(int(n)),
                Decimal(int(high[n]) * _HALF + int(low[n])) / SCALE,
                int(processes[n]),
                int(counts[n]),
                int(without[n]),
            )
            for n in np.flatnonzero(counts)
        ]

    def _line(self, n: int) -> tuple[str, str, str, bool, bool]:
        jurisdiction, stage, currency, in_kind, loan = self.names["lines"][n]
        return jurisdiction, stage, currency, in_kind, loan

    # --- in which order ---------------------------------------------------------------------------------------------

    def largest(self, doc: int, figures: Numbers | None) -> Decimal:
        """Return the largest figure of one process that counts: what it stands by in the order of amounts."""
        told = self.told
        here = slice(int(np.searchsorted(told["arc_doc"], doc)), int(np.searchsorted(told["arc_doc"], doc + 1)))
        counts = told["counted"][here] & told["has_amount"][here]
        amounts = told["amount"][here][counts if figures is None else counts & figures[here]]
        return Decimal(int(amounts.max())) / SCALE if len(amounts) else NO_AMOUNT

    def ranks(self, sort: str, wanted: Wanted, figures: Numbers | None) -> Numbers:
        """Return each process's place in an order that has no equals."""
        assert sort in SORTS
        if sort != "amount" or not wanted.currency:
            return self.told[f"rank_{sort if sort in ('oldest', 'changed', 'title') else 'newest'}"]
        told = self.told
        largest = np.full(self.count, np.iinfo(np.int64).min)
        selected = told["counted"] & told["has_amount"]
        places = np.flatnonzero(selected if figures is None else selected & figures)
        if len(places):
            docs = told["arc_doc"][places]
            starts = np.flatnonzero(np.r_[True, docs[1:] != docs[:-1]])
            largest[docs[starts]] = np.maximum.reduceat(told["amount"][places], starts)
        order = np.lexsort((np.arange(self.count), ~largest))
        ranks = np.empty(self.count, np.int64)
        ranks[order] = np.arange(self.count)
        return ranks
