"""The open drifts, page by page: however many there are, nobody holds them all."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from driftd.app import Host
from driftd.daemon.control import DaemonAbsentError, NoAnswerError, ask
from driftd.daemon.status import diff_page
from driftd.model.document import Json
from driftd.store.tables import Place
from driftd.workplace import open_view

PATIENCE = 40.0
"""Seconds that the daemon has for a page."""


@contextmanager
def open_drifts(host: Host, items: list[str]) -> Iterator[Iterator[Json]]:
    """Yield the open drifts of some items (none: of all), the worst first: from the daemon, or what the state says."""
    socket = host.settings.control_socket
    try:
        first = ask(socket, "diff", {"items": list(items)}, timeout=PATIENCE)
    except (DaemonAbsentError, NoAnswerError):
        with open_view(host) as (_, database):
            yield _following(diff_page(database, items, None), lambda after: diff_page(database, items, after))
        return
    yield _following(first, lambda after: ask(socket, "diff", {"after": list(after)}, timeout=PATIENCE))


def _following(page: Json, more: Callable[[Place], Json]) -> Iterator[Json]:
    while True:
        assert isinstance(page, dict) and isinstance(page["drifts"], list)
        yield from page["drifts"]
        match page["next"]:
            case [int(rank), str(item), str(drift_id)]:
                page = more((rank, item, drift_id))
            case _:
                return
