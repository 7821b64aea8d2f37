"""What can keep the standalone from starting; each message says what to do about it."""


class StandaloneError(Exception):
    """The command cannot go on; its message is for the person at the keyboard."""


class HomeError(StandaloneError):
    """The data directory cannot be used."""


class HomeInUseError(HomeError):
    """Another process holds the data directory."""


class PostgresError(StandaloneError):
    """The embedded PostgreSQL cannot be found, made or started."""
