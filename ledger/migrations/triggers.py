"""What the database itself refuses, whoever asks: the same promises in the words of both engines.

Out: SQL statements, for the first revision. Once a version is released this module stays as it is, like the revision:
a later promise comes with a module and a revision of its own. Attacked with direct SQL by
`tests/integration/test_attacks.py`. Read `PROMISES` first; its keys are the messages of the refusals.
"""

# ruff: noqa: S608 - SQL is built here, from the constants of this module alone
from __future__ import annotations

import sqlalchemy as sa

APPEND_ONLY = (
    *("releases", "provenance", "publications", "audit", "uploads", "submission_files"),
    *("party_decisions", "mappings"),
)

PROMISES = {
    "append_only": "Nothing that was published, uploaded or written down is changed, replaced or deleted.",
    "entry_closes_once": "Of an entry only to_publication may be set, and only once.",
    "submission_final": "A published submission never changes; none is deleted, renumbered or changes its preparer.",
    "certifier_may": "Only an active account with the role certifier for the publisher certifies, never the preparer.",
    "publication_by_two": "A publication is of one submission ready for review, prepared and certified by two people.",
    "publication_next": "Publications are numbered 1, 2, 3 without a gap.",
    "publication_closed": "Once a submission says that it is published, nothing is added to its publication.",
}

_CERTIFIER = """
SELECT 1 FROM account_roles r JOIN accounts a ON a.id = r.account
WHERE r.account = NEW.certified_by AND r.role = 'certifier' AND r.publisher IN ('', NEW.publisher) AND NOT a.disabled
AND NEW.certified_by <> NEW.prepared_by
"""
_OF_TWO = """
SELECT 1 FROM submissions s WHERE s.id = NEW.submission AND s.publisher = NEW.publisher
AND s.prepared_by = NEW.prepared_by AND s.state = 'ready_for_review' AND s.certified_by IS NULL
AND NOT EXISTS (SELECT 1 FROM publications p WHERE p.submission = s.id)
"""
_ITS_PUBLICATION = """
SELECT 1 FROM publications p WHERE p.number = NEW.publication AND p.submission = NEW.id
AND p.prepared_by = NEW.prepared_by AND p.certified_by = NEW.certified_by
"""
_UNCHANGED = ("publisher", "dataset", "period", "ocid", "from_publication", "kind", "body", "cells", "sha256")

# A refusal: the condition on the row, and the promise that it would break.
_CERTIFIED = (f"NEW.certified_by IS NOT NULL AND NOT EXISTS ({_CERTIFIER})", "certifier_may")
_PUBLISHED = (f"NEW.publication IS NOT NULL AND NOT EXISTS ({_ITS_PUBLICATION})", "publication_by_two")
_BY_TWO = (f"NOT EXISTS ({_OF_TWO}) OR NOT EXISTS ({_CERTIFIER})", "publication_by_two")
_NEXT = ("NEW.number <> (SELECT COALESCE(MAX(p.number), 0) + 1 FROM publications p)", "publication_next")
_FINAL = (
    "OLD.state = 'published' OR " + " OR ".join(f"NEW.{c} <> OLD.{c}" for c in ("id", "prepared_by", "publisher")),
    "submission_final",
)
_CLOSES_ONCE = (
    "NOT (OLD.to_publication IS NULL AND NEW.to_publication IS NOT NULL AND "
    + " AND ".join(f"NEW.{c} = OLD.{c}" for c in _UNCHANGED)
    + ")",
    "entry_closes_once",
)


def _closed(number: str) -> tuple[str, str]:
    """Refuse what is not of a publication that is being made in this very transaction."""
    return (
        "NOT EXISTS (SELECT 1 FROM publications p JOIN submissions s ON s.id = p.submission "
        f"WHERE p.number = {number} AND s.publication IS NULL)",
        "publication_closed",
    )


_OF_RELEASE = "(SELECT r.publication FROM releases r WHERE r.id = NEW.release)"


def arm(conn: sa.Connection) -> list[str]:
    """Return the statements that put every promise in force in this database."""
    if conn.dialect.name == "sqlite":
        return _sqlite()
    return _postgresql(str(conn.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()))


