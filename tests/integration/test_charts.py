"""Figures as readers and other sites meet them: on pages, as SVG, PNG and CSV, in frames; of then, and of nothing."""

from __future__ import annotations

import csv
import io
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from ledger import flows, store
from ledger.reading import Wanted, search
from ledger.settings import Register, Settings, register
from public_site.app import create_app
from public_site.charts import asking, bars, figures, maps, picture, routes, sankey
from tests import builders as b
from tests.markup import foreign

EVIL = '<script>alert("1")</script> & Söhne'
ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"


def scene() -> list[b.Process]:
    """The chain of the suite, a supplier with a hostile name, a joint gift, a loan, goods, a gift without a date,
    a contract without a value and one that was cancelled."""
    joint = b.aid("A7", donor="First Giver").receipt("BZD 900", on="2020-06-01")
    joint.party("Second Giver", "donor")
    joint.body["planning"]["aid"]["flows"][0].pop("sourceParty")
    loan = b.aid("L1", donor="Lender", finance="loan").receipt("BZD 5,000").refund("BZD 100", on="2020-06-20")
    late = b.aid("Y1", donor="Undated Giver").receipt("BZD 70")
    del late.body["planning"]["aid"]["flows"][0]["date"]
    evil = b.procurement("EVIL", "BZD 1,000", supplier=EVIL, title=EVIL).funded(joint, "BZD 600")
    silent = b.procurement("SILENT", None)
    gone = b.procurement("GONE", "BZD 77,777")
    gone.contract["status"] = "cancelled"
    placed = b.procurement("PLACED", "BZD 300").item("Beds", 3, area="BZ-CZL")
    goods = b.gift("G9").item("Gowns", 10, price="BZD 2").receipt("BZD 20", on="2020-07-01")
    return [*b.chain(), joint, loan, late, evil, silent, gone, placed, goods]


def with_map() -> Register:
    """The suite's register, Belize with boundaries and without the population of Toledo."""
    known = b.register()
    belize = known.jurisdiction("bz")
    areas = tuple(replace(a, population=None if a.code == "BZ-TOL" else a.population) for a in belize.areas)
    belize = replace(belize, boundaries="belize-districts.geojson", areas=areas)
    return replace(known, jurisdictions=(belize, *known.jurisdictions[1:]))


@pytest.fixture
def site(engine: sa.Engine, settings: Settings) -> Iterator[TestClient]:
    settings.home.mkdir(parents=True, exist_ok=True)
    boundaries = ROOT / "examples" / "geo" / "belize-districts.geojson"
    (settings.home / boundaries.name).write_bytes(boundaries.read_bytes())
    b.published(engine, settings, b.register(), scene())
    with TestClient(create_app(settings, with_map(), engine)) as client:
        client.headers["accept"] = "text/html"
        yield client


FILTERS = (
    Wanted(),
    Wanted(jurisdiction="bz"),
    Wanted(q="respirators"),
    Wanted(kind="procurement", currency="BZD"),
    Wanted(since="2020-05", until="2020-06"),
    Wanted(area="BZ-CZL"),
    Wanted(programme=scene()[2].ocid),
    Wanted(supplier="BZ-LEDGER-example-medical-supplies-ltd"),
    Wanted(least=Decimal(1000)),
    Wanted(stage="receipt", method="direct"),
)


@pytest.mark.parametrize("wanted", FILTERS, ids=lambda w: "-".join(str(v) for v in w.arc_filters().values()) or "all")
def test_every_column_is_the_stage_total_that_the_list_shows(
    engine: sa.Engine, settings: Settings, wanted: Wanted
) -> None:
    b.published(engine, settings, b.register(), scene())
    with store.reading(engine) as conn:
        sums: dict[tuple[str, str, str, str], Decimal] = {}
        for t in search(conn, wanted, None).totals:
            nature = "kind" if t.in_kind else "loan" if t.loan else "money"
            key = (t.jurisdiction, t.stage, t.currency, nature)
            if t.currency:
                sums[key] = sums.get(key, Decimal(0)) + t.amount
        found = {(f.jurisdiction, f.stage, f.currency, f.nature): f for f in flows.lines(conn, wanted, None)}
        assert {k: f.amount for k, f in found.items()} == sums
        for line in found.values():
            drawn, _ = flows.flows(conn, line, wanted)
            assert drawn.total == line.amount and drawn.figures == line.figures
            for column in drawn.columns:
                assert sum((n.amount for n in column), Decimal(0)) == line.amount
            assert sum((m.amount for m in flows.moments(conn, line, wanted)), Decimal(0)) == line.amount
            assert sum((p.amount or Decimal(0) for p in flows.places(conn, line, wanted)), Decimal(0)) == line.amount


