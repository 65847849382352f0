"""Bundle the Vitessce viewer into a folder, so that `spatialcore export --to vitessce` can be viewed without a network.

Usage: python tools/build_vitessce_viewer.py FOLDER

Needs npm. Copy the folder next to an exported index.html as ``viewer/``, or pass it to ``write_vitessce(viewer=...)``.
Vitessce's 3D views are omitted: they need four more libraries, and sections are flat.
"""

import argparse
import platform
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

PACKAGES = ("vitessce@4.0.8", "react@18.3.1", "react-dom@18.3.1", "scheduler@0.23.2", "loose-envify@1.4.0")
BUNDLER = "@esbuild/{system}-{machine}@0.28.2"
MACHINES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64", "arm64": "arm64"}
ENTRY = """
import { createElement } from "react";
import { createRoot } from "react-dom/client";
import { Vitessce } from "vitessce";
export function show(config, element) {
  createRoot(element).render(createElement(Vitessce, { config, theme: "light", height: window.innerHeight }));
}
"""


def main() -> int:
    """Build the bundle and print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder.absolute()
    bundler = BUNDLER.format(system=platform.system().lower(), machine=MACHINES[platform.machine().lower()])
    with TemporaryDirectory() as work:
        for package in (*PACKAGES, bundler):
            _fetch(package, Path(work))
        _bundle(Path(work), bundler.rpartition("@")[0], folder)
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder}: {len(list(folder.iterdir()))} files, {size / 1e6:.0f} MB")
    return 0


def _fetch(package: str, work: Path) -> None:
    """Unpack one package into node_modules; its dependencies are in ``PACKAGES`` or in its bundle."""
    name = package.rpartition("@")[0]
    packed = subprocess.run(
        ["npm", "pack", "--silent", package], cwd=work, check=True, capture_output=True, text=True, timeout=300
    )
    with tarfile.open(work / packed.stdout.split()[-1]) as archive:
        archive.extractall(work / "unpacked", filter="data")
    target = work / "node_modules" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    next((work / "unpacked").iterdir()).rename(target)


def _bundle(work: Path, bundler: str, folder: Path) -> None:
    (work / "viewer.js").write_text(ENTRY)
    external = [f"--external:{name}" for name in ("three", "@react-three/*")]
    options = ["--bundle", "--splitting", "--format=esm", "--minify", "--define:process.env.NODE_ENV='production'"]
    options += ["--log-level=error", "--legal-comments=none", f"--outdir={folder}"]
    command = [str(work / "node_modules" / bundler / "bin" / "esbuild"), "viewer.js", *options, *external]
    subprocess.run(command, cwd=work, check=True, timeout=300)


if __name__ == "__main__":
    sys.exit(main())
