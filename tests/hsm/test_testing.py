"""What hosts' tests get of us: strategies whose requests read, and appliances in the process."""

from __future__ import annotations

import pytest
from hypothesis import given

from hsm.client.codec import dialect_named
from hsm.server.config import ConfigError
from hsm.testing import dispatcher, eracom_dispatcher, request_bytes
from hsm.wire.codec import codec_of

ERACOM = dialect_named("eracom")
EVERYTHING_ON = {"pin-mailing": "yes", "translate-data-extension": "yes", "issuer-signing-extension": "yes"}
APPLIANCE = eracom_dispatcher(settings=EVERYTHING_ON, stored_keys={"01:22": "66" * 16, "01:1": "11" * 16})
OF_LENGTHS_TO_MATCH = {"73", "EE0401", "EE0403", "EE0404", "EE0405", "EEF001", "EEF004"}
"""Functions with fields whose lengths must go together: as many keys as flags, whole blocks.  And all of data and MACs."""


@given(request_bytes(dialect="eracom"))
def test_drawn_functions_read_and_are_never_misread(request: bytes) -> None:
    text = request.decode("latin-1")
    code, at = ERACOM.spelling.code_at(text)
    codec = codec_of(ERACOM.commands[code].asks)
    assert codec.build(codec.parse(text[at:])) == request[at:]
    reply = APPLIANCE.execute(text)
    assert reply[:at] == text[:at]
    outcome = ERACOM.spelling.outcome_at(reply, at)[0]
    assert outcome not in ("02", "10", "24")
    assert outcome != "03" or code in OF_LENGTHS_TO_MATCH or code.startswith(("EE07", "EE08", "EE90"))


def test_an_appliance_in_the_process() -> None:
    assert APPLIANCE.execute("\x01")[:2] == "\x01\0"
    translate = bytes.fromhex("EE06020055652ED2388A713A0200220109420000000001020001").decode("latin-1")
    assert APPLIANCE.execute(translate).encode("latin-1").hex().upper() == "EE06020061F1C26DBD04BC1D"
    assert dispatcher().appliance.state.domain is None
    with pytest.raises(ConfigError):
        dispatcher(km="test-2266", stored_keys={"one": "66"})