def test_links_are_followed_and_what_is_unknown_is_a_node(engine: sa.Engine, settings: Settings) -> None:
    b.published(engine, settings, b.register(), scene())
    with store.reading(engine) as conn:
        wanted = Wanted(jurisdiction="bz", stage="contract", currency="BZD")
        [line] = flows.lines(conn, wanted, None)
        drawn, several = flows.flows(conn, line, wanted)
    assert line.amount == 395_000 + 1_000 + 300 and line.without_amount == 1  # nothing of the cancelled one
    columns = {role: {n.id: n.amount for n in nodes} for role, nodes in zip(drawn.roles, drawn.columns, strict=True)}
    joint = scene()[4].ocid
    assert several[joint] == ("BZ-LEDGER-first-giver", "BZ-LEDGER-second-giver")
    assert columns["donor"] == {
        "BZ-LEDGER-example-development-partner": 300_000,
        joint: 600,  # how much each of the two gave is not published
        None: 95_000 + 400 + 300,
    }
    assert columns["area"]["BZ-CZL"] == 300 and columns["area"][None] == 396_000
    assert columns["programme"][scene()[2].ocid] == 395_000 and columns["programme"][joint] == 600


PAGES = (
    "/en/follow",
    "/es/follow?jurisdiction=bz&stage=receipt&nature=loan",
    "/en/follow?stage=payment&per=person",
    *(f"/embed/{id}?lang=es" for id in figures.IDS),
    "/en/money-in",
    "/en/money-out",
    "/en/jurisdiction/bz",
    f"/en/programme/{scene()[2].ocid}",
    "/en/area/BZ-CZL",
    "/en/supplier/BZ-LEDGER-example-medical-supplies-ltd",
    "/en/donor/BZ-LEDGER-example-development-partner",
)


def test_figures_obey_no_text_and_hold_no_style(site: TestClient) -> None:
    for path in PAGES:
        answer = site.get(path)
        assert answer.status_code == 200, (path, answer.text[-400:])
        html = answer.text
        assert "<script" not in foreign(html) and " style=" not in html and "<style" not in html, path
        assert not re.search(r"\son[a-z]+=", html), path
        for svg in re.findall(r"<svg .*?</svg>", html, re.S):
            ElementTree.fromstring(svg if "xmlns" in svg else svg.replace("<svg", '<svg xmlns="x"', 1))
    html = site.get("/en/follow?jurisdiction=bz&stage=contract&currency=BZD").text
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize("id", figures.IDS)
def test_a_picture_stands_alone_and_every_mark_is_a_link(site: TestClient, id: str) -> None:
    svg = site.get(f"/chart/{id}.svg?stage=contract&currency=BZD&jurisdiction=bz")
    assert svg.status_code == 200 and svg.headers["content-type"].startswith("image/svg+xml")
    root = ElementTree.fromstring(svg.text)
    assert root.get("role") == "img" and root.find(f".//{SVG}title") is not None
    assert root.find(f".//{SVG}desc") is not None
    linked = {e for a in root.iter(f"{SVG}a") for e in a.iter()}
    shapes = [e for e in root.iter() if e.tag in (f"{SVG}rect", f"{SVG}path")]
    marks = [e for e in shapes if e.get("fill") not in ("#ffffff", "none")]  # not the paper, the grid, the hatch
    assert marks and all(e in linked for e in marks), id
    for a in root.iter(f"{SVG}a"):
        href = a.get("href", "")
        assert href.startswith("https://ledger.example.org/"), href
        path = href.removeprefix("https://ledger.example.org").partition("#")[0]
        assert site.get(path).status_code == 200, href
    assert not any(e.get("style") or e.get("class") for e in root.iter())
    assert EVIL not in svg.text


