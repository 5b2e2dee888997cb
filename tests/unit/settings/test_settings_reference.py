"""docs/reference/settings.md has every key of the settings, and its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, get_args

from msgspec import NODEFAULT, UNSET, Struct
from msgspec.structs import fields

from driftd.settings.host import APPLICATION
from driftd.settings.outputs import OutputSettings
from driftd.settings.types import Settings

PAGE = Path(__file__).parents[3] / "docs/reference/settings.md"


def spelled(default: Any) -> str:
    match default:
        case None | () | {}:
            return "none"
        case bool():
            return f"`{str(default).lower()}`"
        case _ if default is NODEFAULT:
            return "required"
        case _:
            return f"`{default}`"


def keys_of(settings: type[Struct], above: str = "") -> Iterator[tuple[str, str]]:
    for info in fields(settings):
        default = info.default if info.default_factory is NODEFAULT else info.default_factory()
        if isinstance(default, Struct):
            yield from keys_of(type(default), f"{above}{info.encode_name}.")
        elif default is UNSET:
            yield from keys_of(get_args(info.type)[0], f"{above}{info.encode_name}.")
        else:
            yield above + info.encode_name, spelled(default)


def rows_of(text: str) -> dict[str, str]:
    return dict(re.findall(r"^\| `([^`]+)` \| (.+?) \|", text, re.MULTILINE))


def test_every_key_and_default_is_documented_and_nothing_else() -> None:
    text = PAGE.read_text()
    keys, outputs = text.split("## Outputs")
    assert rows_of(keys) == dict(keys_of(Settings))
    assert rows_of(outputs) == dict(keys_of(OutputSettings))


def test_the_example_of_the_page_is_accepted(tmp_path: Path) -> None:
    import os

    from driftd.settings.load import load
    from driftd.settings.trust import Trust

    file = tmp_path / "driftd.yaml"
    example = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert example
    file.write_text(example[1])
    file.chmod(0o600)
    settings = load(file, trust=Trust.of_user(os.getuid()))
    assert settings.baselines == (PurePath("/etc/driftd/baselines"),)


def test_the_number_the_hosts_id_is_made_with_is_the_documented_one() -> None:
    assert f"--app-specific={APPLICATION.hex()}`" in PAGE.read_text()
