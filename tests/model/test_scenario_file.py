import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.compression import lab_scenario, quick
from model.scenario import Scenario
from model.scenario_file import ScenarioError, dump, load, parse, shipped
from model.strategies import without_upgrade


def changed(toml: str, *replacements: tuple[str, str]) -> str:
    """Replace lines of a scenario file, each the first that begins so, or the first that does in a [table]."""
    lines = toml.splitlines()
    for old, new in replacements:
        number = 0
        for beginning in re.fullmatch(r"(\[.*\] )?(.*)", old).groups(""):  # type: ignore[union-attr]
            number = next(at for at in range(number, len(lines)) if lines[at].startswith(beginning.strip()))
        lines[number] = new
    return "\n".join(lines)


def problems_of(toml: str) -> list[str]:
    """Give what is wrong with a scenario file."""
    with pytest.raises(ScenarioError) as error:
        parse(toml, "mine.toml")
    return error.value.problems


# One thing wrong


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("[load]", "[lod]", "lod: is not a key of the scenario; did you mean load?"),
        ("seed =", "sede = 1", "scenario.sede: is not a key of the scenario; did you mean seed?"),
        (
            "printers =",
            "printer = 2",
            'offices.known."35.07".printer: is not a key of the scenario; did you mean printers?',
        ),
        (
            "during =",
            "qqq = 1.5",
            "upgrade.cost.qqq: is not a key of the scenario; known here are during, after, lost_slots, standstill, "
            "cold, warm_up, batch",
        ),
    ],
)
def test_an_unknown_key_is_told_with_the_key_that_was_probably_meant(
    april_toml: str, old: str, new: str, problem: str
) -> None:
    assert problem in problems_of(changed(april_toml, (old, new)))


@pytest.mark.parametrize(
    ("old", "problem"),
    [
        ("seed =", "scenario.seed: is missing; The seed of every random stream"),
        ("handover =", "service.handover: is missing; How often the hand-over window looks for printed cards and "),
        ("low =", "service.capture.low: is missing; The shortest"),
        ("during =", "upgrade.cost.during: is missing; While the upgrade works"),
    ],
)
def test_a_missing_key_is_told_with_what_it_means(april_toml: str, old: str, problem: str) -> None:
    (told,) = problems_of(changed(april_toml, (old, "")))
    assert told.startswith(problem)


def test_a_missing_table_is_told_with_what_it_means(april_toml: str) -> None:
    without_staffing = april_toml[: april_toml.index("[staffing]")] + april_toml[april_toml.index("[load]") :]
    assert problems_of(without_staffing) == ["staffing: is missing; `[staffing]`: who works when"]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("printing =", 'printing = "3"', "service.printing: '3' is not a duration; write a number and a unit"),
        ("printing =", "printing = 3", "service.printing: 3 is not a duration; write a number and a unit"),
        ("arrivals =", 'arrivals = "400"', "offices.known.\"35.07\".arrivals: '400' is not a rate; write a number per"),
        ("packet =", 'packet = "100"', "load.packet: '100' is not a size; write a number and a unit"),
        ("peak =", 'peak = "85%"', "load.peak: '85%' is not a height of the load; write \"real\" or a share"),
        ("opening =", 'opening = "8-18"', "offices.opening: '8-18' is not a window of the day; write it as"),
        ('"08:00" =', '"8h" = 1.8', "demand: '8h' is not a time of day; write it as"),
    ],
)
def test_a_value_without_its_unit_is_told_with_how_to_write_it(
    april_toml: str, old: str, new: str, problem: str
) -> None:
    (told,) = problems_of(changed(april_toml, (old, new)))
    assert told.startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("days =", 'days = "3"', "scenario.days: input should be a valid integer, not '3'; How many days"),
        ("days =", "days = 3.5", "scenario.days: input should be a valid integer, not 3.5; How many days"),
        ("days =", "days = 0", "scenario.days: input should be greater than or equal to 1, not 0; How many days"),
        ("seed =", "seed = true", "scenario.seed: input should be a valid integer, not True; The seed"),
        ("title =", "title = 7", "scenario.title: input should be a valid string, not 7; One line that names"),
        ("to =", "to = 5.5", "upgrade.to: input should be a valid string, not 5.5; The version it leads to"),
        (
            "plan =",
            'plan = "bold"',
            "upgrade.plan: input should be 'online', 'rolling' or 'big-bang', not 'bold'; How",
        ),
        ("start =", "start = 20160404", "scenario.start: input should be a valid datetime, not 20160404; Midnight"),
        ("duplicates =", "duplicates = 2", "demand.duplicates: input should be less than or equal to 1, not 2; Share"),
        ("during =", "during = nan", "upgrade.cost.during: input should be a finite number, not nan; While"),
        (
            '"08:00" =',
            '"08:00" = -1',
            'demand.curve."08:00": input should be greater than or equal to 0, not -1; Relative arrival rate',
        ),
        (
            "printers =",
            "printers = 0",
            'offices.known."35.07".printers: input should be greater than or equal to 1, not 0; Card printers',
        ),
    ],
)
def test_a_value_of_another_type_or_out_of_range_is_told_with_what_the_key_means(
    april_toml: str, old: str, new: str, problem: str
) -> None:
    (told,) = problems_of(changed(april_toml, (old, new)))
    assert told.startswith(problem)


