"""Kill -9 at random moments: runs a snippet in a child process, kills it, and lets the test look at what is left.

The snippet is Python source. It prints one line when it is ready and one line after each thing that it was promised
(a commit that returned); each complete line that arrived before the kill is an acknowledgement, and an acknowledged
thing must be there afterwards. The seed is printed, so that a failure can be run again with KILL_SEED=... .
"""

from __future__ import annotations

import os
import random
import selectors
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[2]


def seed() -> int:
    """A new seed, or the one of KILL_SEED; printed, because pytest shows what a failing test printed."""
    chosen = int(os.environ.get("KILL_SEED", random.SystemRandom().randrange(10**6)))
    print(f"KILL_SEED={chosen}")
    return chosen


def killed_once(snippet: str, words: Sequence[object], after_seconds: float, start_seconds: float = 60) -> list[str]:
    """Run the snippet with `words` as sys.argv[1:], kill it so long after its first line; return the other lines.

    A snippet that ends by itself before that must end well. RuntimeError, with what it said, when it does not.
    """
    command = [sys.executable, "-u", "-c", snippet, *map(str, words)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert child.stdout is not None and child.stderr is not None
    try:
        with selectors.DefaultSelector() as ready:
            ready.register(child.stdout, selectors.EVENT_READ)
            if not ready.select(start_seconds):
                raise RuntimeError("the snippet did not say that it is ready")
        out, err = child.communicate(timeout=after_seconds)
    except subprocess.TimeoutExpired:
        os.kill(child.pid, signal.SIGKILL)
        out, err = child.communicate()
    finally:
        if child.poll() is None:
            child.kill()
            child.communicate()
    if child.returncode not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the snippet ended with {child.returncode}: {err.decode()}")
    # A last line without its newline was cut by the kill: it acknowledges nothing.
    return out.decode().splitlines(keepends=True)[1:][: out.count(b"\n") - 1]


def killed(
    snippet: str,
    words: Sequence[object],
    check: Callable[[int, list[str]], None],
    *,
    rounds: int,
    within_seconds: float,
    chance: random.Random,
) -> int:
    """Kill so many rounds, each after a random time; `check(round, acknowledged lines)` each time. Count all lines."""
    total = 0
    for n in range(rounds):
        lines = [line.rstrip("\n") for line in killed_once(snippet, words, chance.uniform(0, within_seconds))]
        check(n, lines)
        total += len(lines)
    return total
