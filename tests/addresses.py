"""One address of every public page on the chain of `builders`: what concerns all pages is asked of each of them.

A page that is not in `known` and needs something in its path fails the tests that use this list, until it is here.
"""

from __future__ import annotations

from public_site.pages import all_pages
from tests import builders as b


def chain_ocids() -> dict[str, str]:
    grant, masks, supplies, purchase = b.chain()
    return {"grant": grant.ocid, "masks": masks.ocid, "supplies": supplies.ocid, "purchase": purchase.ocid}


def addresses() -> list[str]:
    """One address of every page."""
    o = chain_ocids()
    known = {
        "/jurisdiction/{code}": "/jurisdiction/bz",
        "/reconciliation/{code}": "/reconciliation/bz",
        "/process/{ocid}": f"/process/{o['purchase']}",
        "/process/{ocid}/ask": f"/process/{o['purchase']}/ask",
        "/process/{ocid}/history": f"/process/{o['purchase']}/history",
        "/programme/{ocid}": f"/programme/{o['supplies']}",
        "/why/{ocid}": f"/why/{o['purchase']}?at=/contracts/0/value/amount",
        "/donor/{id}": "/donor/BZ-LEDGER-example-development-partner",
        "/buyer/{id}": "/buyer/BZ-LEDGER-ministry-of-health",
        "/supplier/{id}": "/supplier/BZ-LEDGER-example-medical-supplies-ltd",
        "/area/{code}": "/area/BZ-CZL",
        "/item/{scheme}/{id:path}": "/item/text/n95-respirators:piece",
        "/publisher/{id}": "/publisher/mof",
        "/publication/{number}": "/publication/1",
    }
    return [known.get(p.path, p.path) for p in all_pages()]
