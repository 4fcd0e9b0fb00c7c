"""What a caller did that cannot be done, named after what the caller should do next.

Bad *data* is never an exception here: it is a list of `findings.Finding`. Anything that is not a
`LedgerError` is our bug and is left to crash loudly. The table from class to HTTP status, page and
exit code is in `public_site.web` and `public_site.cli`.
"""

from __future__ import annotations


class LedgerError(Exception):
    """A refusal with words: `code` picks the sentence in `ledger/words/refusals.toml`, `params` fill it."""

    def __init__(self, code: str, **params: object) -> None:
        super().__init__(code, params)
        self.code = code
        self.params = params

    def __str__(self) -> str:
        return f"{self.code} {self.params}" if self.params else self.code


class NotFound(LedgerError):
    """Look elsewhere: nothing public has this address."""


class Forbidden(LedgerError):
    """Ask somebody else: this account may not do this."""


class Conflict(LedgerError):
    """Look again: the thing changed since it was shown, or the step is not open in this state."""


class Refused(LedgerError):
    """Change the input: it was understood and cannot be taken as it is."""


class TooLarge(LedgerError):
    """Send less: a limit in `Settings` was passed."""


class Unavailable(LedgerError):
    """Try later, or call the operator: the store or a needed part is not usable now."""
