"""Who is who in one import: the party of every name, which register numbers prove nothing, who must stay unnamed.

In: rows and a `Context`. Out: parties, findings, and the questions that a person has to answer. Which names are one
party is decided by `importers.resolve`. Read `Parties.party` first.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace

from importers import identity, resolve
from importers.drafts.context import Context, Row
from importers.drafts.words import word
from importers.drafts.writing import Party
from importers.parsing import several
from importers.staged import Parsed
from ledger.arcs import folded
from ledger.findings import Finding, Severity
from ledger.values import CellRef, Money

# Names that stand for unnamed people ("DOAÇÕES PESSOAS FÍSICAS"), compared after folding.
_PEOPLE = re.compile(
    r"\b(private (individuals?|persons?|donors?|citizens?)|individual donors?|anonymous( donors?)?|anonimos?|anonymes?"
    r"|pessoas? fisicas?|personas? (naturales|natural|fisicas?|particulares|particular)|particuliers?)\b"
)
_CPF = re.compile(r"[\d*]{3}\.?[\d*]{3}\.?[\d*]{3}-?[\d*]{2}")  # a Brazilian person's number, or one with stars

PARTY_FIELDS = {
    "donor": ("donor.name", "donor.id", "donor.kind"),
    "recipient": ("recipient.name", "recipient.id", ""),
    "agency": ("agency.name", "agency.id", ""),
    "source": ("source.name", "source.id", ""),
    "buyer": ("buyer.name", "buyer.id", ""),
    "procuringEntity": ("procuringEntity.name", "", ""),
    "supplier": ("supplier.name", "supplier.id", ""),
    "payee": ("payee.name", "payee.id", ""),
    "payer": ("payer.name", "payer.id", ""),
    "organization": ("organization.name", "organization.id", "organization.kind"),
}
_LISTED = {("supplier", "procurement"), ("donor", "aid"), ("donor", "donations")}
"""(who, dataset) whose cell may list several names; elsewhere a `;` is part of a name."""
_PARTED = re.compile(r"[;|]")  # what `several` looks for: most of many thousand cells have none


class Parties:
    """Who is who in one import. An identifier that several parties share identifies nobody, and is withheld.

    The id of a party is its jurisdiction and the name it goes by; which names are one party says `resolve`. A name
    stays as the row has it: the pages show a party by its first public name.
    """

    def __init__(self, context: Context, rows: Iterable[Row]) -> None:
        self.context = context
        self.scheme = f"{context.jurisdiction.code.upper()}-LEDGER"
        self.findings: list[Finding] = []
        self._aliases: dict[str, str] = {}
        self._parties: dict[tuple[str, str, str], Party] = {}
        self._people: list[CellRef] = []
        self._refused: list[Parsed] = []
        self._lists: dict[tuple[str, ...], list[Parsed]] = defaultdict(list)  # cells that list the same suppliers
        self._named: dict[str, list[tuple[str, Parsed]]] = defaultdict(list)  # the cells of each name, by its key
        used: dict[str, dict[str, Parsed]] = defaultdict(dict)
        seen: dict[str, resolve.Seen] = {}
        for row in rows:
            if row.dataset == "organizations" and row.get("organization.alias") and row.get("organization.name"):
                for alias in row.text("organization.alias").split(";"):  # "KHMH; K.H.M.H."
                    self._aliases[folded(alias)] = row.text("organization.name")
            for who, (name_field, id_field, kind_field) in PARTY_FIELDS.items():
                name, id = row.get(name_field), row.get(id_field) if id_field else None
                if who == "supplier" and name is not None:
                    listed = self.names(row, who)
                    name = listed[0] if len(listed) == 1 else None  # a number beside several is none of theirs
                    if len(listed) > 1:
                        self._lists[tuple(str(n.value) for n in listed)].append(listed[0])
                        for one in listed:
                            self._see(seen, row, name_field, one, None)
                if id is not None and not self._usable(str(id.value)):
                    self._refused.append(id)
                elif name is not None and id is not None:
                    used[_digits(str(id.value))].setdefault(self.fingerprint(str(name.value)), id)
                if name is not None and not self._is_people(name, id, row.text(kind_field) if kind_field else ""):
                    self._see(seen, row, name_field, name, id)
        self.identities = self._identities(seen.values())
        self.shared: set[str] = set()
        for digits, names in used.items():
            parties = {self.identities.party(key): cell for key, cell in reversed(names.items())}
            if len(parties) > 1:
                self.shared.add(digits)
                self._withheld(list(parties.values())[::-1], len(parties))

    def _see(self, seen: dict[str, resolve.Seen], row: Row, field: str, name: Parsed, id: Parsed | None) -> None:
        """Count a name for the questions: how many rows, how much money, which numbers and places beside it."""
        text = " ".join(str(name.value).split())
        key = folded(text)
        if not key:
            return
        # The spelling that stands for a key does not depend on the order of the rows.
        told = seen.setdefault(key, resolve.Seen(key, text))
        told.name = min(told.name, text)
        told.rows += 1
        amount = row.get("amount")
        if amount is not None and isinstance(amount.value, Money):
            told.amount = max(told.amount, amount.value.amount)
        if id is not None and self._usable(str(id.value)):
            told.ids.add(_digits(str(id.value)))
        if field in ("recipient.name", "agency.name") and row.get("place"):
            told.places.add(row.text("place"))
        self._named[key].append((field, name))

    def _identities(self, seen: Iterable[resolve.Seen]) -> resolve.Identities:
        known = self.context.known
        return resolve.Identities(
            seen,
            [
                resolve.Public(s.party, folded(s.name), s.name, s.since, _digits(s.identifier.partition(":")[2]))
                for s in known.spellings()
                if not s.party.endswith("-private-individuals")
            ],
            [resolve.Answer(d.number, d.name_key, d.other_key, d.answer) for d in known.decisions()],
            {alias: folded(name) for alias, name in self._aliases.items() if alias},
            self._own_id,
        )

    def _own_id(self, key: str) -> str:
        return f"{self.scheme}-{identity.slug(key).lower()}"

    def _withheld(self, cells: list[Parsed], names: int) -> None:
        first, *others = cells
        self.findings.append(
            Finding(
                "D006",
                Severity.WARNING,
                first.at,
                "id",
                first.raw,
                {"names": names},
                tuple(p.at for p in others),
            )
        )

    def _usable(self, id: str) -> bool:
        """Whether it can be a register's number: not stars, not one digit over and over."""
        kept = _digits(id)
        return len(kept) >= 4 and len(set(kept)) > 1 and "*" not in id

    def fingerprint(self, name: str) -> str:
        return folded(self._aliases.get(folded(name), name))

    def names(self, row: Row, who: str) -> list[Parsed]:
        """The names in the row's cell for `who` (a key of `PARTY_FIELDS`), each with that cell; often one, or none.

        Suppliers of a contract and donors are told apart by `parsing.several`, which also takes a sign off the end
        (`Example Ltd.;`); every other cell is one name as it stands, and so are private people, who are not named
        one by one.
        """
        name_field, id_field, kind_field = PARTY_FIELDS[who]
        name = row.get(name_field)
        if name is None or not str(name.value).strip():
            return []
        if (who, row.dataset) not in _LISTED or not _PARTED.search(str(name.value)):
            return [name]
        told = several(str(name.value))
        if not told or told == [str(name.value)]:
            return [name]
        if self._is_people(name, row.get(id_field) if id_field else None, row.text(kind_field) if kind_field else ""):
            return [name]
        return [replace(name, value=part, how="derived") for part in told]

    def party(self, row: Row, who: str) -> Party | None:
        """Return the party that the row names as `who` (a key of `PARTY_FIELDS`), or None when it names nobody."""
        name_field, id_field, kind_field = PARTY_FIELDS[who]
        return self._party(row, row.get(name_field), row.get(id_field) if id_field else None, kind_field)

    def listed(self, row: Row, who: str) -> list[Party]:
        """Return every party that the row names as `who`. A number beside several names could be any of theirs:
        it is attached to none."""
        told = self.names(row, who)
        _, id_field, kind_field = PARTY_FIELDS[who]
        id = row.get(id_field) if id_field and len(told) == 1 else None
        return [p for name in told if (p := self._party(row, name, id, kind_field)) is not None]

    def _party(self, row: Row, name: Parsed | None, id: Parsed | None, kind_field: str) -> Party | None:
        if name is None or not str(name.value).strip():
            return None
        kind = row.text(kind_field) if kind_field else ""
        key = (str(name.value), str(id.value) if id else "", kind)
        known = self._parties.get(key)
        if known is None:
            known = self._parties[key] = self._identified(name, id, kind)
        if known.id.endswith("-private-individuals"):
            self._people.append(name.at)
        # A person's name must not come back through the evidence of the name that stands for it.
        at = replace(name, value=known.name, raw="", how="aggregated") if known.at.how == "aggregated" else name
        return Party(known.id, known.name, at, known.identifier, id if known.identifier_at is not None else None)

    def _identified(self, name: Parsed, id: Parsed | None, kind: str) -> Party:
        text = " ".join(str(name.value).split())
        if self._is_people(name, id, kind):
            shown = word("private_individuals", self.context.language)
            return Party(
                f"{self.scheme}-private-individuals",
                shown,
                replace(name, value=shown, raw="", how="aggregated"),
                {"scheme": self.scheme, "id": "private-individuals"},
                None,
            )
        key = folded(text)
        party_id = self.identities.party(key) if key else self._own_id(text)
        if id is not None and self._usable(str(id.value)) and _digits(str(id.value)) not in self.shared:
            scheme = self.context.jurisdiction.identifier_scheme or self.scheme
            return Party(party_id, text, name, {"scheme": scheme, "id": str(id.value).strip()}, id)
        return Party(
            party_id, text, name, {"scheme": self.scheme, "id": party_id.removeprefix(f"{self.scheme}-")}, None
        )

    def _is_people(self, name: Parsed, id: Parsed | None, kind: str) -> bool:
        return kind == "person" or self._is_person(id) or bool(_PEOPLE.search(folded(str(name.value))))

    def _is_person(self, id: Parsed | None) -> bool:
        """A Brazilian CPF beside company numbers: the register's own scheme says that companies have another."""
        if id is None or self.context.jurisdiction.identifier_scheme != "BR-CNPJ":
            return False
        return bool(_CPF.fullmatch(str(id.value).strip()))

    def said(self) -> list[Finding]:
        """Findings on names and ids: who may be the same, shared ids, how many people are published without name."""
        out = list(self.findings)
        out += [Finding("D023", Severity.WARNING, p.at, "id", p.raw) for p in self._refused if "*" not in p.raw]
        for told, cells in self._lists.items():
            params = {"names": "; ".join(told), "several": len(told)}
            at, *rest = dict.fromkeys(c.at for c in cells)
            out.append(Finding("D025", Severity.NOTICE, at, "supplier.name", cells[0].raw, params, tuple(rest)))
        if self._people:
            first, *others = dict.fromkeys(self._people)
            out.append(Finding("D008", Severity.NOTICE, first, "donor.name", "", {}, tuple(others)))
        return [*out, *map(self._asked, self.identities.questions())]

    def _asked(self, question: resolve.Question) -> Finding:
        """One finding a name, not a row: every cell that has it, and who it could be."""
        cells = sorted((n for key in question.keys for n in self._named[key]), key=lambda n: n[1].raw != question.name)
        (field, first), *_ = cells
        others = tuple(dict.fromkeys(p.at for _, p in cells if p.at != first.at))
        told = resolve.as_json(question)
        told["candidates_text"] = "; ".join(
            # The letters of an acronym are not alike its name: the number would speak against it.
            f"{c.name} ({c.score})" if c.score >= resolve.ASKED_FROM else c.name
            for c in question.candidates
        )
        return Finding("O001", Severity.WARNING, first.at, field, first.raw, told, others)


def _digits(id: str) -> str:
    return re.sub(r"[\W_]", "", id).upper()
