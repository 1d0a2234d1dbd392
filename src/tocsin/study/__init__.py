"""`tocsin study`: from study.toml to results. Composes the other rooms; no estimator and no clinical rule lives here."""

from tocsin.study.run import run_study

__all__ = ["run_study"]
