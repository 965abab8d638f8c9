"""The image: what is in it, and that it serves on port 53 as a user without rights, as kubeadm's Deployment runs it."""
import glob
import json
import os
import shutil
import signal
import subprocess
import tempfile

from bench import HERE, ROOT, Failed, eventually, expect, manifests
from client import own_network
from image_build import CERTIFICATES

UID = 65532
COREFILE = """.:53 {
    errors
    health
    ready
    prometheus :9153
    hosts {
        192.0.2.7 web.example
        fallthrough
    }
    whoami
}
"""
FETCH = """import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=10).read().decode())"""
WEB = "192.0.2.7\n"


class Container:
    """A command in a network of its own, with COREFILE at /etc/coredns/Corefile; `words` get its folder as {DIR}."""

    def __init__(self, script, words):
        own_network()  # or the case is left out
        self.folder = tempfile.mkdtemp(prefix="portolan-container-")
        os.chmod(self.folder, 0o755)
        with open(self.folder + "/Corefile", "w") as target:
            target.write(COREFILE)
        words = [word.replace("{DIR}", self.folder) for word in words]
        self.log = self.folder + "/log"
        with open(self.log, "wb") as log:
            self._process = subprocess.Popen(["unshare", "-n", "-m", "sh", "-ec", script, "sh", *words], stdout=log,
                                             stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, _):
        for pid in [self.pid(), self._process.pid]:
            if pid:
                os.kill(pid, signal.SIGTERM)
        try:
            self._process.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
        with open(self.log, errors="replace") as log:
            text = log.read()
        shutil.rmtree(self.folder, ignore_errors=True)
        if kind is Failed:
            raise Failed(f"{error}\n  log: {text[-1500:].strip()}") from error

    def pid(self):
        """The server's, which may be a descendant of what was started."""
        try:
            network = os.readlink(f"/proc/{self._process.pid}/ns/net")
        except OSError:
            return None
        for folder in glob.glob("/proc/[0-9]*"):
            try:
                with open(folder + "/comm") as comm:
                    if comm.read().strip() in ("coredns", "portolan") and os.readlink(folder + "/ns/net") == network:
                        return int(folder.split("/")[-1])
            except OSError:
                continue
        return None

    def inside(self, *words):
        """What a command in its network prints."""
        done = subprocess.run(["nsenter", "-t", str(self._process.pid), "-n", *words], capture_output=True, text=True,
                              timeout=20)
        return done.stdout

    def http(self, port, path):
        return self.inside("/usr/bin/python3", "-c", FETCH, f"http://127.0.0.1:{port}{path}")

    def answers(self):
        dig = ["dig", "@127.0.0.1", "+short", "+time=1", "+tries=1", "web.example", "A"]
        eventually(lambda: self.inside(*dig), WEB, "the answer over UDP on port 53", 20)
        expect(self.inside(*dig, "+tcp"), WEB, "the answer over TCP")

    def status(self):
        """{field: words} of the server's /proc/PID/status."""
        with open(f"/proc/{self.pid()}/status") as source:
            return {line.split(":")[0]: line.split(":")[1].split() for line in source}


def the_image_says_how_it_runs(bench):
    config = json.loads(bench.image.buildah("inspect", "--type", "image", bench.image.name))["OCIv1"]["config"]
    expect((config["User"], config["Entrypoint"], config.get("Cmd"), config["WorkingDir"]),
           (f"{UID}:{UID}", ["/portolan"], None, "/"), "user, entrypoint, command, folder")
    expect({"53/udp", "53/tcp", "9153/tcp", "8080/tcp", "8181/tcp"} - set(config["ExposedPorts"]), set(),
           "ports it does not tell of")


