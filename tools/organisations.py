"""Write docs/reference/organisations.md: what the rules for equal organisations find in real lists of names.

    .venv/bin/python tools/organisations.py FOLDER [--out docs/reference/organisations.md] [--show]

The folder holds one sub-folder per publisher, with CSV files and OCDS packages (JSON). Each sub-folder is one list.
Where a file gives register numbers beside the names, they are the judge: the rules are run without them, and a pair
that was joined although its numbers differ is counted. `--show` prints every joined group and every question, to be
read by a person. Like `tools/real_files.py` it is run by hand, for the files are not part of this repository.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import re
import sys
import time
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from importers.resolve import ASKED_FROM, Identities, Public, Seen
from ledger.arcs import folded

ROOT = Path(__file__).parents[1]
LABELLED = ROOT / "tests" / "unit" / "importers" / "belize_names.toml"
COLUMNS = {  # a column of names -> the column of register numbers beside it
    "Contract Awarded To:": "",
    "Awarding Agency:": "",
    "Supplier Name": "",
    "Procuring Entity": "",
    "DOADOR": "CNPJ_DOADOR",
    "ORGAO_ENTIDADE": "CNPJ_ORGAO_ENTIDADE",
    "DESTINATARIO_DOACAO": "CNPJ_DESTINATARIO_DOACAO",
    "DonorName": "",
    "Provider org name": "Provider org id",
    "Receiver org name": "Receiver org id",
    "Reporting org name": "Reporting org id",
    "ORGANIZACIÓN DONANTE": "",
    "ORGANIZACIÓN IMPLEMENTADORA": "",
}
THRESHOLDS = (75, 80, 85, 90, 95)

Pair = tuple[str, str]  # a name and its register number, "" when none is given


def in_csv(file: Path) -> Iterator[Pair]:
    text = file.read_bytes().decode("utf-8-sig", "replace")
    mark = ";" if text.split("\n", 1)[0].count(";") > text.split("\n", 1)[0].count(",") else ","
    for row in csv.DictReader(io.StringIO(text), delimiter=mark):
        for name, id in COLUMNS.items():
            if row.get(name):
                yield str(row[name]), str(row.get(id) or "") if id else ""


def in_json(value: Any) -> Iterator[Pair]:
    """Names of parties anywhere in a package, with their identifier."""
    if isinstance(value, list):
        for entry in value:
            yield from in_json(entry)
    elif isinstance(value, dict):
        for key, held in value.items():
            if key in (
                "parties",
                "suppliers",
                "buyer",
                "procuringEntity",
                "fundingOrganization",
                "recipientOrganization",
            ):
                for party in held if isinstance(held, list) else [held]:
                    if isinstance(party, dict) and isinstance(party.get("name"), str):
                        yield party["name"], str((party.get("identifier") or {}).get("id") or "")
            yield from in_json(held)


def names(folder: Path) -> Iterator[Pair]:
    for file in sorted(folder.rglob("*")):
        if file.suffix == ".csv":
            yield from in_csv(file)
        elif file.suffix == ".json":
            try:
                yield from in_json(json.loads(file.read_bytes()))
            except ValueError:
                continue


def digits(id: str) -> str:
    kept = re.sub(r"[\W_]", "", id).upper()
    return kept if len(set(kept)) > 1 else ""


def lists(pairs: Iterable[Pair]) -> tuple[list[Seen], dict[str, set[str]]]:
    """The names with their rows, and the register numbers that stand beside each."""
    seen: dict[str, Seen] = {}
    ids: dict[str, set[str]] = defaultdict(set)
    for name, id in pairs:
        text = " ".join(name.split())
        key = folded(text)
        if not key:
            continue
        seen.setdefault(key, Seen(key, text)).rows += 1
        if digits(id):
            ids[key].add(digits(id))
    return list(seen.values()), ids


def joined(told: Identities, seen: Iterable[Seen]) -> list[list[str]]:
    groups: dict[str, list[str]] = defaultdict(list)
    for s in seen:
        groups[told.party(s.key)].append(s.name)
    return [sorted(g) for g in groups.values() if len(g) > 1]


def line(label: str, pairs: Iterable[Pair], show: bool) -> str:
    seen, ids = lists(pairs)
    started = time.monotonic()
    told = Identities(seen)
    groups = joined(told, seen)
    asked = len(told.questions())
    seconds = time.monotonic() - started
    couples = [(a, b) for g in groups for a, b in combinations([folded(n) for n in g], 2)]
    judged = [(a, b) for a, b in couples if ids.get(a) and ids.get(b)]
    wrong = sum(ids[a].isdisjoint(ids[b]) for a, b in judged)
    if show:
        for g in groups:
            sys.stdout.write(f"{label}\t{' | '.join(g)}\n")
        for q in told.questions():
            sys.stdout.write(f"{label}?\t{q.name}\t{[(c.name, c.score, c.why) for c in q.candidates]}\n")
    asks = " | ".join(str(len(told.questions(t)) if t != ASKED_FROM else asked) for t in THRESHOLDS)
    counts = f"{len(groups)} | {len(couples)} | {len(judged)} | {wrong}"
    return f"| {label} | {len(seen):,} | {counts} | {asks} | {seconds:.1f} s |"


def labelled() -> list[str]:
    """The hand-labelled list: pairs that are certain, pairs that are asked, and how many of each are right."""
    real = {folded(n): (label, n) for label, ns in tomllib.loads(LABELLED.read_text("utf-8")).items() for n in ns}
    seen = [Seen(key, name) for key, (_, name) in real.items()]
    told = Identities(seen)
    true = {frozenset(p) for p in combinations(real, 2) if real[p[0]][0] == real[p[1]][0]}
    certain = {frozenset(p) for p in combinations(real, 2) if told.party(p[0]) == told.party(p[1])}
    wrong, organisations = len(certain - true), len({label for label, _ in real.values()})
    out = [
        f"{len(real)} names when case, accents and punctuation are gone, {organisations} organisations, {len(true)} "
        f"true pairs. Certain: {len(certain)} pairs, {wrong} of them wrong.",
        "",
        "| asked from | questions | the right one is among the candidates | no candidate is right |",
        "|---:|---:|---:|---:|",
    ]
    for t in THRESHOLDS:
        asked = told.questions(t)
        good = sum(any(real[c.key][0] == real[q.key][0] for c in q.candidates) for q in asked)
        out.append(f"| {t} | {len(asked)} | {good} | {len(asked) - good} |")
    return out


def speed() -> str:
    """20,000 public names, 1,000 new ones that are like them."""
    words = "Coral Reef Maya River Palm Sun North South Valley Hill Bridge Star Ocean Forest Stone Green".split()
    trades = "Supplies Construction Medical Transport Foods Services Engineering Trading Clinic School".split()
    known = [
        f"{words[n % 16]} {words[n // 16 % 16]} {words[n // 256 % 16]} {trades[n % 10]} {n // 4096} Ltd"
        for n in range(20_000)
    ]
    public = [Public(f"p{n}", folded(name), name) for n, name in enumerate(known)]
    new = [
        Seen(folded(n), n, 1)
        for n in (known[20 * i].replace("Ltd", "Group").replace("r", "rr", 1) for i in range(1000))
    ]
    started = time.monotonic()
    told = Identities(new, public)
    asked = told.questions()
    return f"20,000 public names, 1,000 new ones: {time.monotonic() - started:.1f} s, {len(asked):,} questions."


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "reference" / "organisations.md")
    parser.add_argument("--show", action="store_true")
    options = parser.parse_args()
    rows = []
    for folder in sorted(p for p in options.folder.iterdir() if p.is_dir()):
        found = list(names(folder))
        if found:
            sys.stderr.write(f"{folder.name}\n")
            rows.append(line(folder.name, found, options.show))
    options.out.write_text(
        TEXT.format(rows="\n".join(rows), labelled="\n".join(labelled()), speed=speed(), asked=ASKED_FROM)
    )


TEXT = """# One organisation, many spellings: what the rules find