def disarm(dialect: str) -> list[str]:
    """Return the statements that take them away. Only tests do: they play an owner of the database with bad intent."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER {statement.split()[2]}" for statement in _sqlite()]
    names = [s.split()[2:] for s in _postgresql("public") if s.startswith("CREATE TRIGGER")]
    return [f"DROP TRIGGER {words[0]} ON {words[words.index('ON') + 1]}" for words in names]


def missing(conn: sa.Connection, promised: list[str] | None = None) -> list[str]:
    """Name the triggers that are not in force as `arm` made them: an owner of the database can take them away.

    `promised`: the statements of a later module of promises, instead of this one's.
    """
    promised = arm(conn) if promised is None else promised
    if conn.dialect.name == "sqlite":
        there = set(conn.exec_driver_sql("SELECT sql FROM sqlite_master WHERE type = 'trigger'").scalars())
        return [statement.split()[2] for statement in promised if statement not in there]
    query = (
        "SELECT t.tgname, p.proname, p.prosrc FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid "
        "WHERE t.tgenabled = 'O' AND NOT t.tgisinternal"
    )
    found = {(name, function): body for name, function, body in conn.exec_driver_sql(query)}
    bodies: dict[str, str] = {}
    out = []
    for statement in promised:
        words = statement.split()
        if statement.startswith("CREATE TRIGGER"):
            name, function = words[2], words[-1].removesuffix("()")
            if found.get((name, function)) != bodies[function]:
                out.append(name)
        else:
            bodies[words[4].removesuffix("()")] = statement.split("$body$")[1]
    return out


# What a REPLACE would silently delete on SQLite: it fires no DELETE trigger, so the INSERT or UPDATE is refused before.
_REPLACED = {
    "releases": "t.ocid = NEW.ocid AND t.number = NEW.number OR t.id = NEW.id",
    "provenance": "t.release = NEW.release",
    "publications": "t.number = NEW.number",
    "audit": "t.number = NEW.number OR t.sha256 = NEW.sha256",
    "uploads": "t.sha256 = NEW.sha256",
    "submission_files": "t.submission = NEW.submission AND t.position = NEW.position",
    "party_decisions": "t.number = NEW.number",
    "mappings": "t.publisher = NEW.publisher AND t.signature = NEW.signature AND t.version = NEW.version",
    "entries": (
        "t.publisher = NEW.publisher AND t.dataset = NEW.dataset AND t.period = NEW.period AND t.ocid = NEW.ocid "
        "AND t.from_publication = NEW.from_publication"
    ),
    "submissions": "t.id = NEW.id OR t.idempotency_key = NEW.idempotency_key",
}


def _sqlite() -> list[str]:
    out: list[str] = []

    def refuse(name: str, event: str, table: str, *refusals: tuple[str, str]) -> None:
        # One trigger for each event: SQLite does not say in which order it asks several.
        body = " ".join(f"SELECT RAISE(ABORT, '{message}') WHERE {condition};" for condition, message in refusals)
        out.append(f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH ROW BEGIN {body} END")

    news: dict[str, list[tuple[str, str]]] = {
        "submissions": [_CERTIFIED, _PUBLISHED],
        "publications": [_BY_TWO, _NEXT],
        "releases": [_closed("NEW.publication")],
        "provenance": [_closed(_OF_RELEASE)],
        "entries": [_closed("NEW.from_publication")],
    }
    for table in APPEND_ONLY:
        refuse("keep", "UPDATE", table, ("true", "append_only"))
    for table in (*APPEND_ONLY, "entries", "submissions"):
        refuse("stay", "DELETE", table, ("true", "append_only"))
        replaced = f"EXISTS (SELECT 1 FROM {table} t WHERE {_REPLACED[table]})"
        refuse("new", "INSERT", table, (replaced, "append_only"), *news.get(table, []))
    key_taken = "EXISTS (SELECT 1 FROM submissions t WHERE t.idempotency_key = NEW.idempotency_key AND t.id <> OLD.id)"
    refuse("change", "UPDATE", "submissions", _FINAL, (key_taken, "append_only"), _CERTIFIED, _PUBLISHED)
    refuse("change", "UPDATE", "entries", _CLOSES_ONCE, _closed("NEW.to_publication"))
    return out


def _postgresql(schema: str) -> list[str]:
    out: list[str] = []

    def function(name: str, *refusals: tuple[str, str]) -> None:
        body = " ".join(
            f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            for condition, message in refusals
        )
        # pg_temp last: else a temporary table named account_roles would decide who certifies.
        out.append(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp "
            f"AS $body$ BEGIN {body} RETURN NEW; END $body$"
        )

    def attach(name: str, event: str, table: str, calls: str, each: str = "ROW") -> None:
        out.append(
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {calls}()"
        )

    function("ledger_append_only", ("true", "append_only"))
    function("ledger_submission_new", _CERTIFIED, _PUBLISHED)
    function("ledger_submission_changed", _FINAL, _CERTIFIED, _PUBLISHED)
    function("ledger_publication_new", _BY_TWO, _NEXT)
    function("ledger_release_new", _closed("NEW.publication"))
    function("ledger_provenance_new", _closed(_OF_RELEASE))
    function("ledger_entry_new", _closed("NEW.from_publication"))
    function("ledger_entry_changed", _CLOSES_ONCE, _closed("NEW.to_publication"))
    for table in APPEND_ONLY:
        attach("keep", "UPDATE", table, "ledger_append_only")
    for table in (*APPEND_ONLY, "entries", "submissions"):
        attach("stay", "DELETE", table, "ledger_append_only")
        attach("remain", "TRUNCATE", table, "ledger_append_only", each="STATEMENT")
    attach("new", "INSERT", "submissions", "ledger_submission_new")
    attach("change", "UPDATE", "submissions", "ledger_submission_changed")
    attach("new", "INSERT", "publications", "ledger_publication_new")
    attach("new", "INSERT", "releases", "ledger_release_new")
    attach("new", "INSERT", "provenance", "ledger_provenance_new")
    attach("new", "INSERT", "entries", "ledger_entry_new")
    attach("change", "UPDATE", "entries", "ledger_entry_changed")
    return out
