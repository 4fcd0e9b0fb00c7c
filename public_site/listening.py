"""What the public may send: cleaned text, no personal data, not too much at once.

In: the fields of a form, the address that a request came from. Out: text to keep, or a refusal in words. Addresses are
never kept: only a digest of the network under a salt of the day, in memory, for as long as the counting needs it. Pure
but for that memory. Read `clean` and `Flood`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
import threading
import unicodedata
from collections import deque
from datetime import datetime, timedelta

from importers.parsing import has_email
from ledger.errors import Refused

# Control characters, marks that turn the direction of text, characters of no width: no sentence needs one.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]"
)
_MARKS_MAX = 2  # combining marks on one letter; more make text climb over other lines

_PHONES = (
    re.compile(r"(?<![\w-])\+\d[\d ().-]{6,}\d"),
    re.compile(r"(?<![\w.,-])\(?\d{3}\)?[- ]\d{4}(?![\w-])"),
    re.compile(r"(?<![\w.,-])\(?\d{3}\)?[-. ]\d{3}[- ]\d{4}(?![\w-])"),
    re.compile(r"(?<![\w.,-])\d{4}-\d{4}(?![\w-])"),
    re.compile(r"(?<![\w.,/-])\d{7,15}(?![\w-])"),
    re.compile(
        r"\b(tel|phone|call|whatsapp|cel|celular|tel[eé]fono|ll[aá]me)\w*\W{1,4}(\w+\W+){0,3}[\d(][\d ().-]{5,}", re.I
    ),
)
_HANDLE = re.compile(r"(?<![\w.@/])@\w{3,}")
_NAME = re.compile(
    r"(?i:\b(?:my name is|i am called|me llamo|mi nombre es)\b)"
    r"|\b(?:Mr|Mrs|Ms|Miss|Dr|Dra|Nurse|Sr|Sra|Srta|Señora?|Señorita|Enfermera)\b\.? +[^\W\d_a-zà-ÿ][^\W\d_]+"
)


def clean(text: str, most: int, *, lines: bool = False) -> str:
    """Return what may be kept of a text: composed, without hidden characters, blanks and empty lines in order.

    Refused (voice_long) when more than `most` characters are left: nothing is cut off silently.
    """
    told = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))
    told = _HIDDEN.sub("", told if lines else told.replace("\n", " "))
    told = "\n".join(" ".join(line.split()) for line in told.split("\n"))
    told = re.sub(r"\n{3,}", "\n\n", _few_marks(told)).strip()
    if len(told) > most:
        raise Refused("voice_long", most=most, length=len(told))
    return told


def _few_marks(text: str) -> str:
    out, marks = [], 0
    for c in text:
        marks = marks + 1 if unicodedata.combining(c) else 0
        if marks <= _MARKS_MAX:
            out.append(c)
    return "".join(out)


def no_personal_data(text: str, *, names: bool = True) -> None:
    """Refuse a text that holds an e-mail, a telephone, an account name or, with `names`, a person named as such.

    A gate, not a proof: a bare name passes, and the person who decides what is shown is asked to look for it.
    """
    if has_email(text) or _HANDLE.search(text):
        raise Refused("voice_email")
    for pattern in _PHONES:
        if found := pattern.search(text):
            raise Refused("voice_phone", shown=found[0].strip()[:30])
    if names and (found := _NAME.search(text)):
        raise Refused("voice_name", shown=found[0].strip()[:40])


class Flood:
    """How much one network, and everybody together, may send: a sliding window in the memory of this process.

    An address is shortened to its network (/24 or /48) and kept as a digest under a salt that is made anew each day;
    yesterday's are forgotten. Several processes each count for themselves.
    """

    def __init__(self, most: int = 10, of_all: int = 200, window: timedelta = timedelta(minutes=10)) -> None:
        self.most, self.of_all, self.window = most, of_all, window
        self._lock = threading.Lock()
        self._day, self._salt = "", b""
        self._sent: dict[bytes, deque[datetime]] = {}
        self._all: deque[datetime] = deque()

    def allows(self, address: str, at: datetime) -> bool:
        """Count one more from this address and say whether it may pass. What is refused is not counted."""
        with self._lock:
            if self._day != at.date().isoformat():
                self._day, self._salt = at.date().isoformat(), secrets.token_bytes(16)
                self._sent.clear()
            since = at - self.window
            for key in [k for k, sent in self._sent.items() if sent[-1] <= since]:
                del self._sent[key]
            own = self._sent.get(self._key(address)) or deque()
            for sent in (own, self._all):
                while sent and sent[0] <= since:
                    sent.popleft()
            if len(own) >= self.most or len(self._all) >= self.of_all:
                return False
            own.append(at)
            self._all.append(at)
            self._sent[self._key(address)] = own
            return True

    def _key(self, address: str) -> bytes:
        return hashlib.blake2b(network(address).encode(), key=self._salt, digest_size=16).digest()


def network(address: str) -> str:
    """Return the /24 or /48 that an address lies in; what is no address stands for itself."""
    try:
        told = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(told, ipaddress.IPv6Address) and told.ipv4_mapped is not None:
        told = told.ipv4_mapped
    return str(ipaddress.ip_network(f"{told}/{24 if told.version == 4 else 48}", strict=False))
