"""Advice: one paragraph that says from the figures alone what to do, how sure that is and what it costs."""

from antrean.experiment import AS_IS
from antrean.ranking import OVERTIME, UPGRADE_LENGTH, Ranking, Standing, Verdict
from antrean.wording import enumerated, percent, shown, shown_amount, shown_difference, shown_interval
from model.performance import performance

CARDS = "cards_a_day"
"""Who does not come, as one in ten does not who has an appointment, waits for nothing and gets nothing."""


def advice(ranking: Ranking) -> str:
    """Return the paragraph."""
    told = [_best(ranking), _how_sure(ranking), _ties(ranking), _price(ranking), _alternative(ranking)]
    return " ".join(sentence for sentence in told if sentence)


def _best(ranking: Ranking) -> str:
    """Which is the best, and by how much better than what is done anyway."""
    measure, best = ranking.measure, ranking.best
    label = performance(measure).label
    count = len([standing for standing in ranking.standings if standing.rank])
    had = f"{label}: {shown_interval(measure, best.measures[measure])}"
    if best.name == AS_IS:
        return f"Of {count} schedules none does better than as-is ({had})."
    difference = best.differences[measure]
    if difference.covers(0.0):
        return (
            f"Of {count} schedules {best.name} comes out first ({had}), but whether it does better than as-is is not "
            f"certain: the difference is {shown_difference(measure, difference)}."
        )
    if max(abs(difference.low), abs(difference.high)) < ranking.indifference:
        return (
            f"Of {count} schedules {best.name} comes out first ({had}), but does no better than as-is that would "
            f"matter: the difference is {shown_difference(measure, difference)}."
        )
    return (
        f"Of {count} schedules {best.name} does best ({had}): {shown_amount(measure, difference)} "
        f"{'more' if difference.mean > 0 else 'less'} than as-is."
    )


def _how_sure(ranking: Ranking) -> str:
    zone = shown(ranking.measure, ranking.indifference)
    if ranking.decided:
        return (
            f"With a probability of {percent(ranking.confidence)} no other one is better than it by more than {zone}."
        )
    needed = ranking.replications_for_best
    more = f"; about {needed:,} would" if needed > ranking.maximum else ""
    return (
        f"{ranking.maximum} replications do not decide which is the best to within {zone}{more}, so take the order of "
        "those at the top as open."
    )


def _ties(ranking: Ranking) -> str:
    """What cannot be told apart from the best, and which of it is the cheapest."""
    tied = ranking.of(Verdict.TIED)
    if not tied:
        return "All others are worse." if len([each for each in ranking.standings if each.rank]) > 1 else ""
    names = enumerated([standing.name for standing in tied])
    told = f"From it cannot be told apart: {names}."
    equals = [ranking.best, *tied]
    cheapest = min(equals, key=lambda standing: standing.measures[OVERTIME].mean)
    saved = ranking.best.measures[OVERTIME].mean - cheapest.measures[OVERTIME].mean
    if saved > performance(OVERTIME).least and _surely_cheaper(cheapest, ranking.best):
        told += f" Of these take {cheapest.name}: it needs {shown(OVERTIME, saved)} overtime a day less."
    return told


def _price(ranking: Ranking) -> str:
    """What the best costs beside as-is."""
    best = ranking.best
    if best.name == AS_IS:
        return ""
    parts = []
    for measure, more, less in (
        (OVERTIME, "of overtime a day more", "of overtime a day less"),
        (UPGRADE_LENGTH, "longer for the upgrade", "shorter for the upgrade"),
        (CARDS, "cards a day more", "cards a day less"),
    ):
        difference = best.differences[measure]
        if not difference.covers(0.0):
            parts.append(f"{shown_amount(measure, difference)} {more if difference.mean > 0 else less}")
    if not parts:
        return f"{best.name} changes neither overtime nor the upgrade's length nor the number of cards noticeably."
    return f"Beside as-is {best.name} means {enumerated(parts)}."


def _alternative(ranking: Ranking) -> str:
    """The cheapest schedule that is still clearly better than as-is, where the best is not the cheapest."""
    best = ranking.best
    others = [standing for standing in ranking.of(Verdict.WORSE) if _clearly_better(standing, ranking.measure)]
    cheaper = [standing for standing in others if standing.differences[OVERTIME].high < best.differences[OVERTIME].low]
    if not cheaper:
        return ""
    choice = min(cheaper, key=lambda standing: standing.measures[OVERTIME].mean)
    return (
        f"Whoever cannot pay that takes {choice.name}: {shown(ranking.measure, choice.measures[ranking.measure].mean)} "
        f"with {shown(OVERTIME, choice.measures[OVERTIME].mean)} of overtime a day in place of "
        f"{shown(OVERTIME, best.measures[OVERTIME].mean)}."
    )


def _clearly_better(standing: Standing, measure: str) -> bool:
    difference = standing.differences[measure]
    return difference.low > 0 if performance(measure).larger_is_better else difference.high < 0


def _surely_cheaper(one: Standing, other: Standing) -> bool:
    return one.differences[OVERTIME].high < other.differences[OVERTIME].low
