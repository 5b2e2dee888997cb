"""`driftd rekey`: replace the secret key; approved items that can be proved get fingerprints of the new one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from driftd.acting import as_owner_of
from driftd.app import Host, commit, open_host
from driftd.baselines.approved import ApprovedLayers
from driftd.baselines.proposal import ApprovalError, Proposal, prepare
from driftd.cli.approve import add_author, author
from driftd.cli.desk import add_root, agreed, chosen_root
from driftd.cli.main import DRIFT, INCOMPLETE, OK
from driftd.cli.options import add_config, add_json, print_json
from driftd.cli.refusals import Refusal, UsageError
from driftd.cli.render import gap_lines
from driftd.cli.style import Style
from driftd.daemon.control import DaemonAbsentError, ask
from driftd.keyfile import existing_key, keep_next, next_key, use_next
from driftd.model.document import Json
from driftd.rekeying import Keyed, Rekeyed, rekey
from driftd.settings.trust import Trust
from driftd.surroundings import Surroundings
from driftd.workplace import open_workplace

EXAMPLE = 'driftd rekey --reason "the old key was on a stolen backup"'


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rekey`."""
    parser.add_argument(
        "--key", metavar="FILE", type=Path, help="the new key, as another host made it (default: a new one)"
    )
    add_author(parser, "why the key is replaced")
    add_root(parser)
    add_config(parser)
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Prove and fingerprint, ask, write the approved files, replace the key, and have it used."""
    around = Surroundings.of_process()
    root, told = chosen_root(args.config, args.root, around)
    beside = told is not None
    now = open_host(args.config, around, root=root, anonymous=beside)
    try:
        with as_owner_of(now.settings.state):
            fresh = _fresh_key(now, around.key_trust(now.settings.state), args.key)
            then = open_host(args.config, around, root=root, anonymous=beside, key=fresh)
            try:
                return _replace(now, then, fresh, args)
            finally:
                then.close()
    finally:
        now.close()


def _fresh_key(now: Host, trust: Trust, given: Path | None) -> bytes:
    file = now.settings.key_file
    try:
        present = existing_key(file, trust)
        fresh = next_key(file, trust, given)
    except FileNotFoundError as error:
        raise UsageError(f"{error.filename}: there is no key") from error
    except PermissionError as error:
        raise UsageError(f"{error.filename}: not readable by you: run driftd as its owner") from error
    if fresh == present:
        raise UsageError("that is the key in use")
    return fresh


def _replace(now: Host, then: Host, fresh: bytes, args: argparse.Namespace) -> int:
    running = _daemon_runs(now)
    workplace = None if running else open_workplace(now, "driftd rekey", lambda _: None)
    try:
        rekeyed = rekey(*(Keyed(host.auditor, host.keeper, host.content) for host in (now, then)))
        proposals = _proposals(now, rekeyed, args)
        if not args.json:
            _show(now, then, rekeyed)
        if not agreed(args, rekeyed.count, "replace the key of"):
            print("the key was not replaced", file=sys.stderr)
            return DRIFT
        keep_next(now.settings.key_file, fresh)
        revisions = _write(now, proposals)
        former = use_next(now.settings.key_file)
        if workplace is not None:
            workplace.engine.auditor = then.auditor
            workplace.engine.auditor.approvals.layers.update({name: _layers(now, name) for name in now.scope.baselines})
            workplace.adoption.reconcile()
        else:
            ask(now.settings.control_socket, "reload")
        if not rekeyed.gaps:
            then.content.collect(rekeyed.digests)  # under the names of the old key nobody finds them
    finally:
        if workplace is not None:
            workplace.engine.store.close()
    return _told(now, then, rekeyed, revisions, former, args)


def _daemon_runs(host: Host) -> bool:
    try:
        ask(host.settings.control_socket, "status")
    except DaemonAbsentError:
        return False
    return True


def _proposals(host: Host, rekeyed: Rekeyed, args: argparse.Namespace) -> list[tuple[str, Proposal]]:
    """Return what is written in each layer, made from the layers as they were when their items were proved."""
    found = []
    for shared, layer in ((True, rekeyed.shared), (False, rekeyed.host)):
        for name, items in layer.items():
            layers = host.auditor.approvals.layers[name]
            found.append((name, prepare(layers, items, author(args), shared=shared)))
    return found


def _write(host: Host, proposals: list[tuple[str, Proposal]]) -> dict[str, int]:
    try:
        for name, proposal in proposals:
            commit(host, name, proposal)
    except ApprovalError as refused:
        raise Refusal(f"{refused}\nthe key is not replaced yet: `driftd rekey` goes on where this ended") from refused
    return {name: proposal.after.revision for name, proposal in proposals}


def _layers(host: Host, name: str) -> ApprovedLayers:
    return ApprovedLayers(host.scope.baselines[name].directory, host.facts.name, host.trust)


def _show(now: Host, then: Host, rekeyed: Rekeyed) -> None:
    print(f"key {now.keeper.key_id} -> {then.keeper.key_id}")
    for where, layer in (("of all hosts", rekeyed.shared), (f"of {now.facts.name}", rekeyed.host)):
        for name, items in layer.items():
            print(f"{name}: {len(items)} items {where} get new fingerprints")
    for line in gap_lines([(gap.item, gap.reason, gap.detail) for gap in rekeyed.gaps], Style.of(sys.stdout)):
        print(line)


def _told(
    now: Host, then: Host, rekeyed: Rekeyed, revisions: dict[str, int], former: Path, args: argparse.Namespace
) -> int:
    if args.json:
        body: dict[str, Json] = {
            "key": {"before": now.keeper.key_id, "after": then.keeper.key_id, "kept": str(former)},
            "items": {
                name: [*rekeyed.shared.get(name, {}), *rekeyed.host.get(name, {})]
                for name in sorted(rekeyed.shared.keys() | rekeyed.host.keys())
            },
            "gaps": [gap.to_json() for gap in rekeyed.gaps],
            "revisions": dict(revisions),
        }
        print_json("rekey", body)
    else:
        for name, revision in revisions.items():
            print(f"{name}: revision {revision} approved")
        print(f"the key is replaced; the old one is in {former}: delete it when no host needs it")
    return INCOMPLETE if rekeyed.gaps else OK
