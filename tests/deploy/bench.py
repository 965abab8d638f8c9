"""What the cases share: the tree, the binary, and a control plane and an image that are made when a case first asks."""
import functools
import json
import os
import subprocess
import sys
import tempfile

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "server"))

from client import Failed, LeftOut, Server, eventually, expect  # noqa: E402,F401  (puts tests/cluster on the path)

import objects  # noqa: E402
from cluster import Cluster, kubeconfig  # noqa: E402
from kube_api import object_path  # noqa: E402
from image_build import Image  # noqa: E402

MANIFESTS = os.path.join(ROOT, "deploy", "kubernetes")
WEB = ("web.shop.svc.cluster.local", ("NOERROR", ["10.96.7.1"]))


def documents(path):
    with open(path) as source:
        return [item for item in yaml.safe_load_all(source) if item]


@functools.cache
def manifests():
    """{kind: object} of deploy/kubernetes."""
    items = [item for name in sorted(os.listdir(MANIFESTS)) for item in documents(os.path.join(MANIFESTS, name))]
    return {item["kind"]: item for item in items}


def corefile():
    """The Corefile of the ConfigMap."""
    return manifests()["ConfigMap"]["data"]["Corefile"]


class Bench:
    def __init__(self, binary):
        self.binary = binary
        self._cluster = self._image = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for each in (self._cluster, self._image):
            if each:
                each.close()

    @property
    def cluster(self):
        """An API server with one service, and no rights for anybody but its administrator."""
        if not self._cluster:
            self._cluster = Cluster().__enter__()
            self._cluster.load_objects([objects.namespace("shop"), objects.service("web", "shop", "10.96.7.1")])
        return self._cluster

    @property
    def api(self):
        return self.cluster.api

    @property
    def image(self):
        if not self._image:
            self._image = Image(self.binary)
        return self._image

    def token(self, account, space="kube-system"):
        """What a pod of this service account would find mounted."""
        path = f"/api/v1/namespaces/{space}/serviceaccounts/{account}/token"
        request = {"kind": "TokenRequest", "apiVersion": "authentication.k8s.io/v1", "spec": {}}
        status, answer = self.api.call("POST", path, request)
        expect(status, 201, f"a token for {account}")
        return answer["status"]["token"]

    def kubeconfig(self, token, server=None):
        return json.dumps(kubeconfig(server or self.cluster.url, token, self.cluster.ca))

    def print_rbac(self, text):
        """(exit status, standard output, standard error) of `-print-rbac` for a Corefile."""
        with tempfile.TemporaryDirectory() as here:
            with open(os.path.join(here, "Corefile"), "w") as target:
                target.write(text)
            done = subprocess.run([self.binary, "-print-rbac", "-conf", "Corefile"], cwd=here,
                                  capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout, done.stderr

    @staticmethod
    def object_path(item):
        """Where objects of its kind are created."""
        return object_path(item, named=False)
