"""A server of admission webhooks: `/label` adds a label, `/deny` refuses, `/slow` never answers.

Arguments: port, certificate, key.
"""

import base64
import json
import ssl
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Webhook(BaseHTTPRequestHandler):
    def do_POST(self):
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        path = self.path.split("?")[0]
        if path == "/slow":
            time.sleep(60)
        response = {"uid": review["request"]["uid"], "allowed": path != "/deny"}
        if path == "/deny":
            response["status"] = {"message": "not today", "code": 403, "reason": "Forbidden"}
        if path == "/label":
            labels = review["request"]["object"]["metadata"].get("labels", {})
            patch = [{"op": "add", "path": "/metadata/labels", "value": {**labels, "hook": "was-here"}}]
            response["patchType"] = "JSONPatch"
            response["patch"] = base64.b64encode(json.dumps(patch).encode()).decode()
            response["warnings"] = ["a label was added"]
        answer = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "response": response}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


port, certificate, key = sys.argv[1:]
server = ThreadingHTTPServer(("127.0.0.1", int(port)), Webhook)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True)
print("serving", flush=True)
server.serve_forever()
