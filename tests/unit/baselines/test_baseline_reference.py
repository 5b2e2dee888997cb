"""docs/reference/baseline.md has every key of a baseline, and its default."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import NODEFAULT, UNSET, Struct
from msgspec.structs import fields

from driftd.baselines.definition import load_baselines
from driftd.model.baseline import Baseline, CommandItem, Identify, Ignore, ItemPattern, Rule, SecretKey, Vary
from driftd.settings.trust import Trust

PAGE = Path(__file__).parents[3] / "docs/reference/baseline.md"


def spelled(default: Any) -> str:
    if default is NODEFAULT:
        return "required"
    if default in (None, (), UNSET):
        return "none"
    if isinstance(default, tuple):
        return f"`{', '.join(default)}`"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


@pytest.mark.parametrize(
    ("section", "described"),
    [
        ("The baseline", Baseline),
        ("items", ItemPattern),
        ("Commands", CommandItem),
        ("ignore", Ignore),
        ("identify", Identify),
        ("secrets", SecretKey),
        ("vary", Vary),
        ("rules", Rule),
    ],
)
def test_every_key_and_default_is_documented_and_nothing_else(section: str, described: type[Struct]) -> None:
    text = PAGE.read_text().split(f"\n## {section}\n")[1].split("\n## ")[0]
    rows = dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|", text, re.MULTILINE))
    assert rows == {info.encode_name: spelled(info.default) for info in fields(described)}


def test_the_example_of_the_page_is_accepted(tmp_path: Path) -> None:
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example
    file = tmp_path / "eventify-api/baseline.yaml"
    file.parent.mkdir(mode=0o755)
    file.write_text(example[1])
    file.chmod(0o600)
    (loaded,) = load_baselines([tmp_path], {"role": "api"}, Trust.of_user(os.getuid()))
    assert loaded.definition.rules[0].id == "EVT-DB-HOST"