@pytest.mark.parametrize(
    ("old", "new", "problems"),
    [
        (
            "which =",
            'which = ["35.07", "99.99", "35.7"]',
            [
                "offices.which[1]: there is no office '99.99'; did you mean 91.19 (Kab. Supiori)? "
                "(codes are in model/data/offices.csv)",
                "offices.which[2]: there is no office '35.7'; did you mean 35.79 (Kota Batu)? "
                "(codes are in model/data/offices.csv)",
            ],
        ),
        (
            '[offices.known."35.07"]',
            '[offices.known."Malang"]',
            ["offices.known.Malang: there is no office 'Malang' (codes are in model/data/offices.csv)"],
        ),
        (
            "which =",
            'which = "some"',
            ["offices.which: input should be 'all', not 'some'; All 514, or a list of codes"],
        ),
        (
            "which =",
            "which = []",
            [
                "offices.which: list should have at least 1 item after validation, not 0, not []; "
                "All 514, or a list of codes"
            ],
        ),
        (
            "which =",
            'which = ["35.07", "35.73", "35.07"]',
            ["offices.which: names 35.07 more than once; an office takes part once"],
        ),
    ],
)
def test_offices_that_cannot_take_part_are_told_by_their_codes(
    april_toml: str, old: str, new: str, problems: list[str]
) -> None:
    assert problems_of(changed(april_toml, (old, new))) == problems


@pytest.mark.parametrize(
    ("replacements", "problem"),
    [
        (
            [("regular =", 'regular = "17:00-08:00"')],
            "staffing.regular: '17:00-08:00' ends before it starts; write the earlier time first",
        ),
        (
            [("evening =", 'evening = "16:00-22:00"')],
            "staffing.evening: starts at 16:00, but regular ends at 17:00; the evening shift takes over then",
        ),
        (
            [("regular =", 'regular = "08:00-12:00"'), ("evening =", 'evening = "12:00-16:00"')],
            "staffing: the doors are open (offices.opening) at hours when nobody works; let regular and evening",
        ),
        (
            [("regular =", 'regular = "09:00-17:00"')],
            "staffing: the doors are open (offices.opening) at hours when nobody works; let regular and evening",
        ),
        (
            [("opening =", 'opening = "08:00-17:00"')],
            "demand.curve: runs from 08:00 to 18:00, outside offices.opening; end it where the doors close, or open",
        ),
        (
            [("[upgrade] start =", "start = 2016-04-03T23:00:00+07:00")],
            "upgrade.start: is before scenario.start; start the scenario a day earlier",
        ),
        (
            [
                ("[upgrade] start =", "start = 2016-04-07T00:00:00+07:00"),
                ("expected_end =", "expected_end = 2016-04-08T00:00:00+07:00"),
            ],
            "upgrade.start: is after the scenario's last day; start it earlier, or raise scenario.days",
        ),
        (
            [("expected_end =", "expected_end = 2016-04-04T06:00:00+07:00")],
            "upgrade: expected_end must come after start",
        ),
        (
            [("[upgrade] start =", "start = 2016-04-04T06:00:00")],
            "upgrade: start and expected_end need a UTC offset, such as 2016-04-04T06:00:00+07:00",
        ),
        (
            [("[scenario] start =", "start = 2016-04-04T00:00:00")],
            "scenario: start has no UTC offset; write it as 2016-04-04T00:00:00+07:00",
        ),
        (
            [("[scenario] start =", "start = 2016-04-04T06:00:00+07:00")],
            "scenario: start is 2016-04-04T06:00:00+07:00; it must be a midnight, such as 2016-04-04T00:00:00+07:00",
        ),
        (
            [("arrivals =", 'arrivals = "50000/day"')],
            "demand.arrivals: 42000/day is less than the offices in offices.known have together (50000/day)",
        ),
        ([("enrollment =", "enrollment = 0.4")], "demand.mix: the shares add up to 0.4; they must add up to 1"),
        (
            [('"09:00" =', '"07:00" = 2.0')],
            "demand: curve needs at least two times of day, earlier first, each once",
        ),
    ],
)
def test_what_cannot_be_is_told_with_what_could(
    april_toml: str, replacements: list[tuple[str, str]], problem: str
) -> None:
    (told,) = problems_of(changed(april_toml, *replacements))
    assert told.startswith(problem)


