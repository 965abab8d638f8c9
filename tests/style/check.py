#!/usr/bin/python3
"""Rules of the tree that a compiler does not know: lengths, heads of files, words, READMEs against option tables.

    check.py [--server BINARY] [--long]

Each check prints `ok NAME`, or `FAILED NAME` and the places. --long also compiles every header alone."""
import argparse
import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys

import manual

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SOURCE_ENDINGS = (".cc", ".h", ".cpp", ".py", ".sh", ".go", ".cmake")
MAX_LINES, MAX_COLUMNS = 700, 120
DATA = ("tests/golden/core/", "tests/golden/kubernetes/", "tests/fuzz/corpus/")
README_SECTIONS = ("Name", "Description", "Syntax", "Examples")
# Words that tell of unfinished work, and paths of the machine something was written on.
UNFINISHED = re.compile(
    r"\b(?-i:TODO|FIXME|XXX|HACK)\b|\b(unimplemented|stubbed|not (yet )?implemented|for now)\b(?! :=)", re.I)
PRIVATE_PATH = re.compile(r"/work/(main|shared)|/home/\w|/root/|/tmp/(oracle|build)\b")
FENCE = re.compile(r"^ *(```|~~~) *([a-z]*)[^\n]*\n(.*?)^ *\1", re.M | re.S)
ALLOWED_WORDS_FILES = ("tests/style/check.py",)


def tree():
    """Every file of the tree as a path relative to its root; build folders and what git ignores are left out."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0 and listed.stdout:
        names = listed.stdout.splitlines()
    else:
        names = []
        for folder, folders, files in os.walk(ROOT):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, name), ROOT) for name in files]
    return sorted(name for name in set(names) if os.path.isfile(os.path.join(ROOT, name)))


def text_of(name):
    with open(os.path.join(ROOT, name), errors="replace") as source:
        return source.read()


def sources(files):
    return [name for name in files if name.endswith(SOURCE_ENDINGS) and not name.startswith(DATA)]


def is_script(name):
    return name in ("run", "test", ".ci/run")


def files_are_short(files, options):
    return [f"{name}: {count} lines" for name in sources(files)
            if (count := text_of(name).count("\n")) > MAX_LINES]


def lines_are_short(files, options):
    found = []
    for name in sources(files):
        if name.endswith(".go"):  # gofmt does not break lines
            continue
        for number, line in enumerate(text_of(name).splitlines(), 1):
            if len(line) > MAX_COLUMNS and "http" not in line:
                found.append(f"{name}:{number}: {len(line)} columns")
    return found


def files_say_what_they_are_for(files, options):
    """Every source file opens with a comment (a shebang or an include guard may stand before it)."""
    found = []
    for name in sources(files):
        lines = [line for line in text_of(name).splitlines()[:3] if not line.startswith(("#!", "#pragma once"))]
        first = lines[0].strip() if lines else ""
        if not first.startswith(("//", "/*", "#", '"""')) or first.startswith("#include"):
            found.append(f"{name}: {first[:60]!r}")
    return found


def nothing_is_unfinished(files, options):
    return matches(files, UNFINISHED)


def no_private_paths(files, options):
    return matches(files, PRIVATE_PATH)


def matches(files, pattern):
    found = []
    for name in files:
        if name.startswith(DATA) or name in ALLOWED_WORDS_FILES:
            continue
        if not name.endswith(SOURCE_ENDINGS + (".md", ".txt", ".in", ".yaml", ".yml", ".json")) and not is_script(name):
            continue
        for number, line in enumerate(text_of(name).splitlines(), 1):
            if pattern.search(line):
                found.append(f"{name}:{number}: {line.strip()[:100]}")
    return found


def names_are_snake_case(files, options):
    return [name for name in files if name.endswith((".cc", ".h"))
            and not re.fullmatch(r"[a-z0-9_]+\.(cc|h)", os.path.basename(name))]


