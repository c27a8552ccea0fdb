"""PayShieldPressureTest, a client that others wrote, with every option it has for our commands.

It needs Python 3.13 and is installed by ``tox -e pressure``.  Its exit status is 0 whatever happens: its words are read.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from hsm.client.process import ApplianceProcess

TOOL = shutil.which("payshield-pressuretest")
pytestmark = pytest.mark.skipif(TOOL is None, reason="payshield-pressuretest is not installed: tox -e pressure")
TIMES = 5
OPTIONS = {
    "diagnostics": ["--nc"],
    "status": ["--no"],
    "compliance": ["--pci"],
    "network": ["--ni"],
    "loading": ["--j2"],
    "volumes": ["--j4"],
    "health-counts": ["--j8"],
    "health": ["--jk"],
    "random": ["--randgen"],
    "echo": ["--b2"],
    "echo-one": ["--b2", "--echo", "X"],
    "pin": ["--pingen"],
}
BAD_WORDS = ("NOTE:", "Connection issue", "Unexpected issue", "Length mismatch", "Traceback")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A server's and a client's certificate of one authority, as PEM files."""
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    server, client = authority.issue_cert("127.0.0.1", "localhost"), authority.issue_cert("host.test")
    made = {name: str(folder / f"{name}.pem") for name in ("ca", "server", "server-key", "client", "client-key")}
    authority.cert_pem.write_to_path(made["ca"])
    server.cert_chain_pems[0].write_to_path(made["server"])
    server.private_key_pem.write_to_path(made["server-key"])
    client.cert_chain_pems[0].write_to_path(made["client"])
    client.private_key_pem.write_to_path(made["client-key"])
    return made


@pytest.fixture(scope="module", params=["test-variant", "test-aes-block"])
def appliance(request: pytest.FixtureRequest, files: dict[str, str]) -> Iterator[ApplianceProcess]:
    tls = ["--tls-port", "0", "--tls-cert", files["server"], "--tls-key", files["server-key"]]
    longer = ["--set", "encrypted-pin-length=6"]  # the client asks for a PIN of five digits
    with ApplianceProcess(["--lmk", f"00={request.param}", *longer, *tls, "--tls-client-ca", files["ca"]]) as running:
        yield running


@pytest.mark.parametrize("proto", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("option", OPTIONS.values(), ids=OPTIONS)
def test_option(
    appliance: ApplianceProcess, files: dict[str, str], tmp_path: Path, option: list[str], proto: str
) -> None:
    assert TOOL is not None
    (tmp_path / ".config").mkdir()  # without it the tool ends before it sends anything
    port = appliance.ports["tls" if proto == "tls" else "thales"]
    line = [TOOL, "127.0.0.1", "--port", str(port), "--proto", proto, "--times", str(TIMES), "--header", "0001"]
    line += ["--no-upd-check", "--decode", *option]
    if proto == "tls":
        line += ["--keyfile", files["client-key"], "--crtfile", files["client"]]
    done = subprocess.run(
        line, capture_output=True, text=True, timeout=60, env={**os.environ, "HOME": str(tmp_path)}, check=False
    )
    said = done.stdout + done.stderr
    assert [word for word in BAD_WORDS if word in said] == [], said
    assert said.count("Return code: 00 No error") == TIMES, said
