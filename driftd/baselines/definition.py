"""Baselines as people wrote them: every `NAME/baseline.yaml` that applies to this host, or every reason why not."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from driftd.baselines.layer import HOSTS, MANIFEST
from driftd.baselines.ownership import ties
from driftd.baselines.vocabulary import BASELINE
from driftd.model.baseline import Baseline, CommandItem, ItemPattern
from driftd.model.document import Node, Steps
from driftd.settings.load import in_order, read_yaml
from driftd.settings.problems import ConfigProblem, ConfigurationError
from driftd.settings.trust import Trust
from driftd.settings.typed import convert
from driftd.sources.glob import Glob

FILE_NAME = "baseline.yaml"


@dataclass(frozen=True, slots=True)
class LoadedBaseline:
    """A baseline and where it stands."""

    definition: Baseline
    directory: Path
    """Holds `baseline.yaml` and what is approved."""
    digest: str
    """`sha256:HEX` of the definition's file."""
    item_lines: tuple[int | None, ...] = ()
    """Line of each item pattern, for messages."""

    @property
    def file(self) -> Path:
        """The definition's file."""
        return self.directory / FILE_NAME


def load_baselines(directories: Sequence[Path], labels: Mapping[str, str], trust: Trust) -> list[LoadedBaseline]:
    """Return the baselines for a host with these labels, by name; raise ConfigurationError with every problem."""
    return load_defined(directories, labels, trust)[0]


def load_defined(
    directories: Sequence[Path], labels: Mapping[str, str], trust: Trust
) -> tuple[list[LoadedBaseline], frozenset[str]]:
    """Return the same, and the names of the baselines that are for other hosts.

    Each directory is a baseline itself or holds baselines, one directory each; hidden ones are skipped. Baselines for
    other hosts are checked as well, so that a mistake is found where it is made.
    """
    loaded: list[LoadedBaseline] = []
    problems: list[ConfigProblem] = []
    for directory in _baseline_directories(directories, trust, problems):
        baseline, trouble = _read(directory, trust)
        problems += trouble
        loaded += [baseline] if baseline else []
    problems += _namesakes(loaded)
    meant = [baseline for baseline in loaded if baseline.definition.applies(dict(labels))]
    problems += _overlaps(meant)
    problems += _same_commands(meant)
    if problems:
        raise ConfigurationError(in_order(problems))
    others = {baseline.definition.name for baseline in loaded} - {baseline.definition.name for baseline in meant}
    return sorted(meant, key=lambda baseline: baseline.definition.name), frozenset(others)


def _baseline_directories(directories: Sequence[Path], trust: Trust, problems: list[ConfigProblem]) -> list[Path]:
    found: dict[str, Path] = {}
    for directory in directories:
        trouble = trust.check(directory)
        if not trouble:
            here, trouble = _those_in(directory)
            found |= {str(path.resolve()): path for path in here}  # named twice, loaded once
        problems += trouble
    return list(found.values())


def _those_in(directory: Path) -> tuple[list[Path], list[ConfigProblem]]:
    try:
        if os.path.lexists(directory / FILE_NAME):
            return [directory], []
        children = sorted(child for child in directory.iterdir() if not child.name.startswith(".") and child.is_dir())
        present = [child for child in children if os.path.lexists(child / FILE_NAME)]
        problems = [trouble for child in children if child not in present for trouble in _misnamed(child)]
    except OSError as refused:
        message = f"cannot be listed: {refused.strerror}"
        return [], [ConfigProblem(str(directory), None, message, "name a directory that holds baselines")]
    if not present and not problems:
        hint = f"write {directory}/NAME/{FILE_NAME}, or run `driftd init`"
        problems = [ConfigProblem(str(directory), None, "holds no baseline", hint)]
    return present, problems


def _misnamed(directory: Path) -> list[ConfigProblem]:
    """Report a directory that is meant to be a baseline and would silently not be audited."""
    layers = (*directory.glob(MANIFEST), *directory.glob(f"{HOSTS}/*/{MANIFEST}"))
    for left in (*directory.glob("baseline.yml"), *layers):
        message = f"has {left.relative_to(directory)} and no {FILE_NAME}"
        hint = f"restore {FILE_NAME}, or remove all of it" if left in layers else f"rename it to {FILE_NAME}"
        return [ConfigProblem(str(directory), None, message, hint)]
    return []


def _read(directory: Path, trust: Trust) -> tuple[LoadedBaseline | None, list[ConfigProblem]]:
    file = directory / FILE_NAME
    problems = [*trust.check(directory), *trust.check(file)]
    if problems:
        return None, problems
    document, content, problems = read_yaml(file)
    if document is None:
        return None, problems
    definition, wrong = convert(document.root, Baseline, str(file), BASELINE)
    problems += [*wrong, *_whole(document.root, str(file), _name_of(directory))]
    if definition is None or problems:
        return None, problems
    lines = tuple(node.line for node in _members(document.root, "items"))
    problems += _powers(definition, file, lines)
    if problems:
        return None, problems
    digest = "sha256:" + hashlib.sha256(content).hexdigest()
    return LoadedBaseline(definition, directory, digest, lines), problems


