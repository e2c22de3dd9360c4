"""A session of the Python client from PyPI with an API server: `kubernetes_talk.py KUBECONFIG`.

Prints a line for each part that went well.
"""

import sys
import threading

from kubernetes import client, config, watch
from kubernetes.client.exceptions import ApiException


def refused(call, status, reason):
    """The call must fail so, with a Status in its body."""
    try:
        call()
    except ApiException as error:
        assert error.status == status, error
        assert f'"reason":"{reason}"' in error.body, error.body
        return
    raise AssertionError(f"{reason} expected")


def config_map(name, **data):
    return client.V1ConfigMap(metadata=client.V1ObjectMeta(name=name), data=data)


def objects(core):
    assert core.create_namespaced_config_map("default", config_map("a", k="v")).data == {"k": "v"}
    refused(lambda: core.create_namespaced_config_map("default", config_map("a")), 409, "AlreadyExists")
    stale = core.read_namespaced_config_map("a", "default")
    stale.data["k"] = "w"
    core.replace_namespaced_config_map("a", "default", stale)
    refused(lambda: core.replace_namespaced_config_map("a", "default", stale), 409, "Conflict")
    bad = config_map("No Name")
    refused(lambda: core.create_namespaced_config_map("default", bad), 422, "Invalid")
    refused(lambda: core.read_namespaced_config_map("none", "default"), 404, "NotFound")
    unknown = {"metadata": {"name": "b"}, "foo": 1}
    strict = lambda: core.create_namespaced_config_map("default", unknown, field_validation="Strict")
    refused(strict, 400, "BadRequest")


def patches(core, apps):
    # A dict is sent as a strategic merge patch, a list as a JSON patch.
    labels = {"app": "web"}
    container = client.V1Container(name="server", image="nginx:1")
    spec = client.V1DeploymentSpec(
        replicas=1,
        selector=client.V1LabelSelector(match_labels=labels),
        template=client.V1PodTemplateSpec(
            metadata=client.V1ObjectMeta(labels=labels),
            spec=client.V1PodSpec(containers=[container, client.V1Container(name="side", image="x")]),
        ),
    )
    deployment = client.V1Deployment(metadata=client.V1ObjectMeta(name="web"), spec=spec)
    apps.create_namespaced_deployment("default", deployment)
    change = {"spec": {"template": {"spec": {"containers": [{"name": "server", "image": "nginx:2"}]}}}}
    found = apps.patch_namespaced_deployment("web", "default", change)
    images = {one.name: one.image for one in found.spec.template.spec.containers}
    assert images == {"server": "nginx:2", "side": "x"}, images
    scale = apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 3}})
    assert scale.spec.replicas == 3, scale
    operations = [{"op": "replace", "path": "/data/k", "value": "x"}]
    assert core.patch_namespaced_config_map("a", "default", operations).data == {"k": "x"}
    apps.delete_namespaced_deployment("web", "default", propagation_policy="Orphan")


def pages(core):
    for index in range(7):
        core.create_namespaced_config_map("kube-public", config_map(f"p{index}"))
    names, token = [], None
    while True:
        page = core.list_namespaced_config_map("kube-public", limit=3, _continue=token)
        names += [one.metadata.name for one in page.items]
        token = page.metadata._continue
        if not token:
            break
        assert page.metadata.remaining_item_count is not None
    assert [f"p{index}" for index in range(7)] == [name for name in names if name[0] == "p"], names
    call = lambda: core.list_namespaced_config_map("kube-public", _continue="junk!")
    refused(call, 400, "BadRequest")


def watches(core):
    seen, told = [], watch.Watch()
    begin = core.list_namespaced_secret("default").metadata.resource_version

    def change():
        body = client.V1Secret(metadata=client.V1ObjectMeta(name="s"), string_data={"a": "b"})
        core.create_namespaced_secret("default", body)
        core.patch_namespaced_secret("s", "default", {"metadata": {"labels": {"x": "1"}}})
        core.delete_namespaced_secret("s", "default")

    threading.Timer(0.2, change).start()
    stream = told.stream(core.list_namespaced_secret, "default", resource_version=begin, timeout_seconds=60)
    for event in stream:
        seen.append(event["type"])
        if event["type"] == "DELETED":
            told.stop()
    assert seen == ["ADDED", "MODIFIED", "DELETED"], seen
    assert core.list_namespaced_secret("default").items == []
    # A revision from before everything: what is gone is told as an exception.
    old = watch.Watch().stream(core.list_namespaced_secret, "default", resource_version="junk")
    refused(lambda: list(old), 400, "BadRequest")


def events(core):
    event = client.CoreV1Event(
        metadata=client.V1ObjectMeta(name="e"),
        involved_object=client.V1ObjectReference(kind="Pod", name="web", namespace="default"),
        reason="Seen",
        message="somebody looked",
        type="Normal",
    )
    core.create_namespaced_event("default", event)
    found = core.list_namespaced_event("default", field_selector="involvedObject.name=web,reason=Seen")
    assert [one.message for one in found.items] == ["somebody looked"], found


def versions():
    assert client.VersionApi().get_code().minor == "36"
    groups = [group.name for group in client.ApisApi().get_api_versions().groups]
    assert "apps" in groups, groups
    review = client.V1SelfSubjectReview()
    who = client.AuthenticationV1Api().create_self_subject_review(review).status.user_info
    assert who.username == "admin", who


def main():
    config.load_kube_config(sys.argv[1])
    core, apps = client.CoreV1Api(), client.AppsV1Api()
    parts = {
        "objects": lambda: objects(core),
        "patches": lambda: patches(core, apps),
        "pages": lambda: pages(core),
        "watches": lambda: watches(core),
        "events": lambda: events(core),
        "versions": versions,
    }
    for name, part in parts.items():
        part()
        print(name, "ok")


main()
