"""Kubernetes objects for the cluster suite, as short as an API server accepts them."""


def namespace(name):
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def service(name, space, address, ports=(("http", 80, "TCP"),)):
    """`address`: a cluster IP, or "None" for a headless service."""
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space},
            "spec": {"clusterIP": address,
                     "ports": [{"name": label, "port": port, "protocol": protocol} for label, port, protocol in ports]}}


def external_name(name, space, target):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": space},
            "spec": {"type": "ExternalName", "externalName": target}}


def slice_of(service_name, space, endpoints, port=8080):
    """`endpoints`: (address, hostname or None, ready)."""
    items = []
    for address, hostname, ready in endpoints:
        item = {"addresses": [address], "conditions": {"ready": ready}}
        if hostname:
            item["hostname"] = hostname
        items.append(item)
    return {"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {"name": service_name + "-a", "namespace": space,
                         "labels": {"kubernetes.io/service-name": service_name}},
            "ports": [{"name": "http", "port": port, "protocol": "TCP"}], "endpoints": items}


def pod(name, space, address):
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": space},
            "spec": {"containers": [{"name": "c", "image": "registry.invalid/c:1"}]},
            "status": {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}}
