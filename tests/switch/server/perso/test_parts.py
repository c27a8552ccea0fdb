"""An order through all parts as processes, from the issuer to the XOF file, with an HSM process."""

from __future__ import annotations

import ftplib
import json
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from support.persosite import HSM_OPTIONS, MADE, Site, environment

from hsm.client.process import ApplianceProcess
from switch.perso.xof import XofReader

CARDS = 100
ISSUERS = '[issuers]\n970499 = "issuer.example"\n'


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    with ApplianceProcess(HSM_OPTIONS) as appliance:
        made.hsm_port = appliance.ports["eracom"]
        yield made
        made.stop()


def test_from_the_issuer_to_the_xof(site: Site) -> None:
    outer = site.start(
        "receive", "--config", site.server("receiving", ["hosting.example"], '[issuers]\n970499 = "issuer.example"\n')
    )
    inner = site.start("host", "--config", site.server("hosting", ["pmp.example"], site.source(outer, "receiving")))
    config = site.pmp_config(inner)
    site.prepare_pmp(config)
    order = site.order("0001", CARDS, "--tracks", "--icc-keys")
    site.say("issuer", "push", order, "--config", site.client("issuer", outer, "receiving"))
    pmp = ("pmp", "--config", config)
    while not (said := site.say(*pmp, "pull")):
        pass
    assert said == "pulled 970499-0001.order\n"
    assert list((site.folder / "receiving").iterdir()) == list((site.folder / "hosting").iterdir()) == []
    assert " 100 " in site.say(*pmp, "import")
    path = site.folder / "pmp" / "xof" / "970499-0001.xof"
    with path.open("rb") as source:
        assert len(list(XofReader(source, path.name))) == CARDS
    assert list((site.folder / "pmp" / "orders").iterdir()) == []
    for chain in ("receiving.audit", "hosting.audit", "pmp/pmp.audit"):
        assert "970499-0001" in site.say("audit", site.folder / chain)


def test_an_internal_server_with_an_hsm_of_its_own(site: Site) -> None:
    """Nothing under TKissuer goes further in than the internal server; what comes out is the same sort of file."""
    outer = site.start("receive", "--config", site.server("receiving", ["hosting.example"], ISSUERS))
    with ApplianceProcess(HSM_OPTIONS) as second:
        own = site.hsm_user("hosting-hsm", second.ports["eracom"])
        site.prepare_pmp(own)
        sent = site.folder / "itk.json"
        site.keys(own, "send", *(f"ITK-{each}" for each in MADE), "--out", sent)
        profile = site.folder / "debit.toml"
        whole = profile.read_text()
        profile.write_text(whole.replace("DKEP-", "ITK-"))
        site.say("pmp", "--config", own, "product", "put", profile)
        profile.write_text(whole)
        more = f"{site.source(outer, 'receiving')}"
        hosting = site.server("hosting", ["pmp.example"], more)
        hosting.write_text(f'reencipher = "{own}"\n' + hosting.read_text())
        site.say("issuer", "push", site.order("0001", CARDS), "--config", site.client("issuer", outer, "receiving"))
        assert site.say("host", "--config", hosting, "--once").split() == ["970499-0001.order", "970499-0001.xof"]
        inner = site.start("host", "--config", hosting)
        config = site.pmp_config(inner)
        site.staff(config)
        site.keys(config, "receive", sent)
        site.keys(config, "new", *(f"DKEP-{each}" for each in MADE))
        site.say("pmp", "--config", config, "product", "put", profile)
        assert site.say("pmp", "--config", config, "pull") == "pulled 970499-0001.xof\n"
        assert " 100 " in site.say("pmp", "--config", config, "import")
    path = site.folder / "pmp" / "xof" / "970499-0001.xof"
    with path.open("rb") as source:
        reader = XofReader(source, path.name)
        assert len(list(reader)) == CARDS
    assert {key.name for key in reader.under.values()} == {"DKEP-HOLDER", "DKEP-PIN", "DKEP-APPLICATION"}


