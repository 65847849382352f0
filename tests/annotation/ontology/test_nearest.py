"""Similarity of spelling."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from spatialcore.annotation.ontology.nearest import TrigramIndex, correct_spelling

KEYS = ["t cell", "b cell", "macrophage", "alveolar macrophage", "mast cell"]


def test_similarities_of_scikit_learn():
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(3, 3), smooth_idf=False)
    matrix = vectorizer.fit_transform(KEYS)
    expected = np.asarray((matrix @ vectorizer.transform(["alveolar mac"]).T).todense()).ravel()
    nearest = TrigramIndex(KEYS).nearest("Alveolar mac", len(KEYS))
    assert [row for _, row in nearest] == [3, 2, 4]
    for similarity, row in nearest:
        assert similarity == pytest.approx(expected[row])


def test_no_common_trigram():
    assert TrigramIndex(KEYS).nearest("xyzzy", 3) == []


@pytest.mark.parametrize(
    ("word", "corrected"),
    [("cardiomycoyte", "cardiomyocyte"), ("thyrocyte", "thyrocyte"), ("mastt", "mastt"), ("thymocytte", "thymocyte")],
)
def test_correct_spelling(word, corrected):
    assert correct_spelling([word], ["cardiomyocyte", "thymocyte", "mast"]) == [corrected]
