#!/usr/bin/env python3
"""Writes a cluster as manifests, and the questions its pods ask.

usage: k8sgen.py DIR SERVICES [ENDPOINTS=3] [HEADLESS=50] [PODS_PER_SERVICE=5]

DIR/cluster.yaml      Namespaces, Services, EndpointSlices, Pods (JSON documents, which are YAML, one per line group)
DIR/k8s_LIST.txt      questions, one "name TYPE" a line, for dnsblast; LISTS below. mix: what resolvers with
                      ndots:5 ask, 40 % svc.ns from another namespace, 20 % svc from its own, 40 % a name outside
DIR/k8s.hash          "name A address" lines of the service names, for udpecho's work mode
"""

import json, random, sys

LISTS = ("svc_a", "headless", "srv", "ptr", "pod_a", "nx", "mix")
NAMESPACES = 20


def ns(i):
    return f"ns-{i % NAMESPACES:02d}"


def svc(i):
    return f"svc-{i:06d}"


def svc_ip(i):
    return f"10.{96 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"


def pod_ip(i):
    return f"10.{128 + i // 62500}.{i // 250 % 250}.{i % 250 + 1}"


def service(name, space, ip):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": space},
        "spec": {
            "type": "ClusterIP",
            "clusterIP": ip,
            "clusterIPs": [ip],
            "ports": [{"name": "http", "port": 80, "protocol": "TCP"}],
        },
    }


def slice_of(name, space, ips):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "addressType": "IPv4",
        "metadata": {"name": name + "-1", "namespace": space, "labels": {"kubernetes.io/service-name": name}},
        "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
        "endpoints": [{"addresses": [a], "conditions": {"ready": True}} for a in ips],
    }


def pod(i):
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"pod-{i:07d}", "namespace": ns(i)},
        "status": {"phase": "Running", "podIP": pod_ip(i), "podIPs": [{"ip": pod_ip(i)}]},
    }


def expected(line):
    """(rcode, number of answers, address in hex or None) of one question of the lists, with `pods verified`"""
    name, qtype = line.split()
    labels = name.split(".")
    hexa = lambda ip: "".join(f"{int(x):02x}" for x in ip.split("."))
    if name.endswith(".in-addr.arpa"):
        return 0, 1, None
    if name.endswith(".pod.cluster.local"):
        return 0, 1, hexa(labels[0].replace("-", "."))
    if labels[0] == "_http":
        return 0, 1, None
    if not name.endswith(".svc.cluster.local") or len(labels) != 5:
        return 3, 0, None
    if labels[0].startswith("head-"):
        return 0, 10, None
    i = int(labels[0][4:])
    return (0, 1, hexa(svc_ip(i))) if qtype == "A" else (0, 0, None)


def objects(services, endpoints, headless, pods_per_service):
    for i in range(NAMESPACES):
        yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ns(i)}}
    for i in range(services):
        yield service(svc(i), ns(i), svc_ip(i))
        yield slice_of(svc(i), ns(i), [pod_ip(i * endpoints + k) for k in range(endpoints)])
    for i in range(headless):
        yield service(f"head-{i:03d}", ns(i), "None")
        yield slice_of(f"head-{i:03d}", ns(i), [pod_ip(i * 10 + k) for k in range(10)])
    for i in range(services * pods_per_service):
        yield pod(i)


def write(folder, services, endpoints=3, headless=50, pods_per_service=5):
    with open(f"{folder}/cluster.yaml", "w") as f:
        for o in objects(services, endpoints, headless, pods_per_service):
            f.write("---\n" + json.dumps(o) + "\n")
    r, zone = random.Random(7), ".svc.cluster.local"
    order = list(range(services))
    r.shuffle(order)
    name = lambda i: svc(i) + "." + ns(i) + zone
    lists = {x: [] for x in LISTS}
    for i in order:
        lists["svc_a"].append(name(i) + " A")
        lists["srv"].append("_http._tcp." + name(i) + " SRV")
        lists["ptr"].append(".".join(reversed(svc_ip(i).split("."))) + ".in-addr.arpa PTR")
        lists["pod_a"].append(pod_ip(i).replace(".", "-") + "." + ns(i) + ".pod.cluster.local A")
        lists["nx"].append(svc(i) + "." + ns(i) + "." + ns(r.randrange(NAMESPACES)) + zone + " A")
    lists["headless"] = [f"head-{i:03d}.{ns(i)}{zone} A" for i in range(headless)]
    for _ in range(10000):
        i, mine, p = r.randrange(services), ns(r.randrange(NAMESPACES)), r.random()
        if p < 0.4:
            names = [svc(i) + "." + ns(i) + "." + mine + zone, name(i)]
        elif p < 0.6:
            names = [name(i)]
        else:
            names = [
                f"host{r.randrange(200):06d}.example.test" + s for s in ("." + mine + zone, zone, ".cluster.local")
            ]
        lists["mix"] += [n + t for n in names for t in (" A", " AAAA")]
    for x, lines in lists.items():
        with open(f"{folder}/k8s_{x}.txt", "w") as f:
            f.write("\n".join(lines) + "\n")
    with open(f"{folder}/k8s.hash", "w") as f:
        f.writelines(f"{name(i)} A {svc_ip(i)}\n" for i in range(services))


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    write(sys.argv[1], *map(int, sys.argv[2:]))
