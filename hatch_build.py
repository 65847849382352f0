"""Compile the scores' inner loop when the package is built; without a compiler the package is the same, but slower."""

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCE = "spatialcore/annotation/model/scores.c"
LIBRARY = "spatialcore/annotation/model/_scores.so"
SAME_ROUNDING = "-ffp-contract=off"  # with fused multiply-adds, scores would depend on the processor
FORMS = (("-DMANY_PROCESSORS",), ())
"""Tried in turn: not every compiler and loader can choose among copies of a function."""


class CompiledScores(BuildHookInterface[Any]):
    """Build ``_scores.so`` beside its source and add it to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; a wheel with the library is for this kind of machine, one without is for any."""
        source, library = Path(self.root, SOURCE), Path(self.root, LIBRARY)
        if not source.exists() or not any(self._compile(source, library, form) for form in FORMS):
            self.app.display_warning("no C compiler: spatialcore scores with scipy, at less than half the speed")
            return
        build_data["artifacts"].append(LIBRARY)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def _compile(self, source: Path, library: Path, form: tuple[str, ...]) -> bool:
        compiler = shlex.split(os.environ.get("CC") or "cc")
        made = library.with_suffix(f".{os.getpid()}")
        command = [*compiler, "-O3", SAME_ROUNDING, "-shared", "-fPIC", *form, "-o", str(made), str(source)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError:
            return False
        if done.returncode == 0:
            made.replace(library)
        return done.returncode == 0
