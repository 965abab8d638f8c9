"""The documents, and what they show: Corefiles, and names of metrics with their labels."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FENCE = re.compile(r"^ *(```|~~~) *([a-z]*)[^\n]*\n(.*?)^ *\1", re.M | re.S)


class LeftOut(Exception):
    """This machine has not what the case needs."""


def tree(pattern):
    """Every file of the tree whose path matches; build folders and what git ignores are left out."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    names = listed.stdout.splitlines() if listed.returncode == 0 else []
    if not names:
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return sorted(name for name in set(names) if re.search(pattern, name) and os.path.isfile(os.path.join(ROOT, name)))


def text_of(name):
    with open(os.path.join(ROOT, name), errors="replace") as source:
        return source.read()


def corefiles():
    """(place, text) of every block marked `corefile`, and of the examples' Corefiles."""
    found = []
    for name in tree(r"\.md$"):
        if name.startswith("tests/"):
            continue
        text = text_of(name)
        for block in FENCE.finditer(text):
            if block.group(2) == "corefile":
                found.append((f"{name}:{text.count(chr(10), 0, block.start()) + 2}", block.group(3)))
    return found + [(name, text_of(name)) for name in tree(r"^examples/.*Corefile$")]
