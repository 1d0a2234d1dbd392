"""`tocsin study`: from study.toml to results. Composes the other rooms; no estimator, no clinical rule."""

from tocsin.study.run import run_study

__all__ = ["run_study"]
