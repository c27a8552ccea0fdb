"""Personalisation as processes: certificates, configurations, the parts, and an HSM."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import trustme
from support.perso import PROFILE, SECRET, ZMK

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 120.0
NAMES = ("receiving", "hosting", "pmp", "issuer", "stranger")
HSM_OPTIONS = (
    "--eracom-port", "0", "--km", "test-2266", "--stored-key", f"04:1={ZMK.hex()}", "--stored-key", f"03:1={ZMK.hex()}",
    "--set", "translate-data-extension=yes",
)  # fmt: skip
MADE = ["HOLDER=data", "PIN=pins", "TRACKS=keys", "APPLICATION=data", "ICC-KEYS=keys", "MAC=macs"]
OFFICERS = ("anna", "bert")


@dataclass
class Site:
    """Everything in the folder *folder*, one folder for each part."""

    folder: Path
    hsm_port: int = 0
    window: str = "00:00-00:00"
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.authority = trustme.CA()
        self.authority.cert_pem.write_to_path(str(self.folder / "ca.pem"))
        ends = datetime.now(UTC) + timedelta(days=1)
        for name in NAMES:
            own = self.authority.issue_cert(f"{name}.example", not_before=datetime(2020, 1, 1), not_after=ends)
            own.cert_chain_pems[0].write_to_path(str(self.folder / f"{name}.pem"))
            own.private_key_pem.write_to_path(str(self.folder / f"{name}.key"))
        self.ready_file = self.folder / "none"
        for text, name in ((SECRET.hex(), "secret.hex"), (ZMK.hex(), "zmk.hex"), (PROFILE, "debit.toml")):
            (self.folder / name).write_text(text)
        for name in OFFICERS:
            (self.folder / name).write_text(f"the passphrase of {name}\n")

    def tls(self, name: str) -> str:
        paths = {"certificate": f"{name}.pem", "key": f"{name}.key", "authority": "ca.pem"}
        return "[tls]\n" + "".join(f'{key} = "{self.folder / path}"\n' for key, path in paths.items())

    def server(self, name: str, takers: list[str], more: str = "", age_hours: int = 24) -> Path:
        """The configuration of a server."""
        path = self.folder / f"{name}.toml"
        path.write_text(
            f'address = "127.0.0.1:0"\nfolder = "{self.folder / name}"\naudit = "{self.folder / name}.audit"\n'
            f'window = "{self.window}"\ntakers = {json.dumps(takers)}\nage-hours-max = {age_hours}\n'
            f"{self.tls(name)}{more}"
        )
        return path

    def source(self, port: int, name: str) -> str:
        return f'[source]\naddress = "127.0.0.1:{port}"\npeer-name = "{name}.example"\nevery-seconds = 0.2\n'

    def client(self, name: str, port: int, to: str) -> Path:
        """The configuration of one that pushes."""
        path = self.folder / f"{name}-push.toml"
        path.write_text(self.tls(name) + self.source(port, to))
        return path

    def pmp_config(self, port: int) -> Path:
        return self.hsm_user("pmp", self.hsm_port, self.tls("pmp") + self.source(port, "hosting"))

    def hsm_user(self, name: str, hsm_port: int, more: str = "") -> Path:
        """The configuration of a part that has keys and books."""
        path = self.folder / f"{name}.toml"
        path.write_text(f'folder = "{self.folder / name}"\nkir = 1\n{more}[[hsm]]\naddress = "127.0.0.1:{hsm_port}"\n')
        return path

    def start(self, *words: str | Path) -> int:
        """A server's port, when it is open."""
        ready = self.folder / f"{words[0]}.ready"
        ready.unlink(missing_ok=True)
        line = [sys.executable, "-m", "switch.main", "perso", *map(str, words), "--ready-file", str(ready)]
        self.processes.append(subprocess.Popen(line, cwd=ROOT, stderr=subprocess.PIPE, env=environment()))
        self.ready_file = ready
        until = time.monotonic() + SECONDS_MAX
        while not ready.exists():
            assert self.processes[-1].poll() is None, "the server ended"
            assert time.monotonic() < until, "the server did not start"
            time.sleep(0.02)
        return int(json.loads(ready.read_text())["port"])

    def run(self, *words: str | Path) -> subprocess.CompletedProcess[str]:
        """A command's outcome."""
        line = [sys.executable, "-m", "switch.main", "perso", *map(str, words)]
        return subprocess.run(line, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS_MAX, env=environment())

    def say(self, *words: str | Path) -> str:
        """What a command that must succeed says."""
        done = self.run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def officers(self) -> list[str]:
        return [word for name in OFFICERS for word in ("--officer", f"{name}:{self.folder / name}")]

    def prepare_pmp(self, config: Path) -> None:
        """Officers, the issuer's keys, DKeps, product."""
        self.staff(config)
        own = ("--issuer", "970499", "--secret-file", self.folder / "secret.hex")
        self.say("issuer", "keys", *own, "--zmk-file", self.folder / "zmk.hex", "--out", self.folder / "keys.json")
        self.keys(config, "receive", self.folder / "keys.json")
        self.keys(config, "new", *(f"DKEP-{each}" for each in MADE))
        self.say("pmp", "--config", config, "product", "put", self.folder / "debit.toml")

    def staff(self, config: Path) -> None:
        for name in OFFICERS:
            self.say("pmp", "--config", config, "officers", "add", f"{name}:{self.folder / name}")

    def keys(self, config: Path, *words: str | Path) -> str:
        return self.say("pmp", "--config", config, "keys", *words, *self.officers())

    def order(self, name: str, cards: int, *more: str) -> Path:
        return Path(self.say(*self.order_words(name, cards), *more).strip())

    def order_words(self, name: str, cards: int) -> list[str | Path]:
        """The command that makes an order."""
        return [
            "issuer", "order", "--issuer", "970499", "--secret-file", self.folder / "secret.hex", "--order", name,
            "--product", "DEBIT", "--prefix", "970499", "--cards", str(cards), "--out", self.folder,
        ]  # fmt: skip

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
            process.communicate(timeout=SECONDS_MAX)
        self.processes.clear()


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
