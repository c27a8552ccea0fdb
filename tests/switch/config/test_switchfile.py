"""One file for one switch: what it says, and the file, line and field of what it can't."""

from __future__ import annotations

from pathlib import Path

import pytest

from switch.config import hsms, partners, switchfile
from switch.config.switchfile import ISSUER, Address, read_config, read_text
from switch.config.tables import TableRefused
from switch.flow.partner import MacRule, PinsUnder
from switch.hsmdialect import ERACOM
from switch.link.config import TlsFiles
from switch.link.lines import ConfigError

HEAD = '[switch]\nname = "switch"\ninstitution = "970400"\n'
LINK = '[[link]]\nname = "alpha"\nspec = "banknet"\nrole = "server"\naddress = "127.0.0.1:0"\n'
SITE = '[hsm]\n[[hsm.site]]\nname = "a"\naddress = "127.0.0.1:1500"\n'
KEYS = f'[link.keys]\nrole = "switch"\nform = "tagged"\nzmk = "U{"0" * 32}"\nlines = ["zpk both"]\n'
TERMINAL = f'[[terminal]]\nid = "ATM00001"\ntmk = "U{"0" * 32}"\nrenewal = "daily"\nlink = "alpha"\n'
BOOKS = f'[issuer]\ncurrency = "704"\naccounts = "a.csv"\ncards = "c.csv"\npan-key = "k"\npvk = "U{"0" * 32}"\n'
BINS = "prefix,name,kind,link,dialect\n970405,Alpha,member,alpha,banknet\n602907,Ours,on-us,issuer,banknet\n"


def test_what_is_not_said_is_usual() -> None:
    config = read_text(Path("/there/switch.toml"), HEAD)
    assert (config.name, config.institution, config.cutover_minutes) == ("switch", "970400", 0)
    assert (config.hsm, config.console, config.metrics, config.log, config.links) == (None, None, None, None, ())
    assert config.database_url == "sqlite:////there/state/switch.db"


def test_everything_can_be_said() -> None:
    text = (
        '[switch]\nname = "nac-1"\ninstitution = "970400"\nbins = "bins.csv"\ncutover = "22:30"\nstate-dir = "kept"\n'
        '[console]\naddress = "127.0.0.1:0"\n[metrics]\naddress = "[::1]:9201"\n[log]\nfile = "log/switch.log"\n'
        + SITE
        + 'priority = 1\n[[hsm.site]]\nname = "b"\naddress = "10.0.0.2:1500"\n'
        + LINK
        + '[link.tls]\ncertificate = "a.pem"\nkey = "a.key"\nauthority = "/ca.pem"\npeer-name = "alpha.example"\n'
        + '[link.partner]\ninstitution = "970405"\nchannel = "atm"\npins = "terminal"\nleft-out = [48, 60]\n'
        + 'relays-to = "beta"\nunknown-reversal = "21"\n[link.partner.mac]\nelements = [0, 2, 11]\nbytes = 4\n'
        + LINK.replace("alpha", "beta").replace("server", "client").replace(":0", ":5002")
    )
    config = read_text(Path("/there/switch.toml"), text)
    assert config.cutover_minutes == 22 * 60 + 30
    assert config.state_dir == Path("/there/kept")
    assert (config.console, config.metrics) == (Address("127.0.0.1", 0), Address("::1", 9201))
    assert config.log == Path("/there/log/switch.log")
    assert config.hsm is not None
    assert [(site.name, site.host, site.port, site.priority) for site in config.hsm.sites] == [
        ("a", "127.0.0.1", 1500, 1),
        ("b", "10.0.0.2", 1500, 0),
    ]
    alpha = config.partners["alpha"]
    assert (alpha.institution, alpha.channel, alpha.pins) == ("970405", "atm", PinsUnder.TERMINAL)
    assert (alpha.left_out, alpha.relays_to, alpha.unknown_reversal) == (frozenset({48, 60}), "beta", "21")
    assert alpha.mac == MacRule((0, 2, 11), 4)
    assert config.partners["beta"].mac is None
    tls = config.links[0].tls
    assert tls is not None
    assert (tls.certificate, tls.authority) == ("/there/a.pem", "/ca.pem")
    assert config.files.links == {"alpha", "beta", ISSUER}


def test_keys_terminals_issuer_and_forwarding_have_their_place() -> None:
    text = HEAD + SITE + LINK + KEYS + "[link.forwarding]\nwindow = 4\n" + TERMINAL + BOOKS
    text += '[stand-in]\npolicies = "standin.toml"\npan-key = "pan.key"\n'
    config = read_text(Path("/there/switch.toml"), text)
    assert [each.link for each in config.keys.links] == ["alpha"]
    assert [each.id for each in config.keys.terminals] == ["ATM00001"]
    assert config.issuer is not None
    assert config.issuer.currency == "704"
    assert config.forwarding["alpha"].window == 4
    assert (config.files.stand_in, config.pan_key) == (Path("/there/standin.toml"), Path("/there/pan.key"))