def size_of(png: bytes) -> tuple[int, int]:
    """Width and height of a whole PNG of 8-bit RGBA."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    width, height, depth, kind = struct.unpack(">IIBB", png[16:26])
    assert (depth, kind) == (8, 6)
    data, at = b"", 8
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        data += png[at + 8 : at + 8 + size] if name == b"IDAT" else b""
        at += size + 12
    assert len(zlib.decompress(data)) == height * (width * 4 + 1)
    return width, height


def test_a_png_is_a_picture_with_letters_of_our_own_font(site: TestClient) -> None:
    for path in ("/chart/flows.png?lang=es", "/chart/map.png", "/chart/card.png", f"/chart/card-{scene()[3].ocid}.png"):
        answer = site.get(path)
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png", path
        width, height = size_of(answer.content)
        assert width == 1200 and (height == 630 or "card" not in path)
    lettered = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 40"><text x="5" y="25">Ñandú 1,5</text></svg>'
    empty = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 40"><text x="5" y="25"></text></svg>'
    boxes = lettered.replace("Ñandú 1,5", "\ue000" * 9)  # letters that the font lacks leave nothing
    drawn = [picture.png(picture.alone(svg, ""), 200) for svg in (lettered, empty, boxes)]
    assert len(drawn[0]) > len(drawn[1]) + 300 and drawn[0] != drawn[2]


def test_the_file_is_the_table_with_nothing_left_out(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    many = [b.procurement(f"N{n}", f"BZD {n + 1}", supplier=f"Firm number {n}") for n in range(40)]
    b.published(engine, settings, b.register(), many, mode="append")
    query = "jurisdiction=bz&stage=contract&currency=BZD"
    answer = site.get(f"/chart/flows.csv?{query}")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    line = site.get(f"/en/follow.json?{query}").json()["line"]
    for part in ("donor", "programme", "buyer", "supplier", "area"):
        own = [r for r in rows if r["part"] == part]
        assert sum(Decimal(r["amount"]) for r in own if r["kind"] != "member") == Decimal(line["amount"])
    assert sum(r["part"] == "supplier" and r["kind"] in ("named", "member") for r in rows) == 42
    html = site.get(f"/en/follow?{query}").text
    assert html.count('class="c-node"') + html.count('class="c-rest"') + html.count('class="c-none"') <= 30 * 2
    assert re.search(r"3\d others", html) and "more rows in the file" in html
    assert rows[0].keys() == set(figures.COLUMNS)


def test_a_figure_of_then_stays_as_it_was(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    query = "jurisdiction=bz&stage=contract&currency=BZD"
    then = site.get(f"/chart/flows.svg?{query}&asof=1").text
    b.published(engine, settings, b.register(), [b.procurement("NEW", "BZD 1,000,000")], mode="append")
    assert site.get(f"/chart/flows.svg?{query}&asof=1").text == then
    assert site.get(f"/chart/flows.svg?{query}").text != then
    old, new = (site.get(f"/en/follow.json?{query}{at}").json()["line"]["amount"] for at in ("&asof=1", ""))
    assert Decimal(new) - Decimal(old) == 1_000_000
    frame = site.get(f"/embed/flows?{query}&asof=1").text
    assert "As of publication 1" in frame and "asof=1" in re.findall(r'href="(/en/follow[^"]*)"', frame)[0]
    assert site.get(f"/chart/flows.png?{query}&asof=9").status_code == 422


def test_a_figure_known_already_is_not_sent_again(site: TestClient) -> None:
    for path in (
        "/chart/flows.svg",
        "/chart/map.png",
        "/chart/timeline.csv",
        "/embed/flows?lang=es",
        "/chart/card.png",
    ):
        first = site.get(path)
        again = site.get(path, headers={"if-none-match": first.headers["etag"]})
        assert (first.status_code, again.status_code, again.content) == (200, 304, b""), path
    assert site.get("/chart/flows.svg").headers["etag"] != site.get("/chart/flows.svg?lang=es").headers["etag"]


def test_only_an_embed_may_be_framed(site: TestClient) -> None:
    assert "frame-ancestors *" in site.get("/embed/flows").headers["content-security-policy"]
    for path in ("/en/follow", "/chart/flows.svg", "/embed/nothing", "/embed/flows?asof=99"):
        answer = site.get(path)
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"], path
        assert "x-frame-options" not in answer.headers
    assert 'href="/es/follow' in site.get("/embed/flows?lang=es").text


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("jurisdiction=zz", "jurisdiction=zz"),
        ("nature=gold&per=dog", "nature=gold"),
        ("crossing=up", "crossing=up"),
        ("stage=bananas&from=soon&colour=blue", "from=soon"),
        ("q=" + "x" * 9000, ""),
        ("payer=%00&payee=%27%3B--", ""),
        ("donor=%00x&%00=1&q=%00", ""),
        ("currency=JPY", ""),
        ("programme=nothing&area=ZZ&min=many", "area=ZZ"),
    ],
)
def test_nonsense_is_explained_and_never_breaks(site: TestClient, query: str, told: str) -> None:
    for path in ("/es/follow", *(f"/embed/{id}" for id in figures.IDS), "/chart/flows.svg", "/chart/map.png"):
        answer = site.get(f"{path}?{query}&lang=es")
        assert answer.status_code == 200, (path, query, answer.text[-300:])
    assert told in site.get(f"/es/follow?{query}").text
    assert site.get(f"/es/search?{query}").status_code == 200


def test_a_name_that_no_database_can_hold_is_not_found(site: TestClient) -> None:
    for path in ("/en/donor/%00", "/en/process/a%00", "/chart/card-%00.png", "/chart/%00.svg", "/embed/%00"):
        assert site.get(path).status_code == 404, path


def test_nothing_to_draw_says_why_and_what_there_is(engine: sa.Engine, settings: Settings, site: TestClient) -> None:
    page = site.get("/en/follow?jurisdiction=bz&stage=delivery&currency=USD").text
    assert "there is nothing to draw. There is:" in page and "stage=contract" in page
    assert "no hay nada que dibujar" in site.get("/embed/flows?stage=delivery&currency=USD&lang=es").text
    assert "nothing to draw" in site.get("/chart/flows.svg?stage=delivery&currency=USD").text
    assert "That does not mean that no money moved." in site.get("/en/follow?jurisdiction=gh").text


def test_an_empty_ledger_has_figures_that_say_so(engine: sa.Engine, settings: Settings) -> None:
    with TestClient(create_app(settings, b.register(), engine)) as client:
        for path in ("/en/follow", "/embed/flows", "/chart/flows.svg", "/chart/flows.png", "/chart/card.png"):
            assert client.get(path).status_code == 200, path
        assert "no money moved" in client.get("/en/follow").text
        assert client.get("/chart/flows.csv").text.count("\n") == 1


def test_the_map_hatches_what_nobody_told_of(site: TestClient) -> None:
    html = site.get("/en/follow?jurisdiction=bz&stage=contract&currency=BZD&per=person").text
    svg = re.search(r'<svg [^>]*class="c-map".*?</svg>', html, re.S)
    assert svg is not None
    root = ElementTree.fromstring(svg[0])
    drawn = {(a.findtext(f"{SVG}title") or "").partition(":")[0]: a.find(f"{SVG}path") for a in root.iter(f"{SVG}a")}
    assert drawn["Toledo"] is not None and drawn["Toledo"].get("fill") == "url(#hatch-map)"
    assert drawn["Corozal"] is not None and drawn["Corozal"].get("class") == "c-area c-m4"
    assert drawn["Belize"] is not None and drawn["Belize"].get("class") == "c-area c-m0"  # a delivery without a value
    rows = csv.DictReader(
        io.StringIO(site.get("/chart/map.csv?jurisdiction=bz&stage=contract").content.decode("utf-8-sig"))
    )
    told = {r["id"]: (r["amount"], r["people"], r["amount_per_person"]) for r in rows}
    assert told["BZ-CZL"] == ("300.00", "50000", "0.01") and told["BZ-TOL"] == ("", "", "")
    assert told[""] == ("396000.00", "", "")


def test_what_has_no_date_stands_apart(site: TestClient) -> None:
    rows = list(
        csv.DictReader(
            io.StringIO(
                site.get("/chart/timeline.csv?jurisdiction=bz&stage=receipt&currency=BZD").content.decode("utf-8-sig")
            )
        )
    )
    assert ("apart", "", "70.00") in {(r["part"], r["id"], r["amount"]) for r in rows}
    assert {r["id"] for r in rows if r["part"] == "month"} == {"2020-06"}


def test_pages_name_their_card(site: TestClient) -> None:
    ocid = scene()[3].ocid
    card = re.search(r'<meta property="og:image" content="([^"]+)"', site.get(f"/en/process/{ocid}").text)
    assert card is not None and card[1] == f"https://ledger.example.org/chart/card-{ocid}.png?lang=en"
    assert site.get(card[1].removeprefix("https://ledger.example.org")).headers["content-type"] == "image/png"
    assert site.get("/chart/card-nothing.png").status_code == 404
    assert "/chart/card.png" in site.get("/en/").text


def test_one_axis_has_one_unit() -> None:
    assert bars.unit_of(Decimal(1_999)) == ("units", Decimal(1))
    assert bars.unit_of(Decimal(2_000))[0] == "thousands" and bars.unit_of(Decimal(3_000_000))[0] == "millions"
    assert maps.SHADES == 4 and routes.PNG_WIDTH == 1200 and sankey.WIDTH < 1200 and "nature" in asking.OWN


def test_the_licence_of_the_letters_is_with_them() -> None:
    fonts = ROOT / "public_site" / "charts" / "fonts"
    assert "Bitstream" in (fonts / "LICENSE.txt").read_text("utf-8")
    assert sum(f.stat().st_size for f in fonts.glob("*.ttf")) < 60_000
    assert register(ROOT / "examples" / "ledger.toml").jurisdictions
