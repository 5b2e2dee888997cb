"""What a reload changes, told: each setting with both values, each baseline with what of it is another one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from msgspec import UNSET, Struct
from msgspec.structs import fields

from driftd.app import Host
from driftd.model.document import Document, Json, Steps, node_from_json
from driftd.model.keys import render_key
from driftd.secrets.mask import mask
from driftd.settings.types import Settings

_MAX_VALUE: Final = 1024


def changed_settings(now: Host, fresh: Host) -> list[dict[str, Json]]:
    """Return each setting that is another one: its key, and what it was and is, in text, secrets as fingerprints."""
    before, after = (dict(_flat(_masked(host, fresh), ())) for host in (now, fresh))
    gone, new = (dict(_flat(_tree(host.settings, sparse=True), ())) for host in (now, fresh))
    differing = {steps for steps in before.keys() & after.keys() if before[steps] != after[steps]}
    changed: list[dict[str, Json]] = []
    one_sided = {steps for steps in gone if not _is_in(steps, after)} | {
        steps for steps in new if not _is_in(steps, before)
    }
    for steps in sorted(differing | one_sided, key=str):
        setting: dict[str, Json] = {"key": render_key(steps)}
        for side, all_values, said in (("before", before, gone), ("after", after, new)):
            if steps in all_values or steps in said:
                setting[side] = _text(all_values.get(steps, said.get(steps)))
        changed.append(setting)
    return changed


def _is_in(steps: Steps, values: Iterable[Steps]) -> bool:
    """Whether there is a value at a place, or below it."""
    return any(place[: len(steps)] == steps for place in values)


def changed_baselines(now: Host, fresh: Host) -> dict[str, list[str]]:
    """Return which baselines are others, and what of them: `added`, `removed`, `definition`, `approved`."""
    before, after = ({each.definition.name: each for each in host.baselines} for host in (now, fresh))
    found: dict[str, list[str]] = {}
    for name in sorted({*before, *after}):
        if name not in before or name not in after:
            found[name] = ["removed" if name in before else "added"]
            continue
        what = ["definition"] if before[name].digest != after[name].digest else []
        approved = [host.auditor.approvals.layers[name].sha256 for host in (now, fresh)]
        what += ["approved"] if approved[0] != approved[1] else []
        if what:
            found[name] = what
    return found


def values_of(settings: Settings) -> dict[Steps, Json]:
    """Return every setting by its place, with what holds where nothing is said."""
    return dict(_flat(_tree(settings), ()))


def _tree(value: object, *, sparse: bool = False) -> Json:
    """Return settings as they would be written, with what holds where nothing is; `sparse`: without."""
    match value:
        case Struct():
            below = {info.encode_name: (getattr(value, info.name), info.default) for info in fields(value)}
            return {
                name: _tree(member, sparse=sparse)
                for name, (member, default) in below.items()
                if member is not UNSET and not (sparse and member == default)
            }
        case dict():
            return {str(name): _tree(member, sparse=sparse) for name, member in value.items()}
        case tuple():
            return [_tree(member, sparse=sparse) for member in value]
        case None | bool() | int():
            return value if type(value) in (type(None), bool, int) else str(value)
        case _:
            return str(value)


def _masked(host: Host, fresh: Host) -> Json:
    tree = _tree(host.settings)
    document = Document(str(host.file), "yaml", node_from_json(tree))
    hidden = {steps for steps, _ in _flat(tree, ()) if steps[-1] == "url" or "headers" in steps}
    mask(document, fresh.keeper, lambda _: hidden)  # what stands in a URL may be a secret, whatever it looks like
    return document.root.to_json()


def _flat(value: Json, steps: Steps) -> Iterator[tuple[Steps, Json]]:
    if isinstance(value, dict) and value:
        for name, member in value.items():
            yield from _flat(member, (*steps, name))
    elif isinstance(value, list) and value:
        for index, member in enumerate(value):
            yield from _flat(member, (*steps, index))
    else:
        yield steps, value


def _text(value: Json) -> str:
    text = value if isinstance(value, str) else "none" if value is None else str(value).lower()
    return text if len(text) <= _MAX_VALUE else text[:_MAX_VALUE] + "…"


def changed_sections(now: Settings, fresh: Settings) -> list[str]:
    """Return the names of the sections of the settings that are others."""
    return [name for name in now.__struct_fields__ if getattr(now, name) != getattr(fresh, name)]
