"""Transcripts in a document: what is typed at a shell and at a console, and what must be shown.

They stand in blocks marked ``console``; all of a document are one session.  A line after ``$ `` is a shell command; what
follows a console's prompt is an answer, in « » when nothing of it may be shown, ⏎ when it is empty.  What stands in < > is
different every time: whatever is shown there the first time must be there at every other, and is typed where it stands in
a command or an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from support.terminals import PROMPT

SHELL = "$ "
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ASKED = re.compile(rf"({PROMPT})(.+)")
_PLACEHOLDER = re.compile(r"<([A-Za-z][^<>\n]*)>")


@dataclass(frozen=True)
class Step:
    """Something typed at *prompt*, and the *output* that follows, up to the next prompt."""

    prompt: str
    typed: str
    output: str

    @property
    def secret(self) -> bool:
        return self.typed.startswith("«")

    @property
    def answer(self) -> str:
        return self.typed.strip("«»").removesuffix("⏎")


def steps_in(document: str) -> Iterator[Step]:
    """The steps of the transcripts in *document*, in order."""
    prompt = typed = ""
    output: list[str] = []
    for line in "".join(_BLOCK.findall(document)).splitlines():
        asked = _ASKED.fullmatch(line)
        if asked is None and not line.startswith(SHELL):
            output.append(line + "\n")
            continue
        if typed:
            yield Step(prompt, typed, "".join(output))
        output.clear()
        prompt, typed = (asked[1], asked[2]) if asked else (SHELL, line.removeprefix(SHELL))
    yield Step(prompt, typed, "".join(output))


@dataclass
class Placeholders:
    """What stood for the placeholders until now, by their names."""

    found: dict[str, str] = field(default_factory=dict)

    def put_into(self, text: str) -> str:
        """*text* with the placeholders that are known replaced."""
        return _PLACEHOLDER.sub(lambda each: self.found.get(each[1], each[0]), text)

    def learn(self, expected: str, shown: str) -> str:
        """*expected* as it would have to be to agree with *shown*, as far as that can be."""
        pattern, named = "", set[str]()
        at = 0
        expected = self.put_into(expected)
        for each in _PLACEHOLDER.finditer(expected):
            group = "p" + each[1].encode().hex()
            pattern += re.escape(expected[at : each.start()])
            pattern += f"(?P={group})" if group in named else rf"(?P<{group}>[^\s,]+)"
            named.add(group)
            at = each.end()
        agrees = re.fullmatch(pattern + re.escape(expected[at:]), shown)
        if agrees is not None:
            self.found |= {bytes.fromhex(group[1:]).decode(): text for group, text in agrees.groupdict().items()}
        return self.put_into(expected)
