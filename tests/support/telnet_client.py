"""The smallest telnet client: ``python -m support.telnet_client HOST PORT``, for machines that have none.

By RFC 854, 857 and 858 alone, and beside the product's own: it lets the server echo and suppress go-aheads, refuses
whatever else is offered or asked for, and sends keys as they are pressed.
"""

from __future__ import annotations

import os
import select
import socket
import sys
import termios
import tty

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
ECHO, SUPPRESS_GO_AHEAD = 1, 3


def answer(verb: int, option: int) -> bytes:
    """What is said to an offer or a request; nothing to a refusal."""
    if verb == WILL:
        return bytes((IAC, DO if option in (ECHO, SUPPRESS_GO_AHEAD) else DONT, option))
    return bytes((IAC, WONT, option)) if verb == DO else b""


def without_commands(stream: socket.socket, arrived: bytes) -> bytes:
    """What of *arrived* is to be shown; offers and requests in it are answered."""
    shown, at = bytearray(), 0
    while at < len(arrived):
        if arrived[at] != IAC:
            shown.append(arrived[at])
            at += 1
            continue
        while len(arrived) < at + 3 and arrived[at + 1 : at + 2] != bytes((IAC,)):
            arrived += stream.recv(1)
        verb = arrived[at + 1]
        if verb == IAC:
            shown.append(IAC)
            at += 2
        elif verb == SB:
            at = arrived.index(bytes((IAC, SE)), at) + 2
        else:
            stream.sendall(answer(verb, arrived[at + 2]))
            at += 3
    return bytes(shown)


def main() -> None:
    keyboard, screen = sys.stdin.fileno(), sys.stdout.buffer
    before = termios.tcgetattr(keyboard)
    with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as stream:
        tty.setraw(keyboard)
        try:
            while True:
                readable, _, _ = select.select([keyboard, stream], [], [])
                if keyboard in readable:
                    stream.sendall(os.read(keyboard, 1024).replace(b"\r", b"\r\0"))
                if stream in readable:
                    arrived = stream.recv(4096)
                    if not arrived:
                        return
                    screen.write(without_commands(stream, arrived))
                    screen.flush()
        finally:
            termios.tcsetattr(keyboard, termios.TCSADRAIN, before)


if __name__ == "__main__":
    main()
