"""Texts to read: cases that were changed, crossed, repeated or nested, and fragments of every syntax."""

from __future__ import annotations

import random
from pathlib import Path

CASES = Path(__file__).parents[2] / "tests" / "cases" / "formats"
FRAGMENTS = [
    *(b"[", b"]", b"{", b"}", b"(", b")", b"<", b">", b"</", b"/>", b'"', b"'", b"\\", b"\n", b"\r\n", b"\r", b"\t"),
    *(
        b" ",
        b"=",
        b":",
        b";",
        b"#",
        b",",
        b"|",
        b"&",
        b"*",
        b"!",
        b"%",
        b"@",
        b"$",
        b"${",
        b"$(",
        b"`",
        b"~",
        b"+=",
        b"=>",
    ),
    *(
        b"&a",
        b"*a",
        b"<<",
        b"<<EOF\n",
        b"EOF\n",
        b"!!",
        b"- ",
        b"? ",
        b"---",
        b"...",
        b"%YAML 1.1",
        b"//",
        b"/*",
        b"*/",
    ),
    *(b"\x00", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe2\x80\xa8", b'"""', b"'''", b"[[", b"]]"),
    *(
        b"1e999",
        b"0x",
        b"-0",
        b"1979-05-27",
        b"true",
        b"null",
        b"Match ",
        b"include ",
        b"server {",
        b"x_by_lua_block {",
    ),
    *(
        b"export ",
        b"if ",
        b"then ",
        b"else",
        b"}\n",
        b"define x {",
        b"table inet x {",
        b"*filter\n",
        b"COMMIT\n",
        b"-A X ",
    ),
    *(b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<!DOCTYPE x [", b"&#x0;", b"<?xml", b"--[[", b"\\\n", b"\n ", b"\n\t"),
]
MOST = 64 * 1024
NESTED = (b"[", b"{", b"(", b"<a>", b"a {\n", b"- ", b"a:\n ", b'{"a":', b"if x {\n", b"\\", b'"', b"$(", b"${")


def seeds(name: str) -> list[bytes]:
    """The cases of a format, and a little of those of others."""
    own = [path.read_bytes() for path in sorted((CASES / name).glob("*.input"))]
    return own or [b"x = 1\n"]


class Mill:
    """Makes texts from seeds; the same generator makes the same ones."""

    def __init__(self, chance: random.Random, seeds: list[bytes]) -> None:
        self._chance = chance
        self._seeds = seeds

    def text(self) -> bytes:
        """Return the next text, mostly small, now and then up to the limit."""
        make = self._chance.choices(
            (self._changed, self._fragments, self._crossed, self._repeated, self._nested), (60, 20, 14, 4, 2)
        )[0]
        return make()[:MOST]

    def _seed(self) -> bytes:
        return self._chance.choice(self._seeds)

    def _piece(self) -> bytes:
        if self._chance.random() < 0.15:
            return self._chance.randbytes(self._chance.randint(1, 6))
        return self._chance.choice(FRAGMENTS)

    def _changed(self) -> bytes:
        data = self._seed()
        for _ in range(self._chance.randint(1, 6)):
            start = self._chance.randint(0, len(data))
            gone = self._chance.choice((0, 0, 1, 1, 2, 5, 20))
            data = data[:start] + (self._piece() if self._chance.random() < 0.8 else b"") + data[start + gone :]
        return data

    def _fragments(self) -> bytes:
        return b"".join(self._piece() for _ in range(self._chance.randint(0, 40)))

    def _crossed(self) -> bytes:
        """Lines of two seeds, or of one in another order."""
        lines = [*self._seed().splitlines(keepends=True), *self._seed().splitlines(keepends=True)]
        self._chance.shuffle(lines)
        return b"".join(lines[: self._chance.randint(0, len(lines))])

    def _repeated(self) -> bytes:
        """One piece many times: what is not linear shows here."""
        data = self._seed()
        start = self._chance.randint(0, len(data))
        piece = data[start : start + self._chance.randint(1, 30)] if self._chance.random() < 0.5 else self._piece()
        return data[:start] + (piece or b"x") * self._chance.choice((100, 1000, 5000)) + data[start:]

    def _nested(self) -> bytes:
        opened = self._chance.choice(NESTED)
        return self._seed()[: self._chance.randint(0, 200)] + opened * self._chance.choice((50, 99, 101, 1000, 10_000))
