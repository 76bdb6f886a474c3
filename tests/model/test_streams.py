import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from model.streams import stream

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\x1f"), max_size=8)
ENTITIES = st.tuples(NAMES, st.lists(NAMES, max_size=3))


def test_the_same_names_give_the_same_numbers() -> None:
    first, second = (stream(7, 2, "arrivals", "35.07", 1).random(100) for _ in range(2))
    assert first.tolist() == second.tolist()


def test_numbers_do_not_depend_on_which_streams_are_used_before_or_between() -> None:
    alone = stream(7, 0, "capture", "35.07").random(10)
    stream(7, 0, "arrivals", "35.07").random(1000)
    capture, other = stream(7, 0, "capture", "35.07"), stream(7, 0, "capture", "35.73")
    between = []
    for _ in range(10):
        between.append(float(capture.random()))
        other.random(3)
    assert between == alone.tolist()


def test_each_part_of_the_name_makes_another_stream() -> None:
    names: list[tuple[int, int, str, str, int]] = [
        (7, 0, "arrivals", "35.07", 0),
        (8, 0, "arrivals", "35.07", 0),
        (7, 1, "arrivals", "35.07", 0),
        (7, 0, "capture", "35.07", 0),
        (7, 0, "arrivals", "35.73", 0),
        (7, 0, "arrivals", "35.07", 1),
        (0, 7, "arrivals", "35.07", 0),
    ]
    firsts = {stream(*name).random() for name in names}
    assert len(firsts) == len(names)


@given(ENTITIES, ENTITIES)
def test_names_that_differ_only_in_where_they_are_split_make_different_streams(
    one: tuple[str, list[str]], other: tuple[str, list[str]]
) -> None:
    same = stream(1, 0, one[0], *one[1]).random() == stream(1, 0, other[0], *other[1]).random()
    assert same == (one == other)


def test_neighbouring_streams_are_uncorrelated() -> None:
    draws = np.array([stream(1, 0, "arrivals", "35.07", day).random(10_000) for day in range(14)])
    correlations = np.corrcoef(draws)[np.triu_indices(14, 1)]
    # Five standard errors: of 91 pairs none should exceed it, once in twenty thousand runs.
    assert np.abs(correlations).max() < 5 / np.sqrt(10_000)


def test_a_stream_stays_the_same_from_release_to_release_and_machine_to_machine() -> None:
    # NumPy keeps the raw numbers of a bit generator for ever (NEP 19); a change here changes every stored result.
    assert stream(20160404, 0, "arrivals", "35.07", 0).bit_generator.random_raw() == 16368520528060622863
