"""Every Corefile of the documents is started as it stands, in a network of its own that has loopback and nothing else,
and ended: it must come up, print its banner, and end well.

The relative files that Corefiles name lie beside them. One that cannot come up here because it needs an outside (a
cluster, a file of another machine: OUTSIDE tells by what the server says) is checked with `-check`, which opens and
resolves nothing, and the case says so."""
import concurrent.futures
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

import process
from documents import ROOT, LeftOut, corefiles
from namespaces import unshare_command
from server import Failed

AT_ONCE = 8
ZONE = """@ 3600 IN SOA ns.example.org. hostmaster.example.org. 1 7200 3600 1209600 3600
@ 3600 IN NS ns.example.org.
www 3600 IN A 192.0.2.10
"""
FILES = {"db.example.org": ZONE, "db.common": ZONE, "resolv.conf": "search example.org\nnameserver 192.0.2.53\n"}
OUTSIDE = re.compile(r"(open|store|journal) \S+: [Nn]o such file or directory"
                     r"(, expected a folder that can be written)?$"
                     r"|: kubeconfig \S+: cannot be read$"
                     r"|: not in a cluster: KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set$")
NO_IPV6 = re.compile(r"listen \w+ \[::1\]:\d+: .*(cannot assign requested address|address family not supported)")


def cases(binary):
    """(name, function) of each; the functions may run side by side."""
    wrapper = unshare_command()
    for name, text in corefiles():
        yield f"corefile {name}", lambda text=text: comes_up_and_ends(binary, text, wrapper)


def comes_up_and_ends(binary, text, wrapper):
    """What is to be said of the case beside that it is good."""
    if not wrapper:
        raise LeftOut("network namespaces are not permitted here")
    folder = tempfile.mkdtemp(prefix="portolan-docs-")
    try:
        for name, content in {**FILES, "Corefile": text}.items():
            with open(os.path.join(folder, name), "w") as target:
                target.write(content)
        os.symlink(os.path.join(ROOT, "examples"), os.path.join(folder, "examples"))
        alone = [*wrapper, "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
        server = process.start([*alone, binary, "-conf", "Corefile"], folder, "server.log")
        try:
            if came_up(server, folder):
                return ends_well(server, folder)
            return is_checked(binary, server, folder)
        finally:
            process.stop(server, 1)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def came_up(server, folder):
    """True with the banner, False when the server has ended instead."""
    end = time.time() + 30
    while time.time() < end:
        if re.search(r"^Portolan-", process.log_text(folder), re.M):
            return True
        if server.poll() is not None:
            return False
        time.sleep(0.02)
    raise Failed("neither a banner nor an end within 30 s: " + process.log_text(folder)[-600:])


def ends_well(server, folder):
    os.kill(server.pid, signal.SIGTERM)
    try:
        status = server.wait(20)
    except subprocess.TimeoutExpired:
        raise Failed("still runs 20 s after SIGTERM") from None
    if status != 0:
        raise Failed(f"came up and ended with {status}: " + process.log_text(folder)[-600:])
    return "started"


def is_checked(binary, server, folder):
    said = [line for line in process.log_text(folder).splitlines() if not line.startswith("[WARNING]")]
    if said and all(NO_IPV6.search(line) for line in said) and not os.path.exists("/proc/net/if_inet6"):
        raise LeftOut("no IPv6 here")
    unexpected = [line for line in said if not OUTSIDE.search(line)]
    if unexpected or not said:
        raise Failed(f"does not come up (exit status {server.returncode}): " + "\n".join(unexpected or ["no word why"]))
    done = subprocess.run([binary, "-check", "-conf", "Corefile"], cwd=folder, capture_output=True, text=True,
                          timeout=60)
    if done.returncode != 0:
        raise Failed("-check ends with %d: %s" % (done.returncode, (done.stdout + done.stderr).strip()))
    return "checked: " + said[0].split(": ", 1)[-1]


def run(cases_to_run, report):
    """Runs them side by side and reports each, in their order."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        running = [(name, pool.submit(function)) for name, function in cases_to_run]
        for name, future in running:
            report(name, future.result)
