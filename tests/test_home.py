"""Tests and their subprocesses cannot write to the user's home folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore.storage import cache
from tests import home


def test_library_and_subprocesses_use_the_temporary_home() -> None:
    code = "from pathlib import Path; print(Path.home())"
    child_home = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(child_home) == Path.home() != home.USERS_HOME
    assert cache.DEFAULT_DIR.expanduser().is_relative_to(child_home)


@pytest.mark.parametrize("write", [Path.mkdir, Path.touch, lambda path: path.write_text("")])
def test_a_write_to_the_users_home_is_an_error(write: Callable[[Path], object]) -> None:
    file = home.USERS_HOME / ".spatialcore-trace"
    with pytest.raises(PermissionError, match="touches the user's home"):
        write(file)
    assert not file.exists()
    assert str(file) in " ".join(home.violations())


@pytest.mark.parametrize("environment", [{}, {"HOME": str(home.USERS_HOME)}])
def test_a_program_with_the_users_home_is_an_error(environment: dict[str, str]) -> None:
    with pytest.raises(PermissionError, match="started with the user's home"):
        subprocess.run([sys.executable, "-c", ""], env=environment, check=True)
    assert len(home.violations()) == 1


def test_a_program_with_another_home_is_started(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ""], env=os.environ | {"HOME": str(tmp_path)}, check=True)
    assert home.violations() == []
