"""Requests as they are written, with a kubeconfig's certificates."""

import json

from kubernetes import client, config


class Raw:
    def __init__(self, kubeconfig):
        config.load_kube_config(kubeconfig)
        api = client.ApiClient()
        self.host = api.configuration.host
        self.pool = api.rest_client.pool_manager

    def ask(self, method, path, body=None, **headers):
        """The answer; `content_type="…"` sets the header `Content-Type`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.pool.request(
            method, self.host + path, body=body, headers=named, decode_content=False, retries=False, redirect=False
        )

    def refused(self, expected, method, path, body=None, **headers):
        """The request must fail with this status and exactly this message."""
        answer = self.ask(method, path, body, **headers)
        status, message = expected
        said = json.loads(answer.data)
        assert (answer.status, said["message"]) == (status, message), (method, path, answer.status, said["message"])
        assert said["kind"] == "Status" and said["code"] == status, said
