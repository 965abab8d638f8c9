"""A machine of its own, as far as systemd can tell: this one's files through an overlay, with systemd as process 1, a
network that is nothing but lo, and deploy/systemd's unit, the binary and a Corefile in their places."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from client import Failed, LeftOut, eventually

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
SYSTEMD = "/lib/systemd/systemd"
# Arguments: a folder for all this, the unit, the binary. What is removed is removed from the overlay.
BOOT = r"""
folder=$1 unit=$2 binary=$3 root=$1/root
mount --make-rprivate /
mount -t tmpfs tmpfs "$folder/layer"
mkdir "$folder/layer/upper" "$folder/layer/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/layer/upper,workdir=$folder/layer/work" "$root"
mount -t proc proc "$root/proc"
mount --bind /sys "$root/sys"
for each in run tmp dev sys/fs/cgroup; do mount -t tmpfs tmpfs "$root/$each"; done
mkdir "$root/dev/shm" "$root/dev/pts"
for each in null zero full random urandom tty; do
  touch "$root/dev/$each"
  mount --bind "/dev/$each" "$root/dev/$each"
done
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
touch "$root/dev/console"
mount --bind "$folder/console" "$root/dev/console"
rm -rf "$root"/etc/systemd/system/* "$root"/lib/systemd/system/*.wants "$root"/etc/fstab "$root/etc/portolan"
cp "$unit" "$root/etc/systemd/system/portolan.service"
mkdir "$root/etc/systemd/system/portolan.service.d" "$root/etc/portolan"
mount --bind "$folder/drop-ins" "$root/etc/systemd/system/portolan.service.d"
mount --bind "$folder/etc" "$root/etc/portolan"
printf '[Unit]\nDefaultDependencies=no\n' >"$root/etc/systemd/system/nothing.target"
touch "$root/usr/bin/portolan"
mount --bind "$binary" "$root/usr/bin/portolan"
ip link set lo up
export container=portolan-test
exec chroot "$root" /lib/systemd/systemd --unit=nothing.target --show-status=no
"""


def cgroups():
    """The folders of this process in every hierarchy that is mounted."""
    mounts, found = {}, []
    with open("/proc/mounts") as source:
        for line in source:
            _, place, kind, options = line.split()[:4]
            if kind == "cgroup2":
                mounts[""] = place
            elif kind == "cgroup":
                mounts.update({word: place for word in options.split(",")})
    with open("/proc/self/cgroup") as source:
        for line in source:
            _, controllers, path = line.strip().split(":", 2)
            place = mounts.get(controllers.split(",")[0])
            if place and os.path.isdir(place + path):
                found.append(os.path.join(place + path, f"portolan-test-{os.getpid()}"))
    return found


class Booted:
    """`files` of /etc/portolan and `drop_ins` of the unit: {name: text}."""

    def __init__(self, binary, files, drop_ins=None):
        if os.geteuid() != 0 or not os.path.exists(SYSTEMD):
            raise LeftOut("this needs root and systemd's files")
        self.folder = tempfile.mkdtemp(prefix="portolan-systemd-")
        for name in ("root", "layer", "etc", "drop-ins"):
            os.mkdir(os.path.join(self.folder, name), 0o755)
        open(self.folder + "/console", "w").close()
        for name, text in (drop_ins or {}).items():
            self.write(name, text, "drop-ins")
        for name, text in files.items():
            self.write(name, text)
        self._cgroups = cgroups()
        unit = os.path.join(ROOT, "deploy", "systemd", "portolan.service")
        self._log = open(self.folder + "/log", "wb")
        self._process = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", "--mount", "--uts", "--ipc", "--net", "--cgroup",
             "bash", "-ec", BOOT, "bash", self.folder, unit, binary], stdout=self._log, stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=self._enter_cgroups)

    def _enter_cgroups(self):
        """What systemd makes of the hierarchies lies below folders of its own."""
        for folder in self._cgroups:
            os.makedirs(folder, exist_ok=True)
            try:
                with open(folder + "/cgroup.procs", "w") as target:
                    target.write(str(os.getpid()))
            except OSError:  # a hierarchy that wants to be set up first (cpuset), which systemd does not use
                pass

    def write(self, name, text, folder="etc"):
        path = os.path.join(self.folder, folder, name)
        with open(path, "w") as target:
            target.write(text)
        os.chmod(path, 0o644)

    def __enter__(self):
        try:
            end = time.time() + 20
            while self.run("systemctl", "is-active", "nothing.target")[1].strip() != "active":
                if time.time() > end or self._process.poll() is not None:
                    with open(self.folder + "/log", errors="replace") as log, open(self.folder + "/console") as console:
                        raise LeftOut(f"systemd does not start here: {(log.read() + console.read())[-300:].strip()!r}")
                time.sleep(0.1)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, kind, error, _):
        log = self.run("systemctl", "status", "--no-pager", "portolan")[1] if kind is Failed else ""
        self.close()
        if kind is Failed:
            raise Failed(f"{error}\n  status: {log.strip()}") from error

    def close(self):
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)  # unshare's child, process 1 of all this, ends with it
        self._process.wait(10)
        self._log.close()
        for folder in self._cgroups:
            eventually(lambda folder=folder: remove_cgroup(folder), True, f"{folder} is empty", 10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _init(self):
        """Process 1 inside, by its number outside."""
        try:
            with open(f"/proc/{self._process.pid}/task/{self._process.pid}/children") as source:
                children = source.read().split()
        except OSError:
            children = []
        return children[0] if children else None

    def run(self, *words):
        """(exit status, output) of a command inside."""
        init = self._init()
        if not init:
            return 1, ""
        enter = ["nsenter", "-t", init, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w"]
        done = subprocess.run([*enter, *words], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=60)
        return done.returncode, done.stdout

    def show(self, *properties):
        """{property: value} of the service."""
        _, out = self.run("systemctl", "show", "portolan", *(f"--property={name}" for name in properties))
        return dict(line.split("=", 1) for line in out.splitlines() if "=" in line)

    def dig(self, name):
        return self.run("dig", "@127.0.0.1", "+short", "+time=2", "+tries=1", name, "A")[1].strip()


def remove_cgroup(folder):
    """True when it is gone."""
    for path, folders, _ in os.walk(folder, topdown=False):
        try:
            os.rmdir(path)
        except OSError:
            return False
    return not os.path.exists(folder)
