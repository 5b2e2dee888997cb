"""A file system of a program of its own, over the kernel's FUSE protocol: `python fuse.py MOUNTPOINT SOURCE`.

It shows one directory of regular files, read-only, as they are in SOURCE whenever somebody asks; nothing that happens there
raises a notification, as with a file system of another machine. Runs until it is unmounted or killed. See fuse(4).
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import struct
import sys

FORGET, BATCH_FORGET = 2, 42
ROOT = 1
_IN = struct.Struct("<IIQQIIII")
_OUT = struct.Struct("<IiQ")


class Server:
    """Answers the kernel."""

    def __init__(self, device: int, source: bytes) -> None:
        self._device = device
        self._source = source
        self._names: dict[int, bytes] = {}

    def serve(self) -> None:
        """Answer until the file system is gone."""
        while True:
            try:
                request = os.read(self._device, 1 << 20)
            except OSError as error:
                if error.errno in (errno.ENODEV, errno.ENOTCONN):
                    return
                if error.errno in (errno.EINTR, errno.ENOENT):
                    continue
                raise
            _, operation, unique, node, *_ = _IN.unpack_from(request)
            if operation in (FORGET, BATCH_FORGET):
                continue
            try:
                body, number = self._answer(operation, node, request[_IN.size :]), 0
            except OSError as error:
                body, number = b"", -(error.errno or errno.EIO)
            os.write(self._device, _OUT.pack(_OUT.size + len(body), number, unique) + body)

    def _answer(self, operation: int, node: int, body: bytes) -> bytes:
        match operation:
            case 26:  # INIT
                _, minor, ahead, _ = struct.unpack_from("<IIII", body)
                return struct.pack("<IIIIHHIIHHI", 7, min(minor, 31), ahead, 0, 1, 1, 65536, 1, 1, 0, 0) + bytes(24)
            case 1:  # LOOKUP
                name = body.rstrip(b"\0")
                found = os.lstat(os.path.join(self._source, name))
                self._names[found.st_ino] = name
                return struct.pack("<QQQQII", found.st_ino, 0, 0, 0, 0, 0) + self._attributes(found, found.st_ino)
            case 3:  # GETATTR
                return struct.pack("<QII", 0, 0, 0) + self._attributes(os.lstat(self._path(node)), node)
            case 14 | 27:  # OPEN, OPENDIR
                return struct.pack("<QII", 0, 1, 0)  # FOPEN_DIRECT_IO: no cache
            case 15:  # READ
                _, offset, size = struct.unpack_from("<QQI", body)
                with open(self._path(node), "rb") as file:
                    file.seek(offset)
                    return file.read(size)
            case 28:  # READDIR
                _, offset, size = struct.unpack_from("<QQI", body)
                return self._listing(offset, size)
            case 18 | 29:  # RELEASE, RELEASEDIR
                return b""
            case 17:  # STATFS
                return bytes(80)
        raise OSError(errno.ENOSYS, "not known")

    def _path(self, node: int) -> bytes:
        return self._source if node == ROOT else os.path.join(self._source, self._names[node])

    def _attributes(self, found: os.stat_result, node: int) -> bytes:
        nanoseconds = [time % 10**9 for time in (found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns)]
        seconds = [int(time) for time in (found.st_atime, found.st_mtime, found.st_ctime)]
        return struct.pack(
            "<QQQQQQIIIIIIIIII", node, found.st_size, found.st_blocks, *seconds, *nanoseconds, found.st_mode,
            found.st_nlink, found.st_uid, found.st_gid, 0, 4096, 0,
        )  # fmt: skip

    def _listing(self, offset: int, size: int) -> bytes:
        listed = b""
        for index, name in enumerate(sorted(os.listdir(self._source))[offset:], offset + 1):
            inode = os.lstat(os.path.join(self._source, name)).st_ino
            entry = struct.pack("<QQII", inode, index, len(name), stat.S_IFREG >> 12) + name
            entry += bytes(-len(entry) % 8)
            if len(listed) + len(entry) > size:
                break
            listed += entry
        return listed


def main(point: str, source: str) -> None:
    """Mount, and serve."""
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"driftd-test", os.fsencode(point), b"fuse.driftd-test", 0, options.encode()) != 0:
        raise OSError(ctypes.get_errno(), "mount")
    Server(device, os.fsencode(source)).serve()


if __name__ == "__main__":
    main(*sys.argv[1:])
