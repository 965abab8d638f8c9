"""Reads just enough of a Corefile to know which directives, options and listener schemes it uses.

A scenario whose Corefile names something that is not built is left out with the name of what it lacks, so this reader
must find every name; it need not understand arguments."""
import fnmatch
import re


# Every directive there is; a word that is none of these is an argument, an option or a mistake under test.
KNOWN_DIRECTIVES = frozenset("""
    acl any auto autopath azure bind bufsize cache cancel chaos clouddns debug dns64 dnssec dnstap erratic
    errors etcd file forward geoip grpc grpc_server header health hosts https https3 k8s_external kubernetes
    loadbalance local log loop metadata minimal multisocket nomad nsid on pprof prometheus proxyproto quic
    ready reload rewrite root route53 secondary shed sign template timeouts tls trace transfer tsig view
    whoami
""".split())


class Token(str):
    """A word of a Corefile that knows its line, and whether it was quoted."""
    line = 0
    quoted = False


def tokens(text):
    """Words of `text` with the line each starts on; comments are dropped."""
    found, word, start, line, index = [], None, 1, 1, 0

    def close(quoted=False):
        nonlocal word
        if word is not None:
            token = Token(word)
            token.line, token.quoted = start, quoted
            found.append(token)
            word = None

    while index < len(text):
        char = text[index]
        if word is None and char == '"':
            start, index, word = line, index + 1, ""
            while index < len(text) and text[index] != '"':
                if text[index] == "\\" and text[index + 1:index + 2] == '"':
                    index += 1
                line += text[index] == "\n"
                word += text[index]
                index += 1
            close(True)
        elif char.isspace() or char == "\ufeff":
            close()
            line += char == "\n"
        elif char == "#":
            close()
            while index + 1 < len(text) and text[index + 1] != "\n":
                index += 1
        else:
            if word is None:
                word, start = "", line
            word += char
        index += 1
    close()
    return found


def lines(text):
    """The words of `text`, one list a line."""
    grouped, last = [], None
    for token in tokens(text):
        if token.line != last:
            grouped.append([])
            last = token.line
        grouped[-1].append(token)
    return grouped


class Uses:
    """What a Corefile (with the files it imports) names."""

    def __init__(self, text, files=None):
        self.directives = []   # (name, arguments, option lines)
        self.schemes = set()
        self._files = files or {}
        self._seen = set()
        self._read(text, top=True)

    def _import(self, pattern, top):
        pattern = pattern.replace("{DIR}/", "")
        for name, content in self._files.items():
            if name not in self._seen and fnmatch.fnmatch(name, pattern) and not content.startswith("base64:"):
                self._seen.add(name)
                self._read(content, top)

    def _read(self, text, top):
        depth = 0 if top else 1
        open_directive = None
        for words in lines(text):
            body = [w for w in words if w.quoted or w not in ("{", "}")]
            opens = sum(1 for w in words if not w.quoted and w == "{")
            closes = sum(1 for w in words if not w.quoted and w == "}")
            if body and body[0] == "import" and len(body) > 1:
                self._import(body[1], top=depth == 0)
            elif depth == 0:
                self._keys(body)
                inner = words[words.index("{") + 1:] if opens else []
                inner = [w for w in inner if w != "}"]
                if inner:
                    self.directives.append((inner[0], inner[1:], []))
            elif depth == 1 and body:
                open_directive = (body[0], body[1:], [])
                self.directives.append(open_directive)
            elif depth >= 2 and body and open_directive:
                open_directive[2].append(body)
            depth = max(0, depth + opens - closes)
            if depth == 0 and not opens and not closes and top and body and not words[-1].endswith(","):
                depth = 1 if body[0] != "import" else 0  # a file without braces: one block, its keys on the first line

    def _keys(self, words):
        for word in words:
            match = re.match(r"([a-z0-9]+)://", word)
            if match and match.group(1) != "dns":
                self.schemes.add(match.group(1))

    def names(self):
        return {name for name, _, _ in self.directives}


def lacking(text, files, known, built, unbuilt):
    """What of `text` is not built, as readable names; empty when all is there.

    `known`: every directive there is; `built`: those of this binary; `unbuilt`: entries of unbuilt_options.json."""
    uses = Uses(text, files)
    missing = {name for name in uses.names() if name in known and name not in built}
    for entry in unbuilt:
        if "scheme" in entry:
            if entry["scheme"] in uses.schemes:
                missing.add(entry["scheme"] + "://")
            continue
        for name, arguments, options in uses.directives:
            if name != entry["directive"]:
                continue
            candidates = options + ([[""] + arguments] if entry.get("arguments") else [])
            for words in candidates:
                if entry.get("option") not in (None, words[0]) and not (entry.get("arguments") and words[0] == ""):
                    continue
                if re.search(entry.get("pattern", ""), " ".join(words[1:])):
                    missing.add(f"{name} {entry.get('option') or entry['pattern']}")
    return sorted(missing)