def test_the_pmp_pulls_by_ftp(site: Site) -> None:
    users, phrase = site.folder / "users.json", site.folder / "anna"
    site.say("users", users, "pmp", "--passphrase-file", phrase)
    more = f'{site.source(1, "receiving")}[ftp]\naddress = "127.0.0.1:0"\nusers = "{users}"\n'
    site.start("host", "--config", site.server("hosting", ["pmp.example"], more))
    port = int(json.loads(Path(f"{site.ready_file}.ftp").read_text())["port"])
    order, hosted = site.order("0001", CARDS), site.folder / "hosting"
    (hosted / order.name).write_bytes(order.read_bytes())
    (hosted / "readme").write_text("no order")

    def pmp_with(phrase: Path) -> tuple[str, ...]:
        by_ftp = f'[ftp]\naddress = "127.0.0.1:{port}"\nuser = "pmp"\npassphrase-file = "{phrase}"\n'
        return ("pmp", "--config", str(site.hsm_user("pmp", site.hsm_port, by_ftp)))

    assert "FTP: 530" in site.run(*pmp_with(site.folder / "bert"), "pull").stderr
    pmp = pmp_with(phrase)
    assert site.say(*pmp, "pull") == f"pulled {order.name}\n"
    assert [path.name for path in hosted.iterdir()] == ["readme"]
    assert (site.folder / "pmp" / "orders" / order.name).read_bytes() == order.read_bytes()
    told = site.say("audit", site.folder / "hosting.audit")
    assert "pmp: given by FTP file=970499-0001.order" in told
    assert "pmp: removed by FTP file=970499-0001.order" in told
    only_what_a_pull_needs(port, phrase)


def only_what_a_pull_needs(port: int, phrase: Path) -> None:
    for request in ("DELE readme", "MKD a", "PORT 127,0,0,1,9,9", "RETR readme", "RETR ../users.json", "STOR 1.order"):
        with ftplib.FTP() as line:  # noqa: S321  # the port that is tested
            line.connect("127.0.0.1", port, timeout=20)
            line.login("pmp", phrase.read_text().strip())
            if request[:4] in ("RETR", "STOR"):
                line.makepasv()
            with pytest.raises(ftplib.Error):
                line.sendcmd(request)
            line.close()


def test_what_is_refused_on_the_way(site: Site) -> None:
    order = site.order("0001", 3)
    receiving = site.server("receiving", ["hosting.example"], ISSUERS)
    outer = site.start("receive", "--config", receiving)
    stranger = site.run("issuer", "push", order, "--config", site.client("stranger", outer, "receiving"))
    assert (stranger.returncode, stranger.stderr) == (1, "refused: only an issuer puts files\n")
    push = ("issuer", "push", order, "--config", site.client("issuer", outer, "receiving"))
    assert site.say(*push) == site.say(*push), "just this file is there"
    assert site.order("0001", 3) == order, "it stays as it is"
    noted = [json.loads(line)["what"] for line in (site.folder / "issuer.audit").read_text().splitlines()]
    assert noted == ["order begun", "order made", "pushed"], "each once: the stranger was sent away"
    another = site.run(*site.order_words("0001", 4))
    assert (another.returncode, another.stderr) == (1, "970499-0001.order: is there already, and another order\n")
    order.unlink()
    site.order("0001", 4)
    assert site.run(*push).stderr == "refused: 970499-0001.order is there already\n"
    taker = site.server("stranger", ["pmp.example"], site.source(outer, "receiving"))
    assert site.run("host", "--config", taker, "--once").stderr == "refused: only the inner side takes files\n"
    site.stop()
    now = datetime.now(UTC)
    site.window = f"{now + timedelta(hours=2):%H:%M}-{now + timedelta(hours=3):%H:%M}"
    outer = site.start("receive", "--config", site.server("receiving", ["hosting.example"], ISSUERS))
    late = site.run("issuer", "push", site.order("0002", 3), "--config", site.client("issuer", outer, "receiving"))
    assert (late.returncode, late.stderr) == (1, f"refused: the window is {site.window} UTC\n")
    assert [path.name for path in (site.folder / "receiving").iterdir()] == ["970499-0001.order"]
    told = site.say("audit", site.folder / "receiving.audit")
    assert told.count("refused PUT") == 3
    assert f"why=the window is {site.window} UTC" in told


def test_the_receiving_server_can_open_no_connection() -> None:
    """Its process refuses itself, and of our modules none that it imports could."""
    script = (
        "import sys; import switch.server.perso.receive_command as r; r.calls_nobody(); import socket\n"
        "clients = ('switch.server.perso.transfer', 'switch.server.links', 'hsm.client.connection', 'hsm.client.pool')\n"
        "print([name for name in clients if name in sys.modules])\n"
        "listening = socket.create_server(('127.0.0.1', 0))\n"
        "for call in (socket.socket.connect, socket.socket.connect_ex):\n"
        "    try: call(socket.socket(), listening.getsockname())\n"
        "    except PermissionError as e: print(e)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment(), timeout=60)
    assert done.stdout.splitlines() == ["[]"] + ["this server opens no connection"] * 2, done.stderr
