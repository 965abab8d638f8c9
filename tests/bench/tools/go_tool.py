"""Builds the tools that are written in Go into build/bench/tools."""
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
TOOLS = os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(HERE))), "build", "bench", "tools")


def build_k8sload():
    """The path of k8sload, built from its sources."""
    os.makedirs(TOOLS, exist_ok=True)
    binary = os.path.join(TOOLS, "k8sload")
    subprocess.run(["go", "build", "-o", binary, "."], cwd=os.path.join(HERE, "k8sload"), check=True,
                   env={**os.environ, "GOTOOLCHAIN": "local"})
    return binary
