"""From staged rows to drafts: what each sheet says, as OCDS JSON, with the cell of every value.

In: staged tables and a `Context` (whose they are, what is known). Out: `Built`: drafts by dataset, the identities
to remember, findings, held rows. Not here: reading (`staging`), what holds between figures (`ledger.rules`).
One module a kind of process; sheets that name each other are built in the order of dependency. Read `build` first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from importers import identity
from importers.drafts import aid, implementation, procurement, programmes, registers
from importers.drafts.desk import PARTY_FIELDS, Context, Desk, Known, Nothing, Numbers, Parties, Row
from importers.drafts.writing import Process
from importers.staged import StagedTable
from ledger.changes import compose
from ledger.findings import Finding, Severity
from ledger.values import Draft, Money, number

__all__ = ["Built", "Context", "Known", "Nothing", "build"]

ORDER = ("organizations", "rates", "aid", "donations", "programmes", "procurement", "payments", "deliveries")
_NUMBERED = {"aid": "aid.id", "donations": "donation.id", "programmes": "programme.id", "deliveries": "delivery.id"}
_KIND = {"aid": "aid", "donations": "aid", "programmes": "programme", "procurement": "procurement", "deliveries": "aid"}
_NEEDS = {  # without these a row says nothing that can be published
    "aid": ("donor.name",),
    "donations": ("donor.name",),
    "programmes": ("title",),
    "procurement": ("buyer.name",),
    "payments": ("contract.id", "amount"),
    "deliveries": ("item.description", "item.quantity"),
    "organizations": ("organization.name",),
    "rates": ("value",),
}
_ROUNDS = 8  # sheets depend on each other in a short chain; each round can only hold more rows


@dataclass(frozen=True, slots=True)
class Built:
    """`held`: (index of the table, row number) -> code. `held_processes`: ocids that held rows speak of."""

    drafts: Mapping[str, list[Draft]]
    identities: list[identity.Identity]
    findings: list[Finding]
    held: Mapping[tuple[int, int], str]
    held_processes: frozenset[str] = field(default_factory=frozenset)


def build(tables: Sequence[StagedTable], context: Context) -> Built:
    """Build every draft that the tables' rows make, in one go: a payments sheet finds the contract beside it.

    Rows that name a contract, aid or programme that nobody knows are held, and so is what depends on a held row;
    building is repeated until nothing more falls. Pure: the same tables and knowledge give the same drafts, in
    whatever order the rows stand.
    """
    rows = _rows(tables)
    parties = Parties(context, rows)
    plan = _Plan(context, parties, rows)
    gone: set[tuple[str, str]] = set()
    for _ in range(_ROUNDS):
        desk = Desk(context, plan.numbers, parties, gone)
        drafts = _built(desk, plan)
        missing = {t for t in plan.promised if not _is_told(desk, t)}
        if missing <= gone:
            break
        gone |= missing
    findings = [*parties.said(), *plan.findings, *desk.findings]
    held = {**plan.held, **desk.held}
    kept = [r for r in rows if r.key not in held]
    identities = [
        identity.Identity(r.dataset, r.ocid, r.part if r in plan.parted else "", *_remembered_by(r), r.position)
        for r in kept
        if r.ocid and r.dataset not in ("organizations", "rates")
    ]
    held_processes = {r.ocid for r in rows if r.key in held and r.ocid}
    identities = _once(identities)
    held_processes |= _maybe_held(tables, identities, plan.remembered)
    from importers import ocds_json  # it builds with the desk of this package

    of_others = ocds_json.build(tables, context)
    for dataset, told in of_others.drafts.items():
        drafts[dataset] = _beside(drafts.get(dataset, []), told)
    identities = _once([*identities, *of_others.identities])
    findings += of_others.findings
    held |= of_others.held
    return Built(drafts, identities, findings, held, frozenset(held_processes | of_others.held_processes))


def _beside(own: Sequence[Draft], documents: Sequence[Draft]) -> list[Draft]:
    """The drafts of sheets and of documents, one a process: where both tell of one, the sheet's words stand first."""
    told = {d.ocid: d for d in own}
    for draft in documents:
        told[draft.ocid] = compose([told[draft.ocid], draft]) if draft.ocid in told else draft
    return list(told.values())


