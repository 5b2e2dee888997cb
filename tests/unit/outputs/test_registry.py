from __future__ import annotations

import fcntl
import io
import json
import os
import struct
import termios
from pathlib import Path

import pytest

from driftd.outputs.journald import JournaldOutput
from driftd.outputs.jsonl import JsonLinesOutput
from driftd.outputs.registry import FALLBACK_WIDTH, Surroundings, build
from driftd.settings.outputs import JournaldSettings, JsonLinesSettings, StdoutSettings
from tests.contracts.output_suite import an_event


class Terminal(io.TextIOWrapper):
    def isatty(self) -> bool:
        return True


def written(settings: StdoutSettings, *, terminal: bool, **environment: str) -> str:
    bytes_ = io.BytesIO()
    stdout = (Terminal if terminal else io.TextIOWrapper)(bytes_)
    build("stdout", settings, Surroundings(stdout, environment)).send([an_event()])
    return bytes_.getvalue().decode()


def test_standard_output_is_for_people_on_a_terminal_and_for_programs_elsewhere() -> None:
    assert written(StdoutSettings(), terminal=True).startswith("\x1b[2m10:00:00")
    assert json.loads(written(StdoutSettings(), terminal=False))


def test_the_format_can_be_said() -> None:
    assert json.loads(written(StdoutSettings(format="json"), terminal=True))
    assert written(StdoutSettings(format="pretty"), terminal=False).startswith("10:00:00.001 HIGH")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_colour_can_be_declined(environment: dict[str, str]) -> None:
    assert "\x1b" not in written(StdoutSettings(), terminal=True, **environment)


def test_the_width_is_the_terminals() -> None:
    assert Surroundings(io.TextIOWrapper(io.BytesIO()), {}).width() == FALLBACK_WIDTH
    ours, theirs = os.openpty()
    with open(theirs, "w") as stdout:
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 133, 0, 0))
        assert Surroundings(stdout, {}).width() == 133
    os.close(ours)


def test_the_others_are_built_from_their_settings(tmp_path: Path) -> None:
    around = Surroundings(io.TextIOWrapper(io.BytesIO()), {})
    assert isinstance(build("journald", JournaldSettings(), around), JournaldOutput)
    output = build("jsonl", JsonLinesSettings(path=tmp_path / "e.jsonl"), around)
    assert isinstance(output, JsonLinesOutput)
    output.send([an_event()])
    output.close()
    assert (tmp_path / "e.jsonl").stat().st_mode & 0o777 == 0o640


def test_settings_of_another_output_are_refused() -> None:
    with pytest.raises(TypeError, match="jsonl is built from JsonLinesSettings"):
        build("jsonl", JournaldSettings(), Surroundings(io.TextIOWrapper(io.BytesIO()), {}))
