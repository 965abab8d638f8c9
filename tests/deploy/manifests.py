"""deploy/kubernetes: the same objects as kubeadm's, taken by a real API server, with rights that are enough."""
import copy
import os
import re
import subprocess

import yaml

from bench import ROOT, WEB, Failed, LeftOut, Server, corefile, eventually, expect, manifests

# What kubeadm puts into its templates.
VALUES = {".DeploymentName": "coredns", ".Replicas": "2",
          ".ControlPlaneTaintKey": "node-role.kubernetes.io/control-plane", ".Image": "portolan:0.1.0",
          ".DNSIP": "10.96.0.10", ".DNSDomain": "cluster.local"}
# A service account's token where a pod finds it.
IN_POD = """mount -t tmpfs tmpfs /run && mkdir -p /run/secrets/kubernetes.io/serviceaccount &&
cp {DIR}/token {DIR}/ca.crt /run/secrets/kubernetes.io/serviceaccount/ && exec "$@" """


def kubeadm():
    """{kind: object} as kubeadm applies them, from its source among the Go modules of the test cluster."""
    folder = os.path.join(ROOT, "tests", "cluster", "apiserver")
    try:
        found = subprocess.run(["go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/kubernetes"], cwd=folder, text=True,
                               capture_output=True, env={**os.environ, "GOPROXY": "off", "GOTOOLCHAIN": "local"})
        with open(found.stdout.strip() + "/cmd/kubeadm/app/phases/addons/dns/manifests.go") as source:
            text = source.read()
    except OSError:
        raise LeftOut("kubeadm's source is not among Go's modules") from None
    items = []
    for template in re.findall(r"`(.*?)`", text, re.S):
        template = re.sub(r"\n *\{\{- end \}\}", "", template)
        template = re.sub(r"\n *\{\{- if \.DNSDomain \}\}", "", template)
        items.append(yaml.safe_load(re.sub(r"\{\{ (\S+) \}\}", lambda value: VALUES[value.group(1)], template)))
    return {item["kind"]: item for item in items}


def the_manifests_are_those_of_kubeadm(_):
    """All but what this tree adds on purpose."""
    theirs, ours = kubeadm(), copy.deepcopy(manifests())
    theirs["Service"]["metadata"].pop("resourceVersion")
    ours["Deployment"]["spec"]["template"]["spec"].pop("securityContext")
    ours.pop("PodDisruptionBudget")
    for side in (theirs, ours):
        side.pop("ClusterRole")
    expect(sorted(ours), sorted(theirs), "the kinds")
    for kind, item in theirs.items():
        expect(ours[kind], item, kind)


def the_role_is_within_that_of_kubeadm(_):
    def rights(role):
        return {(group, resource, verb) for rule in role["rules"] for group in rule["apiGroups"]
                for resource in rule["resources"] for verb in rule["verbs"]}
    beyond = rights(manifests()["ClusterRole"]) - rights(kubeadm()["ClusterRole"])
    expect(beyond, set(), "rights that kubeadm does not give")


def the_config_map_holds_the_example(_):
    with open(os.path.join(ROOT, "examples", "kubeadm", "Corefile")) as source:
        lines = [line for line in source if not line.startswith("#")]
    expect(corefile(), "".join(lines), "the Corefile")


def the_api_server_takes_every_object(bench):
    """With unknown fields refused: first without storing anything, then for good."""
    for query in ("?dryRun=All&fieldValidation=Strict", "?fieldValidation=Strict"):
        for kind, item in manifests().items():
            status, answer = bench.api.call("POST", bench.object_path(item) + query, item)
            expect((status, answer.get("message")), (201, None), f"creating the {kind}")
    for kind, item in manifests().items():
        query = "?dryRun=All&fieldValidation=Strict&fieldManager=operator&force=true"
        path = bench.object_path(item) + "/" + item["metadata"]["name"] + query
        status, answer = bench.api.call("PATCH", path, item, "application/apply-patch+yaml")
        expect((status, answer.get("message")), (200, None), f"applying the {kind} once more")
    wrong = copy.deepcopy(manifests()["Deployment"])
    wrong["spec"]["template"]["spec"]["containers"][0]["livenesProbe"] = {}
    path = bench.object_path(wrong) + "?dryRun=All&fieldValidation=Strict"
    expect(bench.api.call("POST", path, wrong)[0], 400, "an object with a word that does not exist")


