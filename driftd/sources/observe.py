"""Observing: an item becomes an Observation, read, parsed and masked, or a gap that says why not."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from driftd.formats.reading import Reading, read
from driftd.model.baseline import DEFAULT_ATTRIBUTES, DEFAULT_MAX_BYTES, AttributeName
from driftd.model.document import Document
from driftd.model.item import TOO_LARGE, Attributes, Gap, ItemType, Observation, real_path, shown_path
from driftd.policy.query import Query, QueryFailedError, located
from driftd.secrets.fingerprint import SecretKeeper, digest_key_id
from driftd.secrets.mask import by_digest_alone, looks_like_private_key, mask, masked_problem, masked_text
from driftd.sources.attributes import attributes
from driftd.sources.command import Outcome
from driftd.sources.facts import is_settled, stamp
from driftd.sources.intake import ContentIntake, plain_digest
from driftd.sources.isolated import IsolatedReader
from driftd.sources.look import Intake, Look, look
from driftd.sources.mounts import Mounts, RemoteMountError
from driftd.sources.reasons import (
    CHANGING,
    SECRET_KEY_UNKNOWN,
    CommandError,
    IsolationError,
    StillChangingError,
    detail_for,
    leads_nowhere,
    reason_for,
)
from driftd.sources.root import Root

ISOLATED_BYTES: Final = 256 * 1024
"""Larger content is parsed in the child process."""


Stamps = tuple[bytes, bytes]
"""The stamp of an item and that of what it leads to."""
NO_STAMPS: Final[Stamps] = (b"", b"")


@dataclass(frozen=True, slots=True)
class ReadingPlan:
    """How an item is read."""

    attributes: tuple[AttributeName, ...] = DEFAULT_ATTRIBUTES
    content: Literal["settings", "digest", "none"] = "settings"
    format: str | None = None
    max_bytes: int = DEFAULT_MAX_BYTES
    secret_queries: tuple[Query, ...] = ()
    wants_settings: bool = False
    """Parse even where the digest is the known one."""
    wants_digest: bool = True
    """Nobody will compare the content: it is read, so that it is known to be readable, and no more."""


class Observer:
    """Reads items under a root.

    Digests: `sha256` where the content was parsed and no secret found in it; a keyed digest for all other content, since what
    was not parsed may hold a secret that a plain digest would let others guess at.

    A link is an item of its own: its attributes are its target and owners. The content is that of the file behind it, whose own
    attributes are not audited.
    """

    def __init__(
        self,
        root: Root,
        keeper: SecretKeeper,
        isolated: IsolatedReader | None = None,
        mounts: Mounts | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._now_ns = now_ns
        self._root = root
        self._keeper = keeper
        self._isolated = isolated
        self._mounts = mounts or Mounts()

    def observe(
        self, item: str, how: ReadingPlan, *, known_digest: str | None = None, keep_content: bool = False
    ) -> Observation:
        """Return the item as it is now: there, not there, or a gap.

        Where the digest is `known_digest` and nobody wants the settings, nothing is parsed. `keep_content`: the bytes too.
        """
        intake = ContentIntake(how.max_bytes, self._keeper, None if how.wants_settings else known_digest)
        started_ns = self._now_ns()
        try:
            found = self._look(real_path(item), how.attributes, intake if how.content != "none" else None)
            observed = Observation(item, links=_links(found))
            if all(is_settled(one.ctime_ns, started_ns) for one in (found.item, found.behind) if one is not None):
                observed.stamp = stamp(found.item)
            observed.behind = stamp(found.behind) if found.behind is not None else b""
            observed.attributes = attributes(
                found.item, found.target, found.xattrs, how.attributes, accounts=self._root, digester=self._keeper
            )
            observed.notes = (found.note,) if found.note else ()
            if found.readable:
                observed.size = (found.behind or found.item).size
                observed.shared = self._shared(real_path(observed.links[-1] if observed.links else item), found)
                if how.content != "none":
                    observed.fingerprint = intake.fingerprint()
                    if how.wants_digest:
                        self._take_content(observed, _names(item, found), intake, how, known_digest)
                    observed.content = intake.content if keep_content else None
        except OSError as error:
            return Observation(item) if leads_nowhere(error) else _gap(item, reason_for(error), detail_for(error))
        except StillChangingError:
            return _gap(item, CHANGING, "it was changed each time it was read")
        except (IsolationError, QueryFailedError, _KeyUnknownError) as error:
            return _not_taken(item, error)
        return observed

    def observe_output(
        self,
        item: str,
        outcome: Outcome,
        how: ReadingPlan,
        *,
        known_digest: str | None = None,
        keep_content: bool = False,
    ) -> Observation:
        """Return the item that a command's output is, or the gap that there is none."""
        if isinstance(outcome, CommandError):
            return _gap(item, outcome.reason, masked_text(outcome.detail, self._keeper))
        intake = ContentIntake(how.max_bytes, self._keeper, None if how.wants_settings else known_digest)
        intake.take(outcome)
        observed = Observation(item, Attributes(ItemType.COMMAND), size=len(outcome), fingerprint=intake.fingerprint())
        try:
            if how.wants_digest:
                self._take_content(observed, (item,), intake, how, known_digest)
        except (IsolationError, QueryFailedError, _KeyUnknownError) as error:
            return _not_taken(item, error)
        observed.content = outcome if keep_content else None
        return observed

    def sample(self, content: bytes) -> Document | None:
        """Return settings that stand in no file, read and masked as all others are."""
        observed = Observation("/sample.yaml")
        if not by_digest_alone(observed.item):
            self._take_settings(observed, content, ReadingPlan())
        return observed.document

    def stamps(self, item: str) -> Stamps | None:
        """Return the stamps of what stands there now and of what it leads to, empty where it leads nowhere.

        None: nothing stands there. `NO_STAMPS`: it has to be observed to tell what is there, or whether it changed.
        """
        path = real_path(item)
        try:
            self._mounts.refresh()
            if self._root.on_host(path).startswith(self._mounts.kernel_made):
                return NO_STAMPS
            if not self._mounts.remote and not self._mounts.masks.all:
                there = self._root.lstat(path)
                if there.type is not ItemType.LINK:
                    return stamp(there), b""
            found = self._look(path, (), None)
        except OSError as error:
            return None if leads_nowhere(error) else NO_STAMPS
        except (StillChangingError, IsolationError):
            return NO_STAMPS
        return stamp(found.item), stamp(found.behind) if found.behind is not None else b""

    def changed_ns(self, item: str) -> int | None:
        """Return when a file or directory changed last, by its ctime; None: it is neither, or asking might take long."""
        self._mounts.refresh()
        if self._mounts.remote or self._mounts.masks.all:
            return None
        try:
            there = self._root.lstat(real_path(item))
        except OSError:
            return None
        return there.ctime_ns if there.type in (ItemType.FILE, ItemType.DIRECTORY) else None

    def _shared(self, place: bytes, found: Look) -> int | None:
        file = found.behind or found.item
        return file.inode if file.names > 1 or self._root.on_host(place) in self._mounts.points else None

    def _look(self, path: bytes, wanted: tuple[AttributeName, ...], intake: Intake | None) -> Look:
        self._mounts.refresh()
        guard = self._mounts.guard_for(isolated=self._isolated is not None)
        try:
            return look(self._root, path, wanted=wanted, intake=intake, guard=guard)
        except RemoteMountError as error:
            assert self._isolated is not None
            return self._isolated.look(self._root, path, error.mount, wanted=wanted, intake=intake)

    def _take_content(
        self, observed: Observation, names: tuple[str, ...], intake: ContentIntake, how: ReadingPlan, known: str | None
    ) -> None:
        if intake.is_too_large and how.content == "settings":
            _note(observed, TOO_LARGE)
        if not how.wants_settings:
            if intake.is_known():
                observed.digest = known
                return
            key_id = digest_key_id(known) if known else None
            if key_id is not None and key_id != self._keeper.key_id:
                raise _KeyUnknownError(
                    f"the approved digest was made with key {key_id}, this host's is {self._keeper.key_id}"
                )
        content = intake.content
        if content is not None and (any(map(by_digest_alone, names)) or looks_like_private_key(content)):
            _note(observed, "compared by keyed digest alone")
        elif content is not None and how.content == "settings":
            self._take_settings(observed, content, how)
        if observed.digest is None:
            observed.digest = intake.keyed_digest()

    def _take_settings(self, observed: Observation, content: bytes, how: ReadingPlan) -> None:
        reading = self._parse(content, observed.item, how.format)
        document = reading.document
        if reading.problem is not None:
            observed.parse_problem = masked_problem(reading.problem, self._keeper)
        if document is None:
            _note(observed, "not text: compared by digest")
            return
        mask(document, self._keeper, partial(located, how.secret_queries) if how.secret_queries else None)
        observed.document = document
        if not document.secret and reading.problem is None:
            observed.digest = plain_digest(content)

    def _parse(self, content: bytes, item: str, syntax: str | None) -> Reading:
        if self._isolated is not None and len(content) > ISOLATED_BYTES:
            return self._isolated.parse(content, item, syntax)
        return read(content, item, syntax)


class _KeyUnknownError(Exception):
    """The approved digest was made with a key that is not here."""


def _gap(item: str, reason: str, detail: str) -> Observation:
    return Observation(item, gap=Gap(item, reason, detail))


def _not_taken(item: str, error: IsolationError | QueryFailedError | _KeyUnknownError) -> Observation:
    """Return the gap of an item whose content could not be taken in."""
    match error:
        case IsolationError():
            return _gap(item, error.reason, error.detail)
        case QueryFailedError():
            return _gap(item, "query-failed", str(error))
        case _:
            return _gap(item, SECRET_KEY_UNKNOWN, str(error))


def _note(observed: Observation, text: str) -> None:
    observed.notes = (*observed.notes, text)


def _links(found: Look) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(shown_path, found.links)))


def _names(item: str, found: Look) -> tuple[str, ...]:
    """Return every name under which the content stands; the last is what the kernel says, whatever was swapped meanwhile."""
    actual = (shown_path(found.actual),) if found.actual is not None else ()
    return (item, *map(shown_path, found.links), *actual)
