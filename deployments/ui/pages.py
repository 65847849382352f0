"""Add pages to the static files of the Prefect UI: ``python -m deployments.ui.pages FOLDER``.

``open.html`` signs a browser in and shows the deployments that people start. ``form_errors.js`` repeats the errors of a
form beside its button.
"""

import sys
from importlib.resources import files
from pathlib import Path
from typing import Final

SIGN_IN: Final = "open.html"
FORM_ERRORS: Final = "form_errors.js"
DEPLOYMENTS: Final = "/deployments?deployments.tags.name=start-here&limit=100"  # those that people start, on one page
_TAG: Final = f'<script src="/{FORM_ERRORS}" defer></script>'


def add_pages(static: Path) -> None:
    """Add the pages to a folder with the UI's ``index.html``; adding them again changes nothing.

    Parameters
    ----------
    static
        Static files of the UI: a folder that a server serves, or the one in Prefect's package, which servers copy.
    """
    package = files("deployments.ui")
    (static / SIGN_IN).write_text((package / "sign_in.html").read_text())
    (static / FORM_ERRORS).write_text((package / FORM_ERRORS).read_text())
    index = static / "index.html"
    text = index.read_text()
    if _TAG not in text:
        index.write_text(text.replace("</head>", f"  {_TAG}\n  </head>", 1))


if __name__ == "__main__":
    add_pages(Path(sys.argv[1]))
