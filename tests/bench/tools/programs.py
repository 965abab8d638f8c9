"""Builds the programs that the tools start, where they are missing or older than their sources."""
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
TOOLS = os.path.join(ROOT, "build", "bench", "tools")
REPLAY = os.path.join(ROOT, "build", "release", "bench", "replay")


def build_k8sload():
    """The path of k8sload, built from its sources."""
    os.makedirs(TOOLS, exist_ok=True)
    binary = os.path.join(TOOLS, "k8sload")
    subprocess.run(["go", "build", "-o", binary, "."], cwd=os.path.join(HERE, "k8sload"), check=True,
                   env={**os.environ, "GOTOOLCHAIN": "local"})
    return binary


def build_dnsblast():
    return _compiled("dnsblast")


def build_udpecho():
    return _compiled("udpecho", "-luring", "-pthread")


def _compiled(name, *libraries):
    """The path of the program that NAME.cc is."""
    os.makedirs(TOOLS, exist_ok=True)
    source, binary = os.path.join(HERE, name + ".cc"), os.path.join(TOOLS, name)
    if not os.path.exists(binary) or os.path.getmtime(binary) < os.path.getmtime(source):
        subprocess.run([os.environ.get("CXX", "g++"), "-O2", "-g", "-std=c++20", "-o", binary, source, *libraries],
                       check=True)
    return binary


def build_replay():
    """The path of the replay, in the release build."""
    subprocess.run([os.path.join(ROOT, "scripts", "build.sh"), "release", "replay"], check=True,
                   stdout=subprocess.DEVNULL)
    return REPLAY
