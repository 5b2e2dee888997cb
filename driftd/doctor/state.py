"""The state directory and what is in it: whose it is, whether there is room, which version made it."""

from __future__ import annotations

import os
import pwd
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from driftd.doctor.finding import Finding, failed, fine, hidden, mib, warning
from driftd.model.event import Event
from driftd.store.connection import DATABASE_NAME
from driftd.store.errors import StoreError
from driftd.store.migrations import MIGRATIONS
from driftd.store.reader import JournalReader

ROOM: Final = 256 << 20
"""Free bytes under which the state directory is worth a warning."""
LEAST: Final = 16 << 20
"""Free bytes under which the next burst of events may not fit."""
INODES: Final = 1000
_MOST: Final = 20_000
"""Files that are looked at: a content store may be large."""
_VERSION_AT: Final = 60
"""Where a database keeps its user_version, in four bytes. See https://sqlite.org/fileformat.html#the_database_header."""


def state(directory: Path, service: str | None) -> Iterator[Finding]:
    """Yield how the state directory is. `service`: the account that the unit names, where a unit is installed."""
    user = service or user_name(os.geteuid())
    try:
        found = directory.stat()
    except FileNotFoundError:
        mend = f"install -d -m 0700 -o {user} -g {group_of(user)} {directory}"
        yield warning("state", f"{directory} is not there yet", mend)
        return
    except OSError as error:
        yield _refused(error, directory)
        return
    if not stat.S_ISDIR(found.st_mode):
        yield failed("state", f"{directory} is no directory", f"mv {directory} {directory}.aside")
        return
    yield from _owner(directory, found, service)
    yield room(directory)
    if not os.access(directory, os.R_OK | os.X_OK, effective_ids=True):
        yield hidden("state", f"what is in {directory}")
        return
    yield from _inside(directory, found)
    yield version(directory)


def _refused(error: OSError, directory: Path) -> Finding:
    if isinstance(error, PermissionError):
        return hidden("state", str(directory))
    return failed("state", f"{directory}: {error.strerror}", f"ls -ld {directory.parent}")


def _owner(directory: Path, found: os.stat_result, service: str | None) -> Iterator[Finding]:
    owner = user_name(found.st_uid)
    if service is not None and owner != service:
        mend = f"chown -R {service}:{group_of(service)} {directory}"
        yield failed("state", f"{directory} belongs to {owner}, the service runs as {service}", mend)
    elif service is None and os.geteuid() not in (0, found.st_uid):
        yield warning("state", f"{directory} belongs to {owner}, not to you", f"sudo -u {owner} driftd doctor")
    else:
        yield fine("state", f"{directory} belongs to {owner}")
    if found.st_mode & 0o077:
        mode = stat.S_IMODE(found.st_mode)
        yield failed("state", f"{directory} is open to others (mode {mode:04o})", f"chmod 0700 {directory}")


def room(directory: Path) -> Finding:
    """Whether there is room for events, in bytes and in files, on a file system that can be written."""
    found = os.statvfs(directory)
    free, spare = found.f_bavail * found.f_frsize, found.f_favail
    largest = f"du -xh --max-depth=2 {mount_of(directory)} | sort -h | tail"
    if found.f_flag & os.ST_RDONLY:
        return failed("disk", f"{directory} is read-only", f"mount -o remount,rw {mount_of(directory)}")
    if found.f_files and spare < INODES:
        told = f"{directory}: {spare} more files fit"
        mend = f"du -x --inodes --max-depth=2 {mount_of(directory)} | sort -n | tail"
        return failed("disk", told, mend) if spare < 10 else warning("disk", told, mend)
    if free < LEAST:
        return failed("disk", f"{directory}: {mib(free)} free", largest)
    if free < ROOM:
        return warning("disk", f"{directory}: {mib(free)} free", largest)
    return fine("disk", f"{directory}: {mib(free)} free")


def mount_of(path: Path) -> Path:
    """Return where the file system is mounted that a path is on."""
    place = path.resolve()
    while not os.path.ismount(place):
        place = place.parent
    return place


def _inside(directory: Path, top: os.stat_result) -> Iterator[Finding]:
    """What root or another account left there cannot be written by the service."""
    seen = 0
    for base, names, files in os.walk(directory):
        for name in (*names, *files):
            seen += 1
            place = os.path.join(base, name)
            try:
                found = os.lstat(place)
            except OSError:
                continue  # removed meanwhile: the daemon works there
            if found.st_uid != top.st_uid:
                owner = user_name(top.st_uid)
                mend = f"chown -hR {owner}:{group_of(owner)} {directory}"
                yield failed("state", f"{place} belongs to {user_name(found.st_uid)}, not to {owner}", mend)
                return
            if seen >= _MOST:
                return


def version(directory: Path) -> Finding:
    """Whether this driftd knows the tables of the database."""
    path = directory / DATABASE_NAME
    try:
        with path.open("rb") as file:
            head = file.read(_VERSION_AT + 4)
    except FileNotFoundError:
        return fine("schema", "no database yet")
    except OSError as error:
        return _refused(error, path)
    number = int.from_bytes(head[_VERSION_AT:], "big")
    if number > len(MIGRATIONS):
        told = f"{path} was made by a newer driftd (tables {number}, known here: {len(MIGRATIONS)})"
        return failed(
            "schema", told, f"install that driftd again, or: mv {path} {path}.newer (made anew from the journal)"
        )
    return fine("schema", f"tables {number} of {len(MIGRATIONS)} known here")


def newest_write(directory: Path) -> datetime | None:
    """Return when the journal was last written, by the clock of then."""
    try:
        times = [path.stat().st_mtime for path in (directory / "journal").glob("*.jsonl")]
    except OSError:
        return None
    return datetime.fromtimestamp(max(times), UTC) if times else None


def identity(directory: Path, host_id: str | None) -> Finding:
    """Whether the state is this host's own: a copied disk brings another's along."""
    if host_id is None:
        return failed("host", "has no id", "systemd-machine-id-setup")
    last = _last_event(directory)
    told = last.get("host") if last is not None else None
    before = told.get("id") if isinstance(told, dict) else None
    if before is not None and before != host_id:
        message = f"the state is of host {before}, this one is {host_id}: a copied disk, or another machine-id"
        return failed("host", message, f"mv {directory} {directory}.of-another-host")
    return fine("host", f"id {host_id}")


def _last_event(directory: Path) -> Event | None:
    try:
        reader = JournalReader(directory / "journal")
        return next(iter(reader.read(after=max(reader.position().sequence - 1, 0))), None)
    except (StoreError, OSError):
        return None


def user_name(uid: int) -> str:
    """Return a user's name, else the number."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def group_of(user: str) -> str:
    """Return the name of a user's own group, else the user's name."""
    import grp

    try:
        return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
    except KeyError:
        return user
