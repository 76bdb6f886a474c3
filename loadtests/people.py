"""People: the synthetic person behind each citizen of a scenario, and the packet that an office sends of them.

Everything about a person follows from the scenario's seed and the citizen's name, so two runs enroll the same people.
Nobody is real: names are dealt from a list, faces are drawn or random vectors, biometrics are noise.
"""

from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

import numpy as np
from faker.providers.person.en import Provider as ForeignNames
from faker.providers.person.id_ID import Provider as IndonesianNames
from numpy.typing import NDArray

from loadtests.portrait import portrait
from model.arrivals import Citizen
from model.errands import Errand
from model.offices import all_offices
from model.printing import is_held
from model.scenario import Scenario
from model.streams import stream

TEMPLATE_FLOATS = 512
DUPLICATE_COSINE = 0.95
"""How alike two captures of one person's face are; two persons' are near 0."""
PORTRAITS = 16
MIN_BIOMETRICS_BYTES = 16_384
"""Ten fingers, two irises and a signature are no smaller; servers refuse what cannot be real."""

ADULT_YEARS, OLDEST_YEARS = 17, 75
SERIALS = 9_999
STREETS = ("Merdeka", "Sudirman", "Diponegoro", "Ahmad Yani", "Kartini", "Gajah Mada", "Hasanuddin", "Pattimura")
OCCUPATIONS = (
    "PELAJAR/MAHASISWA",
    "KARYAWAN SWASTA",
    "WIRASWASTA",
    "PETANI/PEKEBUN",
    "MENGURUS RUMAH TANGGA",
    "BURUH HARIAN LEPAS",
    "PEGAWAI NEGERI SIPIL",
    "BELUM/TIDAK BEKERJA",
)
ORIGINS = (
    ("AUSTRALIA", "Perth"),
    ("BELANDA", "Utrecht"),
    ("INDIA", "Chennai"),
    ("JEPANG", "Osaka"),
    ("KOREA", "Busan"),
)
"""Foreign residents' nationalities, and where they were born."""
PERMIT_YEARS = 5
"""A permit to stay for good is renewed every five years."""

Template = NDArray[np.float32]


class Permit(NamedTuple):
    """A foreign resident's permit to stay for good (KITAP)."""

    number: str
    expires: date
    """The last day on which it is good, some day after the wall clock's: that is what a server holds it against."""


class Packet(NamedTuple):
    """What an office sends of one person."""

    reference: str
    """The citizen's name in the scenario, by which the centre knows the record."""
    office: str
    biodata: dict[str, str]
    photo: bytes
    """JPEG."""
    template: bytes
    """The face as 512 float32, little endian, of length 1."""
    biometrics: bytes
    """Fingerprints, irises and signature, opaque."""
    hold_print: bool = False
    """Whether nobody waits for the card, so that its printing keeps to the hours of batch printing."""
    permit: Permit | None = None
    """A foreign resident's."""

    @property
    def size_bytes(self) -> int:
        """The packet's size, less its framing on the wire."""
        text = sum(len(key) + len(value.encode()) for key, value in self.biodata.items())
        return text + len(self.photo) + len(self.template) + len(self.biometrics)


