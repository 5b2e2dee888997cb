"""Which settings file is meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from driftd.settings.locate import locate
from driftd.settings.problems import ConfigurationError


def test_the_order_is_option_environment_system_directory(tmp_path: Path) -> None:
    system, here = tmp_path / "system.yaml", tmp_path / "driftd.yaml"
    environment = {"DRIFTD_CONFIG": "/from/environment.yaml"}
    for path in (system, here):
        path.touch()
    assert locate("mine.yaml", environment, tmp_path, system) == tmp_path / "mine.yaml"
    assert locate(None, environment, tmp_path, system) == Path("/from/environment.yaml")
    assert locate(None, {}, tmp_path, system) == system
    system.unlink()
    assert locate(None, {}, tmp_path, system) == here


def test_an_empty_variable_names_nothing(tmp_path: Path) -> None:
    (tmp_path / "driftd.yaml").touch()
    assert locate(None, {"DRIFTD_CONFIG": ""}, tmp_path, tmp_path / "none") == tmp_path / "driftd.yaml"


def test_a_dangling_link_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "system.yaml").symlink_to("gone")
    assert locate(None, {}, tmp_path, tmp_path / "system.yaml") == tmp_path / "system.yaml"


def test_where_nothing_is_there_the_message_names_the_ways(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"driftd init.*--config.*DRIFTD_CONFIG"):
        locate(None, {}, tmp_path, tmp_path / "none")
