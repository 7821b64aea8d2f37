"""What can keep a command from its end; each message says what to do about it, and each code is for programs."""


class StandaloneError(Exception):
    """The command cannot go on; its message is for the person at the keyboard."""

    code = "failed"
    exit_code = 1


class HomeError(StandaloneError):
    """The data directory cannot be used."""

    code = "home_unusable"


class HomeInUseError(HomeError):
    """Another process holds the data directory."""

    code = "home_in_use"


class PostgresError(StandaloneError):
    """The embedded PostgreSQL cannot be found, made or started."""

    code = "postgres_unusable"


class DatabaseRefusedError(StandaloneError):
    """The database of DATABASE_URL is not one that a single process may run as its own."""

    code = "database_refused"


class PortTakenError(StandaloneError):
    """Somebody else listens on the port."""

    code = "port_taken"


class NameserverTakenError(StandaloneError):
    """The running mailsift asks another nameserver than the one this command names."""

    code = "other_nameserver"


class CodedError(StandaloneError):
    """An error whose code is told by what went wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class InputError(CodedError):
    """What the command was given cannot be worked on: a file, an address, an option."""

    exit_code = 2


class RunFailedError(CodedError):
    """A job ended without its work done."""


class RefusedError(CodedError):
    """The API answered with a problem."""


class ServerGoneError(StandaloneError):
    """The API does not answer, or no longer."""

    code = "server_gone"
