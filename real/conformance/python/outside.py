"""Servers outside of a cluster: an issuer of tokens (its document and keys are files), and webhooks
that know tokens, rights, and take audit events. What they are sent is kept, a line each.

Arguments: port, certificate, key, directory.
"""

import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


def authn(review):
    token = review["spec"]["token"]
    if token == "slow":
        time.sleep(60)
    if token == "wanda-token":
        user = {"username": "wanda", "uid": "w-1", "groups": ["ops"], "extra": {"shift": ["night"]}}
        return {"authenticated": True, "user": user}
    if token == "elsewhere":
        return {"authenticated": True, "user": {"username": "eve"}, "audiences": ["elsewhere"]}
    return {"authenticated": False, "error": "who is that"}


def authz(review):
    resource = review["spec"].get("resourceAttributes", {}).get("resource")
    if resource == "secrets":
        return {"allowed": False, "denied": True, "reason": "secrets stay secret"}
    return {"allowed": resource == "configmaps", "reason": "the webhook says so"}


class Outside(BaseHTTPRequestHandler):
    def do_GET(self):
        name = {"/.well-known/openid-configuration": "document.json", "/keys": "keys.json"}.get(self.path)
        if name is None:
            self.send_error(404)
            return
        self.answer((directory / name).read_bytes())

    def do_POST(self):
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.split("?")[0].strip("/")
        with (directory / f"{name}.jsonl").open("a") as kept:
            kept.write(json.dumps(sent) + "\n")
        if name in ("authn", "authz"):
            sent["status"] = {"authn": authn, "authz": authz}[name](sent)
        self.answer(json.dumps(sent).encode())

    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


port, certificate, key, directory = sys.argv[1:]
directory = Path(directory)
server = ThreadingHTTPServer(("127.0.0.1", int(port)), Outside)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("serving", flush=True)
server.serve_forever()
