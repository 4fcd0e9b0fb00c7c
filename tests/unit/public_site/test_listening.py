"""What the public may send: hidden characters go, personal data is refused, floods stop, addresses are forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ledger.errors import Refused
from public_site.listening import Flood, clean, network, no_personal_data

NOON = datetime(2020, 7, 1, 12, 0, tzinfo=UTC)


def test_hidden_characters_are_dropped_and_nothing_is_cut_off() -> None:
    assert clean("  a\u202egpj.exe\x00 \u200bb\r\n\r\n\r\n\r\nc ", 50, lines=True) == "agpj.exe b\n\nc"
    assert clean("one\ntwo", 50) == "one two"
    assert clean("Z" + "\u0333" * 40, 50) == "Z" + "\u0333" * 2
    with pytest.raises(Refused, match="voice_long"):
        clean("x" * 51, 50)


@pytest.mark.parametrize(
    "text",
    (
        "write to maria.chan@example.org please",
        "call 622-1234",
        "mi número es +501 622 1234",
        "whatsapp: 6 22 12 34",
        "the nurse has 6221234",
        "8-digit 2211-3344 of San Salvador",
        "I am @maria_chan",
        "My name is Maria",
        "me llamo Pedro",
        "Mrs. Chan took 40 boxes",
        "la Sra. Chan se llevó 40 cajas",
    ),
)
def test_personal_data_is_refused_with_words(text: str) -> None:
    with pytest.raises(Refused) as refusal:
        no_personal_data(text)
    assert refusal.value.code in ("voice_email", "voice_phone", "voice_name")


@pytest.mark.parametrize(
    "text",
    (
        "We saw 4,800 of 5,000 masks on 2020-05-14 in box 12.",
        "BZD 1,296,415.00 is written on the board; the contract PRC-2020-1234 says 1.296.415",
        "Se vieron 12 500 mascarillas, lote 2020/05, contrato GR/GDPC/TS/2024-048.",
        "Between 10.30 and 14.00 nobody was there; 300-400 boxes, 90 % full.",
        "The doctor of the clinic counted them.",
    ),
)
def test_quantities_amounts_dates_and_numbers_of_contracts_pass(text: str) -> None:
    no_personal_data(text)


def test_a_flood_stops_and_the_neighbours_of_one_network_count_together() -> None:
    flood = Flood(most=3, of_all=5)
    assert [flood.allows(f"10.0.0.{n}", NOON) for n in range(4)] == [True, True, True, False]
    assert flood.allows("10.0.1.1", NOON) and flood.allows("2001:db8::1", NOON)
    assert not flood.allows("192.0.2.1", NOON)  # all together
    assert flood.allows("10.0.0.1", NOON + timedelta(minutes=11))


def test_no_address_is_kept_and_yesterdays_digests_are_forgotten() -> None:
    flood = Flood()
    flood.allows("192.0.2.77", NOON)
    before = set(flood._sent)
    assert "192.0.2" not in repr(flood._sent)
    flood.allows("192.0.2.77", NOON + timedelta(days=1))
    assert len(flood._sent) == 1 and not before & set(flood._sent)
    assert network("::ffff:192.0.2.77") == "192.0.2.0/24" and network("2001:db8:1:2::3") == "2001:db8:1::/48"
