"""Ask about one domain, within bounds: so many questions, so long, and what others ask too only once."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.records.replies import Question, RecordType, Reply, Walk

MAX_QUESTIONS: Final = 80
MAX_SECONDS: Final = 30.0
"""No question about a domain is begun later than this after the first."""

MAX_TEXT: Final = 65_536
"""Nor once so many characters of TXT records were heard: all that belong to a domain have a tenth of it."""

SHARED_SIZE: Final = 16 << 20
SHARED_SECONDS: Final = 300.0

Then = Callable[[Reply], None]
Ask = Callable[[Question, Then], None]
"""Asks, and hands the reply over when it is there: at once, perhaps."""

_Found = TypeVar("_Found")
_NOT_ASKED: Final = Reply(Lookup.NOT_ASKED)


class Memory(ABC):
    """Asks each question once, whoever wants to know; those who come later wait too, or hear what is known."""

    def __init__(self) -> None:
        self._known: dict[Question, Reply] = {}
        self._waiting: dict[Question, list[Then]] = {}

    def ask(self, question: Question, then: Then) -> None:
        """Hand over the reply that is there or on its way, or ask."""
        known = self._known.get(question)
        if known is not None:
            then(known)
        elif question in self._waiting:
            self._waiting[question].append(then)
        else:
            self._waiting[question] = [then]
            self._ask_on(question, partial(self._hear, question))

    @abstractmethod
    def _ask_on(self, question: Question, then: Then) -> None:
        """Ask somebody who may know."""

    @abstractmethod
    def _keep(self, question: Question, reply: Reply) -> None:
        """Know the reply from now on, if it is worth it."""

    def _hear(self, question: Question, reply: Reply) -> None:
        self._keep(question, reply)
        for then in self._waiting.pop(question):
            then(reply)


class SharedMemory(Memory):
    """For names that many domains refer to. What it knows it forgets as soon as the shortest-lived facts are stale."""

    def __init__(self, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._ask = ask
        self._clock = clock
        self._forgets_at = 0.0
        self._room = 0

    def ask(self, question: Question, then: Then) -> None:
        """Hand over a reply that is not too old, or ask."""
        now = self._clock()
        if now >= self._forgets_at or self._room <= 0:
            self._known.clear()
            self._forgets_at = now + SHARED_SECONDS
            self._room = SHARED_SIZE
        super().ask(question, then)

    def _ask_on(self, question: Question, then: Then) -> None:
        self._ask(question, then)

    def _keep(self, question: Question, reply: Reply) -> None:
        if reply.lookup.tells:
            self._known[question] = reply
            self._room -= _size(reply)


def _size(reply: Reply) -> int:
    """About as many bytes as it takes."""
    return 1024 + sum(map(len, reply.texts)) + 512 * (len(reply.hosts) + len(reply.names) + len(reply.addresses))


class Inquiry(Memory):
    """All questions about one domain."""

    def __init__(self, domain: str, ask: Ask, shared: Memory) -> None:
        super().__init__()
        self._domain = domain
        self._below = f".{domain}"
        self._ask = ask
        self._shared = shared
        self._questions_left = MAX_QUESTIONS
        self._text_left = MAX_TEXT
        self._ends_at = time.monotonic() + MAX_SECONDS

    def _ask_on(self, question: Question, then: Then) -> None:
        if self._questions_left <= 0 or self._text_left <= 0 or time.monotonic() > self._ends_at:
            then(_NOT_ASKED)
            return
        self._questions_left -= 1
        is_own = question.name == self._domain or question.name.endswith(self._below)
        (self._ask if is_own else self._shared.ask)(question, then)

    def _keep(self, question: Question, reply: Reply) -> None:
        self._known[question] = reply
        if reply.texts:
            self._text_left -= sum(map(len, reply.texts))

    def known(self, name: str, record_type: RecordType) -> Reply:
        """The reply to a question that a walk has asked."""
        return self._known.get(Question(name, record_type), _NOT_ASKED)

    async def follow(self, walk: Walk[_Found]) -> _Found:
        """Ask whatever a walk wants to know, and return what it found."""
        found: _Found = (await self.follow_all([walk]))[0]
        return found

    async def follow_all(self, walks: Sequence[Walk[Any]]) -> Sequence[Any]:
        """Follow some walks side by side."""
        return await _Walkers(walks, self.ask, asyncio.get_running_loop().create_future()).arrive() if walks else ()


class _Walkers:
    """Walks that go on with every reply, without a coroutine for each."""

    def __init__(self, walks: Sequence[Walk[Any]], ask: Ask, ending: "asyncio.Future[None]") -> None:
        self._walks = walks
        self._ask = ask
        self._found: list[Any] = [None] * len(walks)
        self._on_their_way = len(walks)
        self._ending = ending

    async def arrive(self) -> Sequence[Any]:
        """Return what they found."""
        for number in range(len(self._walks)):
            self._go_on(number, None)
        await self._ending
        return self._found

    def _go_on(self, number: int, reply: Reply | None) -> None:
        if self._ending.done():  # one of them raised, or nobody waits any more
            return
        try:
            question = self._walks[number].send(reply)  # type: ignore[arg-type]  # None is what begins it
        except StopIteration as end:
            self._found[number] = end.value
            self._on_their_way -= 1
            if self._on_their_way == 0:
                self._ending.set_result(None)
        except Exception as problem:  # noqa: BLE001 - whoever waits is to hear of it
            self._ending.set_exception(problem)
        else:
            self._ask(question, partial(self._go_on, number))
