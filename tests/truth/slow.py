"""The long run: bias, spread, coverage of every analysis in five worlds, each with its Monte-Carlo error.

    PYTHONPATH=tests python -m truth.slow [--studies 200] [--n 1000] [--replicates 200] [--truth 1000000] [--played 40]

Prints a table per world. With the defaults about an hour and a half on two cores; --studies 20 shows the shape.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from truth.experiment import PLAYED, many
from truth.simulator import truth

WORLDS = {
    "effect": {},
    "no effect": {"effect": 0.0},
    "hidden confounder, no effect": {"effect": 0.0, "hidden": 0.6},
    "informative loss, modelled": {"loss": 0.5},
    "informative loss, not modelled": {"loss": 0.5, "modelled_loss": False},
}


def row(made, name, arm, right):
    values = made.values(name, arm)
    mean, error = made.mean(name, arm)
    rmse = float(np.sqrt(((values - right) ** 2).mean()))
    lost = made.risks[name].shape[0] - values.size
    spread = values.std(ddof=1)
    of_spread = spread / np.sqrt(2 * values.size)
    text = f"{right:8.4f} {mean:8.4f} {mean - right:+8.4f} ({error:.4f}) {spread:7.4f} ({of_spread:.4f}) {rmse:7.4f}"
    return text + (f"  {lost} studies gave no number" if lost else "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--replicates", type=int, default=200)
    parser.add_argument("--truth", type=int, default=1_000_000)
    parser.add_argument("--played", type=int, default=40, help="studies with the g-formula, which is slower")
    asked = parser.parse_args()
    for name, world in WORLDS.items():
        begin = time.perf_counter()
        bare = {k: v for k, v in world.items() if k not in ("modelled_loss", "loss")}
        early, delay = (truth(rule, asked.truth, **bare)[1] for rule in ("early_uniform", "delay"))
        if bare.get("effect") == 0.0:
            delay = early = (early + delay) / 2  # one risk, estimated twice
        made = many(asked.n, asked.studies, replicates=asked.replicates, **world)
        if asked.played:
            made.risks[PLAYED] = many(asked.n, asked.played, played=True, **world).risks[PLAYED]
        print(f"\n{name}: {asked.studies} studies of {asked.n:,}, {time.perf_counter() - begin:.0f} s")
        print(f"{'':28}{'':12} {'truth':>8} {'mean':>8} {'bias':>8} {'(MC)':8} {'SD':>7} {'(MC)':8} {'RMSE':>7}")
        for analysis in made.risks:
            for arm, (label, right) in enumerate((("early", early), ("delay", delay), ("difference", early - delay))):
                print(f"{analysis:28}{label:12} {row(made, analysis, arm, right)}")
        if asked.replicates:
            share = made.coverage(early - delay)
            error = np.sqrt(share * (1 - share) / asked.studies)
            print(f"95 % intervals of the weighted difference hold the truth in {share:.1%} ({error:.1%})", flush=True)


if __name__ == "__main__":
    main()
