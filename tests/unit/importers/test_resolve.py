"""Which spellings are one organisation for certain, which are asked about, and what no order of rows may change."""

from __future__ import annotations

import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from importers import resolve
from importers.resolve import Answer, Identities, Public, Question, Seen
from importers.shapes import acronyms, shape
from ledger.arcs import folded

LABELLED = tomllib.loads((Path(__file__).parent / "belize_names.toml").read_text("utf-8"))
NAMES = [n for ns in LABELLED.values() for n in ns]
LABEL = {folded(n): label for label, ns in LABELLED.items() for n in ns}


def seen(*names: str, rows: int = 1, ids: tuple[str, ...] = ()) -> list[Seen]:
    return [Seen(folded(n), n, rows, ids=set(ids)) for n in names]


def public(*names: str, party: str = "", id: str = "", since: int = 1) -> list[Public]:
    return [Public(party or f"own:{folded(n)}", folded(n), n, since, id) for n in names]


def own(key: str) -> str:
    return f"own:{key}"


def told(
    names: list[Seen], known: list[Public] | None = None, *answers: tuple[str, str, str], **more: object
) -> Identities:
    said = [Answer(n, folded(a), folded(b), s) for n, (a, s, b) in enumerate(answers, 1)]
    return Identities(names, known or [], said, own=own, **more)  # type: ignore[arg-type]


def one(identities: Identities, a: str, b: str) -> bool:
    return identities.party(folded(a)) == identities.party(folded(b))


def asked(identities: Identities) -> dict[str, list[str]]:
    return {q.name: [c.name for c in q.candidates] for q in identities.questions()}


# --- names labelled by hand


def test_nothing_of_the_labelled_names_is_joined_wrongly() -> None:
    found = told(seen(*NAMES))
    joined = [(a, b) for a, b in combinations(LABEL, 2) if one(found, a, b)]
    assert len(joined) >= 8, "else the rule finds nothing and proves nothing"
    assert [(a, b) for a, b in joined if LABEL[a] != LABEL[b]] == []


def test_most_questions_on_the_labelled_names_have_the_right_answer_among_three() -> None:
    questions = told(seen(*NAMES)).questions()
    right = [q for q in questions if any(LABEL[c.key] == LABEL[q.key] for c in q.candidates)]
    assert len(right) >= 30 and len(right) / len(questions) > 0.85
    assert all(1 <= len(q.candidates) <= 3 for q in questions)


# --- what is certain


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Coral Reef Supplies Co. Ltd.", "CORAL REEF SUPPLIES COMPANY LIMITED"),
        ("Toyota (Ghana) Ltd", "Toyota Ghana Limited"),
        ("S.A. La Sibila", "Sociedad Anónima La Sibila"),
        ("Farmacéutica Ejemplo S. A. DE C. V.", "FARMACEUTICA EJEMPLO SA de CV"),
        ("K.H.M.H.", "KHMH"),
        ("Nat & Sons Ltd", "Nat and Sons Limited"),
        ("Ejemplo S/A", "Ejemplo S.A."),
    ],
)
def test_two_spellings_of_one_form_are_one(a: str, b: str) -> None:
    assert one(told(seen(a, b)), a, b)
    assert one(told(seen(a), public(b, party="p1")), a, b)


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Reef Supplies Ltd", "Reef Supplies"),
        ("Reef Supplies Ltd", "Reef Supplies Co. Ltd"),
        ("Reef Supplies S.A.", "Reef Supplies S.A. de C.V."),
        ("Reef Supplies Ltd", "Reef Supplies Ltda"),
        ("Ana Maria Example", "Example, Ana Maria"),
        ("Ministry of Health", "Ministerio de Salud"),
        ("Belize Marketing Authority", "BMA"),
        ("Hospital Santo Antonio", "HOSPITAL SANTOANTONIO"),
        ("SA Ejemplo Bebidas", "Ejemplo Bebidas SA"),
    ],
)
def test_everything_else_is_asked(a: str, b: str) -> None:
    found = told([*seen(a), *seen(b, rows=2)])
    assert not one(found, a, b)
    assert asked(found) == {a: [b]}


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("Example School No. 1", "Example School No. 2"),
        ("Northern Regional Hospital", "Southern Regional Hospital"),
        ("Ipanema Town Council", "Itauna Town Council"),
        ("Upper West Health Office", "West Health Office"),
        ("Office of the Health Directorate - Volta Region", "Office of the Health Directorate - Ashanti Region"),
    ],
)
def test_names_that_share_only_what_is_common_are_not_even_asked(a: str, b: str) -> None:
    assert asked(told(seen(a, b))) == {}


def test_different_register_numbers_speak_against_every_likeness() -> None:
    names = [*seen("Reef Ltd", ids=("12345",)), *seen("Reef Limited", ids=("67890",))]
    found = told(names)
    assert not one(found, "Reef Ltd", "Reef Limited")
    (question,) = found.questions()
    assert "other_id" in question.candidates[0].why
    # A third one without a number could be either: it is not given to one of them by chance.
    found = told([*names, *seen("Reef l.t.d.")])
    assert len({found.party(folded(n)) for n in ("Reef Ltd", "Reef Limited", "Reef l.t.d.")}) == 3
    assert one(told([*names[:1], *seen("Reef Limited")]), "Reef Ltd", "Reef Limited")


