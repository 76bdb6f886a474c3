"""What can be set from outside: read from the environment, prefix `ANTREAN_`, when `Settings()` is called."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The server's settings; each may be given as an environment variable, `ANTREAN_PORT=8000`."""

    model_config = SettingsConfigDict(env_prefix="ANTREAN_", frozen=True)

    database_url: str
    """A libpq URI, `postgresql://...`."""
    signing_key_file: Path
    """The PEM file of the private key that signs chips; `seed` makes it if it is missing."""

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65535)
    """0 takes a free port."""
    web_connections: int = Field(default=8, ge=1)
    """How many database connections the web process may hold."""
    pool_timeout_s: float = Field(default=2.0, gt=0)
    """How long a request waits for one of them; then the answer is 503."""
    retry_after_s: int = Field(default=2, ge=1)
    """What a 503 tells the client to wait."""
    request_log: bool = False
    """Whether the web logs every request."""
    idempotency_keep_s: float = Field(default=86_400.0, gt=0)
    """How long the answer to a request with an Idempotency-Key is kept."""
    max_upload_bytes: int = Field(default=1_000_000, ge=1)
    """The largest request body; above it the answer is 413."""
    uploads_per_s: float = Field(default=10.0, gt=0)
    """Requests other than reads that a key may send, in the long run; above it the answer is 429."""
    upload_burst: int = Field(default=100, ge=1)
    """How many of them it may send at once after a rest."""
    session_s: float = Field(default=57_600.0, gt=0)
    """How long an operator who has logged in need not do so again: a shift and its overtime."""
    console: bool = True
    """Whether the web process shows its console at `/`; on loopback only."""
    restartable: bool = False
    """Whether who started the server carries out `postgres-restart` faults: stops the database and starts it again."""

    poll_s: float = Field(default=0.25, gt=0)
    """How long a process with nothing to do waits, unless the bell rings, before it looks again."""
    listen: bool = True
    """Whether it listens for the bell; without it, make `poll_s` short."""
    worker_batch: int = Field(default=8, ge=1)
    """Records that a worker claims at once."""
    deliberate_cost_share: float = Field(default=0.0, ge=0, le=10)
    """How much more CPU personalisation takes on purpose, see `mock_server/deliberate_cost.py`."""
    matcher_batch: int = Field(default=32, ge=1)
    """Records that the matcher compares in one matrix product, at most."""
    printer_s_per_card: float = Field(default=180.0, ge=0)
    """How long a printer takes for a card: mechanics, the only time here that is not work."""

    similar: float = Field(default=0.60, ge=-1, le=1)
    """From this cosine on, a person decides whether two faces are one."""
    duplicate: float = Field(default=0.80, ge=-1, le=1)
    """From this cosine on, two faces are one."""
    min_sharpness: float = Field(default=30.0, ge=0)
    """The least variance of the photo's Laplacian, in squared grey levels of 0-255."""
