"""Scaling: a measured server made as large as a load needs, by having more of everything and nothing faster.

k times the workers, matchers, web processes and cores make k times the records and slow each other as before: a queue
of k times the load in front of k times the servers. docs/model.md says what that assumes.
"""

from model.arrivals import national_peak_per_s
from model.centre import CentreSpec, login_s, national_centre
from model.scenario import Scenario


def measured_national_centre(server: CentreSpec, scenario: Scenario) -> CentreSpec:
    """Return the nation's centre built as a measured server is, so large that the normal peak fills it as wished.

    The upgrade, other users, adjudicators and the order of the records are the scenario's; crowding is not, for how
    much its services slow each other was measured.

    Args:
        server: in wall seconds, that is: a calibration's centre with a speedup of one.
        scenario: the nation's.
    """
    own = sized(server, national_peak_per_s(scenario) / scenario.centre.peak_utilisation)
    return national_centre(scenario)._replace(
        slots=own.slots,
        submission_s=own.submission_s,
        stage_s=own.stage_s,
        notice_s=own.notice_s,
        notice_variation=own.notice_variation,
        variation=own.variation,
        kinds=own.kinds,
        work=own.work,
        sharing=own.sharing,
        login_s=login_s(scenario, sum(own.stage_s.values())),
        crowding=0.0,
    )


def sized(server: CentreSpec, per_s: float) -> CentreSpec:
    """Return a server of the same build that sustains so many records a second.

    It has more servers, in whole numbers, and what these round off is made up for by the times. One that is too large
    as it is has the same servers, each slower.
    """
    larger = enlarged(server, max(1.0, per_s / server.capacity_per_s))
    return slowed(larger, larger.capacity_per_s / per_s)


def enlarged(server: CentreSpec, factor: float) -> CentreSpec:
    """Return a server with so many times the servers and cores."""
    kinds = tuple(kind._replace(servers=round(factor * kind.servers)) for kind in server.servers)
    sharing = server.sharing
    # A share of the cores is what slows: with k times the cores each service more adds a k-th.
    cores, web = sharing.cores * factor, round(sharing.web * factor)
    return server._replace(
        slots=sum(kind.servers for kind in kinds),
        kinds=kinds,
        sharing=sharing._replace(cores=cores, slope=sharing.slope / factor, web=web),
    )


def slowed(server: CentreSpec, factor: float) -> CentreSpec:
    """Return a server that takes so many times longer for everything."""
    return server._replace(
        submission_s=server.submission_s * factor,
        stage_s={stage: mean_s * factor for stage, mean_s in server.stage_s.items()},
        notice_s={stage: notice_s * factor for stage, notice_s in server.notice_s.items()},
        kinds=tuple(
            kind._replace(
                gap_s=kind.gap_s * factor,
                fixed_s=None if kind.fixed_s is None else kind.fixed_s * factor,
                per_record_s=kind.per_record_s * factor,
            )
            for kind in server.servers
        ),
        work={stage: work.times(factor) for stage, work in server.work.items()},
    )
