"""JSON as it is kept and as it is hashed, and where uploads lie: no database needed."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import store
from ledger.settings import Settings
from ledger.values import Sha256

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(JSON)
def test_what_is_packed_comes_back(value: Any) -> None:
    assert store.unpacked(store.packed(value)) == value


def shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        pairs = [(k, shuffled(v, chance)) for k, v in value.items()]
        chance.shuffle(pairs)
        return dict(pairs)
    return [shuffled(v, chance) for v in value] if isinstance(value, list) else value


@given(JSON, st.randoms(use_true_random=False))
def test_the_order_of_keys_does_not_change_what_is_hashed(value: Any, chance: random.Random) -> None:
    other = shuffled(value, chance)
    assert store.canonical(other) == store.canonical(value)
    assert store.digest(other) == store.digest(value)
    assert store.canonical(store.unpacked(store.packed(other))) == store.canonical(value)


@given(JSON, JSON)
def test_different_values_have_different_texts(one: Any, other: Any) -> None:
    same = store.canonical(one) == store.canonical(other)
    # 0.0 and -0.0, 1 and 1.0, True and 1 are equal to Python and are different texts: only this direction holds.
    assert one == other or not same


def test_the_digest_is_the_sha256_of_the_canonical_text() -> None:
    assert store.canonical({"b": [1, 2.5, None], "a": "ñ"}) == '{"a":"ñ","b":[1,2.5,null]}'.encode()
    assert store.digest({}) == hashlib.sha256(b"{}").hexdigest()


@pytest.mark.parametrize("name", ["", "../" * 20 + "etc/passwd", "a" * 63, "A" * 64, "/" * 64, "a" * 63 + "\n"])
def test_an_upload_is_found_by_nothing_but_a_sha256(name: str) -> None:
    with pytest.raises(ValueError, match="not a sha256"):
        store.upload_path(Settings(home=Path("home")), Sha256(name))
