#!/usr/bin/env python3
"""Man pages from the documents and the option tables: portolan(1), corefile(5), portolan-PLUGIN(7).

    man_pages.py --server build/release/portolan --out build/release/man

A page is its Markdown (docs/man, plugins/NAME/README.md) in man's own macros, with what the binary says of itself put
in: flags, plugins, and for each plugin a section Options. Only the Markdown that these documents use is understood; the
rest is an error, so that no page is silently wrong."""
import argparse
import json
import os
import re
import subprocess
import sys
import textwrap
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
FENCE = re.compile(r"^ *(```|~~~)")
ITEM = re.compile(r"^( *)(?:[-*]|(\d+)\.) +(.*)$")
HEADING = re.compile(r"^(#{1,3}) +(.*)$")


class Unknown(Exception):
    """Markdown that is not understood."""


# ---------------------------------------------------------------------- text
def escaped(text, literal=False):
    """Text for roff. `literal`: what a person may copy, where quotes and carets must stay what they are."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    if literal:
        text = text.replace("'", "\\(aq").replace("`", "\\(ga").replace("^", "\\(ha").replace("~", "\\(ti")
    return "".join(c if ord(c) < 128 else f"\\[u{ord(c):04X}]" for c in text)


def breakable(text):
    """Words of roff that are too long for a line may be broken behind slashes, commas and colons."""
    return re.sub(r"\S{40,}", lambda word: re.sub(r"(?<=[/,:])(?=\w)", r"\\:", word.group()), text)


INLINE = re.compile(r"``(?P<code2>.+?)``|`(?P<code>[^`]+)`|\*\*(?P<bold>[^*]+)\*\*"
                    r"|(?<![\w*])\*(?P<italic>[^*\s][^*]*)\*(?![\w*])|\[(?P<text>[^\]]*)\]\((?P<url>[^)\s]+)\)")


def inline(text):
    """Code and bold in bold, italic in italic, links as their text and the address if it leads elsewhere."""
    out, at = "", 0
    for found in INLINE.finditer(text):
        out += escaped(text[at:found.start()])
        at = found.end()
        group = found.groupdict()
        code = group["code2"] or group["code"]
        if code is not None:
            out += "\\fB" + breakable(escaped(code.strip(), True)) + "\\fP"
        elif group["bold"] is not None:
            out += "\\fB" + escaped(group["bold"], True) + "\\fP"
        elif group["italic"] is not None:
            out += "\\fI" + escaped(group["italic"]) + "\\fP"
        else:
            out += inline(group["text"])
            if "://" in group["url"]:
                out += " (" + escaped(group["url"], True) + ")"
    return out + escaped(text[at:])


def lines(text):
    """`text`, already in roff, on lines of which none is taken for a request."""
    wrapped = textwrap.wrap(" ".join(text.split()), 78, break_long_words=False, break_on_hyphens=False)
    return ["\\&" + line if line.startswith((".", "'")) else line for line in wrapped]


# ---------------------------------------------------------------------- blocks
class Page:
    """A page in the making."""

    def __init__(self, name, section, version, date):
        self.name, self.section = name, section
        self.out = [f".TH {escaped(name.upper())} {section} {date} \"Portolan {version}\" \"Portolan\"",
                    ".nh", ".ad l"]  # names are not to be broken, nor blanks stretched
        self._fresh = True  # nothing stands behind the last heading

    def text(self):
        return "\n".join(self.out) + "\n"

    def heading(self, title, level=2):
        self.out.append((".SH " if level == 2 else ".SS ") + escaped(title.upper() if level == 2 else title))
        self._fresh = True

    def paragraph(self, text):
        if not self._fresh:
            self.out.append(".PP")
        self.out += lines(inline(text))
        self._fresh = False

    def tagged(self, tag, text):
        """`tag`, already in roff, with an indented paragraph."""
        self.out += [".TP", tag] + lines(inline(text))
        self._fresh = False

    def code(self, block):
        self.out += ([] if self._fresh else [".PP"]) + [".RS 4", ".nf"]
        for line in block:
            text = escaped(line.rstrip(), True)
            self.out.append("\\&" + text if text.startswith((".", "'")) else text or "\\&")
        self.out += [".fi", ".RE"]
        self._fresh = False

    def markdown(self, text):
        Blocks(self, text.splitlines()).run()


class Blocks:
    """Reads lines of Markdown into a page."""

    def __init__(self, page, source):
        self.page, self.source, self.at = page, source, 0

    def peek(self):
        return self.source[self.at] if self.at < len(self.source) else None

    def run(self):
        while (line := self.peek()) is not None:
            if not line.strip():
                self.at += 1
            elif heading := HEADING.match(line):
                self.at += 1
                if len(heading.group(1)) < 3:
                    raise Unknown(f"a heading inside a section: {line}")
                self.page.heading(heading.group(2), 3)
            elif FENCE.match(line):
                self.page.code(self.fence())
            elif line.startswith("|"):
                self.table()
            elif ITEM.match(line):
                self.items(len(ITEM.match(line).group(1)))
            elif line.startswith((">", "!", "<", "===", "---", "    ")):
                raise Unknown(line)
            else:
                self.page.paragraph(self.running())

    def running(self):
        """The lines of a paragraph, or of an item's text, as one."""
        words = []
        while (line := self.peek()) is not None and line.strip() and not FENCE.match(line):
            if words and (ITEM.match(line) or HEADING.match(line) or line.startswith("|")):
                break
            words.append(line.strip())
            self.at += 1
        return " ".join(words)

    def fence(self):
        line = self.peek()
        mark, indent = FENCE.match(line).group(1), len(line) - len(line.lstrip())
        self.at += 1
        block = []
        while (line := self.peek()) is not None:
            self.at += 1
            if line.strip() == mark:
                return block
            block.append(line[indent:] if not line[:indent].strip() else line)
        raise Unknown("a block of code without an end")

    def items(self, indent):
        """Items of one list and what lies below them."""
        while (line := self.peek()) is not None:
            item = ITEM.match(line)
            if not item or len(item.group(1)) != indent:
                break
            self.source[self.at] = item.group(3)
            tag = item.group(2) + "." if item.group(2) else "\\(bu"
            self.page.out.append(f".IP {tag} {4 if item.group(2) else 2}")
            self.page.out += lines(inline(self.running()))
            self.page._fresh = False
            self.below(indent)
            while self.peek() is not None and not self.peek().strip():  # blank lines between items
                following = next((each for each in self.source[self.at:] if each.strip()), "")
                if not ITEM.match(following) or len(ITEM.match(following).group(1)) < indent:
                    return
                self.at += 1

    def below(self, indent):
        """Lists and code that belong to the item before."""
        while True:
            at = self.at
            while at < len(self.source) and not self.source[at].strip():
                at += 1
            line = self.source[at] if at < len(self.source) else ""
            depth = len(line) - len(line.lstrip())
            if depth <= indent:
                return
            if not ITEM.match(line) and not FENCE.match(line):
                if at == self.at:
                    raise Unknown(line)
                self.at = at
                self.page.out += [".IP"] + lines(inline(self.running()))
                continue
            self.at = at
            self.page.out.append(".RS 2")
            if FENCE.match(line):
                self.page._fresh = False
                self.page.code(self.fence())
            else:
                self.items(depth)
            self.page.out.append(".RE")

    def table(self):
        """Each row as a paragraph with its first cell for a tag."""
        rows = []
        while (line := self.peek()) is not None and line.startswith("|"):
            cells = re.split(r"(?<!\\)\|", line.strip().strip("|"))
            rows.append([cell.strip().replace("\\|", "|") for cell in cells])
            self.at += 1
        for row in rows[2:]:
            self.page.tagged(inline(row[0]), ", ".join(cell for cell in row[1:] if cell))


