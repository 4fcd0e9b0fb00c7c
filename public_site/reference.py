"""The reference pages of commands and settings, made from themselves: `python -m public_site.reference`.

In: the typer application and `Settings`. Out: Markdown. A test holds the files to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer.core import TyperArgument, TyperGroup, TyperOption
from typer.main import get_command

from ledger.settings import Settings
from public_site.cli import app

HEAD = """# The commands of `covid-ledger`

Made by `python -m public_site.reference` from the commands themselves; do not edit it here.

Exit codes: 0 done; 1 findings of severity error, or differences; 2 wrong usage or refused. With `--json` a command
writes one JSON document to stdout and everything else to stderr. `--json`, `--home` and `--store` may stand before or
after the command.
"""

SETTINGS_HEAD = """# The settings

Made by `python -m public_site.reference` from the settings themselves; do not edit it here.

A setting is given as environment variable, or in the table `[settings]` of `ledger.toml` in the home folder. The
environment is stronger than the file, and `--home` and `--store` are stronger than both. Defaults work unset for one
person on one machine.

| environment variable | in ledger.toml | default | what |
|---|---|---|---|
"""

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"
SETTINGS_PAGE = PAGE.with_name("settings.md")


def cli_page() -> str:
    """Return the whole page."""
    root = get_command(app)
    assert isinstance(root, TyperGroup)
    return "\n".join([HEAD, "## Options of every command", "", *_params(root), *_commands(root, "covid-ledger")]) + "\n"


def _commands(group: TyperGroup, prefix: str) -> Iterator[str]:
    for name, command in group.commands.items():
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{prefix} {name}")
            continue
        words = [prefix, name, *(_usage(p) for p in command.params if isinstance(p, TyperArgument))]
        yield from ("", f"## `{' '.join(words)}`", "", (command.help or "").strip(), "")
        yield from _params(command)


def _usage(argument: TyperArgument) -> str:
    name = (argument.metavar or argument.name or "").upper().strip("[]").removesuffix("...")
    name += "…" if argument.nargs == -1 else ""
    return name if argument.required else f"[{name}]"


def _params(command: Any) -> Iterator[str]:
    rows = []
    for p in command.params:
        text = (getattr(p, "help", "") or "").replace("|", "\\|")
        if isinstance(p, TyperArgument):
            rows.append(f"| `{_usage(p)}` | {text} |")
        elif isinstance(p, TyperOption) and not p.hidden:
            default = (
                f" (default: {p.default})" if p.default not in (None, "", False) and not callable(p.default) else ""
            )
            needed = " (required)" if p.required else ""
            rows.append(f"| `{', '.join(p.opts)}` | {text}{default}{needed} |")
    if rows:
        yield from ("| argument or option | what |", "|---|---|", *rows)


def settings_page() -> str:
    """Return the page of settings."""
    rows = [
        f"| `LEDGER_{name.upper()}` | {in_file} | `{field.default}` | {_line(field.description)} |"
        for name, field in Settings.model_fields.items()
        for in_file in ["-" if name == "home" else f"`{name}`"]
    ]
    return SETTINGS_HEAD + "\n".join(rows) + "\n"


def _line(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(cli_page(), "utf-8")
    SETTINGS_PAGE.write_text(settings_page(), "utf-8")
