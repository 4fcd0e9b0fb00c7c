"""What the database itself refuses, whoever asks: the same promises in the words of both engines.

Out: SQL statements. Used by the first revision, by `backup.restore` (which loads rows before it arms them), and
attacked by tests with direct SQL. Read `PROMISES` first.
"""

from __future__ import annotations

APPEND_ONLY = ("releases", "provenance", "publications", "audit", "uploads")

PROMISES = {
    "append_only": "Nothing that was published, uploaded or written down is changed or deleted.",
    "entry_closes_once": "Of an entry only to_publication may be set, and only once.",
    "submission_final": "A published submission never changes, none is ever deleted, none changes its preparer.",
    "certifier_may": "Only an active account with the role certifier for the publisher certifies, never the preparer.",
    "publication_by_two": "A publication belongs to a submission ready for review, prepared and certified by two people.",
}

_CERTIFIER = """
SELECT 1 FROM account_roles r JOIN accounts a ON a.id = r.account
WHERE r.account = NEW.certified_by AND r.role = 'certifier' AND r.publisher IN ('', NEW.publisher) AND NOT a.disabled
"""
_OF_TWO = """
SELECT 1 FROM submissions s WHERE s.id = NEW.submission AND s.publisher = NEW.publisher
AND s.prepared_by = NEW.prepared_by AND s.state = 'ready_for_review' AND s.certified_by IS NULL
"""
_ITS_PUBLICATION = """
SELECT 1 FROM publications p WHERE p.number = NEW.publication AND p.submission = NEW.id
AND p.prepared_by = NEW.prepared_by AND p.certified_by = NEW.certified_by
"""
_ENTRY_SAME = " AND ".join(
    f"NEW.{c} = OLD.{c}"
    for c in ("publisher", "dataset", "period", "ocid", "from_publication", "kind", "body", "cells", "sha256")
)


def arm(dialect: str) -> list[str]:
    """Return the statements that put every promise in force."""
    return _sqlite() if dialect == "sqlite" else _postgresql()


def disarm(dialect: str) -> list[str]:
    """Return the statements that take them away: for loading a backup into an empty store, nothing else."""
    if dialect == "sqlite":
        return [f"DROP TRIGGER {statement.split()[2]}" for statement in _sqlite()]
    names = [s.split()[2:] for s in _postgresql() if s.startswith("CREATE TRIGGER")]
    return [f"DROP TRIGGER {words[0]} ON {words[words.index('ON') + 1]}" for words in names]


def _sqlite() -> list[str]:
    def trigger(name: str, when: str, condition: str, message: str) -> str:
        guard = f"WHEN {condition} " if condition else ""
        return f"CREATE TRIGGER {name} {when} FOR EACH ROW {guard}BEGIN SELECT RAISE(ABORT, '{message}'); END"

    out = []
    for table in APPEND_ONLY:
        out.append(trigger(f"{table}_keep", f"BEFORE UPDATE ON {table}", "", "append_only"))
        out.append(trigger(f"{table}_stay", f"BEFORE DELETE ON {table}", "", "append_only"))
    out.append(trigger("entries_stay", "BEFORE DELETE ON entries", "", "append_only"))
    out.append(
        trigger(
            "entries_close_once",
            "BEFORE UPDATE ON entries",
            f"NOT (OLD.to_publication IS NULL AND NEW.to_publication IS NOT NULL AND {_ENTRY_SAME})",
            "entry_closes_once",
        )
    )
    out.append(trigger("submissions_stay", "BEFORE DELETE ON submissions", "", "submission_final"))
    out.append(
        trigger(
            "submissions_final",
            "BEFORE UPDATE ON submissions",
            "OLD.state = 'published' OR NEW.prepared_by <> OLD.prepared_by OR NEW.publisher <> OLD.publisher",
            "submission_final",
        )
    )
    for event in ("INSERT", "UPDATE"):
        out.append(
            trigger(
                f"submissions_certifier_{event.lower()}",
                f"BEFORE {event} ON submissions",
                f"NEW.certified_by IS NOT NULL AND NOT EXISTS ({_CERTIFIER})",
                "certifier_may",
            )
        )
        out.append(
            trigger(
                f"submissions_publication_{event.lower()}",
                f"BEFORE {event} ON submissions",
                f"NEW.publication IS NOT NULL AND NOT EXISTS ({_ITS_PUBLICATION})",
                "publication_by_two",
            )
        )
    out.append(
        trigger(
            "publications_by_two",
            "BEFORE INSERT ON publications",
            f"NOT EXISTS ({_OF_TWO}) OR NOT EXISTS ({_CERTIFIER})",
            "publication_by_two",
        )
    )
    return out


def _postgresql() -> list[str]:
    def function(name: str, body: str) -> str:
        return f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body$ BEGIN {body} END $body$"

    def refuse(condition: str, message: str) -> str:
        return (
            f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
        )

    out = [
        function("ledger_append_only", refuse("true", "append_only") + " RETURN NULL;"),
        function(
            "ledger_entry",
            refuse(
                f"NOT (OLD.to_publication IS NULL AND NEW.to_publication IS NOT NULL AND {_ENTRY_SAME})",
                "entry_closes_once",
            )
            + " RETURN NEW;",
        ),
        function(
            "ledger_submission",
            "IF TG_OP = 'UPDATE' THEN "
            + refuse(
                "OLD.state = 'published' OR NEW.prepared_by <> OLD.prepared_by OR NEW.publisher <> OLD.publisher",
                "submission_final",
            )
            + " END IF; "
            + refuse(f"NEW.certified_by IS NOT NULL AND NOT EXISTS ({_CERTIFIER})", "certifier_may")
            + refuse(f"NEW.publication IS NOT NULL AND NOT EXISTS ({_ITS_PUBLICATION})", "publication_by_two")
            + " RETURN NEW;",
        ),
        function(
            "ledger_publication",
            refuse(f"NOT EXISTS ({_OF_TWO}) OR NOT EXISTS ({_CERTIFIER})", "publication_by_two") + " RETURN NEW;",
        ),
    ]
    for table in APPEND_ONLY:
        for event, each in (("UPDATE OR DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            name = f"{table}_{event.split()[0].lower()}"
            out.append(
                f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION ledger_append_only()"
            )
    for table in ("entries", "submissions"):
        out.append(
            f"CREATE TRIGGER {table}_delete BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION ledger_append_only()"
        )
        out.append(
            f"CREATE TRIGGER {table}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT "
            "EXECUTE FUNCTION ledger_append_only()"
        )
    out.append("CREATE TRIGGER entries_close BEFORE UPDATE ON entries FOR EACH ROW EXECUTE FUNCTION ledger_entry()")
    out.append(
        "CREATE TRIGGER submissions_keep BEFORE INSERT OR UPDATE ON submissions "
        "FOR EACH ROW EXECUTE FUNCTION ledger_submission()"
    )
    out.append(
        "CREATE TRIGGER publications_by_two BEFORE INSERT ON publications "
        "FOR EACH ROW EXECUTE FUNCTION ledger_publication()"
    )
    return out
