"""The run manifest in ``uns["spatialcore_annotation"]``: what went in, what was done to it, what came out.

Values are plain (text, numbers); tables and nested parts are JSON text under keys that end in ``_json``,
so that any h5ad or zarr writer keeps them.

========================== ==========================================================================
key                        content
========================== ==========================================================================
config_json                every setting
config_digest              sha256 of the settings
random_state               the seed
versions_json              Python and the libraries
references_json            per reference: path, source, cells seen, drawn and kept, what was dropped, and its
                           origin: data sets, citations, licence, release, retrieval, where known
label_mapping_json         reference label -> Cell Ontology term, with score and tier
reference_composition_json cells per class and source, before and after balancing
timings_json               seconds per phase
========================== ==========================================================================
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from anndata import AnnData

from spatialcore import columns
from spatialcore.annotation.config import Settings
from spatialcore.core.logging import get_logger
from spatialcore.core.provenance import versions
from spatialcore.storage.secrets import redact

log = get_logger(__name__)


class Stopwatch:
    """Seconds per named phase; each is logged once, when it ends."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time one phase."""
        start = time.perf_counter()
        yield
        self.seconds[name] = round(time.perf_counter() - start, 3)
        log.info("%s: %.1f s", name, self.seconds[name])


def describe_run(config: Settings) -> dict[str, Any]:
    """Return the part of the manifest that is known before a run."""
    return {
        "config_json": redact(config.model_dump_json()),
        "config_digest": config.digest(),
        "random_state": int(getattr(config, "random_state", 0)),
        "versions_json": json.dumps(versions()),
    }


def describe_training(mapped: AnnData, balanced: AnnData, mapping: pd.DataFrame | None) -> dict[str, Any]:
    """Return the part of the manifest that tells where the training cells come from."""
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


def record(adata: AnnData, **parts: Any) -> None:
    """Add to the manifest that an AnnData carries."""
    adata.uns[columns.MANIFEST] = {**adata.uns.get(columns.MANIFEST, {}), **parts}
