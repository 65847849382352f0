"""Prefect tasks: each stage of the library with its cache key and its retries."""

import logging

from spatialcore.core.settings import settings

# Prefect forwards the library's log (PREFECT_LOGGING_EXTRA_LOGGERS=spatialcore); without a level, only its warnings.
logging.getLogger("spatialcore").setLevel(logging.INFO)
settings.progress = False  # Prefect shows the stages
