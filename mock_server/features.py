"""What the version that serves an office can do, for requests that use what not every version has.

Only such a request asks: the common ones need no further query.
"""

from collections.abc import Collection

from sqlalchemy.ext.asyncio import AsyncConnection

from mock_server import claims
from mock_server.pipeline.versions import FEATURES, Feature, Version, brought_by
from mock_server.refusals import UnsupportedError


async def version_for(connection: AsyncConnection, office: str) -> Version:
    """Return the version that serves an office; it stays so until the transaction ends.

    Ask before anything of the transaction's is locked: an upgrade takes the version's lock first, too.
    """
    return (await connection.run_sync(claims.read_system)).version_of(office)


def must_have(version: Version, features: Collection[Feature]) -> None:
    """Make sure that a version has these features.

    Raises:
        UnsupportedError: it lacks one.
    """
    for feature in sorted(features):
        if feature not in FEATURES[version]:
            raise UnsupportedError(version, feature, brought_by(feature))
