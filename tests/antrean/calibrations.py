"""A calibration whose figures are round."""

from antrean.calibration.calibration_file import Batching, Calibration, Concurrency, Origin, Phase, Service, Standstill
from antrean.calibration.service_time import Family

Three = tuple[float, float, float]


def three(value: float) -> Three:
    return (value, value, value)


def service(family: Family, parameters: tuple[float, ...], mean_s: float = 1.0) -> Service:
    """A stage's times, of coefficient of variation 0.5 where the parameters do not say it."""
    return Service(
        visits=100,
        unfinished=0,
        servers=2,
        starts="seen",
        mean_s=three(mean_s),
        cv=three(0.5),
        distribution=family,
        parameters=parameters,
        bic={family: 0.0},
        aic={family: 0.0},
    )


def calibration(slope: float = 0.0, matching_s: float = 0.001, workers: int = 2) -> Calibration:
    """Validation 10 ms, personalisation 30 ms, a claim of 8 for 16 ms; the backfill costs a half more."""
    means_s = {"submission": 0.02, "validation": 0.010, "matching": matching_s, "personalisation": 0.030}
    services = {stage: service("lognormal", (0.5, mean_s), mean_s) for stage, mean_s in means_s.items()}
    draws = {
        f"{stage}.{name}": (value, 2 * value) for stage in means_s for name, value in (("mean_s", 1.0), ("cv", 0.5))
    }
    return Calibration(
        schema_version=1,
        origin=Origin(kind="runs", names=("a run",), seed=0, workers=workers, most_per_s=10.0),
        concurrency=Concurrency(law="linear", cores=three(1.0), slope=three(slope), most=4),
        stages=services,
        batching={"workers": Batching(batches=50, mean_size=2.0, largest=8, gap_s=three(0.016))},
        notice_s={"validation": three(0.005)},
        phases=(Phase(version="5.4", phase="backfill", visits=50, slowdown=three(1.5), stages={}),),
        standstills=(
            Standstill(session="day", version="5.5", still_s=6.0),
            Standstill(session="day", version="5.5", still_s=8.0),
        ),
        draws={"cores": (1.0, 2.0), "slope": (0.0, 0.1), **draws},
    )
