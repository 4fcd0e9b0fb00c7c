"""Our own sentences stay easy to read, and the measure itself tells an easy text from a hard one."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LAW = (
    "Notwithstanding any provision contained in subsection three concerning the administration of disbursements, the "
    "responsible authority shall, subject to parliamentary authorisation and consequent publication thereof, "
    "determine the applicable procedures governing extraordinary procurement undertaken during emergencies."
)


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reading_level", ROOT / "tools" / "reading_level.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_group_of_texts_is_easy_enough(tool: ModuleType) -> None:
    told = tool.measured()
    assert len(told) == 14 and all(count > 80 for _, _, _, count in told)
    assert [row for row in told if row[2] > tool.MOST[row[1]]] == []


def test_the_measure_tells_a_law_from_a_plain_sentence(tool: ModuleType) -> None:
    assert tool.lix(["The money came in May. It was paid to one firm."])[0] < 25
    assert tool.lix([LAW])[0] > 60
    assert tool.lix(["Amount", "Contract value"]) == (0.0, 0)  # labels are no sentences
