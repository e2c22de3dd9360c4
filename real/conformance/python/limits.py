"""What an API server does not read, and how it says so: `limits.py KUBECONFIG`.

Texts are upstream's. Prints a line for each part that went well.
"""

import base64
import json
import sys

from raw import Raw

JSON, YAML = "application/json", "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
PODS = "/api/v1/namespaces/default/pods"
MAPS = "/api/v1/namespaces/default/configmaps"
UNREAD = "the object provided is unrecognized (must be of type {}): "
NO_JSON = UNREAD.format("Pod") + "couldn't get version/kind; json parse error: "


def bodies(raw):
    post = lambda body, message, media=JSON, status=400, path=PODS: raw.refused(
        (status, message), "POST", path, body, content_type=media
    )
    post("{", NO_JSON + "unexpected end of JSON input ({)")
    post("", NO_JSON + "unexpected end of JSON input (<empty>)")
    post("x", NO_JSON + "invalid character 'x' looking for beginning of value (78)")
    deep = "[" * 100_000
    post(deep, NO_JSON + f"invalid character '[' exceeded max depth ({'5b' * 30} ...)")
    two = '{"kind":"Pod","apiVersion":"v1"}{}'
    post(two, NO_JSON + 'invalid character \'{\' after top-level value ({"kind":"Pod","apiVersion":"v1 ...)')
    cannot = 'Pod in version "v1" cannot be handled as a Pod: '
    huge = '{"kind":"Pod","apiVersion":"v1","spec":{"priority":99999999999999999999}}'
    post(huge, cannot + "json: cannot unmarshal number 99999999999999999999 into Go struct field PodSpec.spec.priority of type int32")
    magic = "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0] ({})"
    post("{}", UNREAD.format("Pod") + magic, PROTOBUF)
    post("x" * 3_200_000, "Request entity too large: limit is 3145728", status=413)
    line = "a: &a [" + "1," * 20_000 + "]\nb: [" + "*a," * 20_000 + "]"
    bomb = UNREAD.format("Pod") + "yaml: document contains excessive aliasing (" + line[:30].encode().hex() + " ...)"
    post(line, bomb, YAML)
    broken = "a: b: c"
    why = "yaml: line 1: mapping values are not allowed in this context"
    post(broken, UNREAD.format("Pod") + f"{why} ({broken.encode().hex()})", YAML)


def strict(raw):
    path = MAPS + "?fieldValidation=Strict"
    cannot = 'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: '
    body = '{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"a":"1","a":"2"},"foo":1}'
    said = 'duplicate field "data.a", unknown field "foo"'
    raw.refused((400, cannot + said), "POST", path, body, content_type=JSON)
    document = "kind: ConfigMap\napiVersion: v1\nmetadata:\n  name: a\ndata:\n  a: '1'\n  a: '2'\n"
    said = 'yaml: unmarshal errors:\n  line 7: key "a" already set in map'
    raw.refused((400, cannot + said), "POST", path, document, content_type=YAML)
    answer = raw.ask("POST", MAPS + "?dryRun=All", body, content_type=JSON)
    warnings = answer.headers.get("Warning", "")
    assert answer.status == 201 and 'duplicate field \\"data.a\\"' in warnings, (answer.status, warnings)


def media(raw):
    body = "{}"
    accepted = f"{JSON}, {YAML}, {PROTOBUF}"
    unknown = f"the body of the request was in an unknown format - accepted media types include: {accepted}"
    for kind in ["application/cbor", "text/plain", "application/xml"]:
        raw.refused((415, unknown), "POST", MAPS, body, content_type=kind)
    for kind in ["application/cbor", "text/html", "application/json;as=Nothing;g=meta.k8s.io;v=v1"]:
        only = f"only the following media types are accepted: {accepted}"
        raw.refused((406, only), "GET", MAPS, accept=kind)
    patches = ", ".join(
        ["application/json-patch+json", "application/merge-patch+json"]
        + ["application/strategic-merge-patch+json", "application/apply-patch+yaml"]
    )
    unknown = f"the body of the request was in an unknown format - accepted media types include: {patches}"
    for kind in [JSON, "application/apply-patch+cbor"]:
        raw.refused((415, unknown), "PATCH", MAPS + "/a", body, content_type=kind)