def _rows(tables: Sequence[StagedTable]) -> list[Row]:
    counted: dict[str, int] = defaultdict(int)
    out = []
    for n, table in enumerate(tables):
        for staged in table.rows:
            if staged.number in table.held or table.kind not in ORDER or table.entries:
                continue
            values = staged.values
            if any(_is_nothing(p.value) for p in values.values()):
                values = {f: p for f, p in values.items() if not _is_nothing(p.value)}
            position = counted[table.kind]
            counted[table.kind] += 1
            out.append(Row(n, staged.number, table.kind, position, values, identity.fingerprint(values)))
    return out


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _maybe_held(
    tables: Sequence[StagedTable],
    identities: Iterable[identity.Identity],
    remembered: Callable[[str], Mapping[str, list[identity.Remembered]]],
) -> set[str]:
    """The processes that a row held back by the reader may speak of: public, and not told of by any row that was read.

    Such a row has too little to say which thing it is, so none of its dataset's missing things is taken for
    withdrawn until the file is mended.
    """
    told = {(i.dataset, i.ocid, i.local_id) for i in identities}
    return {
        r.ocid
        for dataset in {t.kind for t in tables if t.held and t.kind in ORDER}
        for known in remembered(dataset).values()
        for r in known
        if (dataset, r.ocid, r.local_id) not in told
    }


def _remembered_by(row: Row) -> tuple[str, str]:
    told = row.unit or row.print
    return told.strong, told.weak


def _once(identities: Iterable[identity.Identity]) -> list[identity.Identity]:
    """One line a thing: rows that are one programme together are remembered as one."""
    out: dict[tuple[str, str, str], identity.Identity] = {}
    for i in identities:
        out.setdefault((i.dataset, i.ocid, i.local_id), i)
    return list(out.values())


def _is_told(desk: Desk, target: tuple[str, str]) -> bool:
    process = desk.drafted.get(target[0])
    if process is None:
        return False
    return not target[1] or any(c["id"] == target[1] for c in process.json.get("contracts", ()))


# --- who is which process ------------------------------------------------------------------------------------


