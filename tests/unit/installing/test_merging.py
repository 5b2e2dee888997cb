"""driftd.yaml as it is first written, and what a later version adds to one that people have changed."""

from __future__ import annotations

import copy
import json
import os
import re
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from driftd.installing.merging import UnreadableSettingsError, merged
from driftd.installing.settings_text import settings_text
from driftd.settings.load import load
from driftd.settings.trust import Trust
from driftd.settings.types import Settings

SCHEMA: dict[str, Any] = json.loads((resources.files("driftd") / "schemas/settings.json").read_bytes())
CHOSEN: dict[str, Any] = {
    "baselines": ["baselines"],
    "state": "/var/lib/driftd",
    "audit.deep": "0 3 * * *",
    "outputs": [{"journald": {}}, {"jsonl": {"path": "/var/log/driftd/events.jsonl", "mode": "0640"}}],
}


def loaded(directory: Path, text: str) -> Settings:
    file = directory / "driftd.yaml"
    file.write_text(text)
    file.chmod(0o600)
    return load(file, trust=Trust.of_user(os.getuid()))


def later(section: str, name: str, default: Any) -> dict[str, Any]:
    """Return the schema of a version that knows one more key."""
    schema = copy.deepcopy(SCHEMA)
    where = schema["properties"] if not section else schema["properties"][section]["properties"]
    where[name] = {"type": "string", "description": "What is new.", "default": default}
    return schema


def test_the_first_file_is_accepted_and_sets_what_was_chosen(tmp_path: Path) -> None:
    settings = loaded(tmp_path, settings_text(SCHEMA, CHOSEN))
    assert settings.state == Path("/var/lib/driftd")
    assert settings.baselines == (tmp_path / "baselines",)
    assert [list(output.chosen) for output in settings.outputs] == [["journald"], ["jsonl"]]


def test_every_key_stands_there_and_with_every_sign_removed_the_defaults_are_as_they_were(tmp_path: Path) -> None:
    text = settings_text(SCHEMA, CHOSEN)
    bare = re.sub(r"^#( *[a-z_]+:)", r"\1", text, flags=re.MULTILINE)
    assert bare != text
    assert loaded(tmp_path, bare) == loaded(tmp_path, text)
    for key, entry in SCHEMA["properties"].items():
        assert re.search(rf"^#?{key}:", text, re.MULTILINE)
        assert [
            name for name in entry.get("properties", ()) if not re.search(rf"^#?  {name}:", text, re.MULTILINE)
        ] == []


def test_a_file_of_this_version_lacks_nothing() -> None:
    text = settings_text(SCHEMA, CHOSEN)
    assert merged(text, SCHEMA) == (text, [])


def test_what_a_person_set_commented_or_removed_stays_as_it_is(tmp_path: Path) -> None:
    text = (
        settings_text(SCHEMA, CHOSEN).replace("#  every: 15m", "  every: 1h   # busy host").replace("# Between", "# My")
    )
    result, added = merged(text, later("audit", "speed", "100/s"))
    assert added == ["audit.speed"]
    kept = result.splitlines()
    for line in text.splitlines():
        kept.remove(line)
    assert kept == ["  # What is new.", "#  speed: 100/s"]
    assert float(loaded(tmp_path, result).audit.every) == 3600
    assert merged(result, later("audit", "speed", "100/s")) == (result, [])


@pytest.mark.parametrize(
    "text",
    [
        "baselines: [x]\n",
        "baselines: [x]\naudit: {every: 1h}   # one line\n",
        "audit:\n    every: 1h\n    jitter: 1s\nbaselines:\n- x\n",
        "audit:\n\n# said by me: much\n  every: 1h\nbaselines: [x]",
        "---\nbaselines: [x]\nhost: {labels: {every: day}}\naudit: {}\n",
    ],
)
def test_a_short_file_gets_all_that_it_does_not_name_and_means_what_it_meant(text: str, tmp_path: Path) -> None:
    result, added = merged(text, SCHEMA)
    assert "journal" in added
    assert loaded(tmp_path, result) == loaded(tmp_path, text)
    assert [line for line in text.splitlines() if line not in result.splitlines()] == []
    assert merged(result, SCHEMA) == (result, [])


def test_what_is_added_can_be_set_by_removing_the_sign(tmp_path: Path) -> None:
    result, _ = merged("audit:\n    every: 1h\nbaselines: [x]\n", SCHEMA)
    set_now = result.replace("#    jitter: 60s", "    jitter: 7s").replace("#  poll: 5s", "  poll: 9s")
    assert set_now != result
    settings = loaded(tmp_path, set_now)
    assert list(map(float, (settings.audit.jitter, settings.watch.poll, settings.audit.every))) == [7, 9, 3600]


@pytest.mark.parametrize("text", ["baselines: [x\n", "a: 1\n---\nb: 2\n... }\n"])
def test_what_is_no_yaml_is_refused(text: str) -> None:
    with pytest.raises(UnreadableSettingsError):
        merged(text, SCHEMA)


@pytest.mark.parametrize(
    "text", ['{"baselines": ["x"], "audit": {"every": "1h"}}\n', "# ours\n---\n{baselines: [x]}\n"]
)
def test_a_file_without_room_for_comments_stays_as_it_is(text: str) -> None:
    assert merged(text, SCHEMA) == (text, [])


def test_a_section_that_cannot_be_found_in_the_text_is_refused() -> None:
    with pytest.raises(UnreadableSettingsError, match="audit is written in another way"):
        merged('baselines: [x]\n"audit":\n  every: 1h\n', SCHEMA)
