"""The zone keys of one link at work: effects of its lines' machines carried out, messages about keys read and answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType

from switch import asking as q
from switch.codec.message import Message
from switch.flow.ports import Use, WorkingKey
from switch.keys.config import LinkKeysConfig, Role
from switch.keys.effects import AskHsm, Direction, Effect, ImportZoneKey, KeyType, NewZoneKey, Note, Save, Send
from switch.keys.events import (
    ChangeKey,
    Event,
    Heard,
    HsmRefused,
    Imported,
    LinkDown,
    LinkUp,
    Made,
    PartnerUsed,
    SyncError,
    Tick,
    Used,
)
from switch.keys.forms import APPROVED, FormError, Said
from switch.keys.kept import line_rows, restored_line
from switch.keys.line import Line
from switch.keys.link import LinkKeys, Which
from switch.keys.network import CODE, FORMAT_ERROR, INVALID, answer, approved, canonical, request
from switch.keys.network import PURPOSES as BY_CODE
from switch.keys.slots import State, ZoneKey
from switch.keys.status import LineStatus
from switch.keys.words import Check, NotTaken, Offer, Taken, Why, Word
from switch.link.answers import RESPONSE
from switch.link.terms import Purpose
from switch.server.drive import DrivenLink
from switch.server.keysaving import Saving
from switch.server.keyworld import AboutKeys, World, for_hsm
from switch.store.rows import Row

TYPES = MappingProxyType({Use.PIN: KeyType.ZPK, Use.MAC: KeyType.ZAK})
PURPOSES = MappingProxyType({KeyType.ZPK: q.Purpose.PIN, KeyType.ZAK: q.Purpose.MAC})
USES_STEPS = 10
"""Uses are saved each time this part of what is allowed is reached: a crash forgets no more."""


@dataclass(frozen=True)
class ZoneKeyAsked(AboutKeys):
    """*word* was said about the line *which*."""

    which: Which
    word: Word


class LinkDesk:
    """The lines of one link."""

    def __init__(self, config: LinkKeysConfig, world: World, rows: Mapping[str, Row]) -> None:
        """*rows*, by id, are what the store has of the lines."""
        self.config, self._world = config, world
        self.link: DrivenLink | None = None
        self.up = False
        empty = (Line(config.link, *which, is_switch=config.role is Role.SWITCH) for which in config.lines)
        lines = {(line.type, line.direction): restored_line(line, rows) for line in empty}
        self.keys = LinkKeys(MappingProxyType(lines), config.rules)
        self.kept: dict[Which, Line] = dict(lines)
        """The lines as they are committed: what a message is protected with must be there after a crash too."""
        self._saving = {which: self._saving_of(which) for which in lines}
        self._uses: Counter[Which] = Counter()
        self._importing: dict[tuple[Which, int], tuple[Message, Offer]] = {}

    def _saving_of(self, which: Which) -> Saving[Line]:
        def kept(line: Line) -> None:
            self.kept[which] = line

        return Saving(self._world.writer, line_rows, kept, partial(self._not_saved, which))

    # -- keys for messages

    def _which(self, use: Use, out: bool) -> Which | None:
        towards = Direction.TO_MEMBER if out == (self.config.role is Role.SWITCH) else Direction.FROM_MEMBER
        both, one = (TYPES[use], Direction.BOTH), (TYPES[use], towards)
        return both if both in self.kept else one if one in self.kept else None

    def incoming(self, use: Use) -> tuple[WorkingKey, ...]:
        """The keys to try, the likeliest first."""
        which = self._which(use, out=False)
        if which is None:
            return ()
        return tuple(self._working(use, key) for key in self.kept[which].for_decryption(None, self._world.now()))

    def outgoing(self, use: Use, count: bool = True) -> WorkingKey | None:
        """The key to protect with; *count* a use of it."""
        which = self._which(use, out=True)
        key = self.kept[which].for_encryption() if which is not None else None
        if which is None or key is None:
            return None
        self._uses[which] += count
        return self._working(use, key)

    def _working(self, use: Use, key: ZoneKey) -> WorkingKey:
        return WorkingKey(
            self.config.link, use, q.Holder.ZONE, key.version, key.under_lmk, format=self.config.pin_format
        )

    def proved(self, use: Use, version: int) -> None:
        """The partner has used *version*."""
        which = self._which(use, out=False)
        slots = self.keys.lines[which].slots if which is not None else None
        if which is None or slots is None:
            return
        retiring = slots.find(State.RETIRING)
        settled = slots.in_force == version and (retiring is None or retiring.until is not None)
        if not settled:
            self._happen(which, PartnerUsed(version))

    def failed(self, use: Use) -> None:
        """Something was protected with no key that is here."""
        which = self._which(use, out=False)
        if which is not None:
            self._happen(which, SyncError())

    # -- what happens

    def changed(self, link: DrivenLink, up: bool) -> None:
        """The link can carry messages about keys, or can't any more."""
        self.link = link
        if up is not self.up:
            self.up = up
            for which in self.keys.lines:
                self._happen(which, LinkUp() if up else LinkDown())

    def tick(self) -> None:
        """A second has passed."""
        for which in self.keys.lines:
            uses = self._uses.pop(which, 0)
            if uses:
                self._happen(which, Used(uses))
                self._save_uses(which)
            self._happen(which, Tick())
            self._saving[which].retry()

    def _save_uses(self, which: Which) -> None:
        line, uses_max = self.keys.lines[which], self.config.rules.uses_max
        if uses_max is not None and line.uses - self.kept[which].uses >= max(1, uses_max // USES_STEPS):
            self._saving[which].save(line)

    def change(self, kind: KeyType | None) -> None:
        """The operator wants new keys: of *kind*, or all."""
        for which in self.keys.lines:
            if kind in (None, which[0]):
                self._happen(which, ChangeKey())

    def _happen(self, which: Which, event: Event, asked: Message | None = None) -> None:
        """*asked* is the message that is answered by what follows."""
        self.keys, effects = self.keys.step(which, event, self._world.now())
        for effect in effects:
            self._perform(which, effect, asked)

    def _perform(self, which: Which, effect: Effect, asked: Message | None) -> None:
        saving = self._saving[which]
        match effect:
            case Save():
                saving.save(self.keys.lines[which])
            case Send(_, _, _, (Taken() | NotTaken()) as word):
                saving.say(partial(self._answer, which, word, asked))
            case Send(_, _, _, word):
                saving.say(partial(self._ask, which, word))
            case AskHsm(job, question):
                self._ask_hsm(which, job, question, asked)
            case Note():
                self._world.tell(effect)

    # -- the HSM

    def _ask_hsm(self, which: Which, job: int, question: object, asked: Message | None) -> None:
        purpose = PURPOSES[which[0]]
        match question:
            case NewZoneKey():
                new = q.NewZoneKey(purpose, self.config.zmk, self.config.export)
                self._world.ask_hsm(new, job, partial(self._hsm_answered, which))
            case ImportZoneKey(_, _, under_zmk):
                offer = self.keys.lines[which].importing
                if asked is not None and offer is not None and offer.offer is not None:
                    self._importing[which, job] = asked, offer.offer
                received = q.ImportZoneKey(purpose, self.config.zmk, for_hsm(under_zmk))
                self._world.ask_hsm(received, job, partial(self._hsm_answered, which))

    def _hsm_answered(self, which: Which, event: Made | Imported | HsmRefused) -> None:
        asked = self._importing.pop((which, event.job), None)
        self._happen(which, event, asked[0] if asked else None)

    # -- the partner

    def _ask(self, which: Which, word: Word) -> None:
        link = self.link
        written = self.config.form.write(Said(*which, word))
        if link is None or written is None:
            return
        message = request(written, link.config.profile, link.next_stan(), link.transmitted())
        self._world.ask(link, message, ZoneKeyAsked(which, word), f"{type(word).__name__} of a key")

    def _answer(self, which: Which, word: Word, asked: Message | None) -> None:
        link = self.link
        written = self.config.form.write(Said(*which, word))
        if link is not None and written is not None and asked is not None:
            link.answer(answer(asked, written.fields, link.config.profile))

    def _say(self, link: DrivenLink, asked: Message, response: str) -> None:
        link.answer(answer(asked, {RESPONSE: response}, link.config.profile))

    def asked(self, link: DrivenLink, message: Message, purpose: Purpose | None) -> bool:
        """As KeyDesk.asked."""
        self.link = link
        read = canonical(message, link.config.profile, purpose)
        if read is None:
            return False
        try:
            said = self.config.form.read(read)
        except FormError as fault:
            self._world.tell(Note(f"{self.config.link}: a message about keys: {fault}", alarm=True))
            self._say(link, message, FORMAT_ERROR)
            return True
        if said is None:
            return False
        which = (said.type, said.direction)
        if which not in self.keys.lines:
            self._world.tell(Note(f"{self.config.link}: a message about {said.type.name} {said.direction.name}", True))
            self._say(link, message, INVALID)
        else:
            self._hear(link, message, which, said.word)
        return True

    def _hear(self, link: DrivenLink, message: Message, which: Which, word: Word) -> None:
        if isinstance(word, Offer):
            for place, (_, offer) in list(self._importing.items()):
                if place[0] == which and offer == word:
                    # Said again while the HSM works on it: the answer belongs to the newest question.
                    self._importing[place] = message, offer
            self._happen(which, Heard(word), message)
            return
        granted = isinstance(word, Check) or self.config.role is Role.SWITCH
        self._say(link, message, APPROVED if granted else INVALID)
        self._happen(which, Heard(word))

    def replied(self, message: Message, about: ZoneKeyAsked) -> None:
        """An answer to what was asked, in time or late."""
        link = self.link
        if link is None or not isinstance(about.word, Offer):
            return
        profile = link.config.profile
        written = self.config.form.write(Said(*about.which, about.word))
        # The code is that of the question, whether the answer repeats it or not.
        purpose = BY_CODE[str(written.fields[CODE])] if written is not None else None
        read = canonical(approved(message, profile), profile, purpose)
        word = self._answered(read, about) if read is not None else None
        if word is None:
            self._world.tell(Note(f"{self.config.link}: an answer that says nothing of the key offered", alarm=True))
        else:
            self._happen(about.which, Heard(word))

    def _answered(self, read: Message, about: ZoneKeyAsked) -> Taken | NotTaken | None:
        """What the answer says of the offer; a bare refusal is one."""
        assert isinstance(about.word, Offer)
        try:
            said = self.config.form.read(read)
        except FormError:
            said = None
        if said is not None and (said.type, said.direction) == about.which and isinstance(said.word, Taken | NotTaken):
            version = about.word.version if said.word.version is None else said.word.version
            return replace(said.word, version=version)
        if read.fields.get(RESPONSE, APPROVED) == APPROVED:
            return None
        return NotTaken(about.word.version, Why.OTHER)

    def _not_saved(self, which: Which, error: Exception) -> None:
        told = f"{self.config.link} {which[0].name} {which[1].name}: not kept in the store: {type(error).__name__}"
        self._world.tell(Note(told, alarm=True))

    # -- for operators

    def status(self) -> tuple[LineStatus, ...]:
        """Each line."""
        return tuple(self._status(which, line) for which, line in self.keys.lines.items())

    def _status(self, which: Which, line: Line) -> LineStatus:
        key, pending = line.for_encryption(), line.slots.key(State.PENDING)
        state = "exchanging" if line.busy else "asking" if line.cause else "in force" if key else "none"
        age = self._world.now() - line.active_since if key else 0.0
        return LineStatus(
            self.config.link, line.type.name, line.direction.name.lower().replace("_", "-"),
            key.version if key else 0, key.kcv if key else "", state, age, line.uses + self._uses[which],
            pending.version if pending else 0, self.config.kcv,
        )  # fmt: skip
