"""Tasks: each phase of the library, wrapped with its cache key and its retries."""

import logging

from spatialcore.core.settings import settings

# Prefect hands the library's lines on (PREFECT_LOGGING_EXTRA_LOGGERS=spatialcore); without a level only warnings pass.
logging.getLogger("spatialcore").setLevel(logging.INFO)
settings.progress = False  # Prefect shows the stages