# In a list of tables


LASTING = """
start = 2016-04-04T10:00:00+07:00
end = 2016-04-04T11:00:00+07:00"""


@pytest.mark.parametrize(
    ("fault", "problem"),
    [
        ('kind = "latnecy"', "kind: there is no kind 'latnecy'; did you mean latency?"),
        ('kind = "flood"', "kind: there is no kind 'flood'; known here are latency, errors, printer-down, link-cut, "),
        ('stage = "matching"', "kind: is missing; known here are latency, errors, printer-down, link-cut, "),
        ('kind = "link-cut"', "office: is missing; Whose link"),
        (
            'kind = "link-cut"\noffice = "99.99"',
            "office: there is no office '99.99'; did you mean 91.19 (Kab. Supiori)? (codes are in ",
        ),
        (
            'kind = "errors"\nstage = "matching"\nshrae = 1\nshare = 1',
            "shrae: is not a key of the scenario; did you me",
        ),
        (
            'kind = "postgres-restart"\nlatency = 3',
            "latency: is not a key of the scenario; known here are start, end, kind",
        ),
        (
            'kind = "errors"\nstage = "printing"\nshare = 1',
            "stage: input should be 'submission', 'validation', 'matching' or 'personalisation', not 'printing'; Where",
        ),
        (
            'kind = "errors"\nstage = "matching"\nshare = 30',
            "share: input should be less than or equal to 1, not 30; How many of the records",
        ),
        (
            'kind = "latency"\nstage = "matching"\ndelay = "2"',
            "delay: '2' is not a duration; write a number and a unit",
        ),
        (
            'kind = "latency"\nstage = "matching"\ndelay = "1 min"',
            "delay: 1 min is too long; a stage waits at most 10 s for a record",
        ),
        (
            'kind = "worker-killed"\nworker = 0',
            "worker: input should be greater than or equal to 1, not 0; Which of the workers",
        ),
    ],
)
def test_what_is_wrong_in_a_list_of_tables_is_told_with_its_number(april_toml: str, fault: str, problem: str) -> None:
    right = f'\n[[faults]]\nkind = "postgres-restart"{LASTING}\n'
    (told,) = problems_of(f"{april_toml}{right}{right}\n[[faults]]\n{fault}{LASTING}\n")
    assert told.startswith(f"faults[2].{problem}")


@pytest.mark.parametrize(
    ("start", "end", "problem"),
    [
        (
            "2016-04-04T10:00:00",
            "2016-04-04T11:00:00+07:00",
            "faults[0].start: has no UTC offset; write it as 2016-04-",
        ),
        ("2016-04-04T10:00:00+07:00", "2016-04-04T10:00:00+07:00", "faults[0]: end must come after start"),
        (
            "2016-04-03T10:00:00+07:00",
            "2016-04-04T10:00:00+07:00",
            "faults[0]: is not within the scenario's days, 2016-04-04T00:00:00+07:00 to 2016-04-07T00:00:00+07:00; ",
        ),
    ],
)
def test_a_moment_that_cannot_be_is_told_with_the_tables_number(
    april_toml: str, start: str, end: str, problem: str
) -> None:
    fault = f'\n[[faults]]\nkind = "postgres-restart"\nstart = {start}\nend = {end}\n'
    (told,) = problems_of(april_toml + fault)
    assert told.startswith(problem)


def test_everything_wrong_in_a_list_of_tables_is_told_at_once(april_toml: str) -> None:
    late = '[[faults]]\nkind = "postgres-restart"\nstart = 2016-04-08T00:00:00Z\nend = 2016-04-08T01:00:00Z\n'
    assert [problem.partition(":")[0] for problem in problems_of(f"{april_toml}\n{late}{late}")] == [
        "faults[0]",
        "faults[1]",
    ]
    wrong = f'\n[[faults]]\n{LASTING}\n[[faults]]\nkind = "link-cut"\nofice = "35.07"{LASTING}\n{late}'
    assert [problem.partition(":")[0] for problem in problems_of(april_toml + wrong)] == [
        "faults[0].kind",
        "faults[1].office",
        "faults[1].ofice",
    ]


# Several things wrong


def test_everything_wrong_is_told_at_once_within_tables_and_between_them(april_toml: str) -> None:
    wrong = changed(
        april_toml,
        ("days =", "days = 0"),
        ("seed =", "sed = 1"),
        ("printing =", 'printing = "3"'),
        ("low =", 'low = "50 min"'),
        ("evening =", 'evening = "16:00-22:00"'),
        ("opening =", 'opening = "09:00-18:00"'),
    )
    keys = [problem.partition(":")[0] for problem in problems_of(wrong)]
    assert keys == [
        "scenario.days",
        "scenario.seed",
        "scenario.sed",
        "service.capture",
        "service.printing",
        "demand.curve",
        "staffing.evening",
    ]


