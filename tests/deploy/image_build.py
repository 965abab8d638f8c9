"""The image of deploy/Dockerfile, built with buildah from what this machine has: no registry is asked, nothing is
compiled anew. The stage that builds gets the machine's own shell and tools, and the binary under test as built."""
import os
import shutil
import subprocess
import tempfile

from client import Failed, LeftOut

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
TOOLS = ["sh", "bash", "ldd", "awk", "grep", "cp", "mkdir", "dirname", "ln", "chmod", "cat", "setcap", "strip"]
CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"


def libraries(program):
    """What the loader would load for it, by the paths it looks at."""
    printed = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
    words = [line.split("=>")[-1].split() for line in printed.splitlines()]
    return [each[0] for each in words if each and each[0].startswith("/")]


def put(root, path, source=None):
    target = root + path
    os.makedirs(os.path.dirname(target), exist_ok=True)
    shutil.copy(source or os.path.realpath(path), target)


class Image:
    """A folder with buildah's storage; `name` is the image in it."""

    name = "localhost/portolan"

    def __init__(self, binary):
        if os.geteuid() != 0 or not shutil.which("buildah"):
            raise LeftOut("buildah needs root and its package")
        missing = [tool for tool in TOOLS if not shutil.which(tool)]
        if missing or not os.path.exists(CERTIFICATES):
            raise LeftOut(f"not on this machine: {' '.join(missing) or CERTIFICATES}")
        self.folder = tempfile.mkdtemp(prefix="portolan-image-")
        self._words = ["buildah", "--storage-driver", "vfs", "--root", self.folder + "/storage", "--runroot",
                       self.folder + "/run"]
        try:
            self._compiled(binary)
            dockerfile = os.path.join(ROOT, "deploy", "Dockerfile")
            self._run("bud", "--isolation", "chroot", "--build-arg", "BUILD_IMAGE=localhost/compiled", "-t", self.name,
                      "-f", dockerfile, "--ignorefile", dockerfile + ".dockerignore", ROOT)
            self.container = self.buildah("from", self.name).strip()
            self.root = self.buildah("mount", self.container).strip()
        except BaseException:
            self.close()
            raise

    def command(self, *words):
        return [*self._words, *words]

    def buildah(self, *words):
        """Its standard output."""
        return self._run(*words).stdout

    def _run(self, *words):
        done = subprocess.run(self.command(*words), capture_output=True, text=True, timeout=300)
        if done.returncode != 0:
            raise Failed(f"buildah {words[0]}: {done.stderr.strip()[-1500:]}")
        return done

    def _compiled(self, binary):
        """The image that the first stage begins with."""
        root = self.folder + "/compiled"
        for name in ("bin", "sbin", "lib", "lib64"):
            os.makedirs(f"{root}/usr/{name}")
            os.symlink("usr/" + name, f"{root}/{name}")
        for tool in TOOLS:
            path = shutil.which(tool)
            put(root, "/usr/bin/" + tool, os.path.realpath(path))
            for library in libraries(path):
                put(root, library)
        put(root, "/src/build/release/portolan", binary)
        for library in libraries(binary):
            put(root, library)
        put(root, CERTIFICATES)
        with open(self.folder + "/Dockerfile", "w") as target:
            target.write("FROM scratch\nCOPY . /\n")
        try:
            self._run("bud", "--isolation", "chroot", "-t", "localhost/compiled", "-f", self.folder + "/Dockerfile",
                      root)
            one = self.buildah("from", "localhost/compiled").strip()
            self._run("run", "--isolation", "chroot", one, "/bin/sh", "-c", "exit 0")
        except Failed as why:
            raise LeftOut(f"buildah cannot run here: {why}") from None

    def close(self):
        subprocess.run(self.command("rm", "--all"), capture_output=True)
        shutil.rmtree(self.folder, ignore_errors=True)
