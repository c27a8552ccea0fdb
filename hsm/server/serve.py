"""``hsm serve``: command line and file become a Config, and a Config a running server."""

from __future__ import annotations

import ipaddress
import sys
from dataclasses import dataclass, replace

import click

from hsm.server.config import (
    HEADER_BYTES_MAX,
    PROFILES,
    STORED_KEY_EXPECTED,
    WORKERS_MAX,
    Config,
    ConfigError,
    ConsoleConfig,
    LoadedLmk,
    Setting,
    StoredKeyGiven,
    stored_key_given,
)
from hsm.server.config_file import lmk_id, read_config
from hsm.server.ports import Listener, TlsFiles

COMMAND_LINE = "command line"


@dataclass(frozen=True)
class Options:
    """The command line as it was typed; None or empty where nothing was."""

    config: str | None = None
    bind: str | None = None
    host_port: int | None = None
    tls_port: int | None = None
    tls_cert: str | None = None
    tls_key: str | None = None
    tls_client_ca: str | None = None
    header_length: int | None = None
    eracom_port: int | None = None
    eracom_tls_port: int | None = None
    km: str | None = None
    stored_key: tuple[str, ...] = ()
    state_dir: str | None = None
    passphrase_file: str | None = None
    key_file: str | None = None
    lmk: tuple[str, ...] = ()
    old_lmk: tuple[str, ...] = ()
    set: tuple[str, ...] = ()
    profile: str | None = None
    authorise: tuple[str, ...] = ()
    workers: int | None = None
    ready_file: str | None = None
    seed: int | None = None
    console_port: int | None = None
    console_bind: str | None = None
    console_socket: str | None = None
    ssh_port: int | None = None
    ssh_authorized_keys: str | None = None
    ssh_host_key: str | None = None


def configured(options: Options) -> Config:
    """The Config of *options* over that of the file they name.  Raises ConfigError."""
    config = Config() if options.config is None else read_config(options.config)
    lmks = tuple(_loaded("--lmk", each) for each in options.lmk)
    passphrase_file, key_file = _openers(options, config)
    return replace(
        config,
        listeners=_listeners(options, config),
        state_dir=options.state_dir or config.state_dir,
        passphrase_file=passphrase_file,
        key_file=key_file,
        lmks=_overlaid(config.lmks, lmks),
        old_lmks=_overlaid(config.old_lmks, tuple(_loaded("--old-lmk", each) for each in options.old_lmk)),
        km=options.km or config.km,
        stored_keys=config.stored_keys + tuple(_stored_key(each) for each in options.stored_key),
        settings=config.settings + tuple(_setting(each) for each in options.set),
        profile=options.profile or config.profile,
        authorise=config.authorise + options.authorise,
        workers=config.workers if options.workers is None else options.workers,
        ready_file=options.ready_file or config.ready_file,
        seed=config.seed if options.seed is None else options.seed,
        console=_console(options, config.console),
    )


def _openers(options: Options, config: Config) -> tuple[str | None, str | None]:
    typed = (options.passphrase_file, options.key_file)
    passphrase_file, key_file = typed if any(typed) else (config.passphrase_file, config.key_file)
    where = COMMAND_LINE if any(typed) else str(options.config)
    if passphrase_file is not None and key_file is not None:
        raise ConfigError(where, "passphrase-file, key-file", "one of the two")
    if (passphrase_file or key_file) and not (options.state_dir or config.state_dir):
        raise ConfigError(where, "passphrase-file, key-file", "state-dir with it: they open its vault")
    return passphrase_file, key_file


def _console(options: Options, console: ConsoleConfig) -> ConsoleConfig:
    return replace(
        console,
        port=console.port if options.console_port is None else options.console_port,
        ssh_port=console.ssh_port if options.ssh_port is None else options.ssh_port,
        host=options.console_bind or console.host,
        socket=options.console_socket or console.socket,
        authorized_keys=options.ssh_authorized_keys or console.authorized_keys,
        host_key=options.ssh_host_key or console.host_key,
    ).checked(options.config if options.config is not None and options.ssh_port is None else COMMAND_LINE)


