"""What the database itself refuses about voices, whoever asks: the same promises in the words of both engines.

Out: SQL statements, for the revision of voices. Attacked with direct SQL by `tests/integration/test_voices.py`.
Read `PROMISES` first; its keys are the messages of the refusals.
"""

# ruff: noqa: S608 - SQL is built here, from the constants of this module alone
from __future__ import annotations

import sqlalchemy as sa

TABLES = ("voices", "voice_acts")

PROMISES = {
    "voice_kept": "Nothing that was said or decided is changed, replaced or deleted.",
    "voice_judge": "Only an active account with the role certifier or admin decides or answers.",
    "voice_order": "Only a published voice is withdrawn; only a published question that was not withdrawn is answered.",
}

_JUDGE = """
SELECT 1 FROM account_roles r JOIN accounts a ON a.id = r.account
WHERE r.account = NEW."by" AND r.role IN ('certifier', 'admin') AND NOT a.disabled
"""
_SHOWN = """
SELECT 1 FROM voice_acts p WHERE p.voice = NEW.voice AND p.act = 'publish'
AND NOT EXISTS (SELECT 1 FROM voice_acts w WHERE w.voice = NEW.voice AND w.act = 'withdraw')
"""
_QUESTION = "SELECT 1 FROM voices v WHERE v.number = NEW.voice AND v.kind = 'question'"

_MAY = (f"NOT EXISTS ({_JUDGE})", "voice_judge")
_ORDER = (
    f"NEW.act IN ('withdraw', 'answer') AND NOT EXISTS ({_SHOWN}) OR NEW.act = 'answer' AND NOT EXISTS ({_QUESTION})",
    "voice_order",
)

# What a REPLACE would silently delete on SQLite: it fires no DELETE trigger, so the INSERT is refused before.
_REPLACED = {
    "voices": "t.number = NEW.number OR t.said_once = NEW.said_once",
    "voice_acts": (
        "t.number = NEW.number OR t.voice = NEW.voice AND (t.act = 'withdraw' AND NEW.act = 'withdraw' "
        "OR t.act IN ('publish', 'refuse') AND NEW.act IN ('publish', 'refuse'))"
    ),
}


def arm(conn: sa.Connection) -> list[str]:
    """Return the statements that put every promise in force in this database."""
    if conn.dialect.name == "sqlite":
        return _sqlite()
    return _postgresql(str(conn.exec_driver_sql("SELECT quote_ident(current_schema())").scalar_one()))


def _sqlite() -> list[str]:
    out = []

    def refuse(name: str, event: str, table: str, *refusals: tuple[str, str]) -> None:
        body = " ".join(f"SELECT RAISE(ABORT, '{message}') WHERE {condition};" for condition, message in refusals)
        out.append(f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH ROW BEGIN {body} END")

    for table in TABLES:
        refuse("keep", "UPDATE", table, ("true", "voice_kept"))
        refuse("stay", "DELETE", table, ("true", "voice_kept"))
        replaced = (f"EXISTS (SELECT 1 FROM {table} t WHERE {_REPLACED[table]})", "voice_kept")
        refuse("new", "INSERT", table, replaced, *((_MAY, _ORDER) if table == "voice_acts" else ()))
    return out


def _postgresql(schema: str) -> list[str]:
    out = []

    def function(name: str, *refusals: tuple[str, str]) -> None:
        body = " ".join(
            f"IF {condition} THEN RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'; END IF;"
            for condition, message in refusals
        )
        # pg_temp last: else a temporary table named account_roles would decide who may.
        out.append(
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql SET search_path = {schema}, pg_temp "
            f"AS $body$ BEGIN {body} RETURN NEW; END $body$"
        )

    def attach(name: str, event: str, table: str, calls: str, each: str = "ROW") -> None:
        out.append(
            f"CREATE TRIGGER {table}_{name} BEFORE {event} ON {table} FOR EACH {each} EXECUTE FUNCTION {calls}()"
        )

    function("ledger_voice_kept", ("true", "voice_kept"))
    function("ledger_voice_act_new", _MAY, _ORDER)
    for table in TABLES:
        attach("keep", "UPDATE", table, "ledger_voice_kept")
        attach("stay", "DELETE", table, "ledger_voice_kept")
        attach("remain", "TRUNCATE", table, "ledger_voice_kept", each="STATEMENT")
    attach("new", "INSERT", "voice_acts", "ledger_voice_act_new")
    return out
