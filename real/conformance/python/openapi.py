"""How OpenAPI's documents are handed out: `openapi.py KUBECONFIG`.

Prints a line for each part that went well.
"""

import gzip
import json
import sys

from raw import Raw

OLD = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
NEW = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"


def fields(message):
    """Numbers and contents of a protobuf message that is made of texts and messages."""
    found, at = [], 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = message[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(message):
        tag = varint()
        if tag & 7 == 0:
            found.append((tag >> 3, varint()))
        elif tag & 7 == 1:
            at += 8
        else:
            length = varint()
            found.append((tag >> 3, message[at : at + length]))
            at += length
    return found


def second(raw):
    plain = raw.ask("GET", "/openapi/v2")
    assert plain.status == 200 and plain.headers["Content-Type"] == "application/json", plain.headers
    document = json.loads(plain.data)
    assert document["swagger"] == "2.0" and document["info"]["version"].startswith("v1.36"), document["info"]
    assert len(document["definitions"]) >= 584 and len(document["paths"]) >= 408
    pod = document["definitions"]["io.k8s.api.core.v1.Pod"]
    assert pod["x-kubernetes-group-version-kind"] == [{"group": "", "kind": "Pod", "version": "v1"}], pod
    spec = pod["properties"]["spec"]
    assert spec["$ref"] == "#/definitions/io.k8s.api.core.v1.PodSpec" and spec["description"], spec
    squeezed = raw.ask("GET", "/openapi/v2", accept_encoding="gzip")
    assert squeezed.headers["Content-Encoding"] == "gzip" and len(squeezed.data) < len(plain.data) / 4
    assert gzip.decompress(squeezed.data) == plain.data
    return plain, document


def tags(raw):
    tag = raw.ask("GET", "/openapi/v2").headers["ETag"]
    known = raw.ask("GET", "/openapi/v2", if_none_match=tag)
    assert (known.status, known.data, known.headers["ETag"]) == (304, b"", tag), known.status
    assert raw.ask("GET", "/openapi/v2", if_none_match='"other"').status == 200
    assert raw.ask("GET", "/openapi/v2", accept="text/html").status == 406


def binary(raw):
    document = json.loads(raw.ask("GET", "/openapi/v2").data)
    for accept in [OLD, NEW]:
        answer = raw.ask("GET", "/openapi/v2", accept=accept)
        assert answer.headers["Content-Type"] == NEW, answer.headers
    top = dict(fields(answer.data))
    assert top[1] == b"2.0" and dict(fields(top[2]))[1] == b"Kubernetes"
    names = {dict(fields(entry))[1].decode() for number, entry in fields(top[9]) if number == 1}
    assert names == set(document["definitions"])
    paths = {dict(fields(entry))[1].decode() for number, entry in fields(top[8]) if number == 2}
    assert paths == set(document["paths"])


def third(raw):
    paths = json.loads(raw.ask("GET", "/openapi/v3").data)["paths"]
    address = paths["apis/apps/v1"]["serverRelativeURL"]
    answer = raw.ask("GET", address, accept_encoding="gzip")
    assert answer.headers["Cache-Control"] == "public, immutable", answer.headers
    document = json.loads(gzip.decompress(answer.data))
    deployment = document["components"]["schemas"]["io.k8s.api.apps.v1.Deployment"]
    assert deployment["description"].startswith("Deployment enables"), deployment["description"]
    assert raw.ask("GET", address, if_none_match=answer.headers["ETag"]).status == 304
    moved = raw.ask("GET", "/openapi/v3/apis/apps/v1?hash=old")
    assert (moved.status, moved.headers["Location"]) == (301, address), moved.headers


def custom(raw):
    before = raw.ask("GET", "/openapi/v2").headers["ETag"]
    schema = {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": {"size": {"type": "integer", "nullable": True}}}},
    }
    version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
    names = {"plural": "toys", "singular": "toy", "kind": "Toy", "listKind": "ToyList"}
    spec = {"group": "example.com", "scope": "Namespaced", "names": names, "versions": [version]}
    body = json.dumps({"metadata": {"name": "toys.example.com"}, "spec": spec})
    path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    answer = raw.ask("POST", path, body, content_type="application/json")
    assert answer.status == 201, answer.data
    for _ in range(600):
        answer = raw.ask("GET", "/openapi/v2")
        if answer.headers["ETag"] != before and b"com.example.v1.Toy" in answer.data:
            break
    document = json.loads(answer.data)
    toy = document["definitions"]["com.example.v1.Toy"]
    assert toy["properties"]["spec"]["properties"]["size"] == {}, toy
    assert toy["x-kubernetes-group-version-kind"][0]["kind"] == "Toy", toy
    assert "/apis/example.com/v1/namespaces/{namespace}/toys" in document["paths"]
    assert "apis/example.com/v1" in json.loads(raw.ask("GET", "/openapi/v3").data)["paths"]


def main():
    raw = Raw(sys.argv[1])
    for part in [second, tags, binary, third, custom]:
        part(raw)
        print(part.__name__, "ok")


main()