def test_each_problem_is_a_line_of_the_message_under_the_scenarios_name(april_toml: str) -> None:
    wrong = changed(april_toml, ("days =", "days = 0"), ("evening =", 'evening = "16:00-22:00"'))
    with pytest.raises(ScenarioError) as error:
        parse(wrong, "mine.toml")
    first, *lines = str(error.value).splitlines()
    assert first == "scenario mine.toml cannot be used:"
    assert lines == [f"  {problem}" for problem in error.value.problems]
    assert len(lines) == 2


def test_two_disagreements_between_tables_are_two_problems_told_once_each(april_toml: str) -> None:
    wrong = changed(april_toml, ("evening =", 'evening = "16:00-22:00"'), ("arrivals =", 'arrivals = "50000/day"'))
    assert [problem.partition(":")[0] for problem in problems_of(wrong)] == ["staffing.evening", "demand.arrivals"]


def test_a_table_that_is_wrong_by_itself_is_not_held_against_the_others(april_toml: str) -> None:
    wrong = changed(april_toml, ("regular =", 'regular = "8-17"'), ("opening =", 'opening = "06:00-18:00"'))
    (told,) = problems_of(wrong)
    assert told.startswith("staffing.regular: '8-17' is not a window of the day")


# Files


def test_april_2016_is_shipped() -> None:
    assert "april-2016" in shipped()


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_can_be_used(name: str) -> None:
    assert isinstance(load(name), Scenario)


def test_an_unknown_name_is_told_with_the_one_that_was_probably_meant_and_all_there_are() -> None:
    with pytest.raises(ScenarioError, match=r"did you mean april-2016\? shipped are .*april-2016.* ending \.toml"):
        load("april2016")


def test_a_file_of_ones_own_is_read_by_its_path(tmp_path: Path, april_toml: str, april: Scenario) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(changed(april_toml, ("days =", "days = 5")), encoding="utf-8")
    mine = load(str(path))
    assert mine.scenario.days == 5
    assert mine.model_dump(exclude={"scenario": {"days"}}) == april.model_dump(exclude={"scenario": {"days"}})


def test_a_file_that_is_not_there_is_told_with_where_it_was_looked_for(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=re.escape(f"there is no file {tmp_path / 'mine.toml'}")):
        load(str(tmp_path / "mine.toml"))


def test_a_file_that_is_no_toml_is_told_with_the_line() -> None:
    (told,) = problems_of("[scenario]\ntitle =\n")
    assert told.startswith("it is not valid TOML: ")
    assert "line 2" in told


# There and back


def test_what_is_written_is_read_back_as_it_was(april: Scenario) -> None:
    assert parse(dump(april), "back") == april


@given(capacity_per_s=st.floats(0.01, 200), coarse=st.booleans(), normal=st.booleans())
def test_a_labs_scenario_is_read_back_as_it_was_written(
    april: Scenario, capacity_per_s: float, coarse: bool, normal: bool
) -> None:
    lab = lab_scenario(quick(april) if coarse else april, capacity_per_s)
    lab = without_upgrade(lab) if normal else lab
    assert parse(dump(lab), "back") == lab


def test_a_scenario_without_its_upgrade_is_read_back_without_one(april: Scenario) -> None:
    normal = without_upgrade(april)
    assert "[upgrade" not in dump(normal)
    assert parse(dump(normal), "back") == normal


@given(
    stages=st.tuples(*[st.floats(1e-6, 1e4)] * 4),
    during=st.floats(1, 1e3),
    after=st.floats(1e-3, 1e3),
)
def test_measured_figures_are_read_back_to_the_last_bit(
    april: Scenario, stages: tuple[float, ...], during: float, after: float
) -> None:
    assert april.upgrade is not None
    names = ("submission_s", "validation_s", "matching_s", "personalisation_s")
    times = april.centre.stages.model_copy(update=dict(zip(names, stages, strict=True)))
    cost = april.upgrade.cost.model_copy(update={"during": during, "after": after})
    measured = april.model_copy(
        update={
            "centre": april.centre.model_copy(update={"stages": times}),
            "upgrade": april.upgrade.model_copy(update={"cost": cost}),
        }
    )
    assert parse(dump(measured), "back") == measured


def test_a_written_scenario_carries_its_units(april: Scenario) -> None:
    written = dump(april)
    for line in ('printing = "3 min"', 'arrivals = "400/day"', 'opening = "08:00-18:00"', 'peak = "85% of capacity"'):
        assert line in written.splitlines()


def test_a_load_of_real_height_is_written_and_read_back(april: Scenario) -> None:
    real = april.model_copy(update={"load": april.load.model_copy(update={"peak_share": None})})
    assert parse(dump(real), "real") == real
