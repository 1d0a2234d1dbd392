"""Pictures of what would turn a result say what the tables say, in both languages."""

from dataclasses import asdict
from xml.etree import ElementTree

import pytest

from tocsin.effects.e_value import confounder_grid, e_value
from tocsin.effects.fragility import fragility
from tocsin.effects.tipping import tipping_grid
from tocsin.report.drawing import size_of
from tocsin.report.fonts_cover import uncovered
from tocsin.report.sensitivity_pictures import (
    TURNED,
    WORDS,
    plot_confounders,
    plot_e_value,
    plot_fragility,
    plot_tipping,
)

ARMS = ("early", "<late>")


def texts(figure):
    return [element.text or "" for element in ElementTree.fromstring(figure.svg).iter() if element.tag.endswith("text")]


def four(lang):
    point, limit = e_value(3.9, 1.8, 8.7, n=100)
    paths = [[asdict(step) for step in path] for path in fragility(11, 13, 2, 9).paths]
    grid = tipping_grid(30, 45, 6, 18, 44, 8)
    cells = [{"filled_a": c.filled_a, "filled_b": c.filled_b, "estimate": c.row.estimate, "turned": c.turned}
             for c in grid.cells]  # fmt: skip
    confounders = [{"with_arm": c.with_arm, "with_outcome": c.with_outcome, "estimate": c.row.estimate,
                    "explained": c.explained} for c in confounder_grid(2.4, 1.3, 4.4, n=100)]  # fmt: skip
    return (
        plot_e_value(point.estimate, limit.estimate, lang=lang),
        plot_fragility(paths, 0.05, ARMS, lang),
        plot_tipping(cells, (4, 3), ARMS, lang),
        plot_confounders(confounders, lang),
    )


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_all_are_drawn(lang):
    for figure in four(lang):
        assert min(size_of(figure.svg)) > 150
        assert figure.title
        assert figure.alt
        assert figure.caption
        assert "http" not in figure.svg.replace("http://www.w3.org/2000/svg", "")
        assert not uncovered([figure.svg])


def test_they_say_the_numbers():
    e, paths, tipping, confounders = four("en")
    assert "estimate, E = 7.26" in texts(e)
    assert "limit nearest 1, E = 3.00" in texts(e)
    assert "<late>: events added" in texts(paths)
    grid = tipping_grid(30, 45, 6, 18, 44, 8)
    assert tipping.svg.count(f'fill="{TURNED}"') == grid.turned
    assert tipping.alt.endswith(f"{grid.turned} / 63")
    assert sorted(texts(tipping)[:63]) == sorted(f"{100 * cell.row.estimate:+.0f}" for cell in grid.cells)
    assert confounders.svg.count(f'fill="{TURNED}"') == 3
    assert "0.86" in texts(confounders)


def test_a_sentence_where_there_is_nothing():
    assert plot_e_value(None, None, "an arm has no event").instead == "No E-value: an arm has no event."
    assert plot_fragility([], 0.05).instead
    assert plot_tipping([], None).instead
    assert plot_confounders([]).instead


@pytest.mark.parametrize("value", [1.0, 1.05, 30.0, 900.0])
def test_weak_and_strong_e_values(value):
    figure = plot_e_value(value, 1.0)
    ElementTree.fromstring(figure.svg)
    assert f"estimate, E = {value:.2f}" in texts(figure)


def test_every_word_in_both_languages():
    for english, chinese in WORDS.values():
        assert english
        assert chinese
    assert not uncovered(chinese for _, chinese in WORDS.values())
