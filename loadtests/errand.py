"""Errand: what an operator asks of the centre for a citizen, whatever the citizen came for.

Like the person behind a citizen it follows from the scenario's seed and the citizen's name (loadtests/people.py); which
resident it is who needs a new card was dealt before (loadtests/residents.py).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta

from loadtests.people import People
from loadtests.targets import Correction, PoliceLetter, Replacement, Target
from model.arrivals import Citizen
from model.errands import NEEDS, Errand
from model.printing import is_held
from model.scenario import Scenario
from model.stages import Status
from model.streams import stream

Ask = Callable[[Target, Target], Status]
"""Asks the centre for what a citizen came for and returns where the record stands; doing it again does no harm.

It is given the centre as the office's operators reach it, and as its supervisor does.
"""

LOST_SHARE = 0.5
"""Of the cards to be replaced; a guess: no source tells losses and damages apart."""
FIELDS = ("name", "birth_place", "address", "occupation")
"""What can be corrected: the rest is in the NIK, or makes a citizen of a foreign resident."""
LETTER_DAYS = 14
"""A police letter is no older."""


class Errands:
    """Makes of a citizen what the centre is asked for."""

    def __init__(self, scenario: Scenario, niks: Mapping[str, str]) -> None:
        """Prepare to serve the citizens of a scenario.

        Args:
            scenario: whose citizens come.
            niks: of those who have a card already, by their names as citizens.

        Raises:
            ValueError: `[load] packet` is too small.
        """
        self._scenario = scenario
        self._people = People(scenario)
        self._seed = scenario.seed
        self._today = scenario.scenario.start.date()
        self._niks = niks

    def prepare(self, citizen: Citizen) -> Ask:
        """Return what is asked for a citizen; making a packet takes about a millisecond, asking only the server's time.

        Raises:
            KeyError: the citizen needs a new card and no resident was dealt.
        """
        if NEEDS[citizen.errand].capture:
            packet = self._people.packet(citizen)
            return lambda centre, _: centre.submit(packet)
        chances = iter(stream(self._seed, 0, "papers", citizen.name).random(4).tolist())
        replacement = self._replacement(citizen, chances)
        if citizen.errand is not Errand.CORRECTION:
            return lambda centre, _: centre.replace(replacement)
        correction = self._correction(citizen, chances)

        def correct_and_replace(centre: Target, supervised: Target) -> Status:
            supervised.correct(correction)
            return centre.replace(replacement)

        return correct_and_replace

    def _replacement(self, citizen: Citizen, chances: Iterator[float]) -> Replacement:
        # Whose card is corrected brings it along.
        lost = next(chances) < LOST_SHARE and citizen.errand is not Errand.CORRECTION
        number, days_ago = 1 + int(next(chances) * 9_999), 1 + int(next(chances) * LETTER_DAYS)
        letter = PoliceLetter(f"SKTLK/{number:04d}", self._today - timedelta(days=days_ago))
        needs_letter = lost and citizen.errand is Errand.REPLACEMENT_AWAY
        return Replacement(
            reference=citizen.name,
            nik=self._niks[citizen.name],
            office=citizen.office,
            lost=lost,
            police_letter=letter if needs_letter else None,
            hold_print=is_held(self._scenario, citizen),
        )

    def _correction(self, citizen: Citizen, chances: Iterator[float]) -> Correction:
        field = FIELDS[int(next(chances) * len(FIELDS))]
        return Correction(
            nik=self._niks[citizen.name],
            office=citizen.office,
            field=field,
            value=self._people.biodata(citizen)[field],
            reason="the family card says otherwise",
        )
