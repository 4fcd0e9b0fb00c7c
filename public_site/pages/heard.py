"""What is shown of voices on a page: each beside the official figure that it is about, which it never changes.

In: published voices and the arcs of a record. Out: view values for `parts/voices.html` and the JSON twin. A page of the
past shows none: voices belong to now, not to a publication. Read `heard`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ledger import voices
from ledger.arcs import Arc
from ledger.voices import Voice
from public_site.web import Ask, plain


@dataclass(frozen=True, slots=True)
class Shown:
    """One voice; `official` is the figure that it is about, as the newest publication has it."""

    voice: Voice
    official: Arc | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """The voices of one record. `is_past`: the page shows an earlier publication, and no voices."""

    is_past: bool
    questions: tuple[Shown, ...] = ()
    reports: tuple[Shown, ...] = ()
    citations: tuple[Shown, ...] = ()
    withdrawn: tuple[Voice, ...] = ()

    @property
    def several(self) -> tuple[Shown, ...]:
        return (*self.questions, *self.reports, *self.citations)


def heard(ask: Ask, ocid: str, figures: Sequence[Arc]) -> Heard:
    """Return what was said of a record and published; `figures` are the record's own, of now."""
    if ask.at is not None:
        return Heard(True)
    told = voices.of_process(ask.conn, ocid)
    there = {f.locator: f for f in figures}
    by_kind: dict[str, list[Shown]] = {kind: [] for kind in voices.KINDS}
    for voice in told:
        if voice.state == "published":
            by_kind[voice.said.kind].append(Shown(voice, there.get(voice.said.locator)))
    gone = tuple(v for v in told if v.state == "withdrawn")
    questions, reports, citations = (tuple(by_kind[kind]) for kind in voices.KINDS)
    return Heard(False, questions, reports, citations, gone)


def heard_json(it: Heard) -> list[dict[str, Any]] | None:
    """The voices of a record for its JSON twin; null on a page of the past."""
    if it.is_past:
        return None
    return [told(s) for s in it.several] + [gone(v) for v in it.withdrawn]


def told(s: Shown) -> dict[str, Any]:
    """One voice as data. Empty fields are left out; who decided is not said, whose answer it is is."""
    said, official = s.voice.said, s.official
    names = ("text", "item", "quantity", "unit", "seen", "area", "place", "on", "role", "title", "url", "outlet")
    out: dict[str, Any] = {"number": s.voice.number, "kind": said.kind, "ocid": said.ocid, "state": s.voice.state}
    out |= {"said": plain(s.voice.at), "published": plain(s.voice.decided_at), "language": said.language}
    out |= {"publication": said.publication}
    out |= {n: plain(value) for n in names if (value := getattr(said, n)) not in ("", None)}
    if official is not None:
        own = ("quantity", "unit", "item", "area", "on", "locator", "stage")
        out["official"] = {n: plain(getattr(official, n)) for n in own}
    if said.kind == "question":
        out["answers"] = [{"text": a.text, "office": a.office, "at": plain(a.at)} for a in s.voice.answers]
    return out


def gone(voice: Voice) -> dict[str, Any]:
    """A withdrawn voice: that it was there and why it is not, never what it said."""
    out: dict[str, Any] = {"number": voice.number, "kind": voice.said.kind, "ocid": voice.said.ocid}
    return {**out, "state": voice.state, "withdrawn": plain(voice.decided_at), "reason": voice.reason}


def without_content(several: Iterable[Voice]) -> list[dict[str, Any]]:
    return [told(Shown(v)) if v.state == "published" else gone(v) for v in several]