Made by `tools/organisations.py`. The rules are `importers/resolve.py`; the decision is
[0007](../decisions/0007-one-organisation-one-spelling.md).

## Real lists

Names are counted after case, accents and punctuation are gone. A joined group is what is certain: names that differ in
nothing but how one legal form is spelled ("Ltd", "Limited"), "&" or dots between initials. Where a list has register
numbers beside the names, the rules do not see them and they are the judge: "judged" pairs have a number on both sides,
"wrong" ones have no number in common. No list with numbers has a joined pair so far. Of the 278 groups of the Ghana
list, 252 differ in "Ltd", "Limited", "Co.", "Company" alone; the other 26 were read one by one: none was wrong. The
columns 75 to 95 say how many questions a first import of the whole list would ask, by the score from which a pair is
asked; {asked} is in force.

| list | names | joined groups | joined pairs | judged | wrong | 75 | 80 | 85 | 90 | 95 | time |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{rows}

What is asked about must differ in words that are alike (a slip, an abbreviation), or one name must hold the other.
Likeness of letters alone asked 1,535 questions on the Ghana list at 80, most of them about two town councils whose
names share "Municipal Assembly", and 384 on the donations of Minas Gerais, most about two of its "Prefeitura de ...".

## Names labelled by hand

{labelled}

Acronyms that are not the initials of the other name ("OPS" for "Pan American Health Organization") no rule finds: they
are said once, at the desk or in an organizations sheet.

## Speed

{speed}
"""


if __name__ == "__main__":
    main()