# ---------------------------------------------------------------------- documents
def sections(text):
    """[(title, text)] of the second level, with fences left alone."""
    found, inside = [], False
    for line in text.splitlines():
        inside ^= bool(FENCE.match(line))
        if line.startswith("## ") and not inside:
            found.append((line[3:].strip(), []))
        elif found:
            found[-1][1].append(line)
    return [(title, "\n".join(body)) for title, body in found]


def purpose(body):
    """What a section Name says behind the name."""
    found = re.match(r"\s*\*+[\w-]+\*+ +- +(.*?)\.?\s*\Z", body, re.S)
    if not found:
        raise Unknown(f"a section Name without `*name* - purpose`: {body.strip()[:80]}")
    return " ".join(found.group(1).split())


def name_section(page, body):
    page.heading("Name")
    page.out.append(f"{escaped(page.name)} \\- {inline(purpose(body))}")
    page._fresh = False


def add_options(page, plugin):
    """The option table."""
    page.heading("Options")
    for option in plugin["options"]:
        told = option["help"] or "the directive's own arguments"
        text = told[0].upper() + told[1:] + "."
        if option["default"]:
            text += f" Default: {option['default']}."
        synopsis = option["synopsis"] if option["name"] else f"{plugin['plugin']} {option['synopsis']}".strip()
        page.tagged("\\fB" + escaped(synopsis, True) + "\\fP", text)
    if not plugin["options"]:
        page.paragraph("None.")


