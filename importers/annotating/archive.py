"""A zip with some parts changed: every other part keeps its compressed bytes. Runs only in the child of `annotate`.

In: an open archive and the parts to replace, drop or add. Out: the bytes of the new archive, piece by piece and
without going back, so that they can go through a pipe. Read `rewritten` first.
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from importers.raw import Blocked

PIECE = 1 << 20
LEVEL = 6
LEVEL_LARGE = 5
LARGE = 30_000_000
"""Bytes of a part from which the last hundredth of its size is not worth the time."""


@dataclass(frozen=True, slots=True)
class Packed:
    """A part as it stands in an archive: deflated."""

    data: bytes
    size: int
    crc: int


def packed(pieces: Iterable[bytes], size: int = 0) -> Packed:
    """Deflate a part piece by piece. `size`: about how large it will be."""
    press = zlib.compressobj(LEVEL_LARGE if size > LARGE else LEVEL, zlib.DEFLATED, -15)
    out: list[bytes] = []
    crc = total = 0
    for piece in pieces:
        out.append(press.compress(piece))
        crc = zlib.crc32(piece, crc)
        total += len(piece)
    out.append(press.flush())
    return Packed(b"".join(out), total, crc)


def rewritten(
    archive: zipfile.ZipFile, file: BinaryIO, changed: Mapping[str, Packed], dropped: Collection[str] = ()
) -> Iterator[bytes]:
    """Yield the new archive: the old order, changed parts in their places, new ones at the end.

    Raises Blocked (B002) when the file is shorter than its directory says.
    """
    directory: list[bytes] = []
    at = 0
    old = [info for info in archive.infolist() if info.filename not in dropped]
    for info in old:
        part = changed.get(info.filename)
        method = zipfile.ZIP_DEFLATED if part else info.compress_type
        sizes = (part.crc, len(part.data), part.size) if part else (info.CRC, info.compress_size, info.file_size)
        head = _local(info, method, sizes)
        directory.append(_entry(info, method, sizes, at))
        yield head
        at += len(head) + sizes[1]
        if part:
            yield part.data
        else:
            yield from _raw(file, info)
    here = {info.filename for info in old}
    for name, part in changed.items():
        if name in here:
            continue
        info = zipfile.ZipInfo(name)
        sizes = (part.crc, len(part.data), part.size)
        head = _local(info, zipfile.ZIP_DEFLATED, sizes)
        directory.append(_entry(info, zipfile.ZIP_DEFLATED, sizes, at))
        yield head + part.data
        at += len(head) + sizes[1]
    whole = b"".join(directory)
    yield whole
    yield struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, len(directory), len(directory), len(whole), at, 0)


def _raw(file: BinaryIO, info: zipfile.ZipInfo) -> Iterator[bytes]:
    file.seek(info.header_offset)
    head = file.read(30)
    if len(head) < 30 or head[:4] != b"PK\x03\x04":
        raise Blocked("B002")
    name, extra = struct.unpack("<2H", head[26:30])
    file.seek(info.header_offset + 30 + name + extra)
    left = info.compress_size
    while left:
        piece = file.read(min(left, PIECE))
        if not piece:
            raise Blocked("B002")
        left -= len(piece)
        yield piece


def _name(info: zipfile.ZipInfo) -> tuple[bytes, int]:
    try:
        return info.filename.encode("ascii" if not info.flag_bits & 0x800 else "utf-8"), info.flag_bits & 0x800
    except UnicodeEncodeError:
        return info.filename.encode("utf-8"), 0x800


def _stamp(info: zipfile.ZipInfo) -> tuple[int, int]:
    year, month, day, hour, minute, second = info.date_time
    return hour << 11 | minute << 5 | second // 2, (year - 1980) << 9 | month << 5 | day


def _local(info: zipfile.ZipInfo, method: int, sizes: tuple[int, int, int]) -> bytes:
    name, flag = _name(info)
    return struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, flag, method, *_stamp(info), *sizes, len(name), 0) + name


def _entry(info: zipfile.ZipInfo, method: int, sizes: tuple[int, int, int], at: int) -> bytes:
    name, flag = _name(info)
    made = info.create_system << 8 | 20
    head = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", made, 20, flag, method, *_stamp(info), *sizes, len(name), 0, 0, 0,
                       info.internal_attr, info.external_attr, at)  # fmt: skip
    return head + name
