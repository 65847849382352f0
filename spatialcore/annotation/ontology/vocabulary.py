"""Words of this field that mean the same: spellings, adjectives of organs, plain names of CL's formal ones.

The table is ``data/ontology_mappings/vocabulary.tsv``: a word, what it is, and what to read instead. It is
applied to labels and to the ontology's names alike, so both end in the same vocabulary. Its kinds: ``singular`` (of an
irregular plural), ``same`` (reads as another word), ``state`` and ``place`` (words of a label that seldom change which
type is meant), ``silent`` (words of a name that labels leave out), ``trap`` (short names that the ontology has for rare
cells or those of other animals: as a whole label they stand for something else).
"""

import re
from collections.abc import Mapping
from functools import cache

from spatialcore.annotation.ontology.tables import read_rows


@cache
def words(kind: str) -> Mapping[str, str]:
    """Return the words of one kind with what to read instead."""
    return {word: reads for word, what, reads in read_rows("vocabulary.tsv") if what == kind}


_PHRASES = [
    # B and T cells are written as lymphocytes as often as not
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
    (r"(?<= )(ig[adegm]\d?)\+(?= )", r"\1"),  # IgG+ plasma cells are the ontology's IgG plasma cells
    (r"(?<= )effector memory (?:cd45)?ra\+?(?= )", "effector memory terminally differentiated"),
    (r"(?<= )naive cytotoxic(?= )", "naive cd8+"),  # 10x calls naive CD8 T cells so
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
