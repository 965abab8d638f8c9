"""Starts and stops the server under test. Processes are ended by their id only."""
import os
import re
import signal
import subprocess

SANITIZER = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer|runtime error: ")


def start(command, folder, log_name, env=None):
    log = open(os.path.join(folder, log_name), "wb")
    try:
        return subprocess.Popen(command, cwd=folder, env=env, stdout=log, stderr=subprocess.STDOUT,
                                stdin=subprocess.DEVNULL, start_new_session=True)
    finally:
        log.close()


def stop(process, grace=8.0):
    """SIGTERM, then SIGKILL after `grace` seconds. True when it ended by itself."""
    if process.poll() is not None:
        return True
    try:
        os.kill(process.pid, signal.SIGTERM)
        process.wait(grace)
        return True
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(5)
        return False


def log_text(folder, name="server.log"):
    try:
        with open(os.path.join(folder, name), errors="replace") as log:
            return log.read()
    except FileNotFoundError:
        return ""


def sanitizer_report(text):
    """The part of a log that a sanitizer wrote, or None."""
    found = SANITIZER.search(text)
    return text[max(0, found.start() - 200):found.start() + 3000] if found else None
