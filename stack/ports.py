"""Ports of this machine: which one is free for a program of the stack."""

import socket
from collections.abc import Callable

from stack.errors import StackError


def free_port(program: str, first: int, notice: Callable[[str], None]) -> int:
    """The first free port from `first` on; `notice` is told when it is another one."""
    for port in range(first, first + 50):
        if is_free(port):
            if port != first:
                notice(f"port {first} is taken by another program; {program} uses {port}")
            return port
    raise StackError(f"no port from {first} to {first + 49} is free for {program}")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server will ask for it
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
