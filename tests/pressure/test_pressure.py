"""PayShieldPressureTest, a client that others wrote, with every option it has for our commands.

It needs Python 3.13 and is installed by ``tox -e pressure``.  Its exit status is 0 whatever happens: its words are read.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from hsm.client.process import ApplianceProcess

# The environment need not be activated: the tool lies beside its Python.
TOOL = shutil.which("payshield-pressuretest") or shutil.which(
    "payshield-pressuretest", path=str(Path(sys.executable).parent)
)
pytestmark = pytest.mark.skipif(TOOL is None, reason="payshield-pressuretest is not installed: tox -e pressure")
TIMES = 3
COMPLAINTS = re.compile("NOTE:|issue:|Length mismatch|Traceback|: +(Unknown|unknown|Reserved|\\?)$", re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """A running appliance, and what the client shows to TLS."""

    running: ApplianceProcess
    key: str
    certificate: str
    home: Path

    def ask(self, protocol: str, *options: str) -> str:
        """What the client says with *options*."""
        assert TOOL is not None
        port = self.running.ports["tls" if protocol == "tls" else "thales"]
        line = [TOOL, "127.0.0.1", "--port", str(port), "--proto", protocol, "--times", str(TIMES), "--no-upd-check"]
        line += ["--keyfile", self.key, "--crtfile", self.certificate, "--decode", *options]
        home = {**os.environ, "HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config")}
        done = subprocess.run(line, capture_output=True, text=True, timeout=60, env=home, check=True)
        return done.stdout + done.stderr

    def ask_cleanly(self, protocol: str, *options: str) -> str:
        """As ``ask``; every reply is a good one and nothing is complained of."""
        said = self.ask(protocol, *options)
        assert said.count("Return code: 00 No error") == TIMES, said
        assert COMPLAINTS.search(said) is None, said
        return said


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


@pytest.fixture(
    scope="module",
    params=[("test-variant", "0"), ("test-aes-block", "0"), ("test-variant", "2")],
    ids=["variant", "aes", "workers"],
)
def target(
    request: pytest.FixtureRequest, files: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    lmk, workers = request.param
    home = tmp_path_factory.mktemp("home")
    (home / ".config").mkdir()  # without it the tool ends before it sends anything
    tls = ["--tls-port", "0", "--tls-cert", files["server"], "--tls-key", files["server-key"]]
    options = ["--lmk", f"00={lmk}", "--workers", workers, *tls, "--tls-client-ca", files["ca"]]
    longer = ["--set", "encrypted-pin-length=6"]  # the client asks for a PIN of five digits
    with ApplianceProcess([*options, *longer]) as running:
        yield Target(running, files["client-key"], files["client"], home)


SAID = {
    "--nc": "LMK CRC: [0-9A-F]{6}0{10}\nFirmware number: 0001-0900",
    "--no": "I/O buffer size: +32K bytes\nType of connection: +TCP\nNumber of TCP sockets: +99\n",
    "--pci": '"The Enforce key type 002 separation for PCI HSM compliance" setting is one of these',
    "--ni": "Records to follow: +[0-9]+\n(.*\n)*?Total Bytes Sent: +[0-9]+\n(.*\n)*?Total Unknown Packets: +0\n",
    "--j2": "(Starting percentage: +[0-9]{3}\nEnding percentage: +[0-9]{3}\nNumber Times Periods: +[0-9]{10}\n.*\n){10}",
    "--j4": "Seconds: +[0-9]{10}\n(Command Code: +[A-Z0-9]{2}\nTransactions: +[0-9]{12}\n)*\n",
    "--j8": "Reboots: +0{10}\nTampers: +0{10}\nPin verifies/minute: +0{7}\nPin verifies/hour: +0{5}\nPin attacks: +0{8}\n",
    "--jk": "Num Authorised Activities: +00\nLMK Scheme: +(Variant|Keyblock)\nAlgorithm: +(3DES2Key|AES 256-bit)\n"
    "Status: +Test\nComments: +test-[a-z-]+\n",
    "--randgen": "Random payload:\\(HEX\\) [0-9a-f]{16}\n",
    "--b2": "Payload echoed: +PayShieldStress Echo Test",
    "--pingen": "Pin under the LMK: [0-9A-FJ]+",
}
"""What the client prints when it finds every field where it looks for it."""


@pytest.mark.parametrize("protocol", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("option", SAID)
def test_option(target: Target, option: str, protocol: str) -> None:
    said = target.ask_cleanly(protocol, option)
    assert len(re.findall(SAID[option], said)) == TIMES, said


@pytest.mark.parametrize("protocol", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("text", ["X", "0123456789" * 100], ids=len)
def test_any_text_is_echoed(target: Target, text: str, protocol: str) -> None:
    said = target.ask_cleanly(protocol, "--b2", "--echo", text, "--header", "0001")
    assert len(re.findall(f"Payload echoed: +{text}$", said, re.MULTILINE)) == TIMES, said


def test_the_open_connection_is_told(target: Target) -> None:
    said = target.ask_cleanly("tcp", "--ni")
    told = re.findall(
        "Protocol: +TCP\nLocal port number: +([0-9A-F]{4})\nIP Address: +127.0.0.1\n.*\n.*Status: +ESTABLISHED", said
    )
    assert f"{target.running.port:04X}" in told


def test_commands_are_counted_whatever_process_executes_them(target: Target) -> None:
    def counted() -> int:
        said = target.ask_cleanly("tcp", "--j4")
        return max(map(int, re.findall("Command Code: +N0\nTransactions: +([0-9]{12})\n", said)), default=0)

    before = counted()
    target.ask_cleanly("tcp", "--randgen")
    target.ask_cleanly("udp", "--randgen")
    assert counted() == before + 2 * TIMES
