"""Virtual patients: 100,000 stays of 30 days with a strategy in the loop, first compilation, memory while streaming.

python bench/virtual_bench.py [--patients 100000] [--batch 5000] [--cold]; CPU seconds beside wall seconds, for the
machine is seldom idle. `--cold` compiles anew in a folder of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import tempfile
import time


def measured(patients: int, batch: int) -> dict[str, float]:
    """Seconds of the first call, of all patients, and the peak of memory."""
    from tocsin.virtual.practice import FEVER_OR_GRADE3, Care
    from tocsin.virtual.run import simulate
    from tocsin.virtual.world import World

    world, care = World(), Care("strategy", FEVER_OR_GRADE3)
    wall, cpu = time.perf_counter(), time.process_time()
    simulate(world, 0, 10, care)
    first = {"first_wall_s": time.perf_counter() - wall, "first_cpu_s": time.process_time() - cpu}
    wall, cpu, doses = time.perf_counter(), time.process_time(), 0
    for start in range(0, patients, batch):
        part = simulate(world, start, min(batch, patients - start), care, keep_log=False)
        doses += int(part.summary["doses"].sum())
    took = {"patients": float(patients), "wall_s": time.perf_counter() - wall, "cpu_s": time.process_time() - cpu}
    wall, cpu = time.perf_counter(), time.process_time()
    rows = simulate(world, 0, batch, care).log.size
    logged = {"log_batch_wall_s": time.perf_counter() - wall, "log_batch_cpu_s": time.process_time() - cpu}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    ns = took["cpu_s"] / patients / world.days / 24 * 1e9
    return first | took | {"cpu_ns_a_patient_hour": ns, "doses": doses} | logged | {"log_rows": rows, "peak_gb": peak}


def main() -> None:
    """Prints one JSON line."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--patients", type=int, default=100_000)
    asked.add_argument("--batch", type=int, default=5_000)
    asked.add_argument("--cold", action="store_true")
    options = asked.parse_args()
    if not options.cold:
        print(json.dumps({k: round(v, 3) for k, v in measured(options.patients, options.batch).items()}))
        return
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TOCSIN_CACHE"] = folder
        print(json.dumps({k: round(v, 3) for k, v in measured(options.patients, options.batch).items()}))


if __name__ == "__main__":
    main()