def _powers(definition: Baseline, file: Path, lines: Sequence[int | None]) -> list[ConfigProblem]:
    """Refuse commands that keep driftd's rights, or take those of a user, where others than root have written them."""
    wanted = [
        (line, index, "privileged" if item.privileged else "user")
        for index, (item, line) in enumerate(zip(definition.items, lines, strict=True))
        if isinstance(item, CommandItem) and (item.privileged or item.user is not None)
    ]
    open_to = Trust.service().check(file) if wanted else []
    if not open_to:
        return []
    why = f"only in a baseline that root alone can change: {open_to[0].file} {open_to[0].message}"
    return [
        ConfigProblem(str(file), line, f"items[{index}].{key}: {why}", open_to[0].hint) for line, index, key in wanted
    ]


def _name_of(directory: Path) -> str:
    """Return a directory's name as it is written: a link's own name, not what it leads to."""
    return directory.name if directory.name != ".." else directory.resolve().name


def _whole(root: Node, file: str, directory_name: str) -> list[ConfigProblem]:
    """Check what concerns several parts of a file; works on a tree that is wrong elsewhere."""
    if not isinstance(root.value, dict):
        return []
    problems = []
    name = root.value.get("name")
    if name and isinstance(name.value, str) and name.value != directory_name:
        message = f'name: "{name.value}" stands in the directory "{directory_name}"'
        problems.append(ConfigProblem(file, name.line, message, "make the two equal: one name, everywhere"))
    if not _members(root, "items") and not _members(root, "rules"):
        problems.append(ConfigProblem(file, root.line, "a baseline without items", "name what it audits under items:"))
    problems += _repeated(root, file, "items", "path", "path")
    problems += _repeated(root, file, "items", "name", "command")
    problems += _repeated(root, file, "rules", "id", "rule")
    return problems


def _members(root: Node, *steps: str) -> list[Node]:
    node = root.at(steps)
    return node.value if node and isinstance(node.value, list) else []


def _repeated(root: Node, file: str, among: str, member: str, what: str) -> list[ConfigProblem]:
    first: dict[str, int | None] = {}
    problems = []
    for index in range(len(_members(root, among))):
        steps: Steps = (among, index, member)
        node = root.at(steps)
        if node is None or not isinstance(node.value, str):
            continue
        if node.value in first:
            message = f'{among}[{index}]: {what} "{node.value}" is there already, in line {first[node.value]}'
            problems.append(ConfigProblem(file, node.line, message, "remove one of the two"))
        first.setdefault(node.value, node.line)
    return problems


def _namesakes(loaded: Sequence[LoadedBaseline]) -> list[ConfigProblem]:
    first: dict[str, LoadedBaseline] = {}
    problems = []
    for baseline in loaded:
        name = baseline.definition.name
        if name in first:
            message = f'two baselines are called "{name}": the other is {first[name].file}'
            problems.append(ConfigProblem(str(baseline.file), None, message, "rename one, and its directory"))
        first.setdefault(name, baseline)
    return problems


def _same_commands(loaded: Sequence[LoadedBaseline]) -> list[ConfigProblem]:
    first: dict[str, str] = {}
    problems = []
    for baseline in loaded:
        for index, item in enumerate(baseline.definition.items):
            if not isinstance(item, CommandItem):
                continue
            where = f"{baseline.file}:{baseline.item_lines[index]}"
            if item.name in first:
                message = f'items[{index}]: a command "{item.name}" is in {first[item.name]} as well'
                problems.append(
                    ConfigProblem(str(baseline.file), baseline.item_lines[index], message, "rename one of the two")
                )
            first.setdefault(item.name, where)
    return problems


def _overlaps(loaded: Sequence[LoadedBaseline]) -> list[ConfigProblem]:
    places = [
        (baseline, index, item)
        for baseline in loaded
        if baseline.definition.approved != "none"
        for index, item in enumerate(baseline.definition.items)
        if isinstance(item, ItemPattern)
    ]
    patterns = [(one.definition.name, Glob(pattern.path)) for one, _, pattern in places]
    problems = []
    for first, second in ties(patterns):
        (one, at, pattern), (other, other_at, other_pattern) = places[first], places[second]
        mine, theirs = pattern.path, other_pattern.path
        where = f"{other.file}:{other.item_lines[other_at]}"
        message = f"{mine} and {theirs} in {where} are equally specific: which baseline owns an item of both?"
        problems.append(ConfigProblem(str(one.file), one.item_lines[at], message, "make one of them more specific"))
    return problems
