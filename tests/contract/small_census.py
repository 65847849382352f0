"""A Census of a few hundred cells, created with tiledbsoma in the layout of the public one."""

from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pyarrow as pa
import scipy.sparse as sp

from spatialcore.core.genes.tables import load_ensembl_to_hugo_mapping

BUILD = "2025-01-30"
HLCA = "f72958f5-7f42-4ebb-98da-445b0c6de516"
COVID = "d8da613f-e681-4c69-b463-e94f5e66847f"
ODD_TISSUE = "foo' or 1==1"
_TISSUES = (("upper lobe of left lung", "lung"), ("lung", "lung"), ("liver", "liver"), (ODD_TISSUE, "blood"))
_TYPES = (("T cell", "CL:0000084"), ("macrophage", "CL:0000235"), ("club cell", "CL:0000158"))
_SHARE = (0.7, 0.28, 0.02)


def cells(n: int = 600, n_genes: int = 50) -> ad.AnnData:
    """Return artificial cells with the columns of the Census."""
    rng = np.random.default_rng(7)
    tissue = rng.integers(len(_TISSUES), size=n)
    kind = rng.choice(len(_TYPES), size=n, p=_SHARE)
    obs = pd.DataFrame(
        {
            "cell_type": [_TYPES[k][0] for k in kind],
            "cell_type_ontology_term_id": [_TYPES[k][1] for k in kind],
            "tissue": [_TISSUES[t][0] for t in tissue],
            "tissue_general": [_TISSUES[t][1] for t in tissue],
            "disease": rng.choice(["normal", "COVID-19"], size=n),
            "assay": rng.choice(["10x 3' v3", "Smart-seq2"], size=n),
            "sex": rng.choice(["male", "female"], size=n),
            "suspension_type": "cell",
            "development_stage": "adult",
            "donor_id": rng.choice(["d1", "d2"], size=n),
            "dataset_id": rng.choice([HLCA, COVID], size=n),
            "is_primary_data": rng.random(n) < 0.8,
        },
        index=[f"cell{i}" for i in range(n)],
    )
    for name in obs.columns.drop(["donor_id", "is_primary_data"]):
        obs[name] = obs[name].astype("category")
    var = pd.DataFrame({"feature_name": [f"GENE{i}" for i in range(n_genes)]})
    var.index = pd.Index([f"ENSG{i:011d}" for i in range(n_genes)])
    counts = sp.csr_matrix(rng.poisson(0.5, size=(n, n_genes)).astype(np.float32))
    return ad.AnnData(counts, obs=obs, var=var)


def build(root: str, context: Any = None) -> ad.AnnData:
    """Write a Census and return the cells in it."""
    import tiledbsoma
    import tiledbsoma.io

    adata = cells()
    with tiledbsoma.Collection.create(root, context=context) as census:
        census.add_new_collection("census_data")
        info = census.add_new_collection("census_info")
        _table(info, "summary", _summary())
        _table(info, "datasets", _datasets())
        _table(info, "summary_cell_counts", _counts(adata))
    for organism, content in (("homo_sapiens", adata), ("mus_musculus", mouse_cells())):
        uri = f"{root}/census_data/{organism}"
        tiledbsoma.io.from_anndata(
            uri,
            content,
            measurement_name="RNA",
            X_layer_name="raw",
            obs_id_name="observation_id",
            var_id_name="feature_id",
            context=context,
        )
        with tiledbsoma.open(f"{root}/census_data", mode="w", context=context) as data:
            data.set(organism, tiledbsoma.open(uri, context=context), use_relative_uri=True)
    return adata


def mouse_cells() -> ad.AnnData:
    """Return artificial cells with mouse genes."""
    adata = cells(60, 8)
    names = ("Gad1", "Slc17a7", "Aqp4", "Mog", "Plp1", "Pvalb", "Sst", "Vip")
    ids = {symbol: identifier for identifier, symbol in load_ensembl_to_hugo_mapping(species="mouse").items()}
    adata.var = pd.DataFrame({"feature_name": names}, index=pd.Index([ids[name] for name in names]))
    return adata


def source_file(folder: Path) -> Path:
    """Write the source h5ad file of a data set."""
    path = folder / f"{HLCA}.h5ad"
    path.parent.mkdir(parents=True, exist_ok=True)
    adata = cells(40)
    adata.write_h5ad(path)
    return path


def _summary() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label": ["census_schema_version", "census_build_date", "dataset_schema_version"],
            "value": ["2.1.0", BUILD, "5.2.0"],
        }
    )


def _datasets() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "dataset_id": [HLCA, COVID],
            "dataset_title": ["HLCA", "Lung atlas of lethal COVID-19"],
            "collection_name": ["The integrated Human Lung Cell Atlas", "A molecular single-cell lung atlas"],
            "collection_doi": ["10.1038/s41591-023-02327-2", "10.1038/s41586-021-03569-1"],
            "citation": ["Sikkema et al. (2023) Nat Med", "Melms et al. (2021) Nature"],
            "dataset_h5ad_path": [f"{HLCA}.h5ad", f"{COVID}.h5ad"],
        }
    )


def _counts(adata: ad.AnnData) -> pd.DataFrame:
    rows = [(name, label) for name in ("tissue", "disease", "cell_type") for label in adata.obs[name].unique()]
    rows += [("tissue_general", label) for label in adata.obs["tissue_general"].unique()]
    return pd.DataFrame(rows, columns=["category", "label"])


def _table(collection: Any, name: str, frame: pd.DataFrame) -> None:
    frame = frame.assign(soma_joinid=np.arange(len(frame)))
    table = pa.Table.from_pandas(frame, preserve_index=False)
    domain = [(0, len(frame) - 1)]
    with collection.add_new_dataframe(
        name, schema=table.schema, index_column_names=["soma_joinid"], domain=domain
    ) as stored:
        stored.write(table)