def no_vague_file_names(files, options):
    vague = re.compile(r"(^|_)(utils?|helpers?|managers?|misc)(_|\.)")
    return [name for name in sources(files) if vague.search(os.path.basename(name))]


def headers_are_guarded(files, options):
    return [name for name in files if name.endswith(".h") and "#pragma once" not in text_of(name)]


def heavy_headers_stay_in_sources(files, options):
    heavy = re.compile(r'#include <(boost/asio|httplib|nlohmann/json\.hpp|yaml-cpp|re2/|ldns/)')
    return [name for name in files if name.endswith(".h") and not name.startswith("tests/")
            and heavy.search(text_of(name))]


def plugins_do_not_include_each_other(files, options):
    """A plugin includes another's header only where that one offers it on purpose: NAME/offers.h, or kubernetes's."""
    found = []
    offered = re.compile(r"^(kubernetes/(autopath|external|transfer)|[a-z0-9_]+/offers)\.h$")
    for name in files:
        match = re.match(r"plugins/([a-z0-9_]+)/.*\.(cc|h)$", name)
        if not match:
            continue
        for included in re.findall(r'#include "plugins/([^"]+)"', text_of(name)):
            owner = included.split("/")[0]
            if owner not in (match.group(1), "common") and not offered.match(included):
                found.append(f"{name} includes plugins/{included}")
    return found


def is_formatted(files, options):
    """clang-format has nothing to change."""
    names = [name for name in files if name.endswith((".cc", ".h"))]
    command = ["clang-format-19", "--dry-run", "-Werror", *names]
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    except FileNotFoundError:
        return ["clang-format-19 is not installed"]
    return sorted({line.split(":")[0] for line in done.stderr.splitlines() if "error:" in line})


# ---------------------------------------------------------------------- plugins and their READMEs
def plugin_list():
    """[(directive, folder)] of the plugins that are built."""
    pairs = re.findall(r"^([a-z0-9_]+):([a-z0-9_]+)", text_of("plugins/plugin.cfg"), re.M)
    return [(directive, folder) for directive, folder in pairs]


def section(text, title):
    found = re.search(rf"^## {title}\s*\n(.*?)(?=^## |\Z)", text, re.M | re.S | re.I)
    return found.group(1) if found else None


def plugins_have_readmes(files, options):
    found = []
    for _, folder in plugin_list():
        name = f"plugins/{folder}/README.md"
        if name not in files:
            found.append(f"{name} is missing")
            continue
        text = text_of(name)
        found += [f"{name}: no section {title}" for title in README_SECTIONS if section(text, title) is None]
    return found


def option_tables(options):
    """{directive: [option names]} as the binary prints them."""
    printed = subprocess.run([options.server, "-print-options"], capture_output=True, text=True, timeout=60)
    if printed.returncode != 0:
        raise RuntimeError(f"-print-options ended with {printed.returncode}: {printed.stderr[:300]}")
    return {entry["plugin"]: [option["name"] for option in entry["options"] if option["name"]]
            for entry in json.loads(printed.stdout)}


def documented_options(syntax, known):
    """Option names of a Syntax section: `**name**` words, and first words of lines inside the synopses' blocks."""
    bold = set()
    for words in re.findall(r"\*\*([^*\n]+)\*\*", FENCE.sub("", syntax)):
        bold |= {word for word in re.split(r"[\s`]+", words) if re.fullmatch(r"[a-z][a-z0-9_]*", word)}
    synopsis = set()
    for _, _, block in FENCE.findall(syntax):
        depth = 0
        for line in block.splitlines():
            words = line.split()
            if depth > 0 and words and re.fullmatch(r"[a-z][a-z0-9_]*", words[0]):
                synopsis.add(words[0])
            elif depth > 0 and words:
                synopsis |= {word for word in re.split(r"[|\[\]()\s]+", words[0]) if word in known}
            depth += line.count("{") - line.count("}")
    return bold, synopsis


