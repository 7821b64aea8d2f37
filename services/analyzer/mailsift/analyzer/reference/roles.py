"""Local parts that stand for a function, not a person."""

from functools import cache

from mailsift.analyzer.evidence import ListHit
from mailsift.analyzer.reference.files import read_list


@cache
def _roles() -> dict[str, ListHit]:
    roles = read_list("roles")
    return {entry: ListHit("roles", roles.version, entry) for entry in roles.entries}


def role_of(local_part: str) -> ListHit | None:
    """The role an address stands for; letter case and a `+tag` make no difference."""
    return _roles().get(local_part.lower().partition("+")[0])
