"""As much of the wire format of Protocol Buffers as OTLP needs: https://protobuf.dev/programming-guides/encoding/."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_MASK: Final = (1 << 64) - 1
_SHORT: Final = tuple(bytes([number]) for number in range(0x80))
"""The numbers that there are most of: tags, and lengths of short texts."""


def varint(number: int) -> bytes:
    """Return a number of at most 64 bits, the negative ones as their two's complement."""
    if 0 <= number < 0x80:
        return _SHORT[number]
    number &= _MASK
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def field_varint(field: int, number: int) -> bytes:
    """Return a field of type int64, bool or enum."""
    return varint(field << 3 | _VARINT) + varint(number)


def field_fixed64(field: int, number: int) -> bytes:
    """Return a field of type fixed64."""
    return varint(field << 3 | _FIXED64) + struct.pack("<Q", number)


def field_double(field: int, number: float) -> bytes:
    """Return a field of type double."""
    return varint(field << 3 | _FIXED64) + struct.pack("<d", number)


def field_bytes(field: int, data: bytes) -> bytes:
    """Return a field that is a message or bytes."""
    return varint(field << 3 | _LENGTH) + varint(len(data)) + data


def field_text(field: int, text: str) -> bytes:
    """Return a field of type string."""
    return field_bytes(field, text.encode())


def fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yield number and value of every field of a message; ValueError where it is none."""
    at = 0
    while at < len(data):
        key, at = _read_varint(data, at)
        match key & 7:
            case 0:
                number, at = _read_varint(data, at)
                yield key >> 3, number
            case 2:
                length, at = _read_varint(data, at)
                if at + length > len(data):
                    raise ValueError("a field goes beyond the end")
                yield key >> 3, data[at : at + length]
                at += length
            case 1 | 5 as kind:
                length = 8 if kind == _FIXED64 else 4
                yield key >> 3, data[at : at + length]
                at += length
            case kind:
                raise ValueError(f"unknown type {kind} of a field")


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    number = 0
    for shift in range(0, 70, 7):
        if at >= len(data):
            raise ValueError("a number goes beyond the end")
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            return number & _MASK, at
    raise ValueError("a number has more than 64 bits")