def test_a_published_number_speaks_as_well() -> None:
    found = told(seen("Reef Limited", ids=("67890",)), public("Reef Ltd", id="12345"))
    assert not one(found, "Reef Ltd", "Reef Limited")


def test_a_shared_number_asks_and_never_joins() -> None:
    names = seen("Jiangsu Province", "State Relief Fund", ids=("17385840000112",))
    found = told(names)
    assert not one(found, "Jiangsu Province", "State Relief Fund")
    assert found.questions()[0].candidates[0].why[0] == "same_id"


def test_a_placeholder_on_many_names_is_no_reason_to_ask() -> None:
    names = seen("Alpha Clinic", "Beta School", "Gamma Office", "Delta Court", ids=("18715516000188",))
    assert asked(told(names)) == {}


def test_two_public_parties_are_not_joined_by_likeness_and_a_third_spelling_is_asked() -> None:
    known = [*public("Reef Ltd", party="p1"), *public("Reef Limited", party="p2")]
    found = told(seen("Reef L.T.D."), known)
    assert found.party(folded("Reef Ltd")) == "p1" and found.party(folded("Reef Limited")) == "p2"
    assert found.party(folded("Reef L.T.D.")) == own(folded("Reef L.T.D."))
    assert len(asked(found)["Reef L.T.D."]) == 2


# --- who it is then


def test_the_party_that_is_public_longest_keeps_its_id() -> None:
    known = [*public("KHMH", party="new", since=3), *public("Karl Heusner Memorial Hospital", party="old", since=2)]
    found = told(seen("KHMH"), known, ("KHMH", "same", "Karl Heusner Memorial Hospital"))
    assert found.party("khmh") == "old"


def test_an_alias_and_an_answer_give_the_id_of_the_name_they_point_to() -> None:
    by_alias = told(seen("KHMH"), aliases={"khmh": "karl heusner memorial hospital"})
    by_answer = told(seen("KHMH"), [], ("KHMH", "same", "Karl Heusner Memorial Hospital"))
    assert by_alias.party("khmh") == by_answer.party("khmh") == own("karl heusner memorial hospital")


def test_an_answer_taken_back_makes_two_again_although_the_spelling_was_public() -> None:
    # what the merge had published: both spellings under one id
    known = public("Karl Heusner Memorial Hospital", "KHMH", party="own:karl heusner memorial hospital")
    name = "Karl Heusner Memorial Hospital"
    assert one(told(seen("KHMH"), known), "KHMH", name)
    found = told(seen("KHMH"), known, ("KHMH", "same", name), ("KHMH", "different", name))
    assert found.party("khmh") == own("khmh") and found.party(folded(name)) == own(folded(name))
    # and when that is public too, nobody needs the answer any more
    assert told(seen("KHMH"), [*known, *public("KHMH", party=own("khmh"))]).party("khmh") == own("khmh")


def test_a_spelling_of_several_public_parties_names_none_of_them() -> None:
    known = [*public("Clinic", party="p1"), *public("Clinic", party="p2")]
    assert told(seen("Clinic"), known).party("clinic") == own("clinic")


def test_a_name_keeps_its_id_from_a_spelling_that_was_only_said_to_be_it() -> None:
    # "KHMH" was published under the id of a full name that no file had yet; then the answer was taken back
    known = public("KHMH", party=own("karl heusner memorial hospital"))
    name = "Karl Heusner Memorial Hospital"
    assert one(told(seen("KHMH", name), known), "KHMH", name)
    assert not one(told(seen("KHMH", name), known, ("KHMH", "different", name)), "KHMH", name)
    for answer in (("KHMH", "different", name), (name, "different", "KHMH")):
        assert not one(told(seen("KHMH"), known, answer), "KHMH", name)


# --- what is asked


def test_a_name_is_asked_about_once_and_answers_end_the_question() -> None:
    names = [*seen("Karl Huesner Memorial Hospital"), *seen("Karl Heusner Memorial Hospital", rows=5)]
    a, b = (s.name for s in names)
    assert asked(told(names)) == {a: [b]}
    for answer in ((a, "same", b), (a, "different", b), (b, "different", a), (a, "new", "")):
        assert asked(told(names, [], answer)) == {}, answer
    assert asked(told(names, [], (a, "different", b), (a, "open", b))) == {a: [b]}
    assert asked(told(names, [], (a, "new", ""), (a, "open", ""))) == {a: [b]}


def test_what_is_public_is_not_asked_about() -> None:
    known = public("Reef Supplies", "Reef Supplies Ltd")
    assert asked(told(seen("Reef Supplies"), known)) == {}