def patches(raw):
    made = {"metadata": {"name": "a"}, "data": {"k": "v"}}
    assert raw.ask("POST", MAPS, json.dumps(made), content_type=JSON).status == 201
    patch = lambda status, message, kind, body, query="": raw.refused(
        (status, message), "PATCH", MAPS + "/a" + query, body, content_type=f"application/{kind}"
    )
    many = json.dumps([{"op": "test", "path": "/data/k", "value": "v"}] * 10_001)
    limit = "The allowed maximum operations in a JSON patch is 10000, got 10001"
    patch(413, f"Request entity is too large: {limit}", "json-patch+json", many)
    patch(400, "error decoding patch: unexpected end of JSON input", "json-patch+json", "[")
    patch(400, "error decoding patch: unexpected end of JSON input", "merge-patch+json", "{")
    patch(400, "unexpected end of JSON input", "strategic-merge-patch+json", "{")
    no_map = "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
    patch(400, no_map, "merge-patch+json", "[]")
    failed = "the server rejected our request due to an error in our request"
    patch(422, failed, "json-patch+json", '[{"op":"test","path":"/data/k","value":"x"}]')
    strict = '" is invalid: patch: Invalid value: "map[foo:1]": strict decoding error: unknown field "foo"'
    patch(422, ' "' + strict, "strategic-merge-patch+json", '{"foo":1}', "?fieldValidation=Strict")
    forced = 'PatchOptions.meta.k8s.io "" is invalid: force: Forbidden: may not be specified for non-apply patch'
    patch(422, forced, "merge-patch+json", "{}", "?force=true")
    manager = 'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch'
    patch(422, manager, "apply-patch+yaml", "{}")
    wrong = "error decoding YAML: error converting YAML to JSON: yaml: line 1: mapping values are not allowed in this context"
    patch(400, wrong, "apply-patch+yaml", "a: b: c", "?fieldManager=x")


def options(raw):
    invalid = lambda kind, why: (422, f'{kind}.meta.k8s.io "" is invalid: {why}')
    body = '{"metadata":{"name":"x"}}'
    words = 'fieldValidation: Unsupported value: "Some": supported values: "", "Ignore", "Strict", "Warn"'
    raw.refused(invalid("CreateOptions", words), "POST", MAPS + "?fieldValidation=Some", body, content_type=JSON)
    words = 'dryRun: Unsupported value: []string{"Some"}: supported values: "All"'
    raw.refused(invalid("CreateOptions", words), "POST", MAPS + "?dryRun=Some", body, content_type=JSON)
    words = "fieldManager: Too long: may not be more than 128 bytes"
    raw.refused(invalid("CreateOptions", words), "POST", f"{MAPS}?fieldManager={'x' * 129}", body, content_type=JSON)
    words = "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
    raw.refused(invalid("ListOptions", words), "GET", MAPS + "?resourceVersionMatch=Exact")
    words = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"
    raw.refused(invalid("ListOptions", words), "GET", MAPS + "?sendInitialEvents=true")
    words = "resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
    raw.refused(invalid("ListOptions", words), "GET", MAPS + "?watch=true&sendInitialEvents=true")


def reading(raw):
    get = lambda message, query: raw.refused((400, message), "GET", f"{MAPS}?{query}")
    key = "invalid continue token: continue key is not valid"
    get(f"{key}: illegal base64 data at input byte 4", "continue=junk!")
    token = base64.urlsafe_b64encode(b'{"v":"x"}').decode().rstrip("=")
    get(f"{key}: server does not recognize this encoded version x", f"continue={token}")
    get('strconv.ParseInt: parsing "x": invalid syntax', "limit=x")
    known = '"metadata.name", "metadata.namespace"'
    get(f'"spec.foo" is not a known field selector: only {known}', "fieldSelector=spec.foo%3D1")
    get("invalid selector: 'a'; can't understand 'a'", "fieldSelector=a")
    raw.refused((400, "field label not supported: spec.foo"), "GET", PODS + "?fieldSelector=spec.foo%3D1")
    junk = "unable to parse requirement: found ',', expected: identifier after '!'"
    assert json.loads(raw.ask("GET", MAPS + "?labelSelector=!,").data)["code"] == 400, junk
    number = 'strconv.ParseUint: parsing "junk": invalid syntax'
    get(f'resourceVersion: Invalid value: "junk": {number}', "resourceVersion=junk")


def main():
    raw = Raw(sys.argv[1])
    for part in [bodies, strict, media, patches, options, reading]:
        part(raw)
        print(part.__name__, "ok")


main()