def test_a_line_to_an_hsm_over_tls() -> None:
    told = '[hsm.site.tls]\ncertificate = "a.pem"\nkey = "/k/a.key"\nauthority = "ca.pem"\npeer-name = "hsm.example"\n'
    config = read_text(Path("/there/switch.toml"), HEAD + SITE + told)
    assert config.hsm is not None
    assert config.hsm.sites[0].tls == TlsFiles("/there/a.pem", "/k/a.key", "/there/ca.pem", "hsm.example")


def test_the_examples_of_the_chapter_are_read() -> None:
    said = [each.__doc__.partition("\n[")[2] for each in (switchfile, hsms) if each.__doc__]
    told = partners.__doc__ or ""
    link = LINK.replace("alpha", "alpha") + told[told.index("[link.partner]") :]
    text = "".join(f"[{each}\n" for each in said) + link
    assert "[link.forwarding]" in text
    config = read_text(Path("switch.toml"), text.replace('socket = "console.sock"', "#"))
    assert config.partners["alpha"].left_out == {48, 60}
    assert config.hsm is not None
    assert config.database_url == "sqlite:///a.db"


ERACOM_SITE = SITE.replace("[hsm]\n", '[hsm]\ndialect = "eracom"\n')
PAIR = f"1111{'0' * 32} 1111{'1' * 32}"
ERACOM_KEYS, ERACOM_TERMINAL = KEYS.replace(f"U{'0' * 32}", PAIR), TERMINAL.replace(f"U{'0' * 32}", "020001")
ERACOM_BOOKS = BOOKS.replace(f"U{'0' * 32}", f"1111{'0' * 32}")
OFFSET = 'pin-method = "offset"\n[issuer.offset]\nvalidation = "12345678901N"\n'


def test_an_hsm_may_speak_the_eracom_dialect() -> None:
    text = HEAD + ERACOM_SITE + LINK + ERACOM_KEYS + ERACOM_TERMINAL + ERACOM_BOOKS + OFFSET
    config = read_text(Path("/there/switch.toml"), text + '[issuer.chip]\nimk-ac = "020001"\n')
    assert config.hsm is not None
    assert config.hsm.dialect is ERACOM
    assert config.files.dialect is ERACOM
    assert config.keys.links[0].zmk == PAIR
    assert config.issuer is not None
    assert config.issuer.offset is not None
    assert (config.issuer.offset.table, config.issuer.pvk_indices) == ("", "123456")


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        (ERACOM_SITE.replace("eracom", "atalla"), 5, "hsm.dialect: expected one of thales, eracom"),
        (ERACOM_SITE.replace("[[", "header-chars = 4\n[["), 6, "hsm.header-chars: expected none: the Eracom dialect has"),
        (ERACOM_SITE + LINK + KEYS, 17, "link.0.keys.zmk: expected key specifiers of the Eracom dialect"),
        (ERACOM_SITE + LINK + ERACOM_KEYS + 'export = "tr-31"\n', 19, "link.0.keys.export: expected x9.17: the Eracom"),
        (ERACOM_SITE + LINK + TERMINAL, 16, "terminal.0.tmk: expected a key specifier of the Eracom dialect"),
        (ERACOM_SITE + LINK + ERACOM_TERMINAL + 'export = "tr-31"\n', 19, "terminal.0.export: expected x9.17: the Era"),
        (ERACOM_SITE + BOOKS, 14, "issuer.pvk: expected a key specifier of the Eracom dialect"),
        (ERACOM_SITE + ERACOM_BOOKS + 'cvk = "02"\n', 15, "issuer.cvk: expected a key specifier of the Eracom dialect"),
        (
            ERACOM_SITE + ERACOM_BOOKS + OFFSET + 'table = "0123456789012345"\n', 18,
            "issuer.offset.table: expected none: in the Eracom dialect the decimalisation table lies with the PVK",
        ),
    ],
)  # fmt: skip
def test_what_the_eracom_dialect_has_not_is_refused_by_name(text: str, line: int, field: str) -> None:
    with pytest.raises(ConfigError) as told:
        read_text(Path("switch.toml"), HEAD + text)
    assert str(told.value).startswith(f"switch.toml, line {line}: {field}")


