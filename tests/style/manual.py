"""Checks of what people read and type: man pages say all that the option tables know, and formatters and shells take
what is generated for them."""
import glob
import json
import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OVERSTRUCK = re.compile(r".\x08")  # how bold and underlined characters look on a printer
SHELLS = ("bash", "zsh", "fish")
# Words that bash completes, with what it must offer among others, and what it must not.
COMPLETED = [
    (["-desc"], ["-describe"], ["-check"]),
    (["--desc"], ["--describe"], ["-describe"]),
    (["-"], ["-conf", "-print-rbac", "-version"], ["-nosuch"]),
    (["-describe", "forw"], ["forward"], ["kubernetes"]),
    (["-describe", "=", "k8s"], ["k8s_external"], ["kubernetes"]),
    (["-describe", "="], ["kubernetes", "etcd"], ["import"]),
    (["--completion", ""], ["bash", "zsh", "fish"], ["-conf"]),
    (["-conf", "README"], ["README.md"], ["-conf"]),
    (["-dns.port", ""], [], ["-conf", "README.md"]),
    (["-check", "-con"], ["-conf"], []),
]


def asked(options, *words):
    done = subprocess.run([options.server, *words], capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stderr[:300]}")
    return done.stdout or done.stderr


class Pages:
    """All man pages in a folder that goes away."""

    def __init__(self, options):
        self._options = options

    def __enter__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="portolan-man-")
        subprocess.run([os.path.join(ROOT, "scripts", "man_pages.py"), "--server", self._options.server, "--out",
                        self._folder.name], check=True, timeout=120)
        return sorted(glob.glob(self._folder.name + "/man*/*"))

    def __exit__(self, *_):
        self._folder.cleanup()


def formatter(path):
    """The command that shows a page as text."""
    if shutil.which("mandoc"):
        return ["mandoc", "-Tutf8", "-O", "width=200", path]
    return ["man", "-l", "-Tutf8", path]


def shown(path):
    env = {**os.environ, "MANWIDTH": "200", "LC_ALL": "C.UTF-8", "MANPAGER": "cat", "GROFF_NO_SGR": "1"}
    done = subprocess.run(formatter(path), capture_output=True, text=True, env=env, timeout=60, check=True)
    return OVERSTRUCK.sub("", done.stdout)


def man_pages_name_every_option(files, options):
    """Each plugin that is built has a page with all of its options as the table has them; portolan(1) has all flags and
    corefile(5) all plugins."""
    if not options.server:
        return []
    found = []
    with Pages(options) as paths:
        texts = {os.path.basename(path): shown(path) for path in paths}
    plugins = [plugin for plugin in json.loads(asked(options, "-print-options")) if plugin["built"]]
    expected = {"portolan.1", "corefile.5"} | {f"portolan-{plugin['plugin']}.7" for plugin in plugins}
    found += [f"{name} is missing" for name in sorted(expected - set(texts))]
    found += [f"{name} is of no plugin" for name in sorted(set(texts) - expected)]
    if found:
        return found
    for plugin in plugins:
        name = f"portolan-{plugin['plugin']}.7"
        listed = re.search(r"^OPTIONS$\n(.*?)^\S", texts[name], re.M | re.S)
        heads = [line.strip() for line in listed.group(1).splitlines()] if listed else []
        for option in plugin["options"]:
            words = [option["name"] or plugin["plugin"]]
            if not any(line.split()[:1] == words for line in heads):
                found.append(f"{name}: Options has no {words[0]}")
            for text in (option["help"], option["default"]):
                if " ".join(text.split()).lower() not in " ".join(texts[name].split()).lower():
                    found.append(f"{name}: nowhere says {text!r}")
        if f"portolan-{plugin['plugin']}(7)" not in texts["corefile.5"]:
            found.append(f"corefile.5 does not name {plugin['plugin']}")
    for flag in re.findall(r"^  (-\S+)", asked(options, "-help"), re.M):
        if not re.search(rf"^ +{re.escape(flag)}\b", texts["portolan.1"], re.M):
            found.append(f"portolan.1 has no {flag}")
    return found


def man_pages_are_accepted(files, options):
    """mandoc and man have nothing to say about them."""
    if not options.server:
        return []
    tools = [tool for tool in ("mandoc", "man") if shutil.which(tool)]
    if not tools:
        return ["neither mandoc nor man is installed"]
    found, env = [], {**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "80"}
    with Pages(options) as paths:
        for path in paths:
            if "mandoc" in tools:
                done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", path], capture_output=True, text=True)
                found += (done.stdout + done.stderr).splitlines()
            if "man" in tools:
                done = subprocess.run(["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", path],
                                      capture_output=True, text=True, env=env)
                found += done.stderr.splitlines()
    return found


def completions_are_accepted(files, options):
    """Each shell that is installed can read its script, and bash offers what it should."""
    if not options.server:
        return []
    found = []
    for shell in SHELLS:
        script = asked(options, "-completion", shell)
        if not shutil.which(shell):
            print(f"left out what {shell} says of its completion: it is not installed")
            continue
        done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=60)
        if done.returncode != 0 or done.stderr:
            found.append(f"{shell}: {done.stderr.strip()[:200]}")
    script = asked(options, "-completion", "bash")
    for words, wanted, unwanted in COMPLETED:
        run = (script + "\nCOMP_WORDS=(portolan \"$@\")\nCOMP_CWORD=$#\n_portolan\n"
               "printf '%s\\n' \"${COMPREPLY[@]}\"\n")
        done = subprocess.run(["bash", "-c", run, "bash", *words], capture_output=True, text=True, cwd=ROOT, timeout=60)
        offered = done.stdout.split()
        found += [f"bash: {' '.join(words)} does not offer {word}" for word in wanted if word not in offered]
        found += [f"bash: {' '.join(words)} offers {word}" for word in unwanted if word in offered]
        if done.stderr:
            found.append(f"bash: {' '.join(words)}: {done.stderr.strip()[:200]}")
    return found


def everything_is_installed(files, options):
    """`cmake --install` puts the binary, the unit, all man pages and completions where systems look for them."""
    if not options.server:
        return []
    build = os.path.dirname(os.path.abspath(options.server))
    shutil.rmtree(os.path.join(build, "documents"), ignore_errors=True)  # an install makes them when nobody has
    with tempfile.TemporaryDirectory(prefix="portolan-install-") as prefix:
        subprocess.run(["cmake", "--install", build, "--prefix", prefix], check=True, capture_output=True, timeout=600)
        there = {os.path.relpath(os.path.join(folder, name), prefix)
                 for folder, _, names in os.walk(prefix) for name in names}
    plugins = [plugin["plugin"] for plugin in json.loads(asked(options, "-print-options")) if plugin["built"]]
    wanted = ["bin/portolan", "lib/systemd/system/portolan.service", "share/man/man1/portolan.1",
              "share/man/man5/corefile.5", "share/bash-completion/completions/portolan",
              "share/zsh/site-functions/_portolan", "share/fish/vendor_completions.d/portolan.fish"]
    wanted += [f"share/man/man7/portolan-{plugin}.7" for plugin in plugins]
    return ([f"{name} is not installed" for name in wanted if name not in there] +
            [f"{name} is installed, and nobody knows why" for name in sorted(there - set(wanted))])


CHECKS = [man_pages_name_every_option, man_pages_are_accepted, completions_are_accepted, everything_is_installed]