class People:
    """Makes packets, quickly enough for a load generator: what is expensive is made once, here."""

    def __init__(self, scenario: Scenario) -> None:
        """Prepare to make the people of a scenario.

        Raises:
            ValueError: `[load] packet` is too small to hold a photo, a template and biometrics.
        """
        self._scenario = scenario
        self._seed = scenario.seed
        self._today = scenario.scenario.start.date()
        self._packet_bytes = scenario.load.packet_bytes
        self._portraits = [portrait(stream(self._seed, 0, "portrait", number)) for number in range(PORTRAITS)]
        self._noise = stream(self._seed, 0, "biometrics").bytes(2 * self._packet_bytes)
        text_bytes = 1_000
        least = max(map(len, self._portraits)) + 4 * TEMPLATE_FLOATS + MIN_BIOMETRICS_BYTES + text_bytes
        if self._packet_bytes < least:
            raise ValueError(
                f"load.packet: {self._packet_bytes} B is too small for a packet's parts; at least {least} B"
            )

    def packet(self, citizen: Citizen) -> Packet:
        """Return the packet of a citizen, always the same for the same one, `[load] packet` in size."""
        dice = self._dice(citizen.name)
        template = _face(dice)
        if citizen.duplicate_of is not None:
            template = _again(_face(self._dice(citizen.duplicate_of)), template)
        photo = self._portraits[int(dice.integers(PORTRAITS))]
        packet = Packet(
            reference=citizen.name,
            office=citizen.office,
            biodata=self._biodata(citizen, dice),
            photo=photo,
            template=template.astype("<f4").tobytes(),
            biometrics=b"",
            hold_print=is_held(self._scenario, citizen),
        )
        if citizen.errand is Errand.FOREIGN_RESIDENT:
            packet = self._from_abroad(packet)
        missing = self._packet_bytes - packet.size_bytes
        start = int(dice.integers(len(self._noise) - missing))
        return packet._replace(biometrics=self._noise[start : start + missing])

    def biodata(self, citizen: Citizen) -> dict[str, str]:
        """Return what would be written down of a citizen who is recorded today, always the same for the same one."""
        return self._biodata(citizen, self._dice(citizen.name))

    def _from_abroad(self, packet: Packet) -> Packet:
        dice = stream(self._seed, 0, "foreign residents", packet.reference)
        chances = iter(dice.random(5).tolist())
        nationality, birth_place = ORIGINS[int(next(chances) * len(ORIGINS))]
        first_names = ForeignNames.first_names_female if packet.biodata["sex"] == "P" else ForeignNames.first_names_male
        foreign = {
            "name": f"{_choose(tuple(first_names), next(chances))} {_choose(ForeignNames.last_names, next(chances))}",
            "birth_place": birth_place,
            "nationality": nationality,
        }
        days_left = 1 + int(next(chances) * PERMIT_YEARS * 365)
        permit = Permit(f"2D{int(next(chances) * 1e8):08d}", datetime.now(UTC).date() + timedelta(days=1 + days_left))
        return packet._replace(biodata=packet.biodata | foreign, permit=permit)

    def _dice(self, name: str) -> np.random.Generator:
        return stream(self._seed, 0, "people", name)

    def _biodata(self, citizen: Citizen, dice: np.random.Generator) -> dict[str, str]:
        office = all_offices()[citizen.office]
        # One draw for all choices: a draw costs more than what is made of it.
        chances = iter(dice.random(11).tolist())
        woman = next(chances) < 0.5
        born = _birth_date(self._today, next(chances))
        district = 1 + int(next(chances) * office.kecamatan)
        first_names = IndonesianNames.first_names_female if woman else IndonesianNames.first_names_male
        last_names = IndonesianNames.last_names_female if woman else IndonesianNames.last_names_male
        return {
            "nik": _nik(citizen, district, born, woman),
            "name": f"{_choose(first_names, next(chances))} {_choose(last_names, next(chances))}",
            "birth_place": office.name,
            "birth_date": born.isoformat(),
            "sex": "P" if woman else "L",
            "address": (
                f"Jl. {_choose(STREETS, next(chances))} No. {1 + int(next(chances) * 200)}, "
                f"RT {1 + int(next(chances) * 12):03d}/RW {1 + int(next(chances) * 9):03d}, {office.name}"
            ),
            "occupation": _choose(OCCUPATIONS, next(chances)),
            "nationality": "WNI",
        }


def _face(dice: np.random.Generator) -> Template:
    """The first draw from a person's dice: so that another capture of the same person can repeat it."""
    return _unit(dice.standard_normal(TEMPLATE_FLOATS, dtype=np.float32))


def _again(face: Template, noise: Template) -> Template:
    """Capture a face anew: mostly itself, partly noise of length 1 (in 512 dimensions nearly perpendicular to it)."""
    share: float = np.sqrt(1 / DUPLICATE_COSINE**2 - 1)
    return _unit(face + np.float32(share) * noise)


def _unit(vector: Template) -> Template:
    unit: Template = vector / np.linalg.norm(vector)
    return unit


def _birth_date(today: date, chance: float) -> date:
    youngest = today.replace(year=today.year - ADULT_YEARS)
    return youngest - timedelta(days=int(chance * (OLDEST_YEARS - ADULT_YEARS) * 365.25))


def _nik(citizen: Citizen, district: int, born: date, woman: bool) -> str:
    """Region, district, day of birth (40 more for women), month, year, serial.

    The serial is the citizen's number, so that no two of an office's day share a NIK.
    """
    region = citizen.office.replace(".", "")
    day = born.day + (40 if woman else 0)
    serial = int(citizen.name.rpartition("-")[2]) % SERIALS + 1
    return f"{region}{district:02d}{day:02d}{born:%m%y}{serial:04d}"


def _choose(items: tuple[str, ...], chance: float) -> str:
    return items[int(chance * len(items))]
