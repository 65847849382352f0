"""The demo's section: real cells, a panel, known labels, simulated coordinates, seeded."""

import anndata as ad
import numpy as np
import pytest
from scipy.spatial import cKDTree

from spatialcore.demo.accuracy import KNOWN_LABEL
from spatialcore.demo.pancreas import LABEL_COLUMN, N_CELLS, N_GENES, demo_section
from spatialcore.demo.pancreas_tissue import SIZE


@pytest.fixture(scope="module")
def section_and_references(tmp_path_factory):
    section, references = demo_section(tmp_path_factory.mktemp("demo"))
    return section, [ad.read_h5ad(path) for path in references]


def test_counts_of_a_shallow_panel_with_known_labels(section_and_references):
    section, _ = section_and_references
    assert section.shape == (N_CELLS, N_GENES)
    assert np.array_equal(section.X.data, np.round(section.X.data))
    assert 140 < np.median(np.asarray(section.X.sum(axis=1))) < 160
    assert (section.obs[KNOWN_LABEL].astype(str) != "").all()


def test_no_cell_of_the_section_is_in_a_reference(section_and_references):
    section, references = section_and_references
    reference_cells = {name for reference in references for name in reference.obs_names}
    assert len(reference_cells) == sum(reference.n_obs for reference in references)
    assert not reference_cells & set(section.obs["drawn_from"])
    assert len(reference_cells) + section.obs["drawn_from"].nunique() <= 1937
    assert all(LABEL_COLUMN in reference.obs for reference in references)


def test_coordinates_are_marked_as_simulated_and_types_cluster(section_and_references):
    section, _ = section_and_references
    xy = section.obsm["spatial"]
    assert (xy >= 0).all()
    assert (xy <= SIZE).all()
    assert section.uns["spatialcore_source"]["places"] == "simulated"
    labels = section.obs[KNOWN_LABEL].astype(str).to_numpy()
    nearest = cKDTree(xy).query(xy, 11)[1][:, 1:]
    same_type_share = (labels[nearest] == labels[:, None]).mean()
    assert same_type_share > 2 * sum((labels == name).mean() ** 2 for name in np.unique(labels))


def test_the_same_seed_gives_the_same_section(section_and_references, tmp_path):
    section, _ = section_and_references
    second_section, _ = demo_section(tmp_path)
    np.testing.assert_array_equal(second_section.obsm["spatial"], section.obsm["spatial"])
    assert (second_section.X != section.X).nnz == 0
