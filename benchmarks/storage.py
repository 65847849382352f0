"""Put and get beside plain fsspec on an S3 server, in one run; and memory that does not grow with the file.

Usage: python -m benchmarks.storage [--megabytes 200] [--rounds 3]

CPU seconds of this process and wall seconds, each the least of the rounds; ours check size, checksum and sha256, plain
fsspec checks nothing.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.contract.servers import BUCKET, KEY, SECRET, s3_server

MEMORY = """
import resource, sys
from spatialcore import storage
storage.connect(sys.argv[2] if "://" in sys.argv[2] else sys.argv[3])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
getattr(storage, sys.argv[1])(sys.argv[2], sys.argv[3])
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
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
    """Print seconds of ours and of plain fsspec, taken in turns."""
    import s3fs

    from spatialcore import storage

    plain = s3fs.S3FileSystem()
    remote, back = f"{BUCKET}/plain.bin", file.with_suffix(".back")
    jobs: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "put": (lambda: storage.put(file, f"s3://{BUCKET}/ours.bin"), lambda: plain.put_file(str(file), remote)),
        "get": (lambda: storage.get(f"s3://{BUCKET}/ours.bin", back), lambda: plain.get_file(remote, str(back))),
    }
    for name, (ours, theirs) in jobs.items():
        taken: dict[str, list[tuple[float, float]]] = {"ours": [], "fsspec": []}
        for _ in range(rounds):
            taken["ours"].append(timed(ours))
            taken["fsspec"].append(timed(theirs))
        wall = {who: min(w for w, _ in times) for who, times in taken.items()}
        cpu = {who: min(c for _, c in times) for who, times in taken.items()}
        ratio = wall["ours"] / wall["fsspec"]
        print(
            f"{name}: wall {wall['ours']:.2f} s, fsspec {wall['fsspec']:.2f} s, ratio {ratio:.2f}; "
            f"CPU {cpu['ours']:.2f} s, fsspec {cpu['fsspec']:.2f} s"
        )


def memory(file: Path, megabytes: int) -> None:
    """Print the memory that a put and a get of a file take beyond an open connection."""
    for job, pair in {
        "put": (str(file), f"s3://{BUCKET}/memory.bin"),
        "get": (f"s3://{BUCKET}/memory.bin", str(file.with_suffix(".memory"))),
    }.items():
        command = [sys.executable, "-c", MEMORY, job, *pair]
        peak = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        print(f"{job} of {megabytes} MB: {peak:.0f} MB of memory")


def timed(job: Callable[[], object]) -> tuple[float, float]:
    """Return wall and CPU seconds of a call."""
    wall, cpu = time.perf_counter(), time.process_time()
    job()
    return time.perf_counter() - wall, time.process_time() - cpu


if __name__ == "__main__":
    main()
