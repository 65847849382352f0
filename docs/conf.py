"""Configuration of the documentation site: ``make docs`` writes it to docs/_build/html."""

import os
import sys
from pathlib import Path

from spatialcore import __version__

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER / "_ext"))

# Sphinx

project = "SpatialCore cell typing"
author = "The SpatialCore cell typing developers"
copyright = author
version = release = __version__
extensions = [
    "module_list",
    "myst_nb",
    "numpydoc",
    "settings_fields",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
]
exclude_patterns = ["_build", "_ext", "_templates"]
templates_path = ["_templates"]
nitpicky = False
suppress_warnings = ["mystnb.unknown_mime_type"]

# Pages and notebooks. Notebooks are executed when they change; results are kept in _build/jupyter.

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
nb_execution_mode = "cache"
nb_execution_cache_path = str(FOLDER / "_build" / "jupyter")
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 900
nb_merge_streams = True
os.environ["PYTHONPATH"] = os.pathsep.join([str(FOLDER / "tutorials"), os.environ.get("PYTHONPATH", "")])
os.environ.setdefault("PYTHONWARNINGS", "ignore::FutureWarning")

# API reference

autosummary_generate = True
autosummary_context = {"settings_methods": ["from_yaml", "from_dict", "to_dict", "to_yaml", "digest"]}
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
toc_object_entries_show_parents = "hide"
python_maximum_signature_line_length = 88
python_use_unqualified_type_names = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# Pages as HTML

html_theme = "pydata_sphinx_theme"
html_title = project
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_theme_options = {
    "show_nav_level": 1,
    "navigation_depth": 3,
    "header_links_before_dropdown": 6,
    "show_toc_level": 2,
    "navbar_align": "left",
    "footer_start": ["copyright"],
    "footer_end": [],
    "pygments_light_style": "tango",
    "pygments_dark_style": "github-dark",
}
html_sidebars = {"*": []}  # pages of the top level have no neighbours
