"""Compile the inner loops when the package is built; without a compiler the package is the same, but slower."""

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SOURCES = ("spatialcore/annotation/model/scores.c", "spatialcore/core/compiled/lzf.c")
SAME_ROUNDING = "-ffp-contract=off"  # with fused multiply-adds, scores would depend on the processor
FORMS = (("-DMANY_PROCESSORS",), ())
"""Tried in turn: not every compiler and loader can choose among copies of a function."""


class CompiledLoops(BuildHookInterface[Any]):
    """Build ``_name.so`` beside each ``name.c`` and add it to the wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; a wheel with the libraries is for this kind of machine, one without is for any."""
        libraries = {source: str(Path(source).with_name(f"_{Path(source).stem}.so")) for source in SOURCES}
        built = [library for source, library in libraries.items() if self._build(source, library)]
        if len(built) < len(SOURCES):
            self.app.display_warning("no C compiler: spatialcore scores with scipy, at less than half the speed")
        if built:
            build_data["artifacts"] += built
            build_data["pure_python"] = False
            build_data["tag"] = f"py3-none-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"

    def _build(self, source: str, library: str) -> bool:
        source_path, library_path = Path(self.root, source), Path(self.root, library)
        return source_path.exists() and any(self._compile(source_path, library_path, form) for form in FORMS)

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
