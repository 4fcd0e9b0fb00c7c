"""What a page is to a search engine for data: schema.org Datasets, written into the head of the page.

In: the settings, a record, the files of a publication. Out: plain values, and `script`, which writes them so that no
text of a cell can end the element. The same datasets for portals, as DCAT: `public_site.api.catalog`.
Source: https://developers.google.com/search/docs/appearance/structured-data/dataset, https://schema.org/Dataset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson
from markupsafe import Markup

from ledger.reading import Process
from ledger.settings import Jurisdiction, Register, Settings
from public_site import i18n

DESCRIPTION = {
    "en": "Aid, donations and purchases against COVID-19 as offices published them: who gave, what was bought, who was "
    "paid, what arrived where. Every figure leads to the file, sheet and cell that it came from.",
    "es": "Ayuda, donaciones y compras contra la COVID-19 como las publicaron las oficinas: quién dio, qué se compró, "
    "a quién se pagó, qué llegó y adónde. Cada cifra lleva al archivo, la hoja y la celda de la que salió.",
}
MEDIA = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".gz": "application/gzip",
    ".json": "application/json",
}


def script(dataset: Mapping[str, Any] | None) -> Markup:
    """The element that holds a dataset; empty without one. It is data: no policy of a browser lets it run."""
    if not dataset:
        return Markup("")
    text = orjson.dumps(dataset).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup('<script type="application/ld+json">{}</script>').format(Markup(text))  # noqa: S704 - escaped above


def media_type(path: str) -> str:
    return MEDIA.get("." + path.rpartition(".")[2], "application/octet-stream")


def ledger(
    settings: Settings,
    register: Register,
    language: str,
    number: int,
    changed: str,
    files: Iterable[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """The whole ledger at a publication, with the files that hold it (entries of a manifest)."""
    home = settings.public_url.rstrip("/")
    told: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": f"{home}/#ledger",
        "name": settings.publisher_name,
        "description": DESCRIPTION.get(language, DESCRIPTION["en"]),
        "url": f"{home}/{language}/",
        "license": settings.license,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": settings.publisher_name, "url": f"{home}/"},
        "inLanguage": list(i18n.languages()),
        "spatialCoverage": [
            {"@type": "Place", "name": j.names.get(language) or j.names.get("en") or j.code}
            for j in register.jurisdictions
            if not j.fictional
        ],
        "includedInDataCatalog": {"@type": "DataCatalog", "url": f"{home}/catalog.jsonld"},
    }
    if number:
        told |= {"version": str(number), "dateModified": changed}
    distribution = [
        {
            "@type": "DataDownload",
            "name": f["path"],
            "contentUrl": f"{home}/downloads/{number}/{f['path']}",
            "encodingFormat": media_type(f["path"]),
            "contentSize": f"{f['bytes']} B",
            "sha256": f["sha256"],
        }
        for f in files
    ]
    return told | ({"distribution": distribution} if distribution else {})


def record(
    settings: Settings, it: Process, where: Jurisdiction | None, publisher: str, language: str
) -> dict[str, Any]:
    """One public record, as part of the ledger. A record of a fictional place is told to nobody."""
    if where is None or where.fictional:
        return {}
    home = settings.public_url.rstrip("/")
    page = f"{home}/{language}/process/{it.ocid}"
    shapes = (("application/json", f"{page}.json"), ("text/csv", f"{page}.csv"))
    return {
        "@context": "https://schema.org",
        "@type": "Dataset",
        "@id": f"{home}/#{it.ocid}",
        "identifier": it.ocid,
        "name": it.title,
        "description": f"{it.title}. {DESCRIPTION.get(language, DESCRIPTION['en'])}",
        "url": page,
        "license": where.licence or settings.license,
        "isAccessibleForFree": True,
        "creator": {"@type": "Organization", "name": publisher},
        "dateModified": it.date,
        "spatialCoverage": {"@type": "Place", "name": where.names.get(language) or where.names.get("en") or where.code},
        "isPartOf": {"@type": "Dataset", "@id": f"{home}/#ledger", "name": settings.publisher_name, "url": f"{home}/"},
        "distribution": [
            *({"@type": "DataDownload", "encodingFormat": kind, "contentUrl": url} for kind, url in shapes),
            {
                "@type": "DataDownload",
                "name": "Open Contracting Data Standard",
                "encodingFormat": "application/json",
                "contentUrl": f"{home}/ocds/records/{it.ocid}",
            },
        ],
    }
