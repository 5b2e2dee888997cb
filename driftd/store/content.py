"""The content store: the bytes that were approved, kept on the host so that a better parser makes no drift of nothing."""

from __future__ import annotations

import hashlib
import os
import stat
import zlib
from collections.abc import Callable, Container, Generator, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from driftd.durable import sync_file_system
from driftd.store.errors import StoreError, translated
from driftd.store.files import fsync_directory, make_directory, write_all

KeyedDigest = Callable[[bytes], str]
"""Digest of bytes that nobody without the key can compute: `SecretKeeper.digest`, `hmac:KEYID:HEX`."""

_MAGIC: Final = b"driftd-content/1\n"
_HEADER: Final = len(_MAGIC) + 32 + 8
_SUFFIX: Final = ".content"
_IN_USE: Final = 0o600
_UNUSED_SINCE: Final = 0o400
UNUSED: Final = timedelta(days=30)
"""How long bytes are kept that nothing refers to: an approval may be taken back."""


class ContentStore:
    """Approved bytes by their digest. File names are keyed digests: a listing tells nobody which secret a file holds."""

    def __init__(self, directory: Path, keyed: KeyedDigest, report: Callable[[str], None]) -> None:
        """`report` is told, in one line for people, of content that is damaged."""
        self._directory = directory
        self._keyed = keyed
        self._report = report

    def put(self, content: bytes, digest: str, *, durable: bool = True) -> None:
        """Keep bytes under the digest they were approved with; bytes that are kept already are left alone.

        Not `durable`: they are on disk once `flush` was called, for many in one go.
        """
        path = self._path(digest)
        if path.exists() and self.get(digest) is not None:
            with translated(path, "keep approved content"):
                path.chmod(_IN_USE)
            return
        make_directory(path.parent)
        packed = _MAGIC + hashlib.sha256(content).digest() + len(content).to_bytes(8) + zlib.compress(content, 6)
        temporary = path.with_suffix(f".tmp-{os.getpid()}")
        with translated(path, "keep approved content"):
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
            try:
                write_all(descriptor, packed)
                if durable:
                    os.fsync(descriptor)
                temporary.rename(path)
                if durable:
                    fsync_directory(path.parent)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
            finally:
                os.close(descriptor)

    def flush(self) -> None:
        """Return when everything that was put is on disk. A power cut before that leaves names of what `get` does not take for whole."""
        if not self._directory.is_dir():
            return
        with translated(self._directory, "keep approved content"):
            descriptor = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                sync_file_system(descriptor)
            finally:
                os.close(descriptor)

    def get(self, digest: str) -> bytes | None:
        """Return the bytes that were approved with this digest; None where they are not here or damaged."""
        path = self._path(digest)
        try:
            with translated(path, "read approved content"):
                packed = path.read_bytes()
        except StoreError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                return None
            raise
        content = _unpacked(packed)
        if content is None or not self._fits(content, digest):
            self._report(f"{path}: the approved content of {digest} is damaged: approve the item again to replace it")
            return None
        return content

    def contents(self) -> Iterator[bytes]:
        """Yield everything that is kept whole, whatever key its name was made with."""
        for path in sorted(self._directory.glob(f"??/*{_SUFFIX}")):
            with translated(path, "read approved content"):
                content = _unpacked(path.read_bytes())
            if content is not None:
                yield content

    def collect(self, referenced: Iterable[str]) -> int:
        """Remove what none of these digests refers to, and what an interrupted `put` left; return how many files."""
        wanted = {self._path(digest) for digest in referenced}
        removed = 0
        with translated(self._directory, "clear up approved content"):
            for path in self._directory.glob("??/*"):
                if path not in wanted:
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    def number_of(self, digest: str) -> int:
        """Return a number that stands for a digest, to be told to `release`: many numbers take less room than digests."""
        return hash(self._path(digest).name)

    def release(self, referenced: Container[int], now: datetime) -> Generator[None, None, datetime | None]:
        """Remove, in steps, what none of these has referred to for `UNUSED`; return when to look again, if ever.

        Who takes an approval back within that time finds the bytes still there. What an interrupted `put` left goes as well.
        """
        soonest: datetime | None = None
        for directory in sorted(self._directory.glob("??")):
            with translated(directory, "clear up approved content"):
                for path in sorted(directory.iterdir()):
                    until = _spared_until(path, now, used=hash(path.name) in referenced)
                    if until is not None and (soonest is None or until < soonest):
                        soonest = until
            yield
        return soonest

    def _path(self, digest: str) -> Path:
        name = self._keyed(b"content " + digest.encode("ascii")).replace(":", "-").removeprefix("hmac-")
        return self._directory / name[-2:] / f"{name}{_SUFFIX}"

    def _fits(self, content: bytes, digest: str) -> bool:
        if digest.startswith("sha256:"):
            return digest == f"sha256:{hashlib.sha256(content).hexdigest()}"
        keyed = self._keyed(content)
        # Of another key than today's nothing can be said: the checksum in the file has to do.
        return keyed == digest or keyed.rpartition(":")[0] != digest.rpartition(":")[0]


def _spared_until(path: Path, now: datetime, *, used: bool) -> datetime | None:
    """Mark a file that is not used, remove one that was marked long ago; return until when it stays, None: for good or gone.

    The mark is its mode, 0400, and its time that of the mark.
    """
    there = path.stat()
    marked = stat.S_IMODE(there.st_mode) == _UNUSED_SINCE
    if used:
        if marked:
            path.chmod(_IN_USE)
        return None
    if not marked:
        os.utime(path, (now.timestamp(), now.timestamp()))
        path.chmod(_UNUSED_SINCE)
        return now + UNUSED
    since = datetime.fromtimestamp(there.st_mtime, UTC)
    if now - since < UNUSED:
        return since + UNUSED
    path.unlink()
    return None


def _unpacked(packed: bytes) -> bytes | None:
    checksum, size = packed[len(_MAGIC) : len(_MAGIC) + 32], int.from_bytes(packed[_HEADER - 8 : _HEADER])
    if not packed.startswith(_MAGIC) or len(packed) < _HEADER or size >= 1 << 40:
        return None
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed[_HEADER:], size + 1)
    except zlib.error:
        return None
    return content if unpacking.eof and hashlib.sha256(content).digest() == checksum else None
