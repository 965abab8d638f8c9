"""A control plane for tests: etcd and kube-apiserver on free loopback ports, nothing else of Kubernetes.

There are no controllers, so every object, EndpointSlices and status included, is what a test put there."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "golden"))

from kube_api import Api, ApiError  # noqa: E402
from ports import free_port  # noqa: E402

BINARY = os.path.join(ROOT, "build", "cluster", "apiserver")
TOKEN = "portolan-test-admin"
DNS_TOKEN = "portolan-test-dns"  # may do only what the coredns service account of a cluster may
SERVICE_RANGES = "10.96.0.0/12,fd00:96::/108"


def build(quiet=True):
    """Builds the binary unless it is there and newer than its sources."""
    source = os.path.join(HERE, "apiserver")
    newest = max(os.path.getmtime(os.path.join(source, name)) for name in ("main.go", "go.mod", "go.sum"))
    if os.path.exists(BINARY) and os.path.getmtime(BINARY) >= newest:
        return
    os.makedirs(os.path.dirname(BINARY), exist_ok=True)
    command = ["nice", "-n", "5", "go", "build", "-p", "2", "-trimpath", "-ldflags=-s -w", "-o", BINARY, "."]
    env = {**os.environ, "GOFLAGS": "-mod=readonly -buildvcs=false", "GOTOOLCHAIN": "local"}
    subprocess.run(command, cwd=source, env=env, check=True, stdout=subprocess.DEVNULL if quiet else None)


class Cluster:
    """Starts the two processes; `url`, `token`, `ca`, `client_cert`, `client_key` say how to reach the API."""

    def __init__(self):
        build()
        self.folder = tempfile.mkdtemp(prefix="portolan-cluster-")
        self.token = TOKEN
        self._processes = {}
        self.port, self._etcd_port, self._peer_port = free_port(), free_port(), free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        self._certificates()
        self.api = Api(self.url, TOKEN)

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def path(self, name):
        return os.path.join(self.folder, name)

    def _openssl(self, *words):
        subprocess.run(["openssl", *words], check=True, cwd=self.folder, capture_output=True)

    def _certificates(self):
        self._openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.crt",
                      "-days", "30", "-subj", "/CN=test-ca")
        self._sign("server", "/CN=kube-apiserver",
                   "subjectAltName=IP:127.0.0.1,IP:10.96.0.1,DNS:localhost,DNS:kubernetes.default.svc")
        self._sign("client", "/O=system:masters/CN=portolan-test", "extendedKeyUsage=clientAuth")
        self._openssl("genrsa", "-out", "accounts.key", "2048")
        self._openssl("rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub")
        self.ca = self.path("ca.crt")
        self.client_cert, self.client_key = self.path("client.crt"), self.path("client.key")
        with open(self.path("tokens.csv"), "w") as target:
            target.write(f'{TOKEN},admin,1,"system:masters"\n')
            target.write(f'{DNS_TOKEN},system:serviceaccount:kube-system:coredns,2,"system:serviceaccounts"\n')

    def _sign(self, name, subject, extension):
        with open(self.path(name + ".ext"), "w") as target:
            target.write(extension + "\n")
        self._openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", name + ".key", "-out", name + ".csr",
                      "-subj", subject)
        self._openssl("x509", "-req", "-in", name + ".csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial",
                      "-out", name + ".crt", "-days", "30", "-extfile", name + ".ext")

    def _spawn(self, program, *flags):
        log = open(self.path(program + ".log"), "ab")
        self._processes[program] = subprocess.Popen(
            [BINARY, program, *flags], cwd=self.folder, stdout=log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True)
        log.close()

    def start(self):
        client, peer = f"http://127.0.0.1:{self._etcd_port}", f"http://127.0.0.1:{self._peer_port}"
        self._spawn("etcd", "--name=n1", "--data-dir=" + self.path("etcd"), "--listen-client-urls=" + client,
                    "--advertise-client-urls=" + client, "--listen-peer-urls=" + peer,
                    "--initial-advertise-peer-urls=" + peer, "--initial-cluster=n1=" + peer,
                    "--unsafe-no-fsync", "--log-level=error")
        self.start_api_server()

    def start_api_server(self):
        """Starts the API server and waits until it says that it is ready."""
        self._spawn(
            "kube-apiserver", f"--etcd-servers=http://127.0.0.1:{self._etcd_port}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", "--tls-cert-file=" + self.path("server.crt"),
            "--tls-private-key-file=" + self.path("server.key"), "--client-ca-file=" + self.ca,
            "--token-auth-file=" + self.path("tokens.csv"), "--authorization-mode=RBAC",
            "--service-cluster-ip-range=" + SERVICE_RANGES, "--disable-admission-plugins=ServiceAccount",
            "--endpoint-reconciler-type=none", "--service-account-key-file=" + self.path("accounts.pub"),
            "--service-account-signing-key-file=" + self.path("accounts.key"),
            "--service-account-issuer=https://kubernetes.default.svc", "--enable-priority-and-fairness=false",
            "--max-requests-inflight=0", "--max-mutating-requests-inflight=0", "--shutdown-delay-duration=0s",
            "--allow-privileged=true")
        end = time.time() + 90
        while time.time() < end:
            if self._processes["kube-apiserver"].poll() is not None:
                break
            try:
                if self.api.call("GET", "/readyz")[0] == 200 and self._namespaces_there():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        with open(self.path("kube-apiserver.log"), errors="replace") as log:
            raise RuntimeError("the API server is not ready:\n" + log.read()[-3000:])

    def _namespaces_there(self):
        """The API server makes its own namespaces shortly after it is ready; tests replace some of them."""
        return all(self.api.call("GET", f"/api/v1/namespaces/{name}")[0] == 200 for name in ("default", "kube-system"))

    def stop_api_server(self):
        """Ends the API server at once: watches are cut as when its node fails."""
        process = self._processes.pop("kube-apiserver", None)
        if process and process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)

    def compact(self):
        """Has etcd forget all history: a watch from before can no longer be resumed from it."""
        def etcd(path, body):
            request = urllib.request.Request(f"http://127.0.0.1:{self._etcd_port}{path}", json.dumps(body).encode())
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)

        revision = int(etcd("/v3/kv/range", {"key": "YQ=="})["header"]["revision"])
        etcd("/v3/kv/compaction", {"revision": revision, "physical": True})

    def close(self):
        self.stop_api_server()
        for process in self._processes.values():
            if process.poll() is None:
                os.kill(process.pid, signal.SIGKILL)
                process.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def load(self, path):
        """Puts every object of a multi-document YAML file into the cluster."""
        import yaml
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        with open(path) as source:
            items = [item for item in yaml.load_all(source, loader) if item]
        self.load_objects(items)

    def load_objects(self, items):
        if any(item["kind"] == "ServiceImport" for item in items):
            self.api.define_service_imports()
        for item in items:
            self.api.apply(item)
        return len(items)

    def allow_dns(self):
        """The ClusterRole that kubeadm gives to CoreDNS, bound to the user of DNS_TOKEN."""
        role = {"kind": "ClusterRole", "apiVersion": "rbac.authorization.k8s.io/v1",
                "metadata": {"name": "system:coredns"},
                "rules": [{"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"],
                           "verbs": ["list", "watch"]},
                          {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"],
                           "verbs": ["list", "watch"]}]}
        self.api.apply(role)
        self.api.apply({"kind": "ClusterRoleBinding", "apiVersion": "rbac.authorization.k8s.io/v1",
                        "metadata": {"name": "system:coredns"},
                        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                                    "name": "system:coredns"},
                        "subjects": [{"kind": "User", "apiGroup": "rbac.authorization.k8s.io",
                                      "name": "system:serviceaccount:kube-system:coredns"}]})

    def kubeconfig(self, path, server=None, token=None):
        """Writes a kubeconfig with the contexts `main` and `unreachable`."""
        with open(path, "w") as target:
            json.dump(kubeconfig(server or self.url, token or self.token, self.ca), target)
        return path


def kubeconfig(server, token, ca=None):
    trust = {"certificate-authority": ca} if ca else {"insecure-skip-tls-verify": True}
    return {
        "apiVersion": "v1", "kind": "Config", "current-context": "main",
        "clusters": [{"name": "c", "cluster": {"server": server, **trust}},
                     {"name": "dead", "cluster": {"server": "https://127.0.0.1:9", "insecure-skip-tls-verify": True}}],
        "users": [{"name": "u", "user": {"token": token}}],
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}},
                     {"name": "unreachable", "context": {"cluster": "dead", "user": "u"}}]}


if __name__ == "__main__":
    # Keeps a cluster running for a developer: prints how to reach it, ends with Ctrl-C.
    with Cluster() as cluster:
        for manifest in sys.argv[1:]:
            cluster.load(manifest)
        print(f"API server {cluster.url}\nkubeconfig {cluster.kubeconfig(cluster.path('kubeconfig'))}", flush=True)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
        signal.sigwait([signal.SIGINT, signal.SIGTERM])
