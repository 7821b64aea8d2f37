"""Ask about one domain, within bounds: so many questions, so long, and what others ask too only once."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from mailsift.analyzer.evidence import Lookup
from mailsift.analyzer.probes.answer import Answer
from mailsift.analyzer.probes.reading import read
from mailsift.analyzer.records.replies import Question, RecordType, Reply, Walk

MAX_QUESTIONS: Final = 80
MAX_SECONDS: Final = 30.0
"""No question about a domain is begun later than this after the first."""

SHARED_REPLIES: Final = 10_000

Ask = Callable[[str, RecordType], Awaitable[Answer]]
_Found = TypeVar("_Found")


class SharedReplies:
    """Replies about names that many domains refer to: each is asked for once in a run, whoever waits for it.

    A run is one job's, so nothing is kept for longer than its facts may be.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._replies: OrderedDict[Question, asyncio.Future[Reply]] = OrderedDict()

    async def reply(self, question: Question) -> Reply:
        """Return the reply that is there or on its way, or ask."""
        known = self._replies.get(question)
        if known is not None:
            return await asyncio.shield(known)
        found = self._replies[question] = asyncio.get_running_loop().create_future()
        if len(self._replies) > SHARED_REPLIES:
            self._replies.popitem(last=False)
        try:
            reply = read(await self._ask(question.name, question.record_type), question.record_type)
        except BaseException:
            self._forget(question, found)
            found.cancel()
            raise
        if not reply.lookup.tells:
            self._forget(question, found)
        found.set_result(reply)
        return reply

    def _forget(self, question: Question, found: "asyncio.Future[Reply]") -> None:
        if self._replies.get(question) is found:
            del self._replies[question]


class Inquiry:
    """All questions about one domain."""

    def __init__(self, domain: str, ask: Ask, shared: SharedReplies) -> None:
        self._domain = domain
        self._ask = ask
        self._shared = shared
        self._replies: dict[Question, Reply] = {}
        self._questions_left = MAX_QUESTIONS
        self._ends_at = asyncio.get_running_loop().time() + MAX_SECONDS

    async def ask(self, name: str, record_type: RecordType) -> Reply:
        """Ask one question, once; or leave it unasked when there were enough."""
        question = Question(name, record_type)
        if question not in self._replies:
            self._replies[question] = await self._reply(question)
        return self._replies[question]

    async def _reply(self, question: Question) -> Reply:
        if self._questions_left <= 0 or asyncio.get_running_loop().time() > self._ends_at:
            return Reply(Lookup.NOT_ASKED)
        self._questions_left -= 1
        if f".{question.name}".endswith(f".{self._domain}"):
            return read(await self._ask(question.name, question.record_type), question.record_type)
        return await self._shared.reply(question)

    async def follow(self, walk: Walk[_Found]) -> _Found:
        """Ask whatever a walk wants to know, and return what it found."""
        try:
            question = next(walk)
            while True:
                question = walk.send(await self.ask(question.name, question.record_type))
        except StopIteration as end:
            found: _Found = end.value
            return found
