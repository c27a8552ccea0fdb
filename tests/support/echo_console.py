"""A console that echoes, for tests of terminals alone; it notes what it was told.

``ask`` asks a question, ``secret`` a secret one, ``long N`` says N lines, ``boom`` raises, ``exit`` ends.
"""

from __future__ import annotations

from hsm.console.line import Screen

PROMPT = "> "


class EchoConsole:
    def __init__(self) -> None:
        self.told: list[str] = []
        self._asking = ""

    def begin(self) -> Screen:
        return Screen("Hello\n", PROMPT)

    def line(self, text: str) -> Screen:
        self.told.append(f"line {text}")
        asking, self._asking = self._asking, ""
        if asking:
            return Screen(f"{asking}: {len(text)} characters\n", PROMPT)
        verb, _, rest = text.partition(" ")
        if verb in ("ask", "secret"):
            self._asking = verb
            return Screen("", "Answer: ", verb == "secret", 8, recall=True)
        if verb == "boom":
            raise ValueError("canary-in-an-exception")
        if verb == "long":
            return Screen(("x" * 99 + "\n") * int(rest), PROMPT)
        return Screen(f"echo {text}\n", PROMPT, over=verb == "exit", recall=verb == "V")

    def interrupt(self) -> Screen:
        self.told.append("interrupt")
        self._asking = ""
        return Screen("\nGiven up.\n", PROMPT)

    def hang_up(self, why: str) -> None:
        self.told.append(f"hang up {why}")