def the_image_holds_what_the_server_needs_and_no_more(bench):
    """No shell, nothing with more rights than its user but the one binary, every library found inside."""
    root = bench.image.root
    names = [os.path.relpath(os.path.join(folder, name), root) for folder, _, files in os.walk(root) for name in files]
    expect(sorted(name for name in names if os.path.basename(name) in ("sh", "bash", "dash", "apt", "busybox")), [],
           "shells")
    expect(sorted(name for name in names if os.lstat(os.path.join(root, name)).st_mode & 0o6000), [], "setuid files")
    capable = [name for name in names if not os.path.islink(os.path.join(root, name))
               and "security.capability" in os.listxattr(os.path.join(root, name))]
    expect(capable, ["portolan"], "files with capabilities")
    expect(os.readlink(root + "/coredns"), "portolan", "/coredns")
    loaded = subprocess.run(["chroot", root, "/portolan", "-version"], capture_output=True, text=True)
    expect((loaded.returncode, loaded.stdout.splitlines()[1:]), (0, ["CoreDNS 1.14.7 compatible"]), "the version")
    expect(os.readlink(root + "/usr/lib/ssl/cert.pem"), CERTIFICATES, "where OpenSSL looks for certificates")
    expect(os.path.getsize(root + CERTIFICATES) > 100000, True, "certificates")
    size = sum(os.lstat(os.path.join(root, name)).st_size for name in names)
    if size > 30e6:
        raise Failed(f"the image has {size / 1e6:.0f} MB")


def a_container_answers_as_a_user_without_rights(bench):
    run = bench.image.command("run", "--isolation", "chroot",
                              "-v", "{DIR}:/etc/coredns:ro", bench.image.container, "/portolan", "-conf",
                              "/etc/coredns/Corefile")
    with Container('ip link set lo up; exec "$@"', run) as container:
        container.answers()
        expect(container.status()["Uid"], [str(UID)] * 4, "the user")


def it_runs_as_the_deployment_runs_it(bench):
    """Read-only, no new privileges, one capability; the arguments are those of kubeadm."""
    pod = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"][0]
    expect((pod["securityContext"]["readOnlyRootFilesystem"], pod["args"]), (True, ["-conf", "/etc/coredns/Corefile"]),
           "the Deployment")
    script = """ip link set lo up
root=$1; folder=$2; shift 2
mkdir -p "$root/proc"
mount --make-rprivate /
mount --bind "$root" "$root"
mount -t proc -o ro proc "$root/proc"
mount --bind "$folder" "$root/etc/coredns"
mount -o remount,bind,ro "$root"
exec "$@" """
    for command in ("/portolan", "/coredns"):
        words = [bench.image.root, "{DIR}", "/usr/bin/python3", os.path.join(HERE, "confined.py"), bench.image.root,
                 str(UID), command, *pod["args"]]
        with Container(script, words) as container:
            container.answers()
            status = container.status()
            expect((status["Uid"], status["Gid"], status["Groups"]), ([str(UID)] * 4, [str(UID)] * 4, []), "the user")
            expect((status["NoNewPrivs"], status["CapBnd"], status["CapEff"]),
                   (["1"], ["0000000000000400"], ["0000000000000400"]), "privileges")
            expect(container.http(8080, "/health"), "OK", "/health")
            expect(container.http(8181, "/ready"), "OK", "/ready")
            metrics = container.http(9153, "/metrics")
            for name in ("coredns_dns_requests_total{", "process_resident_memory_bytes ", "process_open_fds "):
                expect("\n" + name in metrics, True, f"the metric {name}")


def the_dockerfile_names_the_version(_):
    """The tag in the documents is the version that is built."""
    with open(os.path.join(ROOT, "CMakeLists.txt")) as source:
        version = source.read().split("project(portolan VERSION ")[1].split()[0]
    image = manifests()["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"]
    expect(image, f"portolan:{version}", "the image of the Deployment")
    with open(os.path.join(ROOT, "deploy", "Dockerfile")) as source:
        expect(f"-t portolan:{version} " in source.read(), True, "the Dockerfile's example")


CASES = [the_image_says_how_it_runs, the_image_holds_what_the_server_needs_and_no_more,
         a_container_answers_as_a_user_without_rights, it_runs_as_the_deployment_runs_it,
         the_dockerfile_names_the_version]
