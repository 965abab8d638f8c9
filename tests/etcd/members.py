"""etcd for tests: clusters of one or more members on free loopback ports, with or without TLS, and the JSON gateway."""
import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "cluster"))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "golden"))

from ports import free_port  # noqa: E402
from upstream import etcd_command  # noqa: E402


def encoded(text):
    return base64.b64encode(text.encode()).decode()


class Member:
    """One etcd process and the client's side of it."""

    def __init__(self, folder, number, scheme):
        self.name, self.folder = f"n{number}", os.path.join(folder, f"n{number}")
        self.client, self.peer = f"{scheme}://127.0.0.1:{free_port()}", f"http://127.0.0.1:{free_port()}"
        self.process, self.token, self.tls = None, None, None

    def start(self, initial, flags):
        log = open(self.folder + ".log", "ab")
        self.process = subprocess.Popen(
            etcd_command() + ["--name=" + self.name, "--data-dir=" + self.folder, "--listen-client-urls=" + self.client,
                              "--advertise-client-urls=" + self.client, "--listen-peer-urls=" + self.peer,
                              "--initial-advertise-peer-urls=" + self.peer, "--initial-cluster=" + initial,
                              "--unsafe-no-fsync", "--log-level=error", *flags],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()

    def call(self, api, body):
        request = urllib.request.Request(f"{self.client}/v3/{api}", json.dumps(body).encode(),
                                         {"content-type": "application/json"})
        if self.token:
            request.add_header("Authorization", self.token)
        with urllib.request.urlopen(request, timeout=5, context=self.tls) as answer:
            return json.load(answer)

    def put(self, key, value, patience=0, **more):
        """`patience`: for how many seconds it may fail, while the members elect a leader."""
        text, end = value if isinstance(value, str) else json.dumps(value), time.time() + patience
        while True:
            try:
                self.call("kv/put", {"key": encoded(key), "value": encoded(text), **more})
                return
            except OSError:
                if time.time() > end:
                    raise

    def change_many(self, puts, deletions=()):
        """Writes {key: value} and takes keys away, a hundred at a time."""
        changes = [{"requestPut": {"key": encoded(key), "value": encoded(json.dumps(value))}}
                   for key, value in puts.items()]
        changes += [{"requestDeleteRange": {"key": encoded(key)}} for key in deletions]
        for begin in range(0, len(changes), 100):
            self.call("kv/txn", {"success": changes[begin:begin + 100]})

    def delete(self, key):
        self.call("kv/deleterange", {"key": encoded(key)})

    def lease(self, seconds):
        return self.call("lease/grant", {"TTL": seconds})["ID"]

    def compact(self):
        """Forgets all history: a watch from before can no longer be resumed from it."""
        revision = self.call("kv/range", {"key": encoded("/")})["header"]["revision"]
        self.call("kv/compaction", {"revision": revision, "physical": True})

    def authenticate(self, user, password):
        self.token = self.call("auth/authenticate", {"name": user, "password": password})["token"]

    def stop(self, number=signal.SIGKILL):
        """At once, as when its node fails."""
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, number)
            if number == signal.SIGKILL:
                self.process.wait(10)


class Etcd:
    """A cluster of `count` members; the first is also reached through the cluster's own methods."""

    def __init__(self, count=1, with_tls=False):
        self.folder = tempfile.mkdtemp(prefix="portolan-etcd-")
        self.members = [Member(self.folder, number, "https" if with_tls else "http") for number in range(count)]
        self._flags = self._certificates() if with_tls else []

    def path(self, name):
        return os.path.join(self.folder, name)

    @property
    def urls(self):
        return " ".join(member.client for member in self.members)

    def __getattr__(self, name):
        return getattr(self.members[0], name)

    def __enter__(self):
        try:
            for member in self.members:
                self.start(member)
            for member in self.members:
                self.wait(member)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def start(self, member):
        initial = ",".join(f"{each.name}={each.peer}" for each in self.members)
        member.start(initial, self._flags)

    def wait(self, member, seconds=30):
        """Until it takes a write."""
        end = time.time() + seconds
        while True:
            try:
                member.put("/portolan-tests-ready", "")
                return
            except OSError as problem:
                if isinstance(problem, urllib.error.HTTPError) and problem.code in (400, 401, 403):
                    return  # it asks who is there
                if time.time() > end or member.process.poll() is not None:
                    with open(member.folder + ".log", errors="replace") as log:
                        raise RuntimeError("etcd is not ready:\n" + log.read()[-2000:]) from problem
                time.sleep(0.05)

    def restart(self, member=None):
        member = member or self.members[0]
        member.stop()
        self.start(member)
        self.wait(member)

    def wipe(self):
        """Another, empty store takes the place of this one."""
        for member in self.members:
            member.stop()
            shutil.rmtree(member.folder)
            self.start(member)
        for member in self.members:
            self.wait(member)

    def close(self):
        for member in self.members:
            member.stop(signal.SIGCONT)
            member.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, cwd=self.folder, capture_output=True)

    def _certificates(self):
        """An authority, a certificate for the server and one for clients, without which nobody is let in."""
        for authority in ("ca", "other-ca"):
            self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", authority + ".key", "-out",
                          authority + ".crt", "-days", "30", "-subj", f"/CN={authority}")
        for name, extension in (("server", "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth"),
                                ("client", "extendedKeyUsage=clientAuth")):
            with open(self.path(name + ".ext"), "w") as target:
                target.write(extension + "\n")
            self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
                          "-subj", "/CN=" + name)
            self._openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key",
                          "-CAcreateserial", "-out", name + ".crt", "-days", "30", "-extfile", name + ".ext")
        context = ssl.create_default_context(cafile=self.path("ca.crt"))
        context.load_cert_chain(self.path("client.crt"), self.path("client.key"))
        for member in self.members:
            member.tls = context
        return ["--cert-file=" + self.path("server.crt"), "--key-file=" + self.path("server.key"),
                "--client-cert-auth", "--trusted-ca-file=" + self.path("ca.crt")]
