"""Cases of the cluster suite about options of `kubernetes` that need a real API server."""
import json
import os

import objects
from cluster import DNS_TOKEN, kubeconfig
from server import eventually, expect

SET = """.:{PORT} {
    errors
    ready :{PORT3}
    kubernetes cluster.local clusterset.local {
        kubeconfig {DIR}/kubeconfig
        multicluster clusterset.local
    }
}
"""

BIG = """.:{PORT} {
    errors
    ready :{PORT3}
    kubernetes cluster.local {
        kubeconfig {DIR}/kubeconfig
        headless_fit
    }
    cache 30
}
"""

# The first token that the program gives is one that the API server refuses.
LOGIN = """echo run >> {DIR}/runs
token=nobody
[ $(wc -l < {DIR}/runs) -lt 2 ] || token=TOKEN
printf '%s' "$KUBERNETES_EXEC_INFO" > {DIR}/info
echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{"token":"'$token'"}}'
"""


def imports_wait_for_no_definition(bench):
    files = {"kubeconfig": json.dumps(kubeconfig(bench.cluster.url, bench.cluster.token, bench.cluster.ca))}
    with bench.server(SET, files=files) as server:
        bench.ready(server)
        expect(server.dig("mc.shop.svc.clusterset.local"), ("NXDOMAIN", []), "without the definition")
        expect(server.dig("web.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.1"]), "the cluster's own")
        bench.api.define_service_imports()
        bench.api.apply({"apiVersion": "multicluster.x-k8s.io/v1alpha1", "kind": "ServiceImport",
                         "metadata": {"name": "mc", "namespace": "shop"},
                         "spec": {"type": "ClusterSetIP", "ips": ["10.96.8.1"], "ports": [{"port": 80}]}})
        eventually(lambda: server.dig("mc.shop.svc.clusterset.local"), ("NOERROR", ["10.96.8.1"]), "defined", 60)


def a_program_gives_the_token(bench):
    config = kubeconfig(bench.cluster.url, "", bench.cluster.ca)
    config["users"] = [{"name": "u", "user": {"exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "command": "sh", "args": ["{DIR}/login"],
        "interactiveMode": "Never", "provideClusterInfo": True}}}]
    files = {"kubeconfig": json.dumps(config), "login": LOGIN.replace("TOKEN", DNS_TOKEN)}
    with bench.server(SET.replace("        multicluster clusterset.local\n", ""), files=files) as server:
        bench.ready(server)
        expect(server.dig("web.shop.svc.cluster.local"), ("NOERROR", ["10.96.7.1"]), "with the program's token")
        with open(os.path.join(server.folder, "info")) as source:
            expect(json.load(source)["spec"]["cluster"]["server"], bench.cluster.url, "what the program is told")
        with open(os.path.join(server.folder, "runs")) as source:
            expect(source.read(), "run\nrun\n", "runs of the program")


def a_big_headless_service_fits(bench):
    addresses = [f"10.244.77.{number}" for number in range(1, 101)]
    bench.api.apply(objects.service("big", "shop", "None"))
    bench.api.apply(objects.slice_of("big", "shop", [(address, None, True) for address in addresses]))
    name = "big.shop.svc.cluster.local"
    with bench.server(BIG) as server:
        bench.ready(server)
        seen = set()
        for _ in range(60):
            status, part = server.ask(name)  # one UDP packet of 512 octets
            expect((status, len(part), len(set(part))), ("NOERROR", 29, 29), "over UDP")
            seen.update(part)
        expect(sorted(seen), sorted(addresses), "all that were in some answer")
        expect(server.dig(name, words=["+tcp"]), ("NOERROR", sorted(addresses)), "over TCP, from the cache too")


CASES = [imports_wait_for_no_definition, a_program_gives_the_token, a_big_headless_service_fits]
