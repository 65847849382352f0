"""Time of put and get compared with plain fsspec on an S3 server, and memory independent of the file size.

Usage: python -m benchmarks.cost.storage [--megabytes 100] [--rounds 7]

Both run alternately; wall and CPU seconds of this process are medians of the rounds. This package compares the MD5 of
every part and the sha256 of the file, and flushes downloads to disk; plain fsspec does not. The server (moto) is
another process on the same machine.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.contract.servers import BUCKET, KEY, SECRET, s3_server

MEMORY = """
import sys
from pathlib import Path
from spatialcore import storage

def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024

storage.exists(next(place for place in sys.argv[2:] if "://" in place))
before = peak()
getattr(storage, sys.argv[1])(sys.argv[2], sys.argv[3])
print(before, peak())
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    with s3_server() as url, TemporaryDirectory() as folder:
        os.environ |= {
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": url,
        }
        file = Path(folder) / "file.bin"
        write(file, options.megabytes)
        compare(file, options.rounds)
        memory(file, options.megabytes)


def write(path: Path, megabytes: int) -> None:
    """Write a file of random bytes."""
    block = os.urandom(1 << 20)
    with path.open("wb") as stream:
        for number in range(megabytes):
            stream.write(number.to_bytes(8, "big") + block[8:])


def compare(file: Path, rounds: int) -> None:
    """Print the seconds of this package and of plain fsspec, run alternately."""
    import s3fs

    from spatialcore import storage

    plain = s3fs.S3FileSystem()
    remote, back = f"{BUCKET}/plain.bin", file.with_suffix(".back")
    jobs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "put": (lambda: storage.put(file, f"s3://{BUCKET}/ours.bin"), lambda: plain.put_file(str(file), remote)),
        "get": (lambda: storage.get(f"s3://{BUCKET}/ours.bin", back), lambda: plain.get_file(remote, str(back))),
    }
    print(f"| {file.stat().st_size >> 20} MB | ours, s | fsspec, s | ratio | ours, CPU s | fsspec, CPU s |")
    print("|---|---|---|---|---|---|")
    for name, (package_call, fsspec_call) in jobs.items():
        rounds_of_job = [(*timed(package_call), *timed(fsspec_call)) for _ in range(rounds + 1)][
            1:
        ]  # the first call of each opens connections
        wall, cpu, fsspec_wall, fsspec_cpu = (median(each) for each in zip(*rounds_of_job, strict=True))
        ratio = wall / fsspec_wall
        print(f"| {name} | {wall:.2f} | {fsspec_wall:.2f} | {ratio:.2f} | {cpu:.2f} | {fsspec_cpu:.2f} |", flush=True)


def memory(file: Path, megabytes: int) -> None:
    """Print the peak memory of a put and a get of a file, and the memory before."""
    for job, pair in {
        "put": (str(file), f"s3://{BUCKET}/memory.bin"),
        "get": (f"s3://{BUCKET}/memory.bin", str(file.with_suffix(".memory"))),
    }.items():
        command = [sys.executable, "-c", MEMORY, job, *pair]
        before, peak = map(float, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        print(f"{job} of {megabytes} MB: peak memory {peak:.0f} MB, {before:.0f} MB before")


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
