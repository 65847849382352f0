"""The suite stays out of the user's home, and is told where it does not."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from spatialcore.storage import cache
from tests import home


def test_the_library_and_the_programs_it_starts_live_in_the_sessions_home() -> None:
    code = "from pathlib import Path; print(Path.home())"
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert Path(child) == Path.home() != home.USERS_HOME
    assert cache.DEFAULT_DIR.expanduser().is_relative_to(child)


@pytest.mark.parametrize("write", [Path.mkdir, Path.touch, lambda path: path.write_text("")])
def test_a_write_into_the_users_home_is_kept_from_happening(write: Callable[[Path], object]) -> None:
    trace = home.USERS_HOME / ".spatialcore-trace"
    with pytest.raises(PermissionError, match="touches the user's home"):
        write(trace)
    assert not trace.exists()
    assert str(trace) in " ".join(home.trespasses())


@pytest.mark.parametrize("environment", [{}, {"HOME": str(home.USERS_HOME)}])
def test_a_program_with_the_users_home_is_not_started(environment: dict[str, str]) -> None:
    with pytest.raises(PermissionError, match="started with the user's home"):
        subprocess.run([sys.executable, "-c", ""], env=environment, check=True)
    assert len(home.trespasses()) == 1


def test_a_program_with_a_home_of_its_own_is_started(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ""], env=os.environ | {"HOME": str(tmp_path)}, check=True)
    assert home.trespasses() == []
