"""The main flow preserves user content under its names."""

from pathlib import Path

import anndata as ad

from flows.parameters import TrainAndAnnotateParameters
from flows.train_and_annotate import train_and_annotate
from tasks.stage_cache import local
from tests.user_content import add_user_content, check_user_content
from tests.workflow.tissue import query, reference, write_h5ad


def test_user_content_is_preserved(tmp_path: Path) -> None:
    annotated = add_user_content(query())
    config = TrainAndAnnotateParameters.from_dict(
        {
            "tissue": "lung",
            "queries": [{"uri": write_h5ad(annotated, tmp_path / "query.h5ad"), "sample": "own"}],
            "references": [{"uri": write_h5ad(reference(), tmp_path / "ref.h5ad"), "label_column": "cell_type"}],
            "store": str(tmp_path / "store"),
            "generate_plots": False,
            "purify": True,
        }
    )
    (sample,) = train_and_annotate(config).samples
    result = ad.read_h5ad(local(sample.files["annotated.h5ad"]))
    check_user_content(result, annotated)
