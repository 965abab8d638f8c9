"""-print-rbac: the role that a Corefile needs, which is enough at a real API server, and without any part is not."""
import copy
import http.client
import http.server
import ssl
import threading
import urllib.error
import urllib.request

import yaml

from bench import WEB, Server, corefile, eventually, expect, manifests
from client import log_text

VERIFIED = """.:{PORT} {
    errors
    ready :{PORT3}
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig {DIR}/kubeconfig
        pods verified
    }
}
"""
SERVICES = ("", "namespaces services")
WITH_PODS = ("", "namespaces pods services")
SLICES = ("discovery.k8s.io", "endpointslices")
# Corefile: [(group, resources)], all of them with list and watch.
ROLES = [
    (". {\n kubernetes cluster.local\n}", [SERVICES, SLICES]),
    (". {\n kubernetes cluster.local {\n pods insecure\n namespaces web data\n}\n}", [SERVICES, SLICES]),
    (". {\n kubernetes cluster.local {\n pods verified\n}\n}", [WITH_PODS, SLICES]),
    (". {\n kubernetes cluster.local {\n noendpoints\n}\n}", [SERVICES]),
    ("a. {\n kubernetes {\n noendpoints\n pods verified\n}\n}\nb. {\n kubernetes\n}", [WITH_PODS, SLICES]),
    (". {\n kubernetes cluster.local {\n endpoint https://10.0.0.1\n tls a b c\n}\n}", [SERVICES, SLICES]),
    (". {\n kubernetes cluster.local {\n manifests /nowhere\n pods verified\n}\n}", []),
    (". {\n whoami\n}", []),
]


def rules_of(roles):
    return [{"apiGroups": [group], "resources": words.split(), "verbs": ["list", "watch"]} for group, words in roles]


def a_corefile_tells_which_rights_it_needs(bench):
    for text, wanted in ROLES:
        status, out, err = bench.print_rbac(text)
        expect(status, 0, f"exit status for {text!r} ({err.strip()})")
        role = yaml.safe_load(out)
        expect((role["apiVersion"], role["kind"], role["metadata"]),
               ("rbac.authorization.k8s.io/v1", "ClusterRole", {"name": "system:coredns"}), "the object")
        expect(role["rules"], rules_of(wanted), f"the rules for {text!r}")


def warnings_do_not_mix_with_the_role(bench):
    status, out, err = bench.print_rbac(". {\n kubernetes a.org {\n manifests /nowhere\n apiserver_qps 5\n}\n}")
    expect((status, yaml.safe_load(out)["rules"], "apiserver_qps is not used" in err), (0, [], True),
           "exit status, rules, warning")


def a_wrong_corefile_has_no_role(bench):
    status, out, err = bench.print_rbac(". {\n kubernetes cluster.local {\n pods some\n}\n nosuch\n}")
    expect((status, out), (1, ""), "exit status and standard output")
    expect([word in err for word in ("Corefile:3", "Corefile:5", "nosuch")], [True] * 3, f"both errors in {err!r}")


def the_manifests_hold_the_printed_role(bench):
    status, out, _ = bench.print_rbac(corefile())
    expect(status, 0, "exit status")
    expect(manifests()["ClusterRole"], yaml.safe_load(out), "the role in deploy/kubernetes/rbac.yaml")


class Account:
    """A service account of its own, bound to a role of its own."""

    def __init__(self, bench, name, rules, server=None):
        self._bench, self._name = bench, name
        place = {"name": name, "namespace": "kube-system"}
        bench.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": place})
        self.set(rules)
        bench.api.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
                         "metadata": {"name": name}, "subjects": [{"kind": "ServiceAccount", **place}],
                         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}})
        self.files = {"kubeconfig": bench.kubeconfig(bench.token(name), server)}

    def set(self, rules):
        self._bench.api.apply({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
                               "metadata": {"name": self._name}, "rules": rules})


def printed_rules(bench):
    status, out, err = bench.print_rbac(VERIFIED.replace("{PORT}", "1053").replace("{PORT3}", "8181"))
    expect(status, 0, f"exit status ({err.strip()})")
    return yaml.safe_load(out)["rules"]


def is_ready(server):
    return server.http("PORT3", "/ready")[0]


class OldServer:
    """Stands before the API server and knows no streaming lists, as those before Kubernetes 1.32."""

    def __init__(self, url):
        tls = ssl.create_default_context()
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if "sendInitialEvents" in self.path:
                    return self.send_error(400)
                request = urllib.request.Request(url + self.path)
                request.add_header("Authorization", self.headers["Authorization"])
                request.add_header("Accept", self.headers.get("Accept", "application/json"))
                try:
                    answer = urllib.request.urlopen(request, context=tls, timeout=300)
                except urllib.error.HTTPError as error:
                    answer = error
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.headers["Content-Type"])
                self.end_headers()
                try:
                    while piece := answer.read1(65536):
                        self.wfile.write(piece)
                except (OSError, http.client.HTTPException):  # one of the two has gone away
                    pass
                return None

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def with_the_printed_role_it_serves(bench):
    account = Account(bench, "printed", printed_rules(bench))
    with Server(bench.binary, VERIFIED, account.files) as server:
        server.listening()
        eventually(lambda: is_ready(server), 200, "/ready", 20)
        expect(server.dig(WEB[0]), WEB[1], "a service of the cluster")


def without(rules, number, resource, verb):
    """The rules, but for one verb on one kind."""
    short = copy.deepcopy(rules)
    short[number]["resources"].remove(resource)
    left = [each for each in short[number]["verbs"] if each != verb]
    short.append({**short[number], "resources": [resource], "verbs": left})
    return [rule for rule in short if rule["resources"]]


def waits_for(bench, account, rules, words):
    """The server is not ready and says why, until the account has all the rules."""
    with Server(bench.binary, VERIFIED, account.files) as server:
        server.listening()
        eventually(lambda: words in log_text(server), True, f"{words!r} in the log", 15)
        expect(is_ready(server), 503, f"/ready while it {words}")
        account.set(rules)
        eventually(lambda: is_ready(server), 200, "/ready with all rights", 20)


def without_one_of_the_rights_it_waits(bench):
    """For each kind: no right to watch it, and /ready waits until the right is there."""
    rules = printed_rules(bench)
    for number, rule in enumerate(rules):
        for resource in rule["resources"]:
            account = Account(bench, "no-watch-" + resource, without(rules, number, resource, "watch"))
            waits_for(bench, account, rules, f'cannot watch resource "{resource}"')


def an_older_api_server_wants_all_of_them_too(bench):
    """Where lists do not come as streams, the right to list is needed for each kind."""
    rules = printed_rules(bench)
    with OldServer(bench.cluster.url) as old:
        for number, rule in enumerate(rules):
            for resource in rule["resources"]:
                short = without(rules, number, resource, "list")
                account = Account(bench, "no-list-" + resource, short, old.url)
                waits_for(bench, account, rules, f'cannot list resource "{resource}"')


CASES = [a_corefile_tells_which_rights_it_needs, warnings_do_not_mix_with_the_role, a_wrong_corefile_has_no_role,
         the_manifests_hold_the_printed_role, with_the_printed_role_it_serves, without_one_of_the_rights_it_waits,
         an_older_api_server_wants_all_of_them_too]