def _listeners(options: Options, config: Config) -> tuple[Listener, ...]:
    found = {each.name: each for each in config.listeners}
    model = next(iter(found.values()))
    if options.host_port is not None:
        found["thales"] = replace(found.get("thales", Listener("thales", 0, model.host)), port=options.host_port)
    tls = _tls(options)
    if options.tls_port is not None:
        found["tls"] = replace(found.get("tls", replace(model, name="tls")), port=options.tls_port, tls=tls)
    if options.eracom_port is not None:
        eracom = found.get("eracom", Listener("eracom", 0, model.host, dialect="eracom"))
        found["eracom"] = replace(eracom, port=options.eracom_port, dialect="eracom")
    if options.eracom_tls_port is not None:
        secured = found.get("eracom-tls", Listener("eracom-tls", 0, model.host))
        found["eracom-tls"] = replace(secured, port=options.eracom_tls_port, dialect="eracom", tls=tls)
    listeners = tuple(found.values())
    if options.bind is not None:
        listeners = tuple(replace(each, host=options.bind) for each in listeners)
    if options.header_length is not None:
        listeners = tuple(replace(each, header_bytes=options.header_length) for each in listeners)
    return listeners


def _tls(options: Options) -> TlsFiles | None:
    """What the TLS ports of the command line share."""
    wanted = options.tls_port is not None or options.eracom_tls_port is not None
    if wanted and (options.tls_cert is None or options.tls_key is None):
        raise ConfigError(COMMAND_LINE, "--tls-port, --eracom-tls-port", "--tls-cert and --tls-key with it")
    if not wanted and any((options.tls_cert, options.tls_key, options.tls_client_ca)):
        told = "--tls-port or --eracom-tls-port with them"
        raise ConfigError(COMMAND_LINE, "--tls-cert, --tls-key, --tls-client-ca", told)
    if options.tls_cert is None or options.tls_key is None:
        return None
    return TlsFiles(options.tls_cert, options.tls_key, options.tls_client_ca)


def _overlaid(base: tuple[LoadedLmk, ...], over: tuple[LoadedLmk, ...]) -> tuple[LoadedLmk, ...]:
    return tuple({each.lmk_id: each for each in base + over}.values())


def _loaded(option: str, text: str) -> LoadedLmk:
    key, equals, name = text.partition("=")
    identifier = lmk_id(key)
    if identifier is None or not equals or not name:
        raise ConfigError(COMMAND_LINE, option, "ID=NAME with an ID of two digits")
    return LoadedLmk(identifier, name, COMMAND_LINE)


def _stored_key(text: str) -> StoredKeyGiven:
    place, _, key = text.partition("=")
    given = stored_key_given(place, key, COMMAND_LINE)
    if given is None:
        raise ConfigError(COMMAND_LINE, "--stored-key", STORED_KEY_EXPECTED)
    return given


def _setting(text: str) -> Setting:
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(COMMAND_LINE, "--set", "NAME=VALUE")
    return Setting(name, value, COMMAND_LINE)


def warnings(config: Config) -> list[str]:
    """What somebody who starts this server must be told."""
    told = []
    open_to = sorted({each.host for each in config.listeners if not _loopback(each.host)})
    if open_to:
        told.append(
            f"listening on {', '.join(open_to)}: this is an emulator, its keys are not protected as in a real HSM. "
            "Load test keys only, and keep it off networks that you do not trust."
        )
    if config.console.port is not None and not _loopback(config.console.host):
        told.append(
            f"the telnet console listens on {config.console.host}: it asks nobody who they are, and whatever is typed, "
            "key components and PINs too, crosses the network in clear. Use SSH."
        )
    if config.seed is not None:
        told.append(
            "--seed makes every generated key and PIN predictable. Anybody who knows the seed knows them all: "
            "for reproducible tests only, never for keys that matter."
        )
    return told


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_PORT = click.IntRange(0, 65535)


