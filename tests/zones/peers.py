"""Other name servers as primaries and secondaries of the server under test: NSD, Knot DNS, BIND. Each runs in the
foreground in a folder of its own, on loopback and a free port, and is ended by its process id."""
import collections
import os
import shutil
import signal
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cluster"))

from server import Failed, eventually, free_port, process  # noqa: E402
from transfers import content  # noqa: E402

ZONE = "alder.test"
Key = collections.namedtuple("Key", "name algorithm secret")  # the secret in base64


class Peer:
    """A server of one zone. `primary`: it reads the zone from a file and tells `other` (a port) of changes; else it
    fetches the zone from there. With a `key` it signs what it asks and tells, and answers nobody else. Folders may be
    used again: what a secondary has kept is there at its next start."""

    program = None  # in PATH

    def __init__(self, folder, primary, other, key=None):
        self.folder = os.path.join(folder, type(self).__name__.lower())
        self.primary, self.other, self.port, self.key = primary, other, free_port(), key
        os.makedirs(self.folder, exist_ok=True)

    @classmethod
    def available(cls):
        return shutil.which(cls.program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")

    def executable(self):
        return self.available()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        with open(self.path(name) + ".new", "w") as target:
            target.write(text)
        os.replace(self.path(name) + ".new", self.path(name))

    def set_zone(self, text):
        """Another version for a primary, which takes it over when it runs."""
        self.write("zone", text)
        if getattr(self, "process", None):
            os.kill(self.process.pid, signal.SIGHUP)

    def __enter__(self):
        self.write("conf", self.configuration())
        self.process = process.start([self.executable(), *self.arguments()], self.folder, "log")
        return self

    def serving(self, seconds=20):
        """Waits until it hands the zone out."""
        def answers():
            if self.process.poll() is not None:
                raise Failed(f"{self.program} ended with {self.process.returncode}: {self.log()}")
            return content(self.port, ZONE, self.key) is not None
        eventually(answers, True, f"{self.program} has the zone", seconds)
        return self

    def log(self):
        return process.log_text(self.folder, "log")[-1500:].strip()

    def stop(self):
        process.stop(self.process, 5)

    def __exit__(self, kind, error, _):
        self.stop()
        if kind is Failed:
            raise Failed(f"{error}\n  {self.program}: {self.log()}") from error


class Nsd(Peer):
    program = "nsd"

    def arguments(self):
        return ["-d", "-c", self.path("conf")]

    def configuration(self):
        key = self.key.name if self.key else "NOKEY"
        keys = (f'key:\n    name: "{self.key.name}"\n    algorithm: {self.key.algorithm}\n'
                f'    secret: "{self.key.secret}"\n' if self.key else "")
        role = (f"    provide-xfr: 127.0.0.1 {key}\n    store-ixfr: yes\n    create-ixfr: yes\n"
                f"    notify: 127.0.0.1@{self.other} {key}\n    notify-retry: 5\n" if self.primary else
                f"    request-xfr: 127.0.0.1@{self.other} {key}\n    allow-notify: 127.0.0.1 {key}\n"
                f"    provide-xfr: 127.0.0.1 {key}\n")
        return f"""{keys}server:
    ip-address: 127.0.0.1
    port: {self.port}
    username: ""
    chroot: ""
    database: ""
    server-count: 1
    rrl-ratelimit: 0
    verbosity: 2
    zonesdir: "{self.folder}"
    xfrdir: "{self.folder}"
    pidfile: "{self.path('pid')}"
    xfrdfile: "{self.path('xfrd.state')}"
    zonelistfile: "{self.path('zone.list')}"
    cookie-secret-file: ""
    xfrd-reload-timeout: 0
remote-control:
    control-enable: no
zone:
    name: {ZONE}
    zonefile: "zone"
{role}"""


class Knot(Peer):
    program = "knotd"
    more = ""  # lines of the zone's configuration

    def arguments(self):
        return ["-c", self.path("conf")]

    def configuration(self):
        role = "    notify: other\n" if self.primary else "    master: other\n"
        keys, key = "", ""
        if self.key:
            keys = (f'key:\n  - id: {self.key.name}\n    algorithm: {self.key.algorithm}\n'
                    f'    secret: "{self.key.secret}"\n')
            key = f"\n    key: {self.key.name}"
        return f"""{keys}server:
    rundir: "{self.folder}"
    listen: 127.0.0.1@{self.port}
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "{self.folder}"
log:
  - target: stderr
    any: info
remote:
  - id: other
    address: 127.0.0.1@{self.other}{key}
acl:
  - id: loopback
    address: 127.0.0.1{key}
    action: [transfer, notify]
zone:
  - domain: {ZONE}
    storage: "{self.folder}"
    file: zone
    zonefile-load: difference
    journal-content: changes
    acl: loopback
{role}{self.more}"""


class KnotWithDigest(Knot):
    """Adds a ZONEMD record to each version (RFC 8976)."""
    more = "    zonemd-generate: zonemd-sha512\n"


class KnotWithCatalog(Knot):
    """Lists its zone in a catalog, cat.test (RFC 9432), as long as it has it (`has_zone`)."""
    has_zone = True

    def configuration(self):
        text = super().configuration() + "    catalog-role: member\n    catalog-zone: cat.test\n"
        if not self.has_zone:
            text = text[:text.index("zone:\n") + len("zone:\n")]
        return text + f"""  - domain: cat.test
    storage: "{self.folder}"
    catalog-role: generate
    acl: loopback
    notify: other
"""

    def keep_zone(self, has_zone):
        self.has_zone = has_zone
        self.write("conf", self.configuration())
        os.kill(self.process.pid, signal.SIGHUP)


class Bind(Peer):
    program = "named"

    def executable(self):
        """A copy: AppArmor lets the installed one read its own folders only."""
        return shutil.copy(self.available(), self.path("named"))

    def arguments(self):
        return ["-g", "-n", "1", "-c", self.path("conf")]

    def configuration(self):
        key = f'key "{self.key.name}"' if self.key else ""
        keys = f'{key} {{ algorithm {self.key.algorithm}; secret "{self.key.secret}"; }};\n' if self.key else ""
        notified = f"allow-notify {{ {key}; }};" if self.key else ""
        other = f"127.0.0.1 port {self.other} {key};"
        role = (f"type primary; notify explicit; also-notify {{ {other} }};" if self.primary else
                f"type secondary; notify no; primaries {{ {other} }}; masterfile-format text; {notified}")
        return f"""{keys}options {{
    directory "{self.folder}";
    listen-on port {self.port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    pid-file "{self.path('pid')}";
    lock-file none;
    session-keyfile "{self.path('session.key')}";
    managed-keys-directory "{self.folder}";
    recursion no;
    dnssec-validation no;
    allow-transfer {{ {key or "any"}; }};
    ixfr-from-differences yes;
    notify-delay 0;
}};
controls {{ }};
zone "{ZONE}" {{
    file "{self.path('zone')}";
    {role}
}};
"""


PEERS = (Nsd, Knot, Bind)