@pytest.mark.parametrize(
    ("text", "line", "field"),
    [
        ("x = \n", 1, "syntax"),
        ("", None, "switch.name"),
        (HEAD + "colour = 1\n", 4, "switch.colour"),
        ("colour = 1\n" + HEAD, 1, "colour"),
        (HEAD.replace("970400", "97O400"), 3, "switch.institution"),
        (HEAD.replace('"switch"', '"a switch"'), 2, "switch.name"),
        (HEAD + 'cutover = "24:00"\n', 4, "switch.cutover"),
        (HEAD + "cutover = 0\n", 4, "switch.cutover"),
        (HEAD + "[log]\nfile = 1\n", 5, "log.file"),
        (HEAD + '[log]\nlevel = "debug"\n', 5, "log.level"),
        (HEAD + "[console]\n", 4, "console.address"),
        (HEAD + '[console]\naddress = "127.0.0.1:0"\nsocket = "s"\n', 5, "console.address"),
        (HEAD + '[console]\naddress = "0.0.0.0:9200"\n', 5, "console.address"),
        (HEAD + '[console]\naddress = "switch.example:9200"\n', 5, "console.address"),
        (HEAD + f'[console]\nsocket = "{"s" * 120}"\n', 5, "console.socket"),
        (HEAD + '[metrics]\naddress = "9201"\n', 5, "metrics.address"),
        (HEAD + "[hsm]\n", 4, "hsm.site"),
        (HEAD + SITE + SITE[6:], 9, "hsm.site.1.name"),
        (HEAD + SITE.replace(":1500", ":0"), 7, "hsm.site.0.address"),
        (HEAD + SITE + "weight = 1\n", 8, "hsm.site.0.weight"),
        (
            HEAD + SITE + '[hsm.site.tls]\ncertificate = "a"\nkey = "b"\nauthority = "c"\n',
            8,
            "hsm.site.0.tls.peer-name",
        ),
        (HEAD + SITE.replace("[hsm]\n", "[hsm]\nconnections = 0\n"), 5, "hsm.connections"),
        (HEAD + SITE.replace("[hsm]\n", "[hsm]\ntimeout = 1\nattempt-timeout = 2\n"), 6, "hsm.attempt-timeout"),
        (HEAD + LINK.replace("alpha", "issuer"), 5, "link.0.name"),
        (HEAD + LINK.replace("alpha", "bank a"), 5, "link.0.name"),
        (HEAD + LINK + "colour = 1\n", 9, "link.0.colour"),
        (HEAD + LINK + "[link.partner]\ncolour = 1\n", 10, "link.0.partner.colour"),
        (HEAD + LINK + '[link.partner]\ninstitution = "123456789012"\n', 10, "link.0.partner.institution"),
        (HEAD + LINK + '[link.partner]\npins = "clear"\n', 10, "link.0.partner.pins"),
        (HEAD + LINK + "[link.partner]\nleft-out = [0]\n", 10, "link.0.partner.left-out"),
        (HEAD + LINK + "[link.partner]\nleft-out = [48, 48]\n", 10, "link.0.partner.left-out"),
        (HEAD + LINK + '[link.partner]\nrelays-to = "beta"\n', 10, "link.0.partner.relays-to"),
        (HEAD + LINK + '[link.partner]\nrelays-to = "alpha"\n', 10, "link.0.partner.relays-to"),
        (HEAD + LINK + '[link.partner]\nunknown-reversal = "2"\n', 10, "link.0.partner.unknown-reversal"),
        (HEAD + '[stand-in]\npolicies = "p.toml"\n', 4, "stand-in.pan-key"),
        (HEAD + '[stand-in]\nrules = "p.toml"\n', 5, "stand-in.rules"),
        (HEAD + LINK + KEYS, None, "hsm"),
        (HEAD + LINK + "[link.partner.mac]\n", None, "hsm"),
        (HEAD + SITE + LINK + KEYS + "colour = 1\n", 18, "link.0.keys.colour"),
        (HEAD + SITE + LINK + TERMINAL.replace("alpha", "beta"), 17, "terminal.0.link"),
        (HEAD + SITE + LINK + "[link.forwarding]\nwindow = 0\n", 14, "link.0.forwarding.window"),
        (HEAD + SITE + "[issuer]\n", 8, "issuer.currency"),
        (HEAD + LINK + "[link.partner.mac]\nbytes = 6\n", 10, "link.0.partner.mac.bytes"),
        (HEAD + LINK + "[link.partner.mac]\nelements = [2, 64]\n", 10, "link.0.partner.mac.elements"),
    ],
)
def test_an_error_names_file_line_and_field(text: str, line: int | None, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_text(Path("switch.toml"), text)
    assert (caught.value.where, caught.value.field) == (f"switch.toml, line {line}" if line else "switch.toml", field)
    assert caught.value.expected


def test_the_file_names_its_tables(tmp_path: Path) -> None:
    path = tmp_path / "switch.toml"
    path.write_text(HEAD + 'bins = "bins.csv"\n' + LINK)
    config = read_config(path)
    with pytest.raises(TableRefused, match=r"bins\.csv: No such file"):
        config.files.read()
    (tmp_path / "bins.csv").write_text(BINS)
    tables = config.files.read()
    assert [row.prefix for row in tables.routing.table.rows] == ["970405", "602907"]
    assert "atm" in tables.services.channels
    assert config.files.bins == tmp_path / "bins.csv"


@pytest.mark.parametrize("content", [None, b"\xff[switch]"])
def test_what_is_no_text_is_told(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "switch.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"switch\.toml"):
        read_config(path)