@click.command("serve")
@click.option("--config", metavar="FILE", help="TOML file; the command line wins over it.")
@click.option("--bind", metavar="ADDRESS", help="Address of all host ports.  [default: 127.0.0.1]")
@click.option("--host-port", type=_PORT, metavar="N", help="TCP and UDP port; 0 picks a free one.  [default: 1500]")
@click.option("--tls-port", type=_PORT, metavar="N", help="TLS port, besides the other; 0 picks a free one.")
@click.option("--tls-cert", metavar="FILE", help="PEM certificate (chain) of the TLS ports.")
@click.option("--tls-key", metavar="FILE", help="PEM key of the certificate.")
@click.option("--tls-client-ca", metavar="FILE", help="PEM authority; clients must show a certificate of it.")
@click.option("--header-length", type=click.IntRange(0, HEADER_BYTES_MAX), metavar="N", help="[default: 4]")
@click.option("--eracom-port", type=_PORT, metavar="N", help="TCP and UDP port that speaks Eracom; 0 picks a free one.")
@click.option("--eracom-tls-port", type=_PORT, metavar="N", help="TLS port that speaks Eracom; 0 picks a free one.")
@click.option("--km", metavar="NAME", help="Domain Master Key of Eracom ports: test-2266, test-33.")
@click.option("--stored-key", multiple=True, metavar="TYPE:INDEX=HEX", help="Store a clear key, under a test KM only.")
@click.option("--state-dir", metavar="DIR", help="Where settings, sealed LMKs and the audit log live.")
@click.option("--passphrase-file", metavar="FILE", help="What opens its vault; else the variable HSM_PASSPHRASE.")
@click.option("--key-file", metavar="FILE", help="32 random bytes instead; `hsm lmk keyfile` makes them.")
@click.option("--lmk", multiple=True, metavar="ID=NAME", help="Load an LMK: test-variant, test-aes-block, …")
@click.option("--old-lmk", multiple=True, metavar="ID=NAME", help="Load an LMK into key change storage.")
@click.option("--set", multiple=True, metavar="NAME=VALUE", help="A security setting.")
@click.option("--profile", type=click.Choice(PROFILES), help="All security settings at once.  [default: legacy]")
@click.option("--authorise", multiple=True, metavar="ACTIVITY", help="Start with this activity authorised, or all.")
@click.option("--workers", type=click.IntRange(0, WORKERS_MAX), metavar="N", help="Processes that serve.")
@click.option("--ready-file", metavar="FILE", help="Written as JSON when every port listens.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 1), metavar="N", help="Reproducible keys: TESTS ONLY.")
@click.option("--console-port", type=_PORT, metavar="N", help="Telnet port of the console; 0 picks a free one.")
@click.option("--console-bind", metavar="ADDRESS", help="Address of telnet and SSH.  [default: 127.0.0.1]")
@click.option(
    "--console-socket", metavar="PATH", help="Local socket of the console.  [default: in the state directory]"
)
@click.option("--ssh-port", type=_PORT, metavar="N", help="SSH port of the console; 0 picks a free one.")
@click.option(
    "--ssh-authorized-keys", metavar="FILE", help="Keys that may log in, each with its user's name behind it."
)
@click.option("--ssh-host-key", metavar="FILE", help="Private key of the SSH port.  [default: in the state directory]")
def command(**typed: str | int | tuple[str, ...] | None) -> None:
    """Serve host commands until SIGTERM or Ctrl-C, which let replies in flight be written first."""
    try:
        config = configured(Options(**typed))  # type: ignore[arg-type]  # click has checked each option's type
    except ConfigError as fault:
        raise click.UsageError(str(fault)) from None
    for each in warnings(config):
        click.echo(f"WARNING: {each}", err=True)
    from hsm.server.serving import serve

    sys.exit(serve(config))
