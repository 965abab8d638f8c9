"""Changes without end for the fault cases: services created and deleted at random, and remembered as they should be."""
import http.client
import json
import random
import ssl
import threading
import time

import objects
from kube_api import ApiError
from server import Failed, eventually, expect


class Churn:
    """Services shop/churn-0.. from a thread, seeded. What the API server refuses or does not hear is tried again."""

    def __init__(self, api, seed, names=12, rate=200):
        self.state, self.changes = {f"churn-{number}": None for number in range(names)}, 0  # name: address or None
        self._api, self._random, self._pause = api, random.Random(seed), 1 / rate
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self):
        while not self._end.is_set():
            name = self._random.choice(list(self.state))
            address = None if self.state[name] else f"10.98.{self.changes >> 8 & 255}.{self.changes & 255}"
            self._until_done(objects.service(name, "shop", address or "None"), address)
            self.state[name] = address
            self.changes += 1
            time.sleep(self._pause)

    def _until_done(self, item, address):
        while True:
            try:
                return self._api.apply(item) if address else self._api.delete(item)
            except (OSError, ApiError, http.client.HTTPException):
                time.sleep(0.1)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._end.set()
        self._thread.join(60)

    def check(self, server, seconds):
        """Every name has the answer that its last change gives it; how long until the last one had."""
        begin = time.time()
        for name, address in self.state.items():
            want = ("NOERROR", [address]) if address else ("NXDOMAIN", [])
            eventually(lambda: server.ask(f"{name}.shop.svc.cluster.local"), want,
                       f"{name} after {self.changes} changes", max(0.05, begin + seconds - time.time()))
        return time.time() - begin

    def clean(self):
        for name in self.state:
            self._api.delete(objects.service(name, "shop", "None"))


class Connections:
    """Many requests to the API server: `workers` threads, each with one connection that it keeps."""

    def __init__(self, cluster, workers=4):
        self._cluster, self._workers = cluster, workers
        self._tls = ssl.create_default_context(cafile=cluster.ca)

    def each(self, requests):
        """Sends all of [(method, path, body)]; every reply must be a success."""
        queue, problems, lock = list(reversed(requests)), [], threading.Lock()

        def work():
            link = http.client.HTTPSConnection("127.0.0.1", self._cluster.port, context=self._tls, timeout=20)
            head = {"Authorization": "Bearer " + self._cluster.token, "Content-Type": "application/json"}
            while True:
                with lock:
                    if not queue or problems:
                        return link.close()
                    method, path, body = queue.pop()
                link.request(method, path, None if body is None else json.dumps(body), head)
                reply = link.getresponse()
                text = reply.read()
                if reply.status >= 300:
                    problems.append(f"{method} {path}: {reply.status} {text[:300]!r}")

        threads = [threading.Thread(target=work) for _ in range(self._workers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if problems:
            raise Failed(problems[0])


class Watcher:
    """A bare watch beside the server: when which version of one service was read. `port` of the service counts up."""

    def __init__(self, cluster, name, last):
        self.read, self._last = [], last  # (time, port)
        context = ssl.create_default_context(cafile=cluster.ca)
        self._link = http.client.HTTPSConnection("127.0.0.1", cluster.port, context=context, timeout=60)
        self._link.request("GET", "/api/v1/namespaces/shop/services?watch=true&fieldSelector=metadata.name%3D" + name,
                           None, {"Authorization": "Bearer " + cluster.token})
        self._reply = self._link.getresponse()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        for line in self._reply:
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                self.read.append((time.monotonic(), event["object"]["spec"]["ports"][0]["port"]))
                if self.read[-1][1] == self._last:
                    return

    def complete(self):
        """Waits until the last version has been read."""
        self._thread.join(60)
        expect(self.read[-1][1], self._last, "what the watcher read last")
        self._link.close()
