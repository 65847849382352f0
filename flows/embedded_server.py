"""Settings of Prefect's embedded server: a longer start timeout, and no telemetry."""

from typing import Final

NO_TELEMETRY: Final = {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}

EMBEDDED: Final = {
    **NO_TELEMETRY,
    "PREFECT_SERVER_EPHEMERAL_ENABLED": "true",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "180",
    "PREFECT_LOGGING_EXTRA_LOGGERS": "spatialcore",
}
