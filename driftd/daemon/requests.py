"""What the control socket answers. Everything is done in the loop of the service; a request only waits for it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator
from concurrent.futures import TimeoutError as FutureTimeoutError
from pathlib import Path
from typing import Final

import structlog

from driftd.approving.gather import UnknownSelectionError, gathering, run_selected
from driftd.approving.spool import Spool
from driftd.daemon.control import TASK_TIME, ControlError
from driftd.daemon.event_pages import events_page
from driftd.daemon.messages import Call, Reload, Task, UnwantedError
from driftd.daemon.peers import Access, Peer
from driftd.daemon.service import Service
from driftd.daemon.status import busy_shape, diff_page, status_shape
from driftd.model.document import Json
from driftd.outputs.delivery import DeliveryState
from driftd.sources.command import Outcome
from driftd.store.content import ContentStore
from driftd.store.errors import StoreError

log = structlog.get_logger(__name__)

PROMPT: Final = 2.0
"""Seconds that somebody who asks for the status waits for the loop."""
OPERATIONS: Final = ("status", "diff", "events", "propose", "adopt", "audit", "reload")
LOOP_TIME: Final = 30.0
"""Seconds that anybody else waits for it."""


class Requests:
    """Answers peers."""

    def __init__(
        self,
        service: Service,
        outputs: Callable[[], list[DeliveryState]],
        content: Callable[[], ContentStore],
        state: Path,
    ) -> None:
        self._service = service
        self._state = state
        self._outputs = outputs
        self._content = content

    def answer(self, operation: str, args: dict[str, Json], peer: Peer) -> Json:
        """Return the result of one operation; ControlError where it cannot be done."""
        if operation == "status":
            return self._status()
        if operation == "events":
            return self._events(args)
        work: dict[str, Callable[[], Json]] = {
            "diff": lambda: self._diff(args),
            "audit": lambda: self._audit(str(args.get("depth", "quick")), peer),
            "reload": lambda: self._reload(peer),
        }
        outcomes: dict[str, Outcome] = {}
        if operation == "propose" and not Access(os.geteuid()).allows(peer):
            raise ControlError(
                "only root and the daemon's own user approve: the proposal stands in the state directory"
            )
        if operation == "propose":  # here, where nobody but the one who asked has to wait
            outcomes = run_selected(self._service.engine.auditor, _words(args, "selection"))
        tasks: dict[str, Task] = {
            "propose": Task(lambda: self._propose(_words(args, "selection"), outcomes), peer.is_gone),
            "adopt": Task(lambda: self._adopt(_words(args, "baselines"), peer), before_audits=True),  # wanted or not
        }
        if operation in tasks:
            answer = self._in_loop(tasks[operation], TASK_TIME)
        elif operation in work:
            answer = self._in_loop(Call(work[operation]), LOOP_TIME)
        else:
            raise ControlError(f"unknown operation {operation!r}: one of {', '.join(OPERATIONS)}")
        if answer is None:
            raise ControlError(f"the daemon did not come to answer: it is {self._service.pulse.last().doing}")
        return answer

    def _in_loop(self, call: Call | Task, seconds: float) -> Json:
        """Return what the loop says; None where it does not come to it in time."""
        self._service.ask(call)
        try:
            return call.answer.result(seconds)
        except FutureTimeoutError:
            call.answer.cancel()
            return None
        except UnwantedError as error:
            raise ControlError("you hung up") from error
        except (StoreError, UnknownSelectionError, ValueError, KeyError) as error:
            raise ControlError(str(error)) from error

    def _status(self) -> Json:
        """What the loop says or, where it does not come to it, what can be said without it."""
        told = self._in_loop(Call(lambda: status_shape(self._service, self._outputs())), PROMPT)
        return told or busy_shape(self._service, self._outputs())

    def _events(self, args: dict[str, Json]) -> Json:
        try:
            return events_page(self._service.engine.store.journal, args)
        except StoreError as error:
            raise ControlError(str(error)) from error

    def _diff(self, args: dict[str, Json]) -> Json:
        after = args.get("after")
        match after:
            case None:
                place = None
            case [int(rank), str(item), str(drift_id)] if 0 <= rank < 100:
                place = (rank, item, drift_id)
            case _:
                raise ControlError("after is a place: rank, item, drift")
        store, items = self._service.engine.store, _words(args, "items")
        page = store.attempt(lambda database: diff_page(database, items, place))
        if page is None:
            raise ControlError(str(store.trouble))
        return page

    def _propose(self, selection: list[str], outcomes: dict[str, Outcome]) -> Generator[None, None, Json]:
        """Gather in a spool, which the one who asked takes."""
        spool = Spool.make(self._state, os.urandom(8).hex(), time.time())
        try:
            gathered = yield from gathering(self._service.engine.auditor, selection, self._content(), outcomes, spool)
        except BaseException:
            spool.hide()
            raise
        finally:
            spool.close()
        return gathered.to_wire()

    def _adopt(self, baselines: list[str], peer: Peer) -> Generator[None, None, Json]:
        for name in baselines:
            if name in self._service.engine.auditor.scope.baselines:
                log.info("adopting what was approved", baseline=name, **peer.to_json())
                yield from self._service.adoption.adopting(name, peer)
                if (withheld := self._service.adoption.withheld(name)) is not None:
                    raise ValueError(f"{withheld.item} is not taken over: {withheld.detail}")
        return {"adopted": list(baselines)}

    def _audit(self, depth: str, peer: Peer) -> Json:
        if depth not in ("quick", "deep"):
            raise ControlError(f"unknown depth {depth!r}")
        log.info("an audit was asked for", depth=depth, **peer.to_json())
        self._service.audits.want(depth, "command")
        return {"wanted": depth}

    def _reload(self, peer: Peer) -> Json:
        log.info("a reload was asked for", **peer.to_json())
        self._service.inbox.put(Reload(peer))
        return {"wanted": "reload"}


def _words(args: dict[str, Json], name: str) -> list[str]:
    value = args.get(name, [])
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ControlError(f"{name} is a list of strings")
    return [str(word) for word in value]
