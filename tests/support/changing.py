"""``hsm`` with one more port, for tests: it changes the state as the console does, and answers when that has been done.

``change N`` puts N into two settings at once, ``load N`` loads two LMKs named after N at once, ``card N`` issues a card.
The port's number is written to the file that the variable CHANGING_PORT names.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import cast

from support.resting import live_lmk
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IReactorTCP
from twisted.protocols.basic import LineOnlyReceiver

from hsm.server import founding
from hsm.server.config import Config
from hsm.server.counters import Counters
from hsm.server.founding import ApplianceHousehold, adopt, names_counted
from hsm.server.serving import running_reactor
from hsm.storage import vault

__all__ = ["adopt", "found", "names_counted"]

PORT_VARIABLE = "CHANGING_PORT"


class Changes(LineOnlyReceiver):
    """One line a change; the answer is the line itself."""

    delimiter = b"\n"
    household: ApplianceHousehold

    def lineReceived(self, line: bytes) -> None:
        what, number = line.decode().split()
        appliance = self.household._appliance
        if what == "change":
            settings = appliance.settings
            for name in ("pin-attack-limit", "pin-verifies-per-hour"):
                settings = settings.changed(name, number)
            appliance.change_settings(settings)
        elif what == "load":
            names = {"01": "variant", "02": "aes-block"}
            lmks = {lmk_id: live_lmk(lmk_id, kind, f"live {number}") for lmk_id, kind in names.items()}
            appliance.load_lmks({"00": appliance.state.lmks["00"], **lmks}, {"01": lmks["01"]})
        self.household.flush()
        self.transport.write(line + b"\n")  # type: ignore[union-attr]  # connected, or it would hear nothing


def found(config: Config, counters: Counters) -> ApplianceHousehold:
    """The household of ``hsm serve``, listening for changes."""
    from twisted.internet.protocol import ServerFactory

    household = founding.found(config, counters)
    Changes.household = household
    factory = ServerFactory()
    factory.protocol = Changes
    port = cast(IReactorTCP, running_reactor()).listenTCP(0, factory, interface="127.0.0.1")
    Path(os.environ[PORT_VARIABLE]).write_text(str(cast(IPv4Address, port.getHost()).port))
    return household


if __name__ == "__main__":
    from hsm.server import main, serving

    vault._SCRYPT_LOG_N = 14
    serving.FOUNDING = "support.changing"
    sys.argv[0] = "hsm"
    main.main()
