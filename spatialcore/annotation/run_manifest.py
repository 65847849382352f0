"""The run manifest in ``uns["spatialcore_annotation"]``: inputs, settings and results of a run.

Values are text or numbers; tables and nested values are JSON text under keys that end in ``_json``, so that every h5ad
and zarr writer stores them.

========================== ==========================================================================
key                        content
========================== ==========================================================================
config_json                every setting
config_digest              sha256 of the settings
random_state               the seed
versions_json              Python and the libraries
references_json            per reference: path, source, cells read, drawn and retained, dropped labels, and its
                           origin: data sets, citations, licence, release, retrieval, if recorded
label_mapping_json         reference label -> Cell Ontology term, with score and tier
reference_composition_json cells per class and source, before and after balancing
timings_json               seconds per stage
========================== ==========================================================================
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.base_settings import Settings
from spatialcore.core.entries import mapping_in
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import versions
from spatialcore.storage.secrets import redact

log = get_logger(__name__)


class Stopwatch:
    """Seconds per stage; each stage is logged once, when it ends.

    Parameters
    ----------
    on_start
        Called with the name of each stage that starts, for example by a progress bar.
    """

    def __init__(self, on_start: Callable[[str], None] | None = None) -> None:
        self.seconds: dict[str, float] = {}
        self._on_start = on_start

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time one stage."""
        if self._on_start is not None:
            self._on_start(name)
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        log.info("%s: %.1f s", name, self.seconds[name])


def describe_run(config: Settings) -> dict[str, str | int]:
    """Return the entries of the manifest that do not depend on its results."""
    return {
        "config_json": redact(config.model_dump_json()),
        "config_digest": config.digest(),
        "random_state": int(getattr(config, "random_state", 0)),
        "versions_json": json.dumps(versions()),
    }


def describe_training(mapped: AnnData, balanced: AnnData, mapping: pd.DataFrame | None) -> dict[str, str]:
    """Return the entries of the manifest that describe the training cells."""
    part = {
        "references_json": mapped.uns.get(columns.REFERENCES_MANIFEST, "[]"),
        "reference_composition_json": composition(mapped.obs, balanced.obs).to_json(orient="records"),
    }
    if mapping is not None:
        part["label_mapping_json"] = mapping.to_json(orient="records")
    return part


def composition(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Count reference cells per class and source, before and after balancing.

    Returns
    -------
    One row per class and source with columns cell_type, source, before, after.
    """
    keys = [columns.UNIFIED_CELL_TYPE, columns.REFERENCE_SOURCE]
    counts = {
        name: frame[keys].astype(str).groupby(keys).size() for name, frame in (("before", before), ("after", after))
    }
    table = pd.DataFrame(counts).fillna(0).astype(int).reset_index()
    return table.set_axis(["cell_type", "source", "before", "after"], axis=1)


def record(adata: AnnData, **entries: str | float) -> None:
    """Add entries to the manifest of an AnnData."""
    adata.uns[columns.MANIFEST] = {**manifest_of(adata), **entries}


def manifest_of(adata: AnnData) -> Mapping[str, Any]:
    """Return the manifest of an AnnData; empty without one, or with something else under its name."""
    return mapping_in(adata.uns, columns.MANIFEST)


def is_annotated(uns: Mapping[str, Any]) -> bool:
    """Return whether data were annotated by this package, from their uns.

    Examples
    --------
    >>> is_annotated({"spatialcore_annotation": {"model_sha256": "0" * 64}})
    True
    >>> is_annotated({"spatialcore_annotation": "notes of a user"})
    False
    """
    return "model_sha256" in mapping_in(uns, columns.MANIFEST)
