"""Placeholders of the scenarios ({PORT}, {UP}, {DIR}) and the files that stand beside a Corefile."""
import base64
import os
import re

from ports import free_port

PLACEHOLDER = re.compile(r"\{((?:PORT|UP)\d*|DIR)\}")


def placeholders(blob, more=()):
    """Free ports for every placeholder of `blob`."""
    names = {name for name in PLACEHOLDER.findall(blob) if name != "DIR"} | {"PORT"} | set(more)
    return {name: free_port() for name in sorted(names)}


def substitution(context):
    return lambda text: PLACEHOLDER.sub(lambda match: str(context[match.group(1)]), text)


def write_file(folder, name, text, subst):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if text.startswith("base64:"):
        with open(path, "wb") as target:
            target.write(base64.b64decode(text[7:]))
    else:
        with open(path, "w", newline="") as target:
            target.write(subst(text))