def plugin_page(text, plugin, version, date):
    page = Page("portolan-" + plugin["plugin"], 7, version, date)
    pointed = False
    for title, body in sections(text):
        if title == "Name":
            name_section(page, body)
            continue
        page.heading(title)
        page.markdown(body)
        if title == "Syntax":
            add_options(page, plugin)
        if title.lower() == "see also":
            pointed = True
            page.paragraph("portolan(1), corefile(5)")
    if not pointed:
        page.heading("See also")
        page.paragraph("portolan(1), corefile(5)")
    return page


def document_page(name, section, text, version, date, fills):
    """A page of docs/man; a line `@WORD@` is filled by fills[WORD](page), one inside a text by a string."""
    page = Page(name, section, version, date)
    for title, body in sections(text):
        if title == "Name":
            name_section(page, body)
            continue
        page.heading(title)
        for number, part in enumerate(re.split(r"^@(\w+)@$", body, flags=re.M)):
            if number % 2:
                fills[part](page)
            else:
                page.markdown(re.sub(r"@(\w+)@", lambda word: fills[word.group(1)], part))
    return page


def flags_of(usage):
    """[(synopsis, help)] from what -help prints."""
    found = re.findall(r"^  (-\S+(?: \S+)?)\n    \t(.*)$", usage, re.M)
    if not found:
        raise Unknown("-help names no flag")
    return found


def add_flags(page, usage):
    for synopsis, told in flags_of(usage):
        page.tagged("\\fB" + escaped(synopsis, True) + "\\fP", told[0].upper() + told[1:] + ".")


def folders():
    """{directive: folder} of the plugins that are built."""
    with open(os.path.join(ROOT, "plugins", "plugin.cfg")) as source:
        return dict(re.findall(r"^([a-z0-9_]+):([a-z0-9_][a-z0-9_-]*)$", source.read(), re.M))


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as source:
        return source.read()


def pages(server):
    """Every page."""
    ask = lambda *words: subprocess.run([server, *words], capture_output=True, text=True, check=True, timeout=60)
    usage, tables = ask("-help").stderr, json.loads(ask("-print-options").stdout)
    version = ask("-version").stdout.split()[0].removeprefix("Portolan-")
    built = [plugin for plugin in tables if plugin["built"]]
    where, names = folders(), {plugin["plugin"]: None for plugin in built}
    sources = {name: read("plugins", where[name], "README.md") for name in names}
    newest = max(os.path.getmtime(os.path.join(ROOT, "plugins", where[name], "README.md")) for name in names)
    date = time.strftime("%Y-%m-%d", time.gmtime(int(os.environ.get("SOURCE_DATE_EPOCH", newest))))

    def add_plugins(page):
        for name, text in sources.items():
            said = next(body for title, body in sections(text) if title == "Name")
            page.tagged(f"\\fBportolan\\-{escaped(name)}\\fP(7)", purpose(said) + ".")

    unbuilt = ", ".join(plugin["plugin"] for plugin in tables if not plugin["built"]) or "none"
    fills = {"flags": lambda page: add_flags(page, usage), "plugins": add_plugins, "unbuilt": unbuilt}
    yield document_page("portolan", 1, read("docs", "man", "portolan.1.md"), version, date, fills)
    yield document_page("corefile", 5, read("docs", "man", "corefile.5.md"), version, date, fills)
    for plugin in built:
        try:
            yield plugin_page(sources[plugin["plugin"]], plugin, version, date)
        except Unknown as problem:
            raise Unknown(f"plugins/{where[plugin['plugin']]}/README.md: {problem}") from problem


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the binary, for its flags and option tables")
    parser.add_argument("--out", required=True, help="gets man1, man5 and man7")
    options = parser.parse_args()
    try:
        for page in pages(os.path.abspath(options.server)):
            folder = os.path.join(options.out, f"man{page.section}")
            os.makedirs(folder, exist_ok=True)
            with open(os.path.join(folder, f"{page.name}.{page.section}"), "w", encoding="ascii") as target:
                target.write(page.text())
    except Unknown as problem:
        sys.exit(f"man_pages.py: not understood: {problem}")


if __name__ == "__main__":
    main()