def a_pod_of_the_deployment_is_restricted(bench):
    """The strictest Pod Security Standard takes it."""
    space = {"apiVersion": "v1", "kind": "Namespace",
             "metadata": {"name": "restricted", "labels": {"pod-security.kubernetes.io/enforce": "restricted"}}}
    bench.api.apply(space)
    template = copy.deepcopy(manifests()["Deployment"]["spec"]["template"])
    pod = {"apiVersion": "v1", "kind": "Pod", **template}
    pod["metadata"].update(name="coredns", namespace="restricted")
    path = bench.object_path(pod) + "?dryRun=All&fieldValidation=Strict"
    status, answer = bench.api.call("POST", path, pod)
    expect((status, answer.get("message")), (201, None), "the pod")
    pod["spec"]["containers"][0]["securityContext"]["capabilities"]["add"].append("NET_ADMIN")
    expect(bench.api.call("POST", path, pod)[0], 403, "the pod with one more capability")


def on_test_ports(text):
    """The ConfigMap's Corefile where port 53 may be taken and resolv.conf may lead back here."""
    for found, put in ((".:53", ".:{PORT}"), ("health {", "health :{PORT2} {"), ("ready\n", "ready :{PORT3}\n"),
                       (":9153", ":{PORT4}"), ("/etc/resolv.conf", "127.0.0.1:9")):
        expect(text.count(found), 1, f"{found!r} in the Corefile")
        text = text.replace(found, put)
    return text


def with_these_rights_alone_it_serves(bench):
    """The Corefile of the ConfigMap with a token of the service account, as a pod of the Deployment has it."""
    for item in manifests().values():
        bench.api.apply(item)
    if os.geteuid() != 0 or subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/run"],
                                           capture_output=True).returncode != 0:
        raise LeftOut("no mount namespaces")
    token = bench.token("coredns")
    with open(bench.cluster.ca) as ca:
        files = {"token": token, "ca.crt": ca.read()}
    env = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(bench.cluster.port)}
    with Server(bench.binary, on_test_ports(corefile()), files, ["unshare", "-m", "sh", "-c", IN_POD, "sh"],
                env) as server:
        server.listening()
        eventually(lambda: server.http("PORT3", "/ready")[0], 200, "/ready", 20)
        expect(server.dig(WEB[0]), WEB[1], "a service of the cluster")
        expect(server.dig("kube-dns.kube-system.svc.cluster.local"), ("NOERROR", ["10.96.0.10"]), "its own service")
    for verb, resource, allowed in (("list", "services", True), ("watch", "namespaces", True), ("list", "pods", False),
                                    ("get", "services", False), ("list", "secrets", False), ("list", "nodes", False)):
        expect(may(bench, token, verb, resource), allowed, f"{verb} {resource}")


def may(bench, token, verb, resource):
    """Whether the API server lets the bearer do this."""
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
              "spec": {"resourceAttributes": {"verb": verb, "resource": resource}}}
    api = type(bench.api)(bench.cluster.url, token)
    status, answer = api.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    if status != 201:
        raise Failed(f"the API server answers {status} to a review")
    return answer["status"]["allowed"]


CASES = [the_manifests_are_those_of_kubeadm, the_role_is_within_that_of_kubeadm, the_config_map_holds_the_example,
         the_api_server_takes_every_object, a_pod_of_the_deployment_is_restricted, with_these_rights_alone_it_serves]
