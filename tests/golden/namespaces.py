"""Runs a scenario in a network namespace of its own, for those whose answers depend on the machine's addresses.

The runner starts itself again inside the namespace; the API server outside is reached through a Unix socket."""
import contextlib
import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import tempfile
import threading


def unshare_command():
    """The command that makes a network namespace here, or None."""
    command = ["unshare", "-n"] if os.geteuid() == 0 else ["unshare", "-rn"]
    if not shutil.which("unshare") or not shutil.which("ip"):
        return None
    try:
        works = subprocess.run(command + ["ip", "link", "set", "lo", "up"], capture_output=True).returncode == 0
    except OSError:
        return None
    return command if works else None


def _pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    for end in (source, target):
        with contextlib.suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


def _forward(listener, connect):
    def accept():
        while True:
            try:
                client, _ = listener.accept()
                server = connect()
            except OSError:
                return
            threading.Thread(target=_pump, args=(client, server), daemon=True).start()
            threading.Thread(target=_pump, args=(server, client), daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()


def _endpoint(url):
    match = re.match(r"https?://([^:/]+):(\d+)", url)
    return match.group(1), int(match.group(2))


def _connected(family, address):
    s = socket.socket(family)
    s.connect(address)
    return s


def run_inside(command, arguments, addresses, api, result):
    """Runs `command` (words) in a namespace with these addresses; returns what it wrote as JSON to `result`."""
    folder = tempfile.mkdtemp(prefix="golden-ns-")
    env = dict(os.environ)
    listener = None
    try:
        if api:
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(os.path.join(folder, "api.sock"))
            listener.listen(64)
            _forward(listener, lambda: _connected(socket.AF_INET, _endpoint(api)))
            env["PORTOLAN_API_SOCKET"] = os.path.join(folder, "api.sock")
        setup = ["ip link set lo up"]
        setup += [f"ip addr add {address} dev lo" + (" nodad" if ":" in address else "") for address in addresses]
        again = " ".join(shlex.quote(word) for word in [sys.executable, *arguments])
        done = subprocess.run(command + ["sh", "-c", " && ".join(setup) + " && exec " + again], env=env,
                              capture_output=True, text=True, timeout=300)
        if not os.path.exists(result):
            raise RuntimeError((done.stdout + done.stderr)[-1000:])
        with open(result) as source:
            return json.load(source)
    finally:
        if listener:
            listener.close()
        shutil.rmtree(folder, ignore_errors=True)


def serve_api_here(api):
    """Inside the namespace: the API server's address leads to the Unix socket."""
    path = os.environ.get("PORTOLAN_API_SOCKET")
    if not path:
        return
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(_endpoint(api))
    listener.listen(64)
    _forward(listener, lambda: _connected(socket.AF_UNIX, path))
