"""The vocabulary in which labels and names of the Cell Ontology are compared, and the reader of the curated tables.

``data/ontology_mappings/vocabulary.tsv`` has three columns: word, kind, replacement. It is applied to labels and to
names of the ontology alike. Kinds: ``singular`` (singular of an irregular plural), ``same`` (replaced by another
word), ``state`` and ``place`` (words that rarely change the type), ``silent`` (words of a name that labels omit),
``trap`` (short names of rare cells, or of cells of other animals, that mean something else as a whole label).
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files


def read_rows(name: str) -> Iterator[tuple[str, ...]]:
    """Yield the rows of a tab-separated table in ``data/ontology_mappings``, without its header line.

    Short rows are padded with empty cells to the width of the header.
    """
    text = files("spatialcore.data").joinpath("ontology_mappings", name).read_text(encoding="utf-8")
    header, *lines = text.splitlines()
    width = header.count("\t") + 1
    for line in lines:
        cells = line.split("\t")
        yield tuple(cells + [""] * (width - len(cells)))


@cache
def words(kind: str) -> Mapping[str, str]:
    """Return the words of one kind with their replacements."""
    return {word: replacement for word, row_kind, replacement in read_rows("vocabulary.tsv") if row_kind == kind}


_PHRASES = [
    # "B lymphocyte" means B cell
    (r"(?<= )([tb]) lymphocyte(?= )", r"\1 cell"),
    (r"(?<= )gamma delta(?= )", "gammadelta"),
    (r"(?<= )alpha beta(?= )", "alphabeta"),
    (r"(?<= )v (?:gamma|delta) ?\d+(?: v ?(?:gamma|delta) ?\d+)?(?: t)?(?= )", "gammadelta t"),
    (r"(?<= )double negative(?= )", "doublenegative"),
    (r"(?<= )double positive(?= )", "doublepositive"),
    (r"(?<= )t helper (\d+)", r"helper\1 t"),
    (r"(?<= )(?:type )?(\d+) (?:helper t|t helper)(?= )", r"helper\1 t"),
    (r"(?<= )helper t(?: cell)? type (\d+)", r"helper\1 t"),
    (r"(?<= )(?:natural killer|nk)(?: lymphocyte)?(?= )", "nk"),
    (r"(?<= )(?:killer t|t killer)(?= )", "cytotoxic t"),
    (r"(?<= )innate lymphoid(?: cell)?(?: type)? ([123])(?= )", r"group \1 innate lymphoid"),
    (r"(?<= )(?:conventional|classical) dendritic(?: cell)? ([12])(?= )", r"conventional dendritic type \1"),
    (r"(?<= )(?<!conventional )dendritic(?: cell)? type ([12])(?= )", r"conventional dendritic type \1"),
    (r"(?<= )(ig[adegm]\d?)\+(?= )", r"\1"),  # the ontology writes IgG plasma cell
    (r"(?<= )effector memory (?:cd45)?ra\+?(?= )", "effector memory terminally differentiated"),
    (r"(?<= )naive cytotoxic(?= )", "naive cd8+"),  # label of naive CD8 T cells in 10x data
    (r"(?<= )(?:non |un ?)switched(?= )", "unswitched"),
    (r"(?<= )(?<!class )switched(?= )", "class switched"),
    (r"(?<= )fraction ([a-f])(?= )", r"fraction\1"),
    (r"(?<= )cd56 high(?= )", "cd56 bright"),
    (r"(?<= )cd56 low(?= )", "cd56 dim"),
    (r"(?<= )thymus derived(?= )", "thymusderived"),
    (r"(?<= )red blood cell(?= )", "erythrocyte"),
    (r"(?<= )white blood cell(?= )", "leukocyte"),
    (r"(?<= )(?:cardiomyocyte|heart muscle(?: cell| myoblast| fiber)?|heart myocyte)(?= )", "cardiomyocyte"),
    (r"(?<= )smooth muscle(?: cell| fiber)?(?= )", "smoothmuscle"),
    (r"(?<= )skeletal muscle (?:cell|fiber|myocyte)(?= )", "skeletalmuscle"),
    (r"(?<= )muscle (?:fiber|fibre)(?= )", "muscle"),
    (r"(?<= )endothelial cell of lymphatic vessel(?= )", "lymphatic endothelial cell"),
    (r"(?<= )lymphatic vessel endothelial(?= )", "lymphatic endothelial"),
    (r"(?<= )(?:vascular associated|vessel) smoothmuscle(?= )", "vascular smoothmuscle"),
    (r"(?<= )(?:lung )?alveolar (?:epithelial )?(?:cell )?type (?:i|1)(?= )", "lung alveolar type1"),
    (r"(?<= )(?:lung )?alveolar (?:epithelial )?(?:cell )?type (?:ii|2)(?= )", "lung alveolar type2"),
    (r"(?<= )type (?:ii|2) (?:alveolar(?: epithelial)?|pneumocyte)(?= )", "lung alveolar type2"),
    (r"(?<= )type (?:i|1) (?:alveolar(?: epithelial)?|pneumocyte)(?= )", "lung alveolar type1"),
    (r"(?<= )alveolar type(?= [12] )", "alveolar type"),
    (r"(?<= )loop of henle(?= )", "loopofhenle"),
    (r"(?<= )bone marrow(?= )", "bonemarrow"),
    (r"(?<= )lymph node(?= )", "lymphnode"),
    (r"(?<= )germinal cent(?:er|re)(?= )", "germinalcenter"),
    (r"(?<= )transit amplifying(?= )", "transitamplifying"),
    (r"(?<= )(?:schwann|neurilemmal)(?= )", "schwann"),
    (r"(?<= )large intestine(?= )", "largeintestine intestine"),
    (r"(?<= )small intestine(?= )", "smallintestine intestine"),
    (r"(?<= )collecting duct(?= )", "collectingduct"),
    (r"(?<= )proximal tubule(?= )", "proximaltubule"),
    (r"(?<= )proximal convoluted tubule(?= )", "proximalconvoluted proximaltubule"),
    (r"(?<= )distal convoluted tubule(?= )", "distalconvoluted"),
    (r"(?<= )connecting tubule(?= )", "connectingtubule"),
    (r"(?<= )proximaltubule(?: epithelial(?: cell)?)? s([123])(?= )", r"proximaltubule segment \1"),
    (r"(?<= )s([123]) proximaltubule(?= )", r"proximaltubule segment \1"),
    (r"(?<= )a (?:kidney|renal) intercalated(?= )", "alpha kidney intercalated"),
    (r"(?<= )b (?:kidney|renal) intercalated(?= )", "beta kidney intercalated"),
    (r"(?<= )(?:type )?a intercalated(?= )|(?<= )intercalated (?:cell )?(?:type )?a(?= )", "alpha intercalated"),
    (r"(?<= )(?:type )?b intercalated(?= )|(?<= )intercalated (?:cell )?(?:type )?b(?= )", "beta intercalated"),
    (r"(?<= )medium spiny(?= )", "mediumspiny"),
    (r"(?<= )non (?=[a-z])", "non"),
    (r"(?<= )(anti|pre|pro|post|sub|supra|peri|inter) (?=[a-z])", r"\1"),
]

PHRASES = [(re.compile(pattern), replacement) for pattern, replacement in _PHRASES]
