#!/usr/bin/python3
"""Writes cluster/recorded_replies.h: what a real API server replies about the same objects in JSON and in protobuf.

    tests/cluster/record_replies.py

The unit tests read both and expect the same objects. The cluster's objects use every field that DNS reads."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import objects  # noqa: E402
from cluster import ROOT, TOKEN, Cluster  # noqa: E402
from kube_api import object_path  # noqa: E402

TARGET = os.path.join(ROOT, "cluster", "recorded_replies.h")
HEAD = """// For tests: what kube-apiserver %s replied about the same objects in both encodings. Written by
// tests/cluster/record_replies.py; not to be edited by hand.
#pragma once

#include <string_view>

namespace portolan::cluster {

/// One request, asked twice. The protobuf is in hexadecimal digits.
struct RecordedReply {
  std::string_view about;
  int kind;   // as in objects.h; -1: a Status
  bool list;  // or the events of a watch
  std::string_view json_type, json;
  std::string_view protobuf_type, protobuf;
};

constexpr RecordedReply kRecordedReplies[] = {
"""


def with_status(item, status):
    return {**item, "status": status}


def service(name, **spec):
    item = objects.service(name, "shop", spec.pop("clusterIP", "None"))
    item["spec"].update(spec)
    return item


def things():
    """Objects that differ in every field that DNS reads, and in what stands around them."""
    yield objects.namespace("shop")
    labels = {"env": "prod", "team": "a.b_c-d"}
    yield {**objects.namespace("labelled"), "metadata": {"name": "labelled", "labels": labels}}
    yield objects.service("web", "shop", "10.96.7.1", [("http", 80, "TCP"), ("dns", 53, "UDP"), ("sig", 5060, "SCTP")])
    yield objects.external_name("outside", "shop", "www.example.org")
    yield service("headless", publishNotReadyAddresses=True)
    yield service("bare", ports=[{"port": 7}])
    yield service("dual", clusterIP="10.96.7.9", clusterIPs=["10.96.7.9", "fd00:96::9"],
                  ipFamilyPolicy="RequireDualStack", externalIPs=["192.0.2.1", "2001:db8::1"])
    yield with_status(service("balanced", clusterIP="10.96.7.10", type="LoadBalancer", externalIPs=["192.0.2.5"]),
                      {"loadBalancer": {"ingress": [{"ip": "192.0.2.2"}, {"hostname": "lb.example"}]}})
    full = objects.slice_of("web", "shop", [("10.1.0.1", "web-0", True), ("10.1.0.2", None, False)])
    full["metadata"]["annotations"] = {"endpoints.kubernetes.io/last-change-trigger-time": "2026-01-02T03:04:05Z",
                                       "other": "x"}
    full["endpoints"][0].update(nodeName="node-1", zone="zone-a", hints={"forZones": [{"name": "zone-a"}]},
                                targetRef={"kind": "Pod", "namespace": "shop", "name": "web-abc", "uid": "u"})
    full["endpoints"].append({"addresses": ["10.1.0.3"]})
    full["ports"] += [{"name": "", "protocol": "UDP", "port": 53}, {"name": "any"}]
    yield full
    yield {**objects.slice_of("six", "shop", [("fd00::1", None, True)]), "addressType": "IPv6", "ports": []}
    yield {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "FQDN", "endpoints": [],
           "metadata": {"name": "alone", "namespace": "shop"}}
    yield objects.pod("one", "shop", "10.2.0.1")
    yield with_status(objects.pod("two", "shop", "10.2.0.2"),
                      {"phase": "Pending", "podIP": "10.2.0.2", "podIPs": [{"ip": "10.2.0.2"}, {"ip": "fd00::2"}]})
    yield {**objects.pod("idle", "shop", ""), "status": {"phase": "Pending"}}
    yield {**objects.pod("leaving", "shop", "10.2.0.4"), "metadata": {"name": "leaving", "namespace": "shop",
                                                                     "finalizers": ["example.org/hold"]}}


def ask(cluster, path, accept, seconds=5):
    """(content type, body); a watch is read for `seconds`."""
    head = cluster.path("head")
    done = subprocess.run(["curl", "-s", "-A", "test", "-D", head, "-m", str(seconds), "--cacert", cluster.ca,
                           "-H", "Accept: " + accept, "-H", "Authorization: Bearer " + TOKEN, cluster.url + path],
                          capture_output=True)
    with open(head) as lines:
        kind = [line.split(":", 1)[1].strip() for line in lines if line.lower().startswith("content-type:")]
    return kind[0], done.stdout


def text(data):
    """`data` as C++ string literals."""
    words = data.decode().replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    lines, line = [], ""
    for at in range(0, len(words), 100):
        line = words[at:at + 100]
        lines.append(line)
    for number in range(len(lines) - 1):  # an escape is not torn apart
        while len(lines[number]) - len(lines[number].rstrip("\\")) & 1:
            lines[number], lines[number + 1] = lines[number][:-1], lines[number][-1] + lines[number + 1]
    return "\n     ".join(f'"{line}"' for line in lines)


def main():
    watch = ("?watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan"
             "&timeoutSeconds=2")
    paths = (("services", 0, "/api/v1/namespaces/shop/services"),
             ("endpoint slices", 1, "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices"),
             ("pods", 2, "/api/v1/namespaces/shop/pods"), ("namespaces", 3, "/api/v1/namespaces"))
    requests = [(f"{name}, {about}", kind, about == "list", path + query)
                for name, kind, path in paths for about, query in (("list", ""), ("watch", watch))]
    requests += [("a page", 0, True, "/api/v1/namespaces/shop/services?limit=1"),
                 ("a version that is too old", 0, False, "/api/v1/services?watch=true&resourceVersion=1"),
                 ("no such path", -1, False, "/api/v1/nothing")]
    with Cluster() as cluster, open(TARGET, "w") as target:
        for item in things():
            cluster.api.apply(item)
            if item["metadata"]["name"] != "web":  # who changed what is half of an object; one kind of it will do
                cluster.api.call("PATCH", object_path(item), {"metadata": {"managedFields": [{}]}},
                                 "application/merge-patch+json")
        cluster.api.delete(objects.pod("leaving", "shop", ""), grace=0)
        cluster.stop_api_server()  # the next one knows nothing of what was before it
        cluster.start_api_server()
        version = cluster.api.call("GET", "/version")[1]["gitVersion"]
        target.write(HEAD % version)
        for about, kind, is_list, path in requests:
            json_type, json = ask(cluster, path, "application/json")
            protobuf_type, protobuf = ask(cluster, path, "application/vnd.kubernetes.protobuf, application/json")
            target.write(f'    {{"{about}", {kind}, {"true" if is_list else "false"}, "{json_type}",\n'
                         f'     {text(json)},\n'
                         f'     "{protobuf_type}",\n     {text(protobuf.hex().encode())}}},\n')
            print(f"{about}: {len(json)} octets of {json_type}, {len(protobuf)} of {protobuf_type}")
        target.write("};\n\n}  // namespace portolan::cluster\n")
    subprocess.run(["clang-format-19", "-i", TARGET], check=True)


if __name__ == "__main__":
    main()