def readmes_name_every_option(files, options):
    """The Syntax section names every option of the table, and its synopses no other."""
    if not options.server:
        return []
    found, tables = [], option_tables(options)
    for directive, folder in plugin_list():
        name = f"plugins/{folder}/README.md"
        if name not in files:
            continue
        if directive not in tables:
            found.append(f"{name}: the binary has no table for {directive}")
            continue
        table, syntax = set(tables[directive]), section(text_of(name), "Syntax") or ""
        bold, synopsis = documented_options(syntax, table)
        found += [f"{name}: option {option} is not in Syntax" for option in sorted(table - bold - synopsis)]
        found += [f"{name}: Syntax names {option}, which the table has not"
                  for option in sorted(synopsis - table - {directive, "import"})]
    return found


def readme_lists_every_directive(files, options):
    """plugins/README.md has a line for each directive, in plugin.cfg's order: what it does, and whether it is built."""
    if "plugins/README.md" not in files:
        return ["plugins/README.md is missing"]
    listed = re.findall(r"^([a-z0-9_]+):(\S+)", text_of("plugins/plugin.cfg"), re.M)
    wanted = [f"| {name} | ... | not built |" if folder == "-" else f"| [{name}]({folder}/README.md) | ... | built |"
              for name, folder in listed]
    table = [line for line in text_of("plugins/README.md").splitlines() if line.startswith("| ")][1:]
    rows = [re.sub(r"^(\|[^|]+\|)[^|]*[^|\s][^|]*(\|[^|]+\|)$", r"\1 ... \2", line)
            for line in table if not line.startswith("| ---")]
    if rows == wanted:
        return []
    wrong = [f"plugins/README.md: {row!r} is not in plugin.cfg so" for row in rows if row not in wanted]
    wrong += [f"plugins/README.md lacks {row!r}" for row in wanted if row not in rows]
    return wrong or ["plugins/README.md: the order is not that of plugin.cfg, or a line stands twice"]


# ---------------------------------------------------------------------- slow
def headers_compile_alone(files, options):
    with open(os.path.join(ROOT, "build", "release", "compile_commands.json")) as source:
        commands = json.load(source)
    command = next(entry["command"] for entry in commands if entry["file"].endswith("server/main.cc"))
    words = [word for word in shlex.split(command) if word.startswith(("-I", "-D", "-std", "-f"))]
    systems = re.findall(r"-isystem (\S+)", command)
    words += [part for path in systems for part in ("-isystem", path)]
    headers = [name for name in files if name.endswith(".h")]

    def one(name):
        command = ["g++", "-std=c++20", *words, "-fsyntax-only", "-x", "c++", "-include", name, "/dev/null"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        return None if done.returncode == 0 else f"{name}: {done.stderr.splitlines()[0][:200]}"

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        return [line for line in pool.map(one, headers) if line]


CHECKS = [files_are_short, lines_are_short, files_say_what_they_are_for, nothing_is_unfinished, no_private_paths,
          names_are_snake_case, no_vague_file_names, headers_are_guarded, heavy_headers_stay_in_sources,
          plugins_do_not_include_each_other, is_formatted, plugins_have_readmes, readmes_name_every_option,
          readme_lists_every_directive, *manual.CHECKS]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", help="the binary, for its option tables")
    parser.add_argument("--long", action="store_true", help="also compile every header alone")
    options = parser.parse_args()
    files, failed = tree(), 0
    for check in CHECKS + ([headers_compile_alone] if options.long else []):
        try:
            found = check(files, options)
        except Exception as error:
            found = [f"{type(error).__name__}: {error}"]
        if found:
            failed += 1
            print(f"FAILED {check.__name__}: {len(found)}")
            print("".join(f"   {line}\n" for line in found[:25]), end="")
        else:
            print(f"ok {check.__name__}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
