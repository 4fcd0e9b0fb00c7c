"""Laws of the flows: every column adds up to the same total, nothing is counted twice, nothing is left out."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ledger.flows import COLUMNS, NODES_MAX, OTHER, Flows, Moment, Path, assembled
from public_site.charts.bars import share, steps, timeline
from public_site.charts.maps import shaded
from public_site.charts.sankey import TALL, laid_out

AMOUNTS = st.integers(-(10**9), 10**12).map(lambda cents: Decimal(cents) / 100)
IDS = st.none() | st.integers(0, 40).map(lambda n: f"party-{n}")


@st.composite
def lines_of_paths(draw: st.DrawFn) -> tuple[list[Path], tuple[str, ...]]:
    roles = draw(st.sampled_from(sorted(set(COLUMNS.values()))))
    ids = st.tuples(*[IDS for _ in roles])
    return draw(st.lists(st.builds(Path, ids, AMOUNTS, st.integers(1, 5)), max_size=60)), roles


def added(amounts: list[Decimal]) -> Decimal:
    return sum(amounts, Decimal(0))


def gathered(paths: list[Path], roles: tuple[str, ...]) -> Flows:
    """The flows of these paths, with the sums of each column as a database would give them."""
    sums: dict[str, dict[str | None, tuple[Decimal, int]]] = {role: {} for role in roles}
    for path in paths:
        for role, id in zip(roles, path.ids, strict=True):
            amount, figures = sums[role].get(id, (Decimal(0), 0))
            sums[role][id] = amount + path.amount, figures + path.figures
    return assembled(sums, lambda shown: paths)


@given(lines_of_paths())
def test_every_column_adds_up_to_the_total(world: tuple[list[Path], tuple[str, ...]]) -> None:
    paths, roles = world
    drawn = gathered(paths, roles)
    assert drawn.total == added([p.amount for p in paths]) and len(drawn.columns) == len(roles)
    for column in drawn.columns:
        assert added([n.amount for n in column]) == drawn.total
        assert sum(n.figures for n in column) == drawn.figures == sum(p.figures for p in paths)


@given(lines_of_paths())
def test_nothing_is_counted_twice_and_the_rest_is_listed(world: tuple[list[Path], tuple[str, ...]]) -> None:
    paths, roles = world
    drawn = gathered(paths, roles)
    assert sum(len(c) for c in drawn.columns) <= NODES_MAX
    for n, column in enumerate(drawn.columns):
        own = Counter(m.id for node in column for m in (node.members or (node,)))
        assert set(own) == {p.ids[n] for p in paths} and max(own.values(), default=1) == 1
        for node in column:
            assert (node.id == OTHER) == bool(node.members)
            if node.members:
                assert node.amount == added([m.amount for m in node.members]) and len(node.members) > 1
                kept = [k.amount for k in column if k.id not in (OTHER, None)]
                assert not kept or min(kept) >= max(m.amount for m in node.members)


@given(lines_of_paths())
def test_what_comes_into_a_node_is_what_goes_out(world: tuple[list[Path], tuple[str, ...]]) -> None:
    drawn = gathered(*world)
    for n, column in enumerate(drawn.columns):
        for node in column:
            if n < len(drawn.columns) - 1:
                assert added([b.amount for b in drawn.bands if (b.column, b.source) == (n, node.id)]) == node.amount
            if n:
                assert added([b.amount for b in drawn.bands if (b.column, b.target) == (n - 1, node.id)]) == node.amount


@given(lines_of_paths())
def test_widths_are_true_to_amounts_and_nothing_lies_on_another(world: tuple[list[Path], tuple[str, ...]]) -> None:
    paths, roles = world
    drawn = gathered([p for p in paths if p.amount > 0], roles)
    paper = laid_out(drawn)
    for box in paper.boxes:
        true = TALL * float(box.node.amount) / float(drawn.total)
        assert abs(box.height - max(true, 1.0)) < 0.06
        assert box.y >= 0 and box.y + box.height <= paper.height
    for column in range(len(roles)):
        stacked = sorted((b for b in paper.boxes if b.column == column), key=lambda b: b.y)
        assert all(a.y + a.height <= b.y + 0.1 for a, b in pairwise(stacked))
    assert len(paper.ribbons) == len(drawn.bands)


def test_more_returned_than_given_has_no_width_and_keeps_its_words() -> None:
    drawn = gathered([Path(("a", "x"), Decimal(-5), 1), Path(("b", "x"), Decimal(9), 1)], ("donor", "buyer"))
    paper = laid_out(drawn)
    assert drawn.total == 4 and [r.band.source for r in paper.ribbons] == ["b"]
    assert {b.node.id: b.node.amount for b in paper.boxes} == {"a": -5, "b": 9, "x": 4}


def test_nothing_at_all_can_be_laid_out() -> None:
    paper = laid_out(Flows(("donor", "buyer"), ((), ()), (), Decimal(0), 0))
    assert not paper.boxes and not paper.ribbons


MONTHS = st.builds(lambda y, m: f"{y}-{m:02d}", st.integers(2019, 2024), st.integers(1, 12))
MOMENTS = st.lists(
    st.builds(Moment, st.none() | MONTHS | st.integers(2019, 2024).map(str), AMOUNTS, st.integers(1, 3)),
    max_size=30,
    unique_by=lambda m: m.on,
).map(lambda ms: sorted(ms, key=lambda m: m.on or "~"))


@given(MOMENTS)
def test_time_adds_up_and_a_year_is_never_put_into_a_month(moments: list[Moment]) -> None:
    drawn = timeline(moments)
    parts = [(c.amount, c.figures) for c in drawn.columns] + [(m.amount, m.figures) for m in drawn.apart]
    assert added([a for a, _ in parts]) == added([m.amount for m in moments])
    assert sum(n for _, n in parts) == sum(m.figures for m in moments)
    known = {m.on for m in moments}
    if drawn.by == "month":
        assert {c.on for c in drawn.columns} == {o for o in known if o and len(o) == 7}
        assert {m.on for m in drawn.apart} == {o for o in known if o is None or len(o) == 4}
    else:
        assert {m.on for m in drawn.apart} <= {None}
    for c in drawn.columns:
        assert c.x >= 0 and c.x + c.width <= drawn.width and 0 <= c.y <= drawn.zero + 1 and c.height >= 1


@given(AMOUNTS, AMOUNTS)
def test_an_axis_has_even_round_steps_with_zero_among_them(a: Decimal, b: Decimal) -> None:
    marks = steps(min(a, b), max(a, b))
    assert marks[0] <= min(a, b, Decimal(0)) and marks[-1] >= max(a, b, Decimal(0)) and 0 in marks
    assert 2 <= len(marks) <= 7 and len({y - x for x, y in pairwise(marks)}) == 1


@given(st.dictionaries(st.text(max_size=3), st.none() | AMOUNTS, max_size=12))
def test_darker_is_never_less(values: dict[str, Decimal | None]) -> None:
    shades = shaded(values)
    assert set(shades) == set(values)
    told = sorted((v, shades[k]) for k, v in values.items() if v is not None and v > 0)
    assert [s for _, s in told] == sorted(s for _, s in told) and all(s != "c-m0" for _, s in told)
    assert all(shades[k] == "c-m0" for k, v in values.items() if v is None)
    assert share(Decimal(0), Decimal(1)) == 0
