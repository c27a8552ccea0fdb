"""PayShieldPressureTest, a client by Marco S. Zuppone, against a running appliance.

Its exit status is 0 whatever came back, so its output is read.  It needs Python 3.13 and its package, which
``tox -e pressure`` installs; elsewhere these tests are skipped.
"""

from __future__ import annotations

import json
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

CLIENT = shutil.which("payshield-pressuretest", path=os.pathsep.join((str(Path(sys.executable).parent), os.defpath)))
pytestmark = pytest.mark.skipif(CLIENT is None, reason="payshield-pressure-test is not installed: tox -e pressure")

TIMES = 3
COMPLAINTS = re.compile("NOTE|issue|Traceback|mismatch|: +(Unknown|unknown|Reserved|\\?)$", re.MULTILINE)


@dataclass(frozen=True)
class Target:
    """A running appliance: the port of each protocol, and what the client shows to TLS."""

    ports: dict[str, int]
    key: Path
    certificate: Path
    home: Path

    def ask(self, protocol: str, *options: str) -> str:
        """What the client prints with *options*."""
        assert CLIENT is not None
        words = [CLIENT, "127.0.0.1", "--port", str(self.ports[protocol]), "--proto", protocol, "--times", str(TIMES)]
        words += [
            "--keyfile",
            str(self.key),
            "--crtfile",
            str(self.certificate),
            "--no-upd-check",
            "--decode",
            *options,
        ]
        home = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config"), "PATH": os.defpath}
        done = subprocess.run(words, env=home, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout + done.stderr


@pytest.fixture(scope="module", params=[("test-variant", "0"), ("test-aes-block", "0"), ("test-variant", "2")])
def target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """An appliance with one LMK, by itself or with worker processes."""
    lmk, workers = request.param
    directory = tmp_path_factory.mktemp("pressure")
    (directory / ".config").mkdir()
    authority = trustme.CA()
    ours, theirs = authority.issue_cert("127.0.0.1"), authority.issue_cert("host-1")
    names = ("ours.pem", "ours.key", "ca.pem", "theirs.pem", "theirs.key", "ready.json")
    certificate, key, ca, their_certificate, their_key, ready = (directory / name for name in names)
    ours.cert_chain_pems[0].write_to_path(certificate)
    ours.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(ca)
    theirs.cert_chain_pems[0].write_to_path(their_certificate)
    theirs.private_key_pem.write_to_path(their_key)
    words = [
        sys.executable,
        "-m",
        "hsm.server.main",
        "serve",
        "--host-port",
        "0",
        "--tls-port",
        "0",
        "--workers",
        workers,
    ]
    # The client asks for a PIN of five digits, which needs one place more under a variant LMK.
    words += ["--set", "encrypted-pin-length=6"]
    words += ["--tls-cert", str(certificate), "--tls-key", str(key), "--tls-client-ca", str(ca), "--lmk", f"00={lmk}"]
    process = subprocess.Popen([*words, "--ready-file", str(ready)], stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        told = [process.stderr.readline() for _ in range(2)]
        assert all("listening on" in line for line in told), told
        ports = json.loads(ready.read_text())["ports"]
        yield Target(
            {"tcp": ports["thales"], "udp": ports["thales"], "tls": ports["tls"]},
            their_key,
            their_certificate,
            directory,
        )
        process.terminate()
        assert process.wait(timeout=20) == 0
    finally:
        process.kill()
        process.communicate()


OPTIONS = {
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


@pytest.mark.parametrize("protocol", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_runs_clean(target: Target, option: str, protocol: str) -> None:
    told = target.ask(protocol, option)
    assert told.count("Return code: 00 No error") == TIMES, told
    assert len(re.findall(OPTIONS[option], told)) == TIMES, told
    assert COMPLAINTS.search(told) is None, told


@pytest.mark.parametrize("protocol", ["tcp", "udp", "tls"])
@pytest.mark.parametrize("text", ["X", "0123456789" * 100])
def test_any_text_is_echoed(target: Target, text: str, protocol: str) -> None:
    told = target.ask(protocol, "--b2", "--echo", text, "--header", "0001")
    assert told.count("Return code: 00 No error") == TIMES, told
    assert len(re.findall(f"Payload echoed: +{text}$", told, re.MULTILINE)) == TIMES, told
    assert COMPLAINTS.search(told) is None, told


def test_the_open_connection_is_told(target: Target) -> None:
    told = target.ask("tcp", "--ni")
    here = re.findall("Protocol: +TCP\nLocal port number: +([0-9A-F]{4})\nIP Address: +127.0.0.1\n", told)
    assert f"{target.ports['tcp']:04X}" in here
    assert "Connection Status:  ESTABLISHED" in told


def test_commands_are_counted(target: Target) -> None:
    def counted() -> int:
        told = target.ask("tcp", "--j4")
        return max(map(int, re.findall("Command Code: +N0\nTransactions: +([0-9]{12})\n", told)), default=0)

    before = counted()
    target.ask("tcp", "--randgen")
    target.ask("udp", "--randgen")
    assert counted() == before + 2 * TIMES
