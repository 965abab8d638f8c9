"""Free loopback ports for tests that run side by side.

Every process takes a block of ports for itself by a file lock, so two runs on one machine never hand out the same
port; within the block a port is tried before it is given away. All blocks lie below the kernel's ephemeral range."""
import fcntl
import os
import socket
import tempfile
import threading

FIRST, SIZE, BLOCKS = 15000, 680, 25

_guard = threading.Lock()
_block = None
_next = 0


def _take_block():
    folder = os.path.join(tempfile.gettempdir(), f"portolan-ports-{os.getuid()}")
    os.makedirs(folder, exist_ok=True)
    for number in range(BLOCKS):
        lock = open(os.path.join(folder, str(number)), "w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return number, lock
        except OSError:
            lock.close()
    raise RuntimeError("no block of ports is free")


def _usable(port):
    for host, family in (("127.0.0.1", socket.AF_INET), ("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            try:
                with socket.socket(family, kind) as probe:
                    if family == socket.AF_INET6:
                        probe.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
                    elif kind == socket.SOCK_STREAM:
                        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    probe.bind((host, port))
            except OSError as error:
                if family == socket.AF_INET6 and error.errno in (97, 99):  # a machine without IPv6
                    continue
                return False
    return True


def free_port():
    """A port free for UDP and TCP, on IPv4 and IPv6."""
    global _block, _next
    with _guard:
        if _block is None:
            _block = _take_block()
        for _ in range(SIZE):
            _next = (_next + 1) % SIZE
            port = FIRST + _block[0] * SIZE + _next
            if _usable(port):
                return port
    raise RuntimeError("no free port in the block")