class _Plan:
    """Gives every row its process, part and contract, before anything is written: sheets may name each other."""

    def __init__(self, context: Context, parties: Parties, rows: Sequence[Row]) -> None:
        self.context, self.parties = context, parties
        self.numbers = Numbers()
        self.promised: set[tuple[str, str]] = set()
        self.findings: list[Finding] = []
        self.held: dict[tuple[int, int], str] = {}
        self.parted: set[Row] = set()  # rows that are remembered as a part of their process
        self.recognised: set[Row] = set()  # of these, the ones that an earlier import had
        self._spellings: dict[tuple[str, str], str] = {}
        self.rows: dict[str, list[Row]] = defaultdict(list)
        self._remembered: dict[str, dict[str, list[identity.Remembered]]] = {}
        for row in rows:
            if self._is_usable(row):
                self.rows[row.dataset].append(row)
        self._say_duplicates()
        self._say_halves(rows)
        for dataset in ("aid", "donations", "programmes", "procurement"):
            self._identify(dataset, self.rows[dataset])
        self._contracts(self.rows["procurement"])
        self._identify("deliveries", [r for r in self.rows["deliveries"] if not _is_linked(r)])

    def _is_usable(self, row: Row) -> bool:
        missing = next((f for f in _NEEDS[row.dataset] if row.get(f) is None), None)
        if missing is not None:
            self._hold(row, "D018", missing)
            return False
        for name, parsed in row.values.items():
            exact = parsed.value.amount if isinstance(parsed.value, Money) else parsed.value
            if isinstance(exact, Decimal) and not _survives(exact):
                self._hold(row, "D022", name)
                return False
        return True

    def _hold(self, row: Row, code: str, name: str) -> None:
        at = row.get(name) or row.first
        self.held[row.key] = code
        self.findings.append(
            Finding(
                code,
                Severity.ERROR,
                at.at if at else None,
                name,
                at.raw if at else "",
                {"row": row.number, "field": name},
            )
        )

    def _say_halves(self, rows: Iterable[Row]) -> None:
        """Point out cells that say nothing alone: the number of an organization without name, a share of no source."""
        halves = {i: n for n, i, _ in PARTY_FIELDS.values() if i} | {"aid.share": "aid.id", "aid.amount": "aid.id"}
        for row in rows:
            for half, other in halves.items():
                at = row.get(half)
                if at is not None and row.get(other) is None:
                    self.findings.append(Finding("D024", Severity.WARNING, at.at, half, at.raw, {"needs": other}))

    def _say_duplicates(self) -> None:
        for dataset, rows in self.rows.items():
            if dataset in ("organizations", "rates"):
                continue
            first: dict[str, Row] = {}
            for row in rows:
                earlier = first.setdefault(row.print.strong, row)
                if earlier is not row and row.first is not None:
                    self.findings.append(
                        Finding(
                            "R001",
                            Severity.WARNING,
                            row.first.at,
                            "",
                            "",
                            {"rows": f"{earlier.number}, {row.number}"},
                            (earlier.first.at,) if earlier.first else (),
                        )
                    )

    def remembered(self, dataset: str) -> Mapping[str, list[identity.Remembered]]:
        """What the last import of this scope had, by process."""
        if dataset not in self._remembered:
            by_process: dict[str, list[identity.Remembered]] = defaultdict(list)
            for r in self.context.known.remembered(dataset, self.context.period):
                by_process[r.ocid].append(r)
            self._remembered[dataset] = dict(by_process)
        return self._remembered[dataset]

    def of_process(self, dataset: str, ocid: str) -> list[identity.Remembered]:
        return self.remembered(dataset).get(ocid, [])

    def _identify(self, dataset: str, rows: Sequence[Row]) -> None:
        """Give each row its process: by number, else by recognising it."""
        numbered: dict[str, list[Row]] = defaultdict(list)
        nameless: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for row in rows:
            own = self._number(row)
            if own:
                numbered[own].append(row)
            elif dataset == "programmes":
                agency = self.parties.party(row, "agency")
                nameless[self.parties.fingerprint(row.text("title")), agency.id if agency else ""].append(row)
            else:
                nameless[str(row.table), str(row.number)].append(row)
        for group in numbered.values():
            for ocid, mine in self._ocids(dataset, group).items():
                for row in mine:
                    row.ocid = ocid
                self.parts(dataset, ocid, mine)
                self._announce(dataset, ocid, mine)
        self._recognise(dataset, list(nameless.values()))

    def _number(self, row: Row) -> str:
        if row.dataset == "procurement":
            return (
                identity.number_slug(row.text("process.id") or row.text("contract.id"))
                if (row.text("process.id") or row.text("contract.id"))
                else ""
            )
        text = row.text(_NUMBERED[row.dataset])
        return identity.number_slug(text) if text else ""

    def _ocids(self, dataset: str, rows: Sequence[Row]) -> dict[str, list[Row]]:
        """Return the processes that rows with one number are: one, unless several buyers use the same number."""
        local = self._number(rows[0])
        if dataset == "deliveries" or (dataset == "donations" and local.isdigit() and len(local) < 5):
            # "1, 2, 3" numbers the rows of a sheet; another sheet of the same office has its own 1, 2, 3.
            local = f"{dataset.upper()}-{local}"
        plain = self._ocid(dataset, local)
        if dataset != "procurement":
            return {plain: list(rows)}
        buyers: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            buyers[self.parties.fingerprint(row.text("buyer.name"))].append(row)
        out = {}
        for buyer, mine in buyers.items():
            own = f"{plain}-{identity.minted([buyer], ())[:6].upper()}"
            out[own if self._is_others(plain, own, buyer, len(buyers) > 1, mine) else plain] = mine
        if len(buyers) > 1:
            at = rows[0].get("process.id") or rows[0].get("contract.id")
            assert at is not None
            self.findings.append(
                Finding(
                    "R002", Severity.WARNING, at.at, "process.id", at.raw, {"buyers": len(buyers), "number": at.raw}
                )
            )
        return out

    def _is_others(self, plain: str, own: str, buyer: str, contested: bool, rows: Sequence[Row]) -> bool:
        """Whether this buyer's process must have an ocid of its own, because the number alone is another buyer's."""
        if self.of_process("procurement", own):
            return True
        if before := self.of_process("procurement", plain):
            mine = any(identity.says(r.weak, "buyer.name", row.text("buyer.name")) for r in before for row in rows)
            return contested and not mine
        at = rows[0].get("process.id") or rows[0].get("contract.id")
        assert at is not None
        known = self.context.known.process("procurement", str(at.value))
        if known == own:
            return True
        if known == plain:
            record = self.context.known.record(plain) or {}
            # One that was taken back names no buyer any more: with its number it comes back as what it was.
            named = str((record.get("buyer") or {}).get("name") or "")
            return self.parties.fingerprint(named) != buyer if named else contested
        return contested

    def _ocid(self, dataset: str, local: str) -> str:
        return identity.ocid(self.context.settings.ocid_prefix, self.context.publisher, _KIND[dataset], local)

    def parts(self, dataset: str, ocid: str, rows: Sequence[Row]) -> None:
        """Give each row of a process an id within it, the one it had before when it is recognised."""
        before = [r for r in self.of_process(dataset, ocid) if r.local_id]
        found = identity.recognised([r.print for r in rows], before)
        taken = {r.local_id for r in before}
        for row, known in sorted(zip(rows, found, strict=True), key=lambda rk: rk[0].print.strong):
            if known is None:
                row.part = identity.minted([self.context.period, row.print.strong], taken)
                taken.add(row.part)
            else:
                row.part = known.local_id
                self.recognised.add(row)
            self.parted.add(row)

    def _recognise(self, dataset: str, units: list[list[Row]]) -> None:
        """Give rows without a number the process that they were last time, or a new one."""
        if not units:
            return
        prints = [identity.joined([r.print for r in unit]) for unit in units]
        before = [r for rs in self.remembered(dataset).values() for r in rs if not r.local_id]
        found = identity.recognised(prints, before)
        taken = {r.ocid for r in before}
        order = sorted(range(len(units)), key=lambda n: (prints[n].strong, n))
        for n in order:
            known = found[n]
            if known is None:
                form = self._ocid(dataset, "{}")
                ocid = identity.minted([dataset, self.context.period, prints[n].strong], taken, form)
                taken.add(ocid)
            else:
                ocid = known.ocid
            for row in units[n]:
                row.ocid = ocid
                if len(units[n]) > 1:
                    row.part = row.print.strong[:10]
                row.unit = prints[n]
            self._announce(dataset, ocid, units[n])

    def _announce(self, dataset: str, ocid: str, rows: Sequence[Row]) -> None:
        what = _KIND[dataset]
        self.promised.add((ocid, ""))
        name = {"procurement": "process.id"}.get(dataset, _NUMBERED.get(dataset, ""))
        for row in rows:
            if row.text(name) and dataset != "deliveries":
                self.numbers.add(what, row.text(name), (ocid, ""))

    def _contracts(self, rows: Sequence[Row]) -> None:
        """Give each procurement row its contract: own number, else lot, else what it says."""
        processes: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            processes[row.ocid].append(row)
        for ocid, mine in processes.items():
            unnumbered: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
            for row in mine:
                if row.text("contract.id"):
                    row.contract = self._spelling(ocid, row.text("contract.id"))
                else:
                    unnumbered[_one_deal(row)].append(row)
            lots: dict[str, int] = defaultdict(int)
            for deal in unnumbered:
                lots[str(deal[0])] += 1
            for deal, same in sorted(unnumbered.items(), key=lambda d: min(r.print.strong for r in d[1])):
                id = self._unnumbered(ocid, same, lots[str(deal[0])] == 1)
                for row in same:
                    row.contract = id
            for row in mine:
                target = (ocid, row.contract)
                if row.text("contract.id"):
                    self.promised.add(target)
                    self.numbers.add("contract", row.text("contract.id"), target)
            signed = {r.contract for r in mine if procurement.is_contract(r)}
            if len(signed) == 1 and mine[0].text("process.id"):
                target = (ocid, signed.pop())
                self.promised.add(target)
                self.numbers.add("contract", mine[0].text("process.id"), target)

    def _spelling(self, ocid: str, number: str) -> str:
        """One spelling for one number within a process: `C 14` and `c-14` are one contract."""
        return self._spellings.setdefault((ocid, identity.number_slug(number)), number)

    def _unnumbered(self, ocid: str, deal: Sequence[Row], only_of_lot: bool) -> str:
        """Return the id of a contract whose rows give it no number: the one it had, else its lot, else a minted one."""
        first = min(deal, key=lambda r: r.part)
        if len(deal) == 1 and first in self.recognised:
            return first.part
        lot = first.text("lot.id")
        # Never a bare "1": a voucher that names contract 1 must not find it.
        id = (
            f"lot-{identity.slug(lot)}"
            if lot and only_of_lot
            else first.part
            if first.part != "1"
            else ocid.rsplit("-", 1)[-1]
        )
        if len(deal) == 1 and first in self.parted:
            first.part = id  # remembered, so that a second contract of the lot does not rename this one
        return id


