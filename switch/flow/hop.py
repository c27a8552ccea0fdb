"""What one hop knows of its surroundings; replaced as a whole when a file is read again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from switch.codec.codec import Codec, codec
from switch.codec.translate import Translator
from switch.flow.partner import Partner
from switch.link.config import LinkConfig
from switch.routing.route import Routing
from switch.services.catalogue import Services
from switch.services.responses import Responses

OWN = "issuer"
"""The link, in the BIN table, of cards whose books are ours."""


@dataclass(frozen=True)
class Hop:
    """*institution* is our own id; *partners* and *links* by the link's name."""

    institution: str
    partners: Mapping[str, Partner]
    links: Mapping[str, LinkConfig]
    routing: Routing
    services: Services
    responses: Responses
    owner: str = ""
    """This run of the process, as rows name it."""
    _translators: dict[tuple[str, str], Translator] = field(default_factory=dict, repr=False, compare=False)

    @cached_property
    def codecs(self) -> Mapping[str, Codec]:
        """The dialect of each link."""
        return {name: codec(each.spec) for name, each in self.links.items()}

    def translator(self, source: str, target: str) -> Translator:
        """From the dialect of link *source* to that of *target*.  Raises SpecError when none can be."""
        found = self._translators.get((source, target))
        if found is None:
            specs = self.codecs[source].spec, self.codecs[target].spec
            # A MAC holds for one hop.
            left_out = self.partners[target].left_out | {64, 128}
            found = self._translators[source, target] = Translator(*specs, left_out)
        return found

    def with_tables(self, routing: Routing, services: Services, responses: Responses) -> Hop:
        """With other tables."""
        return replace(self, routing=routing, services=services, responses=responses)


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is: *now_us* microseconds since 1970, the business date ``yyyymmdd``, and the one before it."""

    now_us: int
    business_date: str
    day_before: str
    transmitted: str
    """DE 7 of a message of ours: MMDDhhmmss, GMT."""
    year: str
    """Four digits, of DE 7."""
    neighbours: tuple[str, ...] = ()
    """Other business dates on which a message of now may have been entered: the date turned lately, or will soon."""
