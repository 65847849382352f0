"""A flow that only takes time."""

import time

from prefect import flow


@flow
def waits(config: dict[str, int]) -> None:
    time.sleep(config["seconds"])
