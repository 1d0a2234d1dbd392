"""Clone-censor-weight: 500 refitted replicates on 1,000 patients x 200 h, and one estimate on 100,000 patients.

    .venv/bin/python bench/ccw_bench.py [--runs 3] [--replicates 500] [--large 100000]

Targets of issue 6: 5 s, and 12 s within 3 GB. On the same data (statistics.md 1 and 3) R glm with data.table took
308 s for the replicates, ccwr 1,016 s, a numpy sketch 9.5 s. Prints JSON; the machine is noisy, so CPU time is beside
wall time. The large cohort repeats 10,000 simulated patients; each size runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


def small(runs: int, replicates: int) -> dict[str, float]:
    from tocsin.effects.ccw.bootstrap import bootstrap
    from tocsin.effects.ccw.emulation import Settings, estimate, prepare
    from truth.simulator import simulate
    from truth.worlds import hours_of, rules, terms

    hours = hours_of(simulate(1000, 1))
    prepared = prepare(hours, rules(hours), Settings(terms(200)))
    begin = time.perf_counter()
    point = estimate(prepared)
    first = time.perf_counter() - begin
    made: dict[str, list[float]] = {"one estimate": [], "refitted": [], "refitted, CPU": [], "one step": []}
    for _ in range(runs):
        begin = time.perf_counter()
        point = estimate(prepared)
        made["one estimate"].append(time.perf_counter() - begin)
        begin, cpu = time.perf_counter(), time.process_time()
        bootstrap(prepared, point, [72, 200], replicates=replicates, seed=5)
        made["refitted"].append(time.perf_counter() - begin)
        made["refitted, CPU"].append(time.process_time() - cpu)
        begin = time.perf_counter()
        bootstrap(prepared, point, [72, 200], replicates=replicates, seed=5, one_step=True)
        made["one step"].append(time.perf_counter() - begin)
    out = {f"{key}, s": round(statistics.median(values), 3) for key, values in made.items()}
    return {
        "rows": hours.hour.size,
        "replicates": replicates,
        "first estimate with compiling, s": round(first, 2),
    } | out


def large(patients: int) -> dict[str, float]:
    from tocsin.effects.ccw.emulation import Settings, estimate, prepare
    from tocsin.effects.ccw.hours import Hours, Rule
    from truth.simulator import simulate
    from truth.worlds import first_grade_3, terms

    base = min(10_000, patients)
    d = simulate(base, 1)
    times = patients // base
    rows = d["hour"].size
    patient = np.concatenate([d["patient"] + base * k for k in range(times)], dtype=np.int32, casting="same_kind")
    columns = np.tile(np.column_stack([d["L"], d["g3"], d["age"]]), (times, 1))
    arrays = [
        np.tile(d[name].astype(kind), times)
        for name, kind in (("hour", np.int32), ("treated", bool), ("started", bool), ("outcome", np.int8))
    ]
    data = sum(a.nbytes for a in (patient, columns, *arrays)) / 2**30
    begin, cpu = time.perf_counter(), time.process_time()
    hour, treated, started, outcome = arrays
    hours = Hours(patient, hour, columns, ("L", "g3", "age"), treated, started, outcome, base * times)
    checked = time.perf_counter() - begin
    both = (Rule("early", np.zeros(hours.n, np.int32), 8), Rule("delay", first_grade_3(hours), None))
    point = estimate(prepare(hours, both, Settings(terms(200))))
    return {
        "patients": hours.n, "rows": rows * times, "untreated rows": int(hours.untreated.sum()),
        "check of the hours, s": round(checked, 2),
        "check, fit, weights, curves, s": round(time.perf_counter() - begin, 2),
        "CPU, s": round(time.process_time() - cpu, 2), "data, GB": round(data, 2),
        "peak memory with the data, GB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "risk early": round(float(point.curves[0].incidence[-1]), 4),
        "risk delay": round(float(point.curves[1].incidence[-1]), 4),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--replicates", type=int, default=500)
    parser.add_argument("--large", type=int, default=100_000)
    parser.add_argument("--only", choices=("small", "large"))
    asked = parser.parse_args()
    if asked.only == "small":
        print(json.dumps(small(asked.runs, asked.replicates)))
    elif asked.only == "large":
        print(json.dumps(large(asked.large)))
    else:
        given = ["--runs", str(asked.runs), "--replicates", str(asked.replicates), "--large", str(asked.large)]
        for size in ("small", "large"):
            made = subprocess.run(
                [sys.executable, __file__, "--only", size, *given], check=True, capture_output=True, text=True
            )
            print(json.dumps(json.loads(made.stdout), indent=1))
