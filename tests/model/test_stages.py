from itertools import product

import pytest

from model.stages import CENTRAL_STAGES, REFUSED, TRANSITIONS, IllegalTransitionError, Stage, Status, move

LEGAL = [(old, new) for old, news in TRANSITIONS.items() for new in sorted(news)]
ILLEGAL = sorted(set(product(Status, Status)) - set(LEGAL))


def reachable_from(start: Status) -> set[Status]:
    """Give every status that some chain of moves leads to."""
    found: set[Status] = set()
    waiting = [start]
    while waiting:
        for new in TRANSITIONS[waiting.pop()] - found:
            found.add(new)
            waiting.append(new)
    return found


def test_the_table_of_moves_knows_every_status() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_every_status_is_the_first_one_or_can_be_reached_from_it() -> None:
    assert reachable_from(Status.UNREGISTERED) == set(Status) - {Status.UNREGISTERED}


@pytest.mark.parametrize(("old", "new"), LEGAL)
def test_a_record_moves_along_the_table(old: Status, new: Status) -> None:
    assert move(old, new) is new


@pytest.mark.parametrize(("old", "new"), ILLEGAL)
def test_a_record_moves_nowhere_else_and_is_told_where_it_could(old: Status, new: Status) -> None:
    with pytest.raises(IllegalTransitionError) as error:
        move(old, new)
    allowed = str(error.value).partition("it can go to ")[2]
    assert str(error.value).startswith(f"a record cannot go from {old} to {new};")
    assert set(allowed.split(", ")) == (TRANSITIONS[old] or {"nothing: the status is final"})


def test_legal_and_illegal_moves_are_all_pairs_of_statuses() -> None:
    assert len(LEGAL) + len(ILLEGAL) == len(Status) ** 2


def test_only_an_issued_card_and_a_duplicate_are_final() -> None:
    assert {status for status in Status if not TRANSITIONS[status]} == {Status.CARD_ISSUED, Status.DUPLICATE_RECORD}


def test_the_usual_way_leads_from_nothing_to_the_card_in_hand() -> None:
    status = Status.UNREGISTERED
    for new in (
        Status.BIO_CAPTURED,
        Status.PROCESSING,
        Status.SENT_FOR_ENROLLMENT,
        Status.RECEIVED_AT_CENTRAL,
        Status.PRINT_READY_RECORD,
        Status.SENT_FOR_CARD_PRINTING,
        Status.CARD_PRINTED,
        Status.CARD_ISSUED,
    ):
        status = move(status, new)
    assert status is Status.CARD_ISSUED


@pytest.mark.parametrize("status", sorted(REFUSED))
def test_who_is_refused_gets_a_card_only_after_a_new_capture_if_ever(status: Status) -> None:
    assert TRANSITIONS[status] <= {Status.BIO_CAPTURED}


def test_who_is_not_refused_can_still_get_a_card_from_where_the_record_is() -> None:
    for status in set(Status) - REFUSED - {Status.CARD_ISSUED}:
        assert Status.CARD_ISSUED in reachable_from(status), status


def test_the_centres_stages_come_between_submission_and_printing_in_the_order_of_the_journey() -> None:
    journey = list(Stage)
    between = journey[journey.index(Stage.SUBMISSION) + 1 : journey.index(Stage.PRINTING)]
    assert list(CENTRAL_STAGES) == between
