"""Compare the organ of the references, from the tissue columns of CELLxGENE's schema, with the annotated tissue."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import pandas as pd

from spatialcore.core.on_disk.anndata_file import AnnDataFile

TISSUE_COLUMNS: Final = ("tissue_general", "tissue")  # the organ, and the part of it
MAX_TISSUES: Final = 100  # more than any atlas of the whole body has
MAX_NAMED: Final = 3

# Words that name one organ or a part of it ("cortex" and "ventricle" belong to several). Other words give no warning.
_WORDS: Final = {
    "adipose tissue": "adipose fat omentum omental",
    "blood": "blood pbmc pbmcs",
    "bone marrow": "marrow",
    "brain": "brain neocortex hippocampus hippocampal cerebellum cerebellar cerebral hypothalamus midbrain brainstem",
    "breast": "breast mammary",
    "eye": "eye retina retinal cornea",
    "heart": "heart cardiac myocardium",
    "intestine": "intestine intestinal colon colonic colorectal rectum ileum jejunum duodenum bowel gut caecum cecum",
    "kidney": "kidney renal nephron",
    "liver": "liver hepatic",
    "lung": "lung lungs pulmonary airway bronchus trachea respiratory",
    "lymph node": "lymph",
    "ovary": "ovary ovarian",
    "pancreas": "pancreas pancreatic islet islets",
    "prostate": "prostate prostatic",
    "skin": "skin dermis epidermis dermal",
    "spleen": "spleen splenic",
    "stomach": "stomach gastric",
    "testis": "testis testicular",
    "thymus": "thymus thymic",
    "tonsil": "tonsil tonsils",
    "uterus": "uterus uterine endometrium endometrial",
}
_ORGANS: Final = {word: organ for organ, words in _WORDS.items() for word in words.split()}


def organs_in(text: str) -> set[str]:
    """Return the organs that a text names.

    Examples
    --------
    >>> organs_in("upper lobe of left lung"), organs_in("Colorectal_tumour"), organs_in("metastasis")
    ({'lung'}, {'intestine'}, set())
    """
    words = "".join(letter if letter.isalpha() else " " for letter in text.lower()).split()
    return {_ORGANS[word] for word in words if word in _ORGANS}


def tissues_of(file: AnnDataFile) -> dict[str, int]:
    """Return the tissues of a reference with their numbers of cells, most frequent first.

    They are in a column of obs, or else ``uns["tissue"]`` names that of all cells.
    """
    column = next((name for name in TISSUE_COLUMNS if name in file.obs_columns), None)
    if column is None:
        name = file.read("uns/tissue") if "tissue" in file.keys("uns") else None
        return {name: file.n_obs} if isinstance(name, str) and name else {}
    counts = pd.Series(file.labels(column).astype(object)).dropna().value_counts()
    return {str(name): int(n) for name, n in counts.head(MAX_TISSUES).items()}


def foreign_references(tissue: str, references: Iterable[Mapping[str, Any]]) -> str:
    """Return a warning if all references are from other organs than the annotated one.

    Parameters
    ----------
    tissue
        The annotated tissue, as the user named it.
    references
        Entries of the references' manifest: ``source``, and ``tissues`` as :func:`tissues_of` returns them.

    Returns
    -------
    str
        A sentence; empty if one reference is from the organ or has no tissue, or if a word is not listed.

    Examples
    --------
    >>> foreign_references("lung", [{"source": "atlas", "tissues": {"brain": 900, "eye": 20}}])
    'The references are not from lung: atlas has brain, eye.'
    """
    annotated, parts = organs_in(tissue), []
    for reference in references:
        tissues = list(reference.get("tissues") or {})
        organs = [organs_in(name) for name in tissues]
        if not annotated or not tissues or any(not names or names & annotated for names in organs):
            return ""
        parts.append(f"{reference.get('source', 'a reference')} has {', '.join(tissues[:MAX_NAMED])}")
    return f"The references are not from {tissue}: {'; '.join(parts)}." if parts else ""
