"""The demo: annotate a section of pancreas with the complete flow, on a temporary Prefect server."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flows.embedded_server import EMBEDDED, starting_server

if TYPE_CHECKING:
    from flows.parameters import TrainAndAnnotateParameters
    from tasks.schemas import RunManifest, SampleFiles

FOLDER = Path("demo")


def main() -> None:
    """Run the demo and print the results and their paths."""
    for name in ("PREFECT_API_URL", "PREFECT_API_KEY", "PREFECT_PROFILE"):
        os.environ.pop(name, None)  # the demo uses its own server
    home = (FOLDER / "prefect").absolute()
    home.mkdir(parents=True, exist_ok=True)
    os.environ.update(EMBEDDED, PREFECT_HOME=str(home))  # read when Prefect is imported
    start = time.perf_counter()
    with starting_server():
        from flows.train_and_annotate import train_and_annotate

        config = demo_config(FOLDER)
    manifest = train_and_annotate(config)
    print("\n".join([*summary(manifest), f"\nThe demo took {time.perf_counter() - start:.0f} s."]))


def demo_config(folder: Path) -> "TrainAndAnnotateParameters":
    """Write the demo's data unless it exists, and return the configuration of the run."""
    from flows.parameters import TrainAndAnnotateParameters
    from spatialcore.demo.pancreas import LABEL_COLUMN, SAMPLE, TISSUE, demo_section

    data = folder.absolute() / "data"
    if not (data / "query.h5ad").exists():
        demo_section(data)
    return TrainAndAnnotateParameters.from_dict(
        {
            "tissue": TISSUE,
            "queries": [{"uri": str(data / "query.h5ad"), "sample": SAMPLE}],
            "references": [
                {"uri": str(path), "label_column": LABEL_COLUMN} for path in sorted(data.glob("baron_part*.h5ad"))
            ],
            "min_cells_per_type": 5,
            "store": str(folder.absolute() / "store"),
        },
        origin="demo",
    )


def summary(manifest: "RunManifest") -> list[str]:
    """Return the files of a demo run, the composition of its samples and the accuracy, as lines of text."""
    lines = ["", "Model"]
    lines += [f"  {file.uri}" for name, file in manifest.model.items() if name.endswith((".pkl", ".json"))]
    for sample in manifest.samples:
        lines += _sample(sample)
    lines += ["Run manifest", f"  {manifest.uri}", *_accuracy(manifest)]
    return lines


def _sample(sample: "SampleFiles") -> list[str]:
    from spatialcore.workflow.run import composition_rows

    plots = [file.uri for name, file in sample.files.items() if name.startswith("plots/") and name.endswith(".png")]
    lines = ["Annotated data", f"  {sample.files['annotated.h5ad'].uri}"]
    lines += ["Report", f"  {sample.files['report.html'].uri}", "Plots", *(f"  {uri}" for uri in plots)]
    lines += [f"Composition of {sample.sample}: {sample.n_obs} cells"]
    rows = composition_rows(sample.composition, sample.n_obs)
    return lines + [f"  {cells:6d}  {percent:5.1f} %  {name}" for name, cells, percent in rows]


def _accuracy(manifest: "RunManifest") -> list[str]:
    import anndata as ad
    import pandas as pd

    from spatialcore.demo.accuracy import accuracy_on_known
    from tasks.stage_cache import local

    assert manifest.label_mapping is not None  # the demo maps labels
    mapping = pd.read_csv(local(manifest.label_mapping), keep_default_na=False)
    accuracy = accuracy_on_known(ad.read_h5ad(local(manifest.samples[0].files["annotated.h5ad"])), mapping)
    return [
        f"Accuracy on the {accuracy['cells']:.0f} cells, all with a known label (real cells at simulated positions)",
        f"  {100 * accuracy['all']:.1f} % of all calls, {100 * accuracy['kept']:.1f} % of the "
        f"{100 * accuracy['share_kept']:.0f} % that passed the threshold",
    ]


if __name__ == "__main__":
    main()