def test_the_best_three_are_shown_and_the_most_rows_come_first() -> None:
    known = public(
        *(f"Coral Reef Supplies {x}" for x in ("Group", "Trading", "Overseas", "Partners")), "Coral Reef Supplies Ltd"
    )
    found = told([*seen("Coral Reef Supplies"), *seen("Palm Clinik", rows=9)], [*known, *public("Palm Clinic")])
    questions = found.questions()
    assert [q.name for q in questions] == ["Palm Clinik", "Coral Reef Supplies"]
    scores = [c.score for c in questions[1].candidates]
    assert len(scores) == 3 and scores == sorted(scores, reverse=True)
    assert questions[1].candidates[0].name == "Coral Reef Supplies Ltd"


@pytest.mark.parametrize(
    ("a", "b", "why"),
    [
        ("BMA", "Belize Marketing Authority", "acronym"),
        ("MOHW", "Ministry of Health and Wellness", "acronym"),
        ("Ministerio de Salud", "Ministry of Health", "translation"),
        ("Ministério da Saúde", "Ministry of Health", "translation"),
        ("Trujillo, Avila, Nelvy", "Nelvy Trujillo Avila", "order"),
        ("Reef Supplies", "Reef Supplies Ltd", "form"),
        ("Courts (Belize) Supplies", "Courts Supplies Belize", "brackets"),
    ],
)
def test_a_candidate_says_why(a: str, b: str, why: str) -> None:
    (question,) = told(seen(a), public(b)).questions()
    assert question.candidates[0].name == b and why in question.candidates[0].why


def test_the_same_place_is_said() -> None:
    names = [
        Seen("palm clinik", "Palm Clinik", 1, places={"BZ-CY"}),
        Seen("palm clinic", "Palm Clinic", 2, places={"BZ-CY"}),
    ]
    assert told(names).questions()[0].candidates[0].why == ("place",)


def test_names_of_signs_alone_and_empty_lists_do_no_harm() -> None:
    assert told([]).questions() == []
    assert shape("***").base == "" and acronyms(shape("***")) == frozenset()
    assert told(seen("Ltd", "S.A.")).questions() == []


# --- laws

WORDS = st.sampled_from(
    "Reef Supplies Clinic Maya Health Ministry of Ministerio Salud Ltd Limited S.A. Co. North 2 (Belize) &".split()
)
SOME = st.lists(WORDS, min_size=1, max_size=4).map(" ".join).filter(folded)
LISTS = st.lists(SOME, min_size=2, max_size=7, unique_by=folded)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Seen], list[Public], list[Answer]]:
    names = draw(LISTS)
    ids = st.sets(st.sampled_from(["11112", "22223"]), max_size=1)
    file = [Seen(folded(n), n, draw(st.integers(1, 3)), ids=draw(ids)) for n in names if draw(st.booleans())]
    known = [
        Public(
            draw(st.sampled_from(["p1", "p2", *(own(folded(m)) for m in names)])),
            folded(n),
            n,
            draw(st.integers(1, 3)),
            "",
        )
        for n in names
        if draw(st.booleans())
    ]
    pairs = draw(st.lists(st.tuples(st.sampled_from(names), st.sampled_from(names)), max_size=5))
    said = [
        Answer(n, folded(a), folded(b), draw(st.sampled_from(["same", "different"])))
        for n, (a, b) in enumerate(pairs, 1)
        if folded(a) != folded(b)
    ]
    return file, known, said


def result(identities: Identities, file: list[Seen]) -> tuple[dict[str, str], list[Question]]:
    return {s.key: identities.party(s.key) for s in file}, identities.questions()


@given(worlds(), st.randoms())
def test_no_order_changes_who_is_who(
    world: tuple[list[Seen], list[Public], list[Answer]], random: st.random_module
) -> None:
    file, known, said = world
    first = result(Identities(file, known, said, own=own), file)
    shuffled = [random.sample(part, len(part)) for part in (file, known, said)]  # type: ignore[attr-defined]
    assert result(Identities(*shuffled, own=own), file) == first


@given(worlds())
def test_nothing_joins_across_a_remembered_different(world: tuple[list[Seen], list[Public], list[Answer]]) -> None:
    file, known, said = world
    found = Identities(file, known, said, own=own)
    for answer in resolve.in_force(said):
        if answer.said == "different":
            assert found.party(answer.name) != found.party(answer.other)


@given(SOME, SOME)
def test_the_score_does_not_depend_on_who_is_first(a: str, b: str) -> None:
    one, two = shape(a), shape(b)
    assert resolve.score(one, two) == resolve.score(two, one)
    assert 0 <= resolve.score(one, two) <= 100 and resolve.score(one, one) == 100


@given(worlds())
def test_no_pair_is_asked_from_both_sides(world: tuple[list[Seen], list[Public], list[Answer]]) -> None:
    file, known, said = world
    questions = Identities(file, known, said, own=own).questions()
    pairs = [frozenset((q.key, c.key)) for q in questions for c in q.candidates]
    assert len(pairs) == len(set(pairs)) and all(len(p) == 2 for p in pairs)
    assert all(len(q.candidates) <= 3 for q in questions)
