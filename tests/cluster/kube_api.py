"""A small client of the Kubernetes API for the tests: creates, replaces and deletes objects, status included."""
import json
import ssl
import time
import urllib.error
import urllib.request

# kind: (API group's path, plural, namespaced)
RESOURCES = {
    "Namespace": ("/api/v1", "namespaces", False), "Node": ("/api/v1", "nodes", False),
    "Service": ("/api/v1", "services", True), "Pod": ("/api/v1", "pods", True),
    "ServiceAccount": ("/api/v1", "serviceaccounts", True), "ConfigMap": ("/api/v1", "configmaps", True),
    "EndpointSlice": ("/apis/discovery.k8s.io/v1", "endpointslices", True),
    "ServiceImport": ("/apis/multicluster.x-k8s.io/v1alpha1", "serviceimports", True),
    "ClusterRole": ("/apis/rbac.authorization.k8s.io/v1", "clusterroles", False),
    "ClusterRoleBinding": ("/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", False),
    "Deployment": ("/apis/apps/v1", "deployments", True),
    "PodDisruptionBudget": ("/apis/policy/v1", "poddisruptionbudgets", True),
}

SERVICE_IMPORTS = {
    "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
    "metadata": {"name": "serviceimports.multicluster.x-k8s.io",
                 "annotations": {"api-approved.kubernetes.io": "unapproved, experimental-only test definition"}},
    "spec": {"group": "multicluster.x-k8s.io", "scope": "Namespaced",
             "names": {"plural": "serviceimports", "singular": "serviceimport", "kind": "ServiceImport",
                       "listKind": "ServiceImportList"},
             "versions": [{"name": "v1alpha1", "served": True, "storage": True,
                           "schema": {"openAPIV3Schema": {"type": "object",
                                                          "x-kubernetes-preserve-unknown-fields": True}}}]}}


class ApiError(Exception):
    """The API server refused a request."""


def object_path(item, named=True):
    base, plural, namespaced = RESOURCES[item["kind"]]
    path = base + (f"/namespaces/{item['metadata']['namespace']}" if namespaced else "") + "/" + plural
    return f"{path}/{item['metadata']['name']}" if named else path


class Api:
    def __init__(self, base, token):
        self.base, self.token = base, token
        self._tls = ssl.create_default_context()
        self._tls.check_hostname = False
        self._tls.verify_mode = ssl.CERT_NONE

    def call(self, method, path, body=None, content_type="application/json"):
        """(status, decoded body); raises OSError when the server cannot be reached."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, method=method, data=data)
        request.add_header("Authorization", "Bearer " + self.token)
        request.add_header("Content-Type", content_type)
        try:
            with urllib.request.urlopen(request, context=self._tls, timeout=20) as answer:
                return answer.status, _decoded(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _decoded(error.read())

    def _checked(self, method, path, body):
        code, answer = self.call(method, path, body)
        if code >= 300:
            raise ApiError(f"{method} {path}: {code} {answer.get('message')}")
        return answer

    def apply(self, item):
        """Creates the object or replaces it, then writes its status."""
        item = json.loads(json.dumps(item))
        status = item.pop("status", None)
        code, answer = self.call("POST", object_path(item, named=False), item)
        if code in (409, 422):
            found, current = self.call("GET", object_path(item))
            if found == 200:
                code, answer = 200, self._replace(item, current)
        if code >= 300:
            raise ApiError(f"create {object_path(item)}: {code} {answer.get('message')}")
        if status and item["kind"] in ("Service", "Pod", "Node"):
            self._write_status(item, answer, status)

    def _replace(self, item, current):
        if item["kind"] == "Pod":  # nearly all of a pod's spec cannot be changed
            current["metadata"]["labels"] = item["metadata"].get("labels", {})
            return self._checked("PUT", object_path(item), current)
        item["metadata"]["resourceVersion"] = current["metadata"]["resourceVersion"]
        return self._checked("PUT", object_path(item), item)

    def _write_status(self, item, stored, status):
        if item["kind"] == "Service":
            stored["status"] = status
        else:
            stored["status"] = {**stored.get("status", {}), **status}
        if item["kind"] == "Pod":
            for field in ("podIP", "podIPs", "hostIP", "hostIPs"):
                if field not in status:
                    stored["status"].pop(field, None)
        self._checked("PUT", object_path(item) + "/status", stored)

    def delete(self, item, grace=0):
        """Deletes the object; with a grace period a pod stays, terminating."""
        options = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": grace}
        code, answer = self.call("DELETE", object_path(item), options)
        if code >= 300 and code != 404:
            raise ApiError(f"delete {object_path(item)}: {code} {answer.get('message')}")
        if item["kind"] == "Namespace":  # no controller is there to finish it
            code, current = self.call("GET", object_path(item))
            if code == 200:
                current["spec"]["finalizers"] = []
                self.call("PUT", object_path(item) + "/finalize", current)

    def define_service_imports(self):
        self.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", SERVICE_IMPORTS)
        for _ in range(100):
            if self.call("GET", "/apis/multicluster.x-k8s.io/v1alpha1/serviceimports")[0] == 200:
                return
            time.sleep(0.1)
        raise ApiError("the ServiceImport definition is not served")


def _decoded(body):
    try:
        return json.loads(body)
    except ValueError:
        return {}