def _survives(exact: Decimal) -> bool:
    try:
        number(exact)
    except ValueError:
        return False
    return True


def _is_linked(row: Row) -> bool:
    return row.get("contract.id") is not None or row.get("donation.id") is not None


def _one_deal(row: Row) -> tuple[Any, ...]:
    """What rows without a contract number must share to be lines of one contract. Rows that list no goods are
    each a deal of their own: two equal ones are two (or a mistake, which a finding points out)."""
    lines = any(row.get(f) for f in procurement.ITEM_FIELDS if f != "place")
    amount = row.get("amount")
    deal = (
        identity.number_slug(row.text("lot.id")) if row.text("lot.id") else "",
        row.text("supplier.name"),
        amount.value if amount else None,
        row.text("contract.date"),
        row.text("award.date"),
    )
    return deal if lines and row.text("process.id") else (*deal, row.table, row.number)


# --- writing --------------------------------------------------------------------------------------------------


def _built(desk: Desk, plan: _Plan) -> dict[str, list[Draft]]:
    out: dict[str, list[Draft]] = {}
    written: dict[str, list[Process]] = {}
    kinds: dict[str, Callable[[Desk, str, Sequence[Row]], Process | None]] = {
        "aid": aid.aid,
        "donations": aid.donation,
        "programmes": programmes.programme,
        "procurement": procurement.procurement,
    }
    for dataset in ORDER:
        rows = plan.rows.get(dataset, [])
        if not rows:
            continue
        if dataset in ("organizations", "rates"):
            out[dataset] = (registers.organizations if dataset == "organizations" else registers.rates)(desk, rows)
        elif dataset in kinds:
            if dataset == "procurement":
                procurement.hold_repeated(desk, rows)
            written[dataset] = _each(desk, rows, kinds[dataset], remember=True)
        elif dataset == "payments":
            for row in rows:
                _point(desk, row, "contract.id", "contract")
            _parts(plan, dataset, rows)
            written[dataset] = _each(desk, desk.free(rows), implementation.payments)
        else:
            linked = [r for r in rows if _is_linked(r)]
            for row in linked:
                if row.get("contract.id"):
                    _point(desk, row, "contract.id", "contract")
                else:
                    _point(desk, row, "donation.id", "aid")
            _parts(plan, dataset, linked)
            alone = [r for r in rows if not _is_linked(r)]
            under = _each(desk, desk.free(linked), implementation.deliveries)
            written[dataset] = [*under, *_each(desk, alone, aid.handed_out)]
    for dataset, processes in written.items():
        for process in processes:
            desk.titled(process)
            desk.finish(process)
        out[dataset] = [p.draft() for p in processes]
    return {dataset: drafts for dataset, drafts in out.items() if drafts}


def _point(desk: Desk, row: Row, name: str, what: str) -> None:
    """Let the row point at the process that its number names."""
    row.ocid, row.contract = "", ""
    found = desk.find(row, what, name)
    if found is not None:
        row.ocid, row.contract = found


def _parts(plan: _Plan, dataset: str, rows: Sequence[Row]) -> None:
    by_process: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if row.ocid:
            by_process[row.ocid].append(row)
    for ocid, mine in by_process.items():
        plan.parts(dataset, ocid, mine)


def _each(
    desk: Desk, rows: Sequence[Row], write: Callable[[Desk, str, Sequence[Row]], Process | None], remember: bool = False
) -> list[Process]:
    by_process: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_process[row.ocid].append(row)
    out = []
    for ocid, mine in sorted(by_process.items()):
        process = write(desk, ocid, sorted(mine, key=lambda r: (r.print.strong, r.part)))
        if process is None:
            continue
        if remember:
            desk.drafted.setdefault(ocid, process)
        out.append(process)
    return out
