"""What hosts may change of the appliance itself: RA, LG."""

from __future__ import annotations

from typing import Annotated

from hsm.appliance import Hsm
from hsm.audit.record import Category
from hsm.dialects.thales.codes import thales
from hsm.operations import status
from hsm.wire.kinds import Number
from hsm.wire.message import Empty, Message

CATEGORY = Category.DEVICE


@thales.command("RA", changes_state=True)
def cancel_authorised_state(ask: Empty, hsm: Hsm) -> Empty:
    """Cancel the authorised state.

    Everything that was authorised under the LMK of the request ends, for hosts and for the console; other LMKs keep
    what they have.  It needs no authority, and nothing to be authorised.
    """
    status.cancel_authority(hsm)
    return Empty()


class SetDelay(Message):
    delay: Annotated[int, Number(3, 0, 255)]


@thales.command("LG")
def set_response_delay(ask: SetDelay, hsm: Hsm) -> Empty:
    """Set the delay of replies on an asynchronous line, 000 to 255.

    It concerns asynchronous lines alone (HSM 8000 help).  This appliance has none, so the value is checked and changes
    nothing.  One simulator takes the value modulo 256; here, as in the help, one above 255 is refused.
    """
    return Empty()
