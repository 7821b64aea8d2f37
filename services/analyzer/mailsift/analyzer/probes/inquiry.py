"""Ask about one domain, within bounds: so many questions, so long, and what others ask too only once."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.records.replies import Question, RecordType, Reply, Walk

MAX_QUESTIONS: Final = 80
MAX_SECONDS: Final = 30.0
"""No question about a domain is begun later than this after the first."""

SHARED_REPLIES: Final = 10_000

Then = Callable[[Reply], None]
Ask = Callable[[Question, Then], None]
"""Asks, and hands the reply over when it is there: at once, perhaps."""

_Found = TypeVar("_Found")
_NOT_ASKED: Final = Reply(Lookup.NOT_ASKED)


class Memory:
    """Asks each question once, whoever wants to know; those who come later wait too, or hear what is known."""

    def __init__(self, ask: Ask, size: int, *, keeps_silence: bool) -> None:
        self._ask = ask
        self._size = size
        self._keeps_silence = keeps_silence
        self._known: OrderedDict[Question, Reply] = OrderedDict()
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
            self._ask(question, partial(self._keep, question))

    def known(self, question: Question) -> Reply:
        """The reply that was heard."""
        return self._known.get(question, _NOT_ASKED)

    def _keep(self, question: Question, reply: Reply) -> None:
        if self._keeps_silence or reply.lookup.tells:
            self._known[question] = reply
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        for then in self._waiting.pop(question):
            then(reply)


def shared_memory(ask: Ask) -> Memory:
    """For names that many domains refer to. A run is one job's, so nothing is kept for longer than its facts may be."""
    return Memory(ask, SHARED_REPLIES, keeps_silence=False)


class Inquiry:
    """All questions about one domain."""

    def __init__(self, domain: str, ask: Ask, shared: Memory) -> None:
        self._domain = domain
        self._below = f".{domain}"
        self._ask = ask
        self._shared = shared
        self._memory = Memory(self._ask_on, MAX_QUESTIONS, keeps_silence=True)
        self._questions_left = MAX_QUESTIONS
        self._loop = asyncio.get_running_loop()
        self._ends_at = self._loop.time() + MAX_SECONDS

    def _ask_on(self, question: Question, then: Then) -> None:
        if self._questions_left <= 0 or self._loop.time() > self._ends_at:
            then(_NOT_ASKED)
            return
        self._questions_left -= 1
        is_own = question.name == self._domain or question.name.endswith(self._below)
        (self._ask if is_own else self._shared.ask)(question, then)

    def known(self, name: str, record_type: RecordType) -> Reply:
        """The reply to a question that a walk has asked."""
        return self._memory.known(Question(name, record_type))

    async def follow(self, walk: Walk[_Found]) -> _Found:
        """Ask whatever a walk wants to know, and return what it found."""
        found: _Found = (await self.follow_all([walk]))[0]
        return found

    async def follow_all(self, walks: Sequence[Walk[Any]]) -> Sequence[Any]:
        """Follow some walks side by side."""
        return await _Walkers(walks, self._memory.ask, self._loop.create_future()).arrive() if walks else ()


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
